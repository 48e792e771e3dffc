"""The only streaming loop: any reply into any outlet.

An outlet is where one reply becomes visible. It sets its own pace: `draft` may take as long as the platform's rate
limit wants, because the engine's snapshots are whole texts and the newest wins. Once something has been shown the reply
is finished in the same place, also when it fails.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Protocol

from bot import wording
from bot.replies import Attachment, Notice, ReplyEvent
from bot.telling import tell
from engine.conversation import Conversation
from engine.errors import EngineError, GeneratorFailed
from engine.messages import Accepted, Done, MessageRef, News, Queued, Snapshot, Turn

log = logging.getLogger(__name__)


class Outlet(Protocol):
    """Where one reply becomes visible."""

    async def draft(self, text: str) -> None:
        """Show the whole text so far, or skip it if the platform is not ready for another edit."""

    async def notice(self, notice: Notice) -> tuple[MessageRef, ...]:
        """Say something that is not part of the piece; the references of the messages that hold it."""

    async def attach(self, attachment: Attachment) -> tuple[MessageRef, ...]:
        """Send a file; the references of the messages that hold it."""

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Show the final text with its buttons, for good; the references of the messages that hold it."""

    async def relay(self, turn: Turn, text: str, before: tuple[MessageRef, ...]) -> tuple[MessageRef, ...]:
        """Show a passage from another chat of its piece in these words; see `bot.telling.Shows`."""

    async def settle(self, messages: tuple[MessageRef, ...]) -> None:
        """Take away what can be chosen under these messages; it is decided."""

    async def withdraw(self, messages: tuple[str, ...]) -> None:
        """Leave nothing of what these messages of a relay say."""

    async def fail(self, sentence: str, error: EngineError) -> None:
        """End the reply with this sentence, in the message the draft was shown in, if there is one."""


async def stream(events: AsyncIterator[ReplyEvent], outlet: Outlet, conversation: Conversation, language: str) -> None:
    """Carry every event to the outlet; an engine error becomes its sentence, any other one a general sentence."""
    try:
        async with aclosing(events) as reply:  # type: ignore[type-var]  # every reply here is an async generator
            async for event in reply:
                await _show(event, outlet, conversation, language)
    except EngineError as error:
        await outlet.fail(wording.error(error, language), error)
    except Exception:
        log.exception("a reply failed")
        failure = GeneratorFailed()
        await outlet.fail(wording.error(failure, language), failure)


async def _show(event: ReplyEvent, outlet: Outlet, conversation: Conversation, language: str) -> None:
    match event:
        case Snapshot(text):
            await outlet.draft(text)
        case Done():
            await _finish(event, outlet, conversation, language)
        case Notice():
            await outlet.notice(event)
        case Attachment():
            refs = await outlet.attach(event)
            if refs and event.turn:  # who answers the file answers its passage
                await conversation.delivered(event.turn, refs)
        case Queued(place):
            await outlet.notice(Notice(wording.say("queued", language, place=place), "queued"))
        case News():
            await tell(event, outlet, conversation, language)
        case Accepted():
            pass


async def _finish(done: Done, outlet: Outlet, conversation: Conversation, language: str) -> None:
    refs = await outlet.finish(done.turn)
    if refs:
        await conversation.delivered(done.turn.id, refs)
    for name, fields in done.remarks:
        await outlet.notice(Notice(wording.say(name, language, **fields), name))
