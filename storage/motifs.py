"""The motifs of pieces: short melodies that stand for somebody or some place, by name.

As with lore, a change is decided inside the transaction that makes it, on what stands there then.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from storage import journal
from storage.db import Database, now
from storage.records import MotifRow, Place
from storage.schema import motifs as table
from storage.schema import pieces

Rows = tuple[MotifRow, ...]
Decide = Callable[[Rows], Rows]


class Motifs:
    """The rows, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, piece: str) -> Rows:
        """Those of a piece, in order of name."""
        return await self._database.read(of, piece)

    async def change(
        self, place: Place, piece: str, person: str, decide: Decide, delivery: str = ""
    ) -> tuple[Rows, Rows]:
        """Let `decide` make other motifs of those a piece has, in one transaction; both, before and after.

        It runs in another thread and may raise, which changes nothing. Raises Duplicate.
        """
        return await self._database.write(_change, place, piece, person, decide, delivery)


def of(connection: sa.Connection, piece: str) -> Rows:
    """The motifs of a piece, in order of name."""
    query = sa.select(table.c.name, table.c.notes).where(table.c.piece == piece).order_by(table.c.key)
    return tuple(MotifRow(*row) for row in connection.execute(query))


def change(connection: sa.Connection, piece: str, person: str, decide: Decide) -> tuple[Rows, Rows]:
    """The same inside the caller's transaction. Who ties a motif anew is the one who tied it."""
    connection.execute(sa.select(pieces.c.id).where(pieces.c.id == piece).with_for_update())
    before = of(connection, piece)
    after = decide(before)
    old, new = _by_key(before), _by_key(after)
    gone = [key for key in old if old[key] != new.get(key)]
    connection.execute(sa.delete(table).where(table.c.piece == piece, table.c.key.in_(gone)))
    rows: list[dict[str, Any]] = [
        {"piece": piece, "key": key, "name": row.name, "notes": dict(row.notes), "person": person, "updated": now()}
        for key, row in new.items()
        if row != old.get(key)
    ]
    if rows:
        connection.execute(sa.insert(table), rows)
    if gone or rows:
        connection.execute(sa.update(pieces).where(pieces.c.id == piece).values(updated=now()))
    return before, after


def _by_key(rows: Rows) -> dict[str, MotifRow]:
    return {row.name.casefold(): row for row in rows}


def _change(
    connection: sa.Connection, place: Place, piece: str, person: str, decide: Decide, delivery: str
) -> tuple[Rows, Rows]:
    journal.receive(connection, place, delivery, piece)
    return change(connection, piece, person, decide)
