"""A piece as a file to take home. Pure.

Every file says that a machine took part, and ends with a ledger: who or what wrote each passage, who changed it, and
the recipe id by which the owner of the machine finds exactly how the model came to it.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import lorebook
from engine.errors import UnknownFormat
from engine.messages import Piece, Turn
from storage.records import Edit, Recipe

File = tuple[str, str, bytes]
NOTICE = "Written together by people and a machine (a language model), with Ghostnote."
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class Book:
    """What is exported: the piece, the edits that stand, and how each passage of the model came to be."""

    piece: Piece
    edits: tuple[Edit, ...]
    recipes: dict[str, Recipe]


def writer(name: str) -> Callable[[Book], File]:
    """The function that writes this format: file name, MIME type, content. Raises UnknownFormat."""
    if name not in _FORMATS:
        raise UnknownFormat(format=name[:20], formats=", ".join(_FORMATS))
    return _FORMATS[name]


def _markdown(book: Book) -> File:
    piece = book.piece
    parts = [f"# {_escape(piece.title or UNTITLED)}", f"*{NOTICE}*"]
    parts += [_markdown_text(turn.text) for turn in piece.turns]
    parts += ["---", "## Who wrote what", "\n".join(_markdown_line(*line) for line in _ledger(book))]
    return _named(piece, "md"), "text/markdown; charset=utf-8", _bytes(parts)


def _plain(book: Book) -> File:
    piece = book.piece
    title = piece.title or UNTITLED
    parts = [f"{title}\n{'=' * min(len(title), 60)}", NOTICE, *(turn.text for turn in piece.turns)]
    parts += ["Who wrote what\n--------------", "\n".join(f"{number}. {line}" for number, line in _ledger(book))]
    return _named(piece, "txt"), "text/plain; charset=utf-8", _bytes(parts)


def _json(book: Book) -> File:
    piece = book.piece
    content = {
        "ghostnote": 1,
        "notice": NOTICE,
        "id": piece.id,
        "title": piece.title,
        "created": _time(piece.created),
        "updated": _time(piece.updated),
        "memory": piece.memory,
        "note": piece.note,
        "lore": [lorebook.plain(row) for row in piece.lore],
        "turns": [_entry(turn, book) for turn in piece.turns],
    }
    text = json.dumps(content, ensure_ascii=False, indent=2)
    return _named(piece, "json"), "application/json", (text + "\n").encode()


_FORMATS: dict[str, Callable[[Book], File]] = {"md": _markdown, "txt": _plain, "json": _json}


def _entry(turn: Turn, book: Book) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": turn.id,
        "kind": turn.kind,
        "author": turn.author,
        "form": turn.form,
        "created": _time(turn.created),
        "text": turn.text,
        "likes": turn.likes,
        "dislikes": turn.dislikes,
        "edits": [
            {"by": edit.author, "at": _time(edit.created), "before": edit.before, "after": edit.after}
            for edit in _edits(turn, book)
        ],
    }
    recipe = book.recipes.get(turn.id)
    if recipe:
        entry["recipe"] = {
            "id": turn.id,
            "model": turn.model,
            "adapter": turn.adapter,
            "seed": turn.seed,
            "finish": turn.finish,
            "sampling": recipe.sampling,
            "prompt": recipe.prompt,
            "completion": recipe.completion,
        }
    return entry


def _ledger(book: Book) -> Iterator[tuple[int, str]]:
    for number, turn in enumerate(book.piece.turns, 1):
        if turn.kind == "person":
            line = turn.author or "somebody"
        else:
            voice = f", adapter {turn.adapter}" if turn.adapter else ""
            line = f"machine: {turn.model or 'unknown model'}{voice} (recipe {turn.id})"
        editors = dict.fromkeys(edit.author or "somebody" for edit in _edits(turn, book))
        yield number, line + (f"; edited by {', '.join(editors)}" if editors else "")


def _edits(turn: Turn, book: Book) -> list[Edit]:
    return [edit for edit in book.edits if edit.turn == turn.id]


def _markdown_line(number: int, line: str) -> str:
    return f"{number}. {_escape(line)}"


def _markdown_text(text: str) -> str:
    """Plain text whose lines stay lines and whose marks stay marks."""
    return re.sub(r"(?<=\S)\n(?=\S)", "  \n", _escape(text))


def _escape(text: str) -> str:
    text = re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)
    text = re.sub(r"(?m)^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text)
    return re.sub(r"(?m)^(\s*)(#{1,6}(?=\s|$)|[-+](?=\s|$)|~{3,}|={2,}\s*$|-{2,}\s*$)", r"\1\\\2", text)


def _named(piece: Piece, ending: str) -> str:
    words = re.sub(r"[^\w]+", "-", piece.title.casefold()).strip("-_")[:60].strip("-_")
    return f"{words or 'piece'}.{ending}"


def _bytes(parts: list[str]) -> bytes:
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
