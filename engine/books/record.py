"""A piece as JSON: everything of it that can be read back (`engine/books/reading`), and how each passage came to be.

`turns` is the live branch, as a reader wants it; `others` are the passages beside it, each under its `parent`.
"""

import base64
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from engine import lorebook
from engine.books.book import Book, File
from engine.messages import Turn

VERSION = 2  # 1 had no `parent`, `starts`, `others` and `midi`


def write(book: Book) -> File:
    """The piece as JSON."""
    piece = book.piece
    content = {
        "ghostnote": VERSION,
        "notice": book.say("book_notice"),
        "id": piece.id,
        "title": piece.title,
        "created": _time(piece.created),
        "updated": _time(piece.updated),
        "memory": piece.memory,
        "note": piece.note,
        "lore": [lorebook.plain(row) for row in piece.lore],
        "motifs": [{**row.notes, "name": row.name} for row in book.motifs],
        "genre": piece.flavour.genre,
        "mood": piece.flavour.mood,
        "voice": asdict(piece.flavour.teller),
        "turns": [_entry(turn, book) for turn in piece.turns],
        "others": [_entry(turn, book) for turn in book.others],
    }
    text = json.dumps(content, ensure_ascii=False, indent=2)
    return book.named("json"), "application/json", (text + "\n").encode()


def _entry(turn: Turn, book: Book) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": turn.id,
        "parent": turn.parent,
        "kind": turn.kind,
        "author": turn.author,
        "form": turn.form,
        "starts": turn.id in book.starts,
        "created": _time(turn.created),
        "text": turn.text,
        "likes": turn.likes,
        "dislikes": turn.dislikes,
        "edits": [
            {"by": edit.author, "at": _time(edit.created), "before": edit.before, "after": edit.after}
            for edit in book.edits_of(turn)
        ],
    }
    if turn.id in book.scores:
        entry["midi"] = base64.b64encode(book.scores[turn.id]).decode()
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
            "drawn": recipe.drawn,
        }
    return entry


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
