"""The commands about branches that draw or compare them, and the one that takes passages across."""

import asyncio
import re
from collections.abc import AsyncIterator

from bot import wording
from bot.calls import Call, number
from bot.replies import Attachment, Notice, ReplyEvent
from bot.telling import ending_of
from engine.branching import Limb
from engine.drawing import draw_branches
from engine.errors import BadValue
from engine.messages import Turn

WIDTH = 44  # characters of a passage that a line of a phone holds
SHOWN = 24  # passages of each branch that are shown side by side
_PLACE = re.compile(r"(\d{1,5})(?:[.: ](\d{1,5})(?:\s*[-–]\s*(\d{1,5}))?)?")


async def branches(call: Call) -> AsyncIterator[ReplyEvent]:
    """The tree of the piece as text, the stem at the edge, what parts from it indented; with any word drawn, too."""
    piece = await call.conversation.piece(call.message.key)
    limbs = await call.conversation.branching.limbs(call.message.key)
    title = piece.title or wording.say("untitled", call.language)
    lines = [wording.say("branches_head", call.language, title=title), *(_limb(limb, call.language) for limb in limbs)]
    yield Notice("\n".join(lines), "branches")
    if call.words:
        picture = await asyncio.to_thread(draw_branches, limbs)
        yield Attachment("branches.png", "image/png", picture)


async def beside(call: Call) -> AsyncIterator[ReplyEvent]:
    """Another branch and the live one, from where they part."""
    found = await call.conversation.branching.beside(call.message.key, number(call.words, "branch", "1-999"))
    lines = [wording.say("beside_head", call.language, number=found.number, shared=found.shared)]
    for key, turns in (("beside_live", found.live), ("beside_other", found.other)):
        lines += ["", wording.say(key, call.language, number=found.number)]
        lines += _passages(found.shared, turns) or ["–"]
    lines += ["", wording.say("beside_tail", call.language, number=found.number, place=found.shared + 1)]
    yield Notice("\n".join(lines), "beside")


async def take(call: Call) -> AsyncIterator[ReplyEvent]:
    """Passages of another branch onto the live one: "2", "2.5" or "2.5-7"."""
    match = _PLACE.fullmatch(call.words.strip())
    if not match:
        raise BadValue(name="branch", value=call.words[:20], allowed="2, 2.5, 2.5-7")
    which, first, last = (int(part or 0) for part in match.groups())
    piece = await call.conversation.branching.take(*call.who, which, first, last, delivery=call.message.delivery)
    yield call.say("taken", ending=ending_of(piece.turns[-1]))


def _limb(limb: Limb, language: str) -> str:
    mark = "▶" if limb.ends_live else "●" if limb.live else "○"
    name = f" {limb.number}." if limb.number else ""
    edge = "│ " * (limb.aside - 1) + "├─" if limb.parts else "│ " * limb.aside
    count = wording.say("branches_passages", language, passages=limb.passages) if limb.passages > 1 else ""
    return f"{edge}{mark}{name} {_opening(limb.opening)}{count}"


def _passages(shared: int, turns: tuple[Turn, ...]) -> list[str]:
    lines = [f"{place}. {_opening(turn.text)}" for place, turn in enumerate(turns[:SHOWN], shared + 1)]
    return [*lines, "…"] if len(turns) > SHOWN else lines


def _opening(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= WIDTH else words[: WIDTH - 1].rstrip() + "…"
