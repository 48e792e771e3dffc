"""Engine records as the JSON that PRODUCT.md promises."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from bot import flavours, remembering
from bot.web import enclosed
from engine import lorebook
from engine.branching import Beside
from engine.messages import ContextView, Piece, Section, Turn
from storage.records import Edit

Json = dict[str, Any]
MOST = 4_000_000  # pairs of words; a comparison of more would hold up everybody
_WORD = re.compile(r"[a-zA-Z0-9À-ʯ'’]+|\s+|.", re.DOTALL)  # a sign of Chinese is a word here


def turn(item: Turn, vote: int = 0) -> Json:
    """One passage; `vote` is that of the person who asked."""
    return {
        "id": item.id,
        "parent": item.parent,
        "kind": item.kind,
        "author": item.author,
        "text": item.text,
        "form": item.form,
        "created": item.created.isoformat(),
        "version": item.version,
        "versions": item.versions,
        "likes": item.likes,
        "dislikes": item.dislikes,
        "vote": vote,
        "edited": item.edited,
        "model": item.model,
        "adapter": item.adapter,
        "seed": item.seed,
        "finish": item.finish,
        "files": enclosed.files(item),
    }


def line(piece: Piece) -> Json:
    """A piece in the list."""
    return {
        "id": piece.id,
        "title": piece.title,
        "created": piece.created.isoformat(),
        "updated": piece.updated.isoformat(),
        "form": piece.form,
        "passages": piece.passages,
        "open": piece.is_open,
    }


def piece(item: Piece, votes: Mapping[str, int], language: str) -> Json:
    """A piece with its live branch; `votes` are the asking person's own, by turn, `chosen` is in their language."""
    return {
        **line(item),
        "turns": [turn(each, votes.get(each.id, 0)) for each in item.turns],
        "settings": {
            "form": item.form,
            "genre": item.flavour.genre,
            "mood": item.flavour.mood,
            "voice": item.flavour.teller.label,
        },
        "chosen": flavours.labels(item, language),
        "memory": item.memory,
        "note": item.note,
        "lore": [lorebook.plain(each) | {"line": lorebook.line(each)} for each in item.lore],
    }


def beside(found: Beside) -> Json:
    """Two branches from where they part."""
    return {
        "number": found.number,
        "shared": found.shared,
        "live": [turn(each) for each in found.live],
        "other": [turn(each) for each in found.other],
    }


def edit(change: Edit) -> Json:
    """A change of a passage; `parts` is what `compared` finds."""
    return {
        "author": change.author,
        "created": change.created.isoformat(),
        "before": change.before,
        "after": change.after,
        "parts": compared(change.before, change.after),
    }


def compared(before: str, after: str) -> list[tuple[int, str]]:
    """Both texts as one: their words in order, each run kept (0), taken out (-1) or put in (1)."""
    found: list[tuple[int, str]] = []
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) * len(new) > MOST:
        return [(-1, before), (1, after)]
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        runs = [(0, old[i:j])] if kind == "equal" else [(-1, old[i:j]), (1, new[k:m])]
        found += [(sign, "".join(run)) for sign, run in runs if run]
    return found


def context(view: ContextView, language: str) -> Json:
    """What the model saw, by section and as a whole, with the reasons in this language and as facts."""
    return {
        "turn": view.turn,
        "tokens": view.tokens,
        "window": view.window,
        "reserved": view.reserved,
        "sections": [_section(section, language) for section in view.sections],
        "prompt": view.prompt,
    }


def _section(section: Section, language: str) -> Json:
    return {
        "name": section.name,
        "tokens": section.tokens,
        "text": section.text,
        "cut": remembering.fact(section.cut, language) if section.cut else "",
        "why": [{**why[1], "fact": why[0], "says": remembering.fact(why, language)} for why in section.why],
    }


def final(item: Turn, session: str) -> Json:
    """The last event of a reply that wrote or chose a passage."""
    return {
        "turn": item.id,
        "text": item.text,
        "adapter": item.adapter,
        "model": item.model,
        "seed": item.seed,
        "finish": item.finish or "end",
        "session": session or item.session,
        "parent": item.parent,
        "form": item.form,
        "version": item.version,
        "versions": item.versions,
        "files": enclosed.files(item),
    }


def command(text: str, live: Turn | None, session: str) -> Json:
    """The last event of a command that wrote no passage."""
    return {
        "turn": live.id if live else None,
        "text": text,
        "adapter": live.adapter if live else "",
        "model": live.model if live else "",
        "seed": live.seed if live else 0,
        "finish": "command",
        "session": session,
    }
