"""Opens the database, brings its schema up to date, and runs transactions that nothing can cut in half.

Every transaction runs in a task of its own: a caller that is cancelled in the middle leaves it to finish, so what
belongs together is stored together or not at all. SQLite has one writer, so its writes wait in line for one connection
here instead of polling for a lock; reads have connections of their own. PostgreSQL uses one pool for both.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.migrate import upgrade

P = ParamSpec("P")
R = TypeVar("R")

BUSY_MS = 30_000
PRAGMAS = (
    f"busy_timeout={BUSY_MS}",  # first: the others may already have to wait for another process
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk before anyone is told of it
    "foreign_keys=ON",
    "cache_size=-16000",
)
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


class BadDatabase(Exception):
    """The address of the database cannot be used; the text says why, without any password."""


class Stale(Exception):
    """Somebody else changed the piece in between: read it again. Nothing was stored."""


class Duplicate(Exception):
    """This delivery was stored by somebody else in between. Nothing was stored again."""


def new_id() -> str:
    """A name that nobody can guess: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class Database:
    """An open database at the newest schema; made by `open_database`."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self._writer.dialect.name

    async def answers(self) -> bool:
        """Whether the database can be asked right now."""
        try:
            await self.read(_ask)
        except (sa.exc.DBAPIError, OSError):
            return False
        return True

    async def write(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `work` in one transaction, which comes to its end even if the caller goes away."""

        async def transaction() -> R:
            async with self._writer.begin() as connection:
                return await work(connection, *args, **kwargs)

        return await self._whole(transaction())

    async def read(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `work`, which only reads; each of its statements sees what is stored at that moment."""

        async def reading() -> R:
            async with self._reader.connect() as connection:
                return await work(connection, *args, **kwargs)

        return await self._whole(reading())

    async def close(self) -> None:
        """Wait for what is running, then close every connection."""
        while self._running:
            await asyncio.wait(self._running)
        await self._reader.dispose()
        await self._writer.dispose()

    async def _whole(self, work: Coroutine[Any, Any, R]) -> R:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may be waiting any more


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open the database at `sqlite:///file` or `postgresql://…` and bring its schema up to date.

    Raises BadDatabase for an address that cannot be used, storage.migrate.NewerDatabase for a database that a newer
    Ghostnote has written, and OSError or sqlalchemy.exc.DBAPIError when the disk or the server does not answer.
    """
    database = Database(*_engines(url))
    try:
        await database.write(lambda connection: connection.run_sync(upgrade))
        yield database
    finally:
        await database.close()


def insert(connection: AsyncConnection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which SQLAlchemy spells the same for both databases but does not share."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


async def _ask(connection: AsyncConnection) -> None:
    await connection.execute(sa.select(1))


def _engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    address = _address(url)
    if address.get_backend_name() == "postgresql":
        engine = create_async_engine(address, pool_size=10, max_overflow=10, pool_pre_ping=True)
        return engine, engine.execution_options(isolation_level="AUTOCOMMIT")
    Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    writer = create_async_engine(address, pool_size=1, max_overflow=0)
    reader = create_async_engine(address, pool_size=4, max_overflow=0)
    for engine in (writer, reader):
        sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    sa.event.listen(writer.sync_engine, "begin", _begin_at_once)
    return writer, reader


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except ArgumentError:
        raise BadDatabase("it is not a database URL such as sqlite:///file or postgresql://user@host/name") from None
    if address.drivername not in DRIVERS:
        raise BadDatabase(f"{address.drivername!r} is not a database Ghostnote can use (sqlite or postgresql)")
    if address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:"):
        raise BadDatabase("a database in memory would lose what people wrote; name a file")
    return address.set(drivername=DRIVERS[address.drivername])


def _prepare_sqlite(connection: Any, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_at_once(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock before the first read, so no transaction is refused in the middle.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
