"""Saying news in an outlet, whether it comes with a reply or by itself.

A news is a passage to be shown, or sentences, under which there may be passages to choose from. It counts as said even
where the passage is gone or the chat is closed: there is nobody left to say it to. So does what was done elsewhere in a
linked piece, where the chat has another piece open now.
"""

import logging
from contextlib import suppress
from typing import Protocol

from bot import enclosing, wording
from bot.replies import Attachment, Notice
from engine.conversation import Conversation
from engine.errors import NotFound
from engine.messages import MessageRef, News, Turn
from engine.story import SENT_MUSIC
from engine.together.state import Ballot
from engine.together.telling import last_line

log = logging.getLogger(__name__)

RESULTS = ("result", "result_tie", "result_none")  # sentences with which a vote is over
UNITS = (("d", 24 * 3600), ("h", 3600), ("m", 60), ("s", 1))


class Shows(Protocol):
    """What news needs of an outlet."""

    async def notice(self, notice: Notice) -> tuple[MessageRef, ...]:
        """Say something that is not part of the piece; the references of the messages that hold it."""

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Show the final text with its buttons, for good; the references of the messages that hold it."""

    async def relay(self, turn: Turn, text: str, before: tuple[MessageRef, ...]) -> tuple[MessageRef, ...]:
        """Show a passage from another chat of its piece in these words, for good; the messages that hold it.

        It takes the place of those messages of `before` that are in this chat.
        """

    async def attach(self, attachment: Attachment) -> tuple[MessageRef, ...]:
        """Send a file; the references of the messages that hold it."""

    async def settle(self, messages: tuple[MessageRef, ...]) -> None:
        """Take away what can be chosen under these messages; it is decided."""

    async def withdraw(self, messages: tuple[str, ...]) -> None:
        """Leave nothing of what these messages say; they were sent here by a relay."""


async def tell(news: News, outlet: Shows, conversation: Conversation, language: str) -> None:
    """Say a news and note that it was said, and where."""
    await conversation.told(news, await _said(news, outlet, conversation, language))


async def _said(news: News, outlet: Shows, conversation: Conversation, language: str) -> tuple[MessageRef, ...]:
    if news.name == "withdrawn":
        await outlet.withdraw(tuple(news.fields["messages"]))
        return ()
    done_elsewhere = "how" in news.fields or "way" in news.fields
    if done_elsewhere and await conversation.linking.open_in(news.key) != news.key.piece:
        return ()
    if "how" in news.fields:
        return await _from_elsewhere(news, outlet, conversation, language)
    if news.turn and not done_elsewhere:
        return await _passage(news, outlet, conversation)
    if any(name in RESULTS for name, _ in news.fields.get("lines", ())):
        await outlet.settle(await conversation.gathering.ballot(news.key))
    return await outlet.notice(await notice_of(news, conversation, language))


async def notice_of(news: News, conversation: Conversation, language: str) -> Notice:
    """The sentences of a news, and what can be chosen under them."""
    if "way" in news.fields:
        return Notice(await _moved(news, conversation, language), news.name, news.key.piece)
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
    title = {"title": wording.say("untitled", language)} if fields.get("title") == "" else {}
    return wording.say(f"news_{name}", language, **{**fields, **left, **title})


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


async def _from_elsewhere(
    news: News, outlet: Shows, conversation: Conversation, language: str
) -> tuple[MessageRef, ...]:
    """Show what was written in another chat of the piece, where there is a version of it in the place of that."""
    try:
        turn = await conversation.turn(news.key, news.turn)
    except NotFound:
        log.info("a passage from elsewhere is gone: %s", news.turn)
        return ()
    before = _here(await conversation.messages(turn.id), news)
    over = news.fields.get("over")
    if over and not before:
        before = _here(await conversation.messages(over), news)
    corpse = (await conversation.gathering.state(news.key)).corpse
    text = _signed(turn, last_line(turn.text) if corpse else turn.text, language)
    head = {"edited": "passage_edited", "elsewhere": "passage_elsewhere"}.get(news.fields["how"])
    if head and not before:
        text = f"{wording.say(head, language)}\n\n{text}"
    refs = await outlet.relay(turn, text, before)
    if refs:
        await conversation.delivered(turn.id, refs)
    if news.fields["how"] != "edited":
        await _files(turn, news, outlet, conversation)
    return refs


async def _files(turn: Turn, news: News, outlet: Shows, conversation: Conversation) -> None:
    """The files of a passage; of music that a person sent, that file."""
    async for attachment in enclosing.files(conversation, news.key, turn, ("mid",) if turn.form == SENT_MUSIC else ()):
        refs = await outlet.attach(attachment)
        if refs:
            await conversation.delivered(turn.id, refs)


def _here(refs: tuple[MessageRef, ...], news: News) -> tuple[MessageRef, ...]:
    return tuple(ref for ref in refs if (ref.platform, ref.chat) == (news.key.platform, news.key.chat))


def _signed(turn: Turn, text: str, language: str) -> str:
    """A person's words with their name, in front of them or above them; Ghostnote's are its own message anyway."""
    if turn.kind != "person":
        return text
    name = turn.author or wording.say("credits_somebody", language)
    return wording.say("passage_by", language, name=name, text=f"\n{text}" if "\n" in text else text)


async def _moved(news: News, conversation: Conversation, language: str) -> str:
    """Where the piece ends after somebody moved its live end in another chat."""
    name = news.fields["name"] or wording.say("credits_somebody", language)
    if news.turn:
        with suppress(NotFound):
            ending = ending_of(await conversation.turn(news.key, news.turn))
            return wording.say(f"moved_{news.fields['way']}", language, name=name, ending=ending)
    return wording.say("moved_empty", language, name=name)


def ending_of(turn: Turn) -> str:
    """How a passage ends, in one line."""
    words = " ".join(turn.text.split())
    return words if len(words) <= 120 else "…" + words[-119:].partition(" ")[2]
