"""Statements about the lore of pieces. Each function runs inside its caller's transaction.

A change is decided inside the transaction that makes it, on what stands there then: of two people who add an entry at
once neither loses theirs.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from storage.db import now
from storage.records import LoreRow
from storage.schema import lore as table
from storage.schema import pieces

Rows = tuple[LoreRow, ...]
Decide = Callable[[Rows], Rows]

_light = tuple(table.c[name] for name in ("number", "text", "keys", "also", "never", "always", "rank", "sticky"))


def of(connection: sa.Connection, piece: str) -> Rows:
    """The entries of a piece, by number."""
    rows = connection.execute(sa.select(*_light).where(table.c.piece == piece).order_by(table.c.number))
    return tuple(_row(row) for row in rows)


def change(connection: sa.Connection, piece: str, person: str, decide: Decide) -> tuple[Rows, Rows]:
    """Let `decide` make other entries of those that are there; both, as they were and as they are then.

    What `decide` raises changes nothing.
    """
    connection.execute(sa.select(pieces.c.id).where(pieces.c.id == piece).with_for_update())
    before = of(connection, piece)
    after = decide(before)
    known = {row.number: row for row in before}
    for row in after:
        if row != known.get(row.number):
            _put(connection, piece, person, row, known.get(row.number))
    gone = known.keys() - {row.number for row in after}
    connection.execute(sa.delete(table).where(table.c.piece == piece, table.c.number.in_(gone)))
    connection.execute(sa.update(pieces).where(pieces.c.id == piece).values(updated=now()))
    return before, after


def _put(connection: sa.Connection, piece: str, person: str, row: LoreRow, before: LoreRow | None) -> None:
    values: dict[str, Any] = {
        "keys": list(row.keys),
        "also": [list(group) for group in row.also],
        "never": list(row.never),
        "text": row.text,
        "always": row.always,
        "rank": row.rank,
        "sticky": row.sticky,
        "updated": now(),
    }
    if before is None:
        connection.execute(sa.insert(table).values(piece=piece, number=row.number, person=person, **values))
        return
    if _words(row) != _words(before):  # who only turns a knob has not written the words
        values["person"] = person
    connection.execute(sa.update(table).where(table.c.piece == piece, table.c.number == row.number).values(values))


def _words(row: LoreRow) -> tuple[object, ...]:
    return row.text, row.keys, row.also, row.never


def _row(row: Any) -> LoreRow:
    keys, also, never = tuple(row.keys), tuple(tuple(group) for group in row.also), tuple(row.never)
    return LoreRow(row.number, row.text, keys, also, never, bool(row.always), row.rank, row.sticky)
