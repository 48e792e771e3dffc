"""Engine records as the JSON that PRODUCT.md promises."""

from collections.abc import Mapping
from typing import Any

from bot import remembering
from bot.web import music
from engine import lorebook
from engine.messages import ContextView, Piece, Section, Turn

Json = dict[str, Any]


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
        "files": music.files(item),
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


def piece(item: Piece, votes: Mapping[str, int]) -> Json:
    """A piece with its live branch; `votes` are the asking person's own, by turn."""
    return {
        **line(item),
        "turns": [turn(each, votes.get(each.id, 0)) for each in item.turns],
        "settings": {
            "form": item.form,
            "genre": item.flavour.genre,
            "mood": item.flavour.mood,
            "voice": item.flavour.teller.label,
        },
        "memory": item.memory,
        "note": item.note,
        "lore": [lorebook.plain(each) | {"line": lorebook.line(each)} for each in item.lore],
    }


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
        "files": music.files(item),
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
