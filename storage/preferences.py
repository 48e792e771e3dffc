"""Who liked what: one row per person and passage, the last word wins, taking it back deletes it.

Votes are kept whether or not their person lets others learn from them (`consents`), so that a yes said later counts for
everything before it; what may be learnt from is decided each time anew, from `opinions`.
"""

from typing import Any

import sqlalchemy as sa

from storage import erasure, journal, mydata, opinions
from storage.db import Database, insert, now
from storage.records import Ballot
from storage.schema import consents, people, picks, preferences, turns


class Preferences:
    """People's votes, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vote(self, ballot: Ballot) -> None:
        """Set a person's vote on a turn, or take it back; raises Duplicate."""
        await self._database.write(_vote, ballot)

    async def clear(self, turn: str, sign: str = "") -> None:
        """Take back all votes on a turn that were cast by native reactions, or by those of one sign."""
        await self._database.write(_clear, turn, sign)

    async def votes(self, piece: str, platform: str, account: str) -> dict[str, int]:
        """One person's votes in a piece, by turn."""
        return await self._database.read(_votes, piece, platform, account)

    async def counts(self, piece: str) -> dict[str, tuple[int, int]]:
        """How many like and dislike each turn of a piece that anyone voted on."""
        return await self._database.read(_counts, piece)

    async def contest(self, winner: str, loser: str) -> int:
        """How many people-and-passages picked what the adapter `winner` wrote over what `loser` wrote."""
        return await self._database.read(_contest, winner, loser)

    async def consent(self, platform: str, account: str) -> bool | None:
        """Whether this person lets others learn from them; None if they never said."""
        return await self._database.read(_consent, platform, account)

    async def agree(self, person: str, *, given: bool) -> None:
        """Keep what a person said about it; the last word wins."""
        await self._database.write(_agree, person, given)

    async def opinions(self) -> opinions.Opinions:
        """Everything that people said and did about passages, as it stood at one moment."""
        return await self._database.snapshot(opinions.read)

    async def person(self, platform: str, account: str) -> str | None:
        """The id of a person who was met before."""
        return await self._database.read(erasure.find, platform, account)

    async def data(self, person: str) -> dict[str, Any]:
        """Everything of one person, as JSON can hold it."""
        return await self._database.snapshot(mydata.collect, person)

    async def traces(self, person: str) -> erasure.Traces:
        """How much there is of a person."""
        return await self._database.snapshot(erasure.traces, person)

    async def involved(self, person: str) -> tuple[str, ...]:
        """The pieces that a person has a part in."""
        return await self._database.read(erasure.involved, person)

    async def forget(self, person: str) -> erasure.Traces:
        """Erase a person, piece by piece; what there was of them. Killed on the way, it can be begun again."""
        found = await self.traces(person)
        for piece in await self.involved(person):
            await self._database.write(erasure.leave, piece, person)
        await self._database.write(erasure.forget, person)
        return found


def _consent(connection: sa.Connection, platform: str, account: str) -> bool | None:
    said = sa.select(consents.c.given).join(people, people.c.id == consents.c.person)
    return connection.scalar(said.where(people.c.platform == platform, people.c.account == account))


def _agree(connection: sa.Connection, person: str, given: bool) -> None:
    upsert = insert(connection, consents).values(person=person, given=given, updated=now())
    changed = {"given": upsert.excluded.given, "updated": upsert.excluded.updated}
    connection.execute(upsert.on_conflict_do_update(index_elements=["person"], set_=changed))


def _vote(connection: sa.Connection, ballot: Ballot) -> None:
    journal.receive(connection, ballot.place, ballot.delivery, ballot.piece)
    if ballot.value == 0:
        mine = sa.and_(preferences.c.turn == ballot.turn, preferences.c.person == ballot.person)
        cast = preferences.c.sign == ballot.sign if ballot.sign else sa.true()
        connection.execute(sa.delete(preferences).where(mine, cast))
        return
    moment = now()
    upsert = insert(connection, preferences).values(
        turn=ballot.turn,
        person=ballot.person,
        value=ballot.value,
        sign=ballot.sign or None,
        created=moment,
        updated=moment,
    )
    changed = {name: upsert.excluded[name] for name in ("value", "sign", "updated")}
    connection.execute(upsert.on_conflict_do_update(index_elements=["turn", "person"], set_=changed))


def _clear(connection: sa.Connection, turn: str, sign: str) -> None:
    cast = preferences.c.sign == sign if sign else preferences.c.sign.is_not(None)
    connection.execute(sa.delete(preferences).where(preferences.c.turn == turn, cast))


def _votes(connection: sa.Connection, piece: str, platform: str, account: str) -> dict[str, int]:
    rows = connection.execute(
        sa.select(preferences.c.turn, preferences.c.value)
        .join(turns, turns.c.id == preferences.c.turn)
        .join(people, people.c.id == preferences.c.person)
        .where(turns.c.piece == piece, people.c.platform == platform, people.c.account == account)
    )
    return {row.turn: row.value for row in rows}


def _counts(connection: sa.Connection, piece: str) -> dict[str, tuple[int, int]]:
    likes, dislikes = (sa.func.count().filter(preferences.c.value == value) for value in (1, -1))
    rows = connection.execute(
        sa.select(preferences.c.turn, likes, dislikes)
        .join(turns, turns.c.id == preferences.c.turn)
        .where(turns.c.piece == piece)
        .group_by(preferences.c.turn)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _contest(connection: sa.Connection, winner: str, loser: str) -> int:
    chosen, left = turns.alias("chosen"), turns.alias("left_behind")
    rows = (
        sa.select(picks.c.turn, picks.c.over, picks.c.person)
        .distinct()
        .join(chosen, chosen.c.id == picks.c.turn)
        .join(left, left.c.id == picks.c.over)
        .where(chosen.c.adapter == winner, left.c.adapter == loser)
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())
