"""Saying news in an outlet, whether it comes with a reply or by itself.

A news is a passage to be shown, or sentences, under which there may be passages to choose from. It counts as said even
where the passage is gone or the chat is closed: there is nobody left to say it to.
"""

import logging
from typing import Protocol

from bot import wording
from bot.replies import Notice
from engine.conversation import Conversation
from engine.errors import NotFound
from engine.messages import MessageRef, News, Turn
from engine.together.state import Ballot

log = logging.getLogger(__name__)

UNITS = (("d", 24 * 3600), ("h", 3600), ("m", 60), ("s", 1))


class Shows(Protocol):
    """What news needs of an outlet."""

    async def notice(self, notice: Notice) -> tuple[MessageRef, ...]:
        """Say something that is not part of the piece; the references of the messages that hold it."""

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Show the final text with its buttons, for good; the references of the messages that hold it."""


async def tell(news: News, outlet: Shows, conversation: Conversation, language: str) -> None:
    """Say a news and note that it was said, and where."""
    if news.turn:
        refs = await _passage(news, outlet, conversation)
    else:
        refs = await outlet.notice(await notice_of(news, conversation, language))
    await conversation.told(news, refs)


async def notice_of(news: News, conversation: Conversation, language: str) -> Notice:
    """The sentences of a news, and what can be chosen under them."""
    lines = [sentence(name, fields, language) for name, fields in news.fields.get("lines", ())]
    choices = []
    for number, option in enumerate(news.fields.get("options", ()), 1):
        try:
            turn = await conversation.turn(news.key, option)
        except NotFound:
            continue
        lines.append(f"{number}. {turn.text}")
        choices.append((str(number), turn.id))
    return Notice("\n\n".join(lines) if choices else "\n".join(lines), news.name, news.key.piece, tuple(choices))


def sentence(name: str, fields: dict[str, str | int], language: str) -> str:
    """One sentence of a news; seconds that are `left` are said as a length of time."""
    left = {"left": duration(int(fields["left"]), language)} if "left" in fields else {}
    return wording.say(f"news_{name}", language, **{**fields, **left})


def counted(ballot: Ballot) -> tuple[tuple[str, str], ...]:
    """What can be chosen in a vote, with how many chose it: what stands on the button, and the passage."""
    tally = enumerate(zip(ballot.options, ballot.tally(), strict=True), 1)
    return tuple((f"{number} · {count}" if count else str(number), option) for number, (option, count) in tally)


def duration(seconds: int, language: str) -> str:
    """A length of time in its two largest units: "1 h 30 min"."""
    parts = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(wording.say(f"duration_{unit}", language, count=count))
    return " ".join(parts[:2])


async def _passage(news: News, outlet: Shows, conversation: Conversation) -> tuple[MessageRef, ...]:
    try:
        turn = await conversation.turn(news.key, news.turn)
    except NotFound:
        log.info("a passage that was to be shown is gone: %s", news.turn)
        return ()
    refs = await outlet.finish(turn)
    if refs:
        await conversation.delivered(turn.id, refs)
    return refs
