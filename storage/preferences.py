"""Who liked what: one row per person and passage, the last word wins, taking it back deletes it.

Votes are kept whether or not their person lets others learn from them (`consents`), so that a yes said later counts for
everything before it; what may be learnt from is decided each time anew, from `opinions`.
"""

from typing import Any

import sqlalchemy as sa

from storage import erasure, mydata, opinions
from storage.db import Database, insert, now
from storage.schema import consents, people, picks, preferences, turns


class Preferences:
    """People's votes, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vote(self, turn: str, person: str, value: int) -> None:
        """Set a person's vote on a turn to 1 or -1; 0 takes it back."""
        await self._database.write(_vote, turn, person, value)

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


def _vote(connection: sa.Connection, turn: str, person: str, value: int) -> None:
    if value == 0:
        mine = sa.and_(preferences.c.turn == turn, preferences.c.person == person)
        connection.execute(sa.delete(preferences).where(mine))
        return
    moment = now()
    upsert = insert(connection, preferences).values(
        turn=turn, person=person, value=value, created=moment, updated=moment
    )
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["turn", "person"], set_={"value": upsert.excluded.value, "updated": upsert.excluded.updated}
        )
    )


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
