"""What people and chats chose, by scope ("person:…", "chat:…", "piece:…", "everyone") and name."""

import sqlalchemy as sa

from storage.db import Database, insert, now
from storage.schema import settings

Value = str | int | float | bool | None


class Settings:
    """Choices, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, scope: str) -> dict[str, Value]:
        """Everything that was chosen in a scope."""
        return await self._database.read(_of, scope)

    async def choose(self, scope: str, name: str, value: Value) -> None:
        """Set one choice; None takes it back."""
        await self._database.write(_choose, scope, name, value)


def _of(connection: sa.Connection, scope: str) -> dict[str, Value]:
    rows = connection.execute(sa.select(settings.c.name, settings.c.value).where(settings.c.scope == scope))
    return {row.name: row.value for row in rows}


def _choose(connection: sa.Connection, scope: str, name: str, value: Value) -> None:
    if value is None:
        mine = sa.and_(settings.c.scope == scope, settings.c.name == name)
        connection.execute(sa.delete(settings).where(mine))
        return
    upsert = insert(connection, settings).values(scope=scope, name=name, value=value, updated=now())
    changed = {"value": upsert.excluded.value, "updated": upsert.excluded.updated}
    connection.execute(upsert.on_conflict_do_update(index_elements=["scope", "name"], set_=changed))
