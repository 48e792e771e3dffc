"""Commands about what a piece knows and what the model saw of it: /lore and /context."""

from collections.abc import AsyncIterator, Iterable, Sequence

from bot import flavours, wording
from bot.calls import Call, number
from bot.replies import Notice, ReplyEvent
from engine import lorebook
from engine.errors import NotFound
from engine.lorebook import Drop, Put
from engine.messages import Fact, Piece, Section

SHOWN = 90  # characters of an entry in the list


async def lore(call: Call) -> AsyncIterator[ReplyEvent]:
    """List the lore, show some of it, or add, change and delete an entry; see `engine/lorebook`."""
    asked = lorebook.read(call.words)
    if isinstance(asked, Put | Drop):
        yield await _changed(call, asked)
        return
    rows = await call.conversation.remembering.lore(call.message.key, asked.name)
    if asked.name:
        yield Notice("\n\n".join(_line(call, row.number, lorebook.line(row), row.text) for row in rows), "lore")
    elif rows:
        lines = [_line(call, row.number, lorebook.line(row), _short(row.text)) for row in rows]
        yield Notice("\n".join([wording.say("lore_head", call.language), *lines]), "lore")
    else:
        yield call.say("lore_empty")


async def _changed(call: Call, asked: Put | Drop) -> Notice:
    done = await call.conversation.remembering.change(*call.who, asked, call.message.delivery)
    row = done.after or done.before
    if row is None:
        return call.say("lore_same")
    key = "lore_changed" if done.before and done.after else "lore_added" if done.after else "lore_deleted"
    said = call.say(key, number=row.number, keys=lorebook.line(row), text=row.text)
    if not done.everywhere:
        return said
    return Notice(said.text + "\n" + wording.say("lore_everywhere", call.language, word=done.everywhere), said.name)


def _line(call: Call, place: int, keys: str, text: str) -> str:
    return wording.say("lore_line", call.language, number=place, keys=keys, text=text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


async def context(call: Call) -> AsyncIterator[ReplyEvent]:
    """What the model saw for the passage that is answered to, for that of a number, or for the last one."""
    turn = call.turn
    if call.words:
        turn = _numbered(await call.conversation.piece(call.message.key), number(call.words, "passage", "1-99999"))
    view = await call.conversation.context(call.message.key, turn)
    lines = [wording.say("context_head", call.language, tokens=view.tokens, window=view.window, reserved=view.reserved)]
    for name in dict.fromkeys(section.name for section in view.sections):  # examples, say, are many small sections
        lines += _section(name, [section for section in view.sections if section.name == name], call.language)
    lines += flavours.chosen(await call.conversation.piece(call.message.key), call.language)
    yield Notice("\n".join(lines), "context")


def _numbered(piece: Piece, place: int) -> str:
    if place > len(piece.turns):
        raise NotFound(what="passage", id=str(place))
    return piece.turns[place - 1].id


def _section(name: str, parts: Sequence[Section], language: str) -> Iterable[str]:
    yield wording.say("context_line", language, section=name, tokens=sum(part.tokens for part in parts))
    for part in parts:
        for place, why in enumerate(part.why):
            said = fact(why, language)
            counted = place == 0 and part.tokens
            yield "   " + (wording.say("context_line", language, section=said, tokens=part.tokens) if counted else said)
        if part.cut:
            yield wording.say("context_cut", language, cut=fact(part.cut, language))


def fact(what: Fact, language: str) -> str:
    """Why something stands in a prompt, or does not, as a sentence."""
    return wording.say(what[0], language, **what[1])
