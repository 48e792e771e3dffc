"""Messages that have come and wait for their turn; a platform that tells of a message once must be asked again.

Only where each stands is kept, and only until its words are stored.
"""

from datetime import datetime

import sqlalchemy as sa

from storage.db import Database, insert
from storage.schema import arrivals


class Arrivals:
    """The messages that wait, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, platform: str, chat: str, message: str, moment: datetime) -> None:
        """A message waits since that moment; twice is like once."""
        await self._database.write(_add, platform, chat, message, moment)

    async def remove(self, platform: str, chat: str, message: str) -> None:
        """It waits no longer."""
        await self._database.write(_remove, platform, chat, message)

    async def since(self, platform: str, moment: datetime) -> tuple[tuple[str, str], ...]:
        """The chat and name of each message that waits since then, oldest first; older ones are forgotten."""
        return await self._database.write(_since, platform, moment)


def _add(connection: sa.Connection, platform: str, chat: str, message: str, moment: datetime) -> None:
    row = insert(connection, arrivals).values(platform=platform, chat=chat, message=message, created=moment)
    connection.execute(row.on_conflict_do_nothing())


def _remove(connection: sa.Connection, platform: str, chat: str, message: str) -> None:
    mine = sa.and_(arrivals.c.platform == platform, arrivals.c.chat == chat, arrivals.c.message == message)
    connection.execute(sa.delete(arrivals).where(mine))


def _since(connection: sa.Connection, platform: str, moment: datetime) -> tuple[tuple[str, str], ...]:
    connection.execute(sa.delete(arrivals).where(arrivals.c.platform == platform, arrivals.c.created < moment))
    query = sa.select(arrivals.c.chat, arrivals.c.message).where(arrivals.c.platform == platform)
    return tuple((row.chat, row.message) for row in connection.execute(query.order_by(arrivals.c.created)))
