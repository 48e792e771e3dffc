"""The motifs of a piece by name: what a line about one asks for, and what becomes of them. Pure.

Mara          the music that is answered, or the last one, is Mara's motif
Mara off      hers no more; "drop Mara" likewise
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine import safety
from engine.errors import EmptyText, Impossible, NotFound, TextTooLong
from engine.music.motif import NAME, Motif, plain, read
from storage.records import MotifRow

Rows = tuple[MotifRow, ...]

MOTIFS = 24
_QUOTES = "\"'“”‘’「」『』《》* "
_OFF = re.compile(
    r"(?:drop|delete|remove|删除)\s+(?P<after>.+)|(?P<before>.+?)\s+(?:off|关闭|取消|删除)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose motif it is about; `off`: it is to be let go."""

    name: str
    off: bool = False


def asked(words: str) -> Asked:
    """What a line asks for. Raises EmptyText, TextTooLong."""
    line = words.strip()
    if len(line) > NAME + 20:
        raise TextTooLong(limit=NAME, length=len(line))
    off = _OFF.fullmatch(line)
    name = safety.title((off["after"] or off["before"]) if off else line).strip(_QUOTES)
    if len(name) > NAME:
        raise TextTooLong(limit=NAME, length=len(name))
    if not any(character.isalnum() for character in name):
        raise EmptyText
    return Asked(name, bool(off))


def check_room(rows: Rows, name: str) -> None:
    """Raise Impossible (many_motifs) if there is no room for one more of that name."""
    if len(rows) >= MOTIFS and _find(rows, name) is None:
        raise Impossible(why="many_motifs", most=MOTIFS)


def put(rows: Rows, motif: Motif) -> Rows:
    """The motifs with this one, in the place of one of the same name. Raises Impossible (many_motifs)."""
    check_room(rows, motif.name)
    old = _find(rows, motif.name)
    return (*(row for row in rows if row is not old), row_of(motif))


def drop(rows: Rows, name: str) -> Rows:
    """The motifs without that one; raises NotFound."""
    gone = _find(rows, name)
    if gone is None:
        raise NotFound(what="motif", id=name)
    return tuple(row for row in rows if row is not gone)


def row_of(motif: Motif) -> MotifRow:
    """A motif as it is stored."""
    notes = plain(motif)
    return MotifRow(notes.pop("name"), notes)


def motif_of(row: MotifRow) -> Motif:
    """A motif as it was tied."""
    return read({**row.notes, "name": row.name})


def brought(entries: Iterable[Mapping[str, Any]]) -> Rows:
    """The motifs of a file, held to what people may tie. Raises ValueError, and what `asked` and `put` raise."""
    rows: Rows = ()
    for entry in entries:
        found = read(entry)
        rows = put(rows, Motif(asked(found.name).name, found.key, found.metre, found.lane))
    return rows


def _find(rows: Rows, name: str) -> MotifRow | None:
    return next((row for row in rows if row.name.casefold() == name.casefold()), None)
