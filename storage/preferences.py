"""Who liked what: one row per person and passage, the last word wins, taking it back deletes it."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.db import Database, insert, now
from storage.schema import preferences


class Preferences:
    """People's votes, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vote(self, turn: str, person: str, value: int) -> None:
        """Set a person's vote on a turn to 1 or -1; 0 takes it back."""
        await self._database.write(_vote, turn, person, value)

    async def votes(self, turn: str) -> dict[str, int]:
        """Every vote on a turn, by person."""
        return await self._database.read(_votes, turn)


async def _vote(connection: AsyncConnection, turn: str, person: str, value: int) -> None:
    if value == 0:
        mine = sa.and_(preferences.c.turn == turn, preferences.c.person == person)
        await connection.execute(sa.delete(preferences).where(mine))
        return
    moment = now()
    upsert = insert(connection, preferences).values(
        turn=turn, person=person, value=value, created=moment, updated=moment
    )
    await connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["turn", "person"], set_={"value": upsert.excluded.value, "updated": upsert.excluded.updated}
        )
    )


async def _votes(connection: AsyncConnection, turn: str) -> dict[str, int]:
    rows = await connection.execute(
        sa.select(preferences.c.person, preferences.c.value).where(preferences.c.turn == turn)
    )
    return {row.person: row.value for row in rows}
