"""Pieces that several people write: who takes part, whose turn it is, votes and clocks.

A gathering changes as a whole and in the transaction of what it belongs to: a passage, a vote, a clock that ran out. It
carries a version; of two who change it at once, one is told (`Stale`) and looks again. So does a clock that somebody
else has taken meanwhile, and that is why none acts twice.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import journal, links, outbox
from storage.db import Database, Stale, insert, new_id
from storage.records import Account, NewsRow, Place, Shift
from storage.schema import ballots, gatherings, members, people, picks, pieces, timers
from storage.seats import Choice, Gathered, GatheringRow, MemberRow, TimerRow

AT_ONCE = 50


class Gatherings:
    """All gatherings, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, piece: str) -> GatheringRow | None:
        """The gathering of a piece, if it is one."""
        return await self._database.read(find, piece)

    async def change(self, gathered: Gathered, choice: Choice | None = None) -> tuple[NewsRow, ...]:
        """Change a gathering, and with a choice the piece; the news that is to be said. Raises Stale, Duplicate."""
        return await self._database.write(_change, gathered, choice)

    async def due(self, moment: datetime) -> tuple[TimerRow, ...]:
        """Clocks that have run out, the first first."""
        return await self._database.read(_due, moment)

    async def drop(self, timer: str) -> None:
        """Take away a clock that means nothing any more."""
        await self._database.write(_drop, timer)

    async def place(self, piece: str) -> Place | None:
        """Where a piece is, unless it was deleted."""
        return await self._database.read(_place, piece)

    async def account(self, person: str) -> Account | None:
        """Somebody as their platform knows them."""
        return await self._database.read(_account, person)


def find(connection: sa.Connection, piece: str) -> GatheringRow | None:
    """The gathering of a piece, if it is one."""
    row = connection.execute(sa.select(gatherings).where(gatherings.c.piece == piece)).one_or_none()
    if row is None:
        return None
    people_here = connection.execute(sa.select(members).where(members.c.piece == piece).order_by(members.c.seat))
    votes = connection.execute(sa.select(ballots.c.person, ballots.c.turn).where(ballots.c.piece == piece))
    return GatheringRow(
        piece,
        row.version,
        row.mover,
        row.last,
        row.state,
        tuple(MemberRow(each.person, each.pen, each.role, each.seat, bool(each.here)) for each in people_here),
        {each.person: each.turn or "" for each in votes},
        links.heard(connection, piece),
    )


def pens(connection: sa.Connection, piece: str) -> dict[str, str]:
    """What people are called in a piece, by their ids; nobody where it is not written by rules."""
    found = connection.execute(sa.select(members.c.person, members.c.pen).where(members.c.piece == piece))
    return {row.person: row.pen for row in found}


def apply(connection: sa.Connection, gathered: Gathered) -> tuple[NewsRow, ...]:
    """Change a gathering in the caller's transaction; the news that is to be said. Raises Stale, Duplicate."""
    row = gathered.row
    if gathered.place:
        journal.receive(connection, gathered.place, gathered.delivery, row.piece)
    if gathered.fired and connection.execute(sa.delete(timers).where(timers.c.id == gathered.fired)).rowcount != 1:
        raise Stale
    _store(connection, row)
    _members(connection, row)
    connection.execute(sa.delete(ballots).where(ballots.c.piece == row.piece))
    votes = [{"piece": row.piece, "person": who, "turn": turn or None} for who, turn in row.votes.items()]
    if votes:
        connection.execute(sa.insert(ballots), votes)
    old = sa.and_(timers.c.piece == row.piece, timers.c.number != gathered.number)
    connection.execute(sa.delete(timers).where(old))
    for each in gathered.timers:
        values = {"id": new_id(), "piece": row.piece, "kind": each.kind, "number": each.number, "due": each.due}
        connection.execute(sa.insert(timers).values(values))
    return outbox.post(connection, gathered.news, gathered.moment, gathered.due, gathered.here)


def _store(connection: sa.Connection, row: GatheringRow) -> None:
    values = {"mover": row.mover, "last": row.last, "state": dict(row.state), "version": row.version + 1}
    if row.version == 0:
        new = insert(connection, gatherings).values(piece=row.piece, **values).on_conflict_do_nothing()
        stored = connection.execute(new).rowcount
    else:
        as_read = sa.and_(gatherings.c.piece == row.piece, gatherings.c.version == row.version)
        stored = connection.execute(sa.update(gatherings).where(as_read).values(values)).rowcount
    if stored != 1:
        raise Stale


def _members(connection: sa.Connection, row: GatheringRow) -> None:
    connection.execute(sa.delete(members).where(members.c.piece == row.piece))
    rows = [
        {"piece": row.piece, "person": m.person, "pen": m.pen, "role": m.role, "seat": m.seat, "here": m.here}
        for m in row.members
    ]
    if rows:
        connection.execute(sa.insert(members), rows)


def _change(connection: sa.Connection, gathered: Gathered, choice: Choice | None) -> tuple[NewsRow, ...]:
    news = apply(connection, gathered)
    if choice:
        journal.shift(connection, choice.piece, None, Shift(choice.winner, "vote", turn=choice.winner))
        chosen = [
            {"id": new_id(), "turn": turn, "over": other, "person": person, "created": gathered.moment}
            for person, turn in choice.votes.items()
            for other in choice.options
            if other != turn
        ]
        if chosen:
            connection.execute(sa.insert(picks), chosen)
    return news


def _due(connection: sa.Connection, moment: datetime) -> tuple[TimerRow, ...]:
    query = sa.select(timers.c.piece, timers.c.kind, timers.c.number, timers.c.due, timers.c.id)
    rows = connection.execute(query.where(timers.c.due <= moment).order_by(timers.c.due, timers.c.id).limit(AT_ONCE))
    return tuple(TimerRow(*row) for row in rows)


def _drop(connection: sa.Connection, timer: str) -> None:
    connection.execute(sa.delete(timers).where(timers.c.id == timer))


def _place(connection: sa.Connection, piece: str) -> Place | None:
    query = sa.select(pieces.c.platform, pieces.c.chat, pieces.c.thread)
    row = connection.execute(query.where(pieces.c.id == piece, pieces.c.deleted.is_(None))).one_or_none()
    return row and Place(*row)


def _account(connection: sa.Connection, person: str) -> Account | None:
    query = sa.select(people.c.platform, people.c.account, people.c.name, people.c.language)
    row: Any = connection.execute(query.where(people.c.id == person)).one_or_none()
    return row and Account(*row)
