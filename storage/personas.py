"""Tellers that people made, for themselves (scope "person:…") or for everybody in a chat ("chat:…"), by name."""

from collections.abc import Sequence

import sqlalchemy as sa

from storage.db import Database, insert, now
from storage.records import PersonaRow
from storage.schema import personas


class Personas:
    """The rows, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, scopes: Sequence[str]) -> tuple[PersonaRow, ...]:
        """Those of these scopes, a scope after the other, each in order of name."""
        found = await self._database.read(_of, scopes)
        return tuple(sorted(found, key=lambda row: (scopes.index(row.scope), row.name.casefold())))

    async def keep(self, row: PersonaRow) -> None:
        """Store one; it takes the place of one of the same name there."""
        await self._database.write(_keep, row)

    async def drop(self, row: PersonaRow) -> None:
        """Delete one; nothing happens if it is gone already."""
        await self._database.write(_drop, row)


def _of(connection: sa.Connection, scopes: Sequence[str]) -> list[PersonaRow]:
    c = personas.c
    query = sa.select(c.scope, c.name, c.description, c.sample, c.person).where(c.scope.in_(scopes))
    return [PersonaRow(*row) for row in connection.execute(query)]


def _keep(connection: sa.Connection, row: PersonaRow) -> None:
    values = {"name": row.name, "description": row.description, "sample": row.sample, "person": row.person}
    new = insert(connection, personas).values(scope=row.scope, key=row.name.casefold(), created=now(), **values)
    connection.execute(new.on_conflict_do_update(index_elements=["scope", "key"], set_=values))


def _drop(connection: sa.Connection, row: PersonaRow) -> None:
    mine = sa.and_(personas.c.scope == row.scope, personas.c.key == row.name.casefold())
    connection.execute(sa.delete(personas).where(mine))
