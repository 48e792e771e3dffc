"""The files that come with a passage, whichever frontend shows it: music with its picture, its sound and its notes, a
palette or a cover with what was painted."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

from bot.replies import Attachment, ReplyEvent
from engine.conversation import Conversation
from engine.errors import EngineError
from engine.messages import Done, SessionKey, Turn
from engine.story import LOOKS, MUSIC

log = logging.getLogger(__name__)

FILES: Mapping[str, tuple[str, ...]] = {MUSIC: ("png", "ogg", "mid"), **dict.fromkeys(LOOKS, ("png",))}
"""By the form of a passage, in the order they are shown."""


def kinds(turn: Turn) -> tuple[str, ...]:
    """The files of a passage by Ghostnote; none of words, whoever's they are."""
    return FILES.get(turn.form, ()) if turn.kind == "model" else ()


async def with_files(
    events: AsyncIterator[ReplyEvent], conversation: Conversation, key: SessionKey
) -> AsyncIterator[ReplyEvent]:
    """The same events; a passage is followed by its files."""
    async with aclosing(events) as answer:  # type: ignore[type-var]  # every answer is an async generator
        async for event in answer:
            yield event
            if isinstance(event, Done):
                async for attachment in files(conversation, key, event.turn):
                    yield attachment


async def files(
    conversation: Conversation, key: SessionKey, turn: Turn, others: tuple[str, ...] = ()
) -> AsyncIterator[Attachment]:
    """The files of a passage by Ghostnote; of any other passage the kinds that are named."""
    for kind in kinds(turn) or others:
        async for attachment in file(conversation, key, turn.id, kind):
            yield attachment


async def file(conversation: Conversation, key: SessionKey, turn: str, kind: str) -> AsyncIterator[Attachment]:
    """One of them. What cannot be rendered is left out: the notes, or the colours, are what counts."""
    try:
        name, mime, data = await conversation.file(key, turn, kind)
    except EngineError:
        raise
    except Exception:
        log.exception("a passage could not be rendered as %s", kind)
    else:
        yield Attachment(name, mime, data, turn)
