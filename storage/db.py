"""Opens the database, brings its schema up to date, and runs transactions that nothing can cut in half.

Every transaction runs in a task of its own: a caller that is cancelled in the middle leaves it to finish, so what
belongs together is stored together or not at all. SQLite has one writer, so its writes wait in line for one thread here
instead of polling for a lock; reads have threads of their own. PostgreSQL uses one pool of connections for both.
"""

import asyncio
import functools
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.migrate import upgrade

P = ParamSpec("P")
R = TypeVar("R")

BUSY_MS = 30_000
READERS = 4
PRAGMAS = (
    f"busy_timeout={BUSY_MS}",  # first: the others may already have to wait for another process
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk before anyone is told of it
    "foreign_keys=ON",
    "cache_size=-16000",
)
DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",  # what the address says elsewhere; the driver is ours to choose
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
    """An open database at the newest schema; made by `open_database`.

    What runs in it is plain SQLAlchemy Core over a `Connection`, the same for both kinds of database.
    """

    def __init__(self, server: "_Threads | _Server") -> None:
        self._server = server
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def dialect(self) -> str:
        """The kind of database: "sqlite" or "postgresql"."""
        return self._server.dialect

    async def answers(self) -> bool:
        """Whether the database can be asked right now."""
        try:
            await self.read(_ask)
        except (sa.exc.DBAPIError, OSError):
            return False
        return True

    async def write(self, work: Callable[Concatenate[sa.Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in one transaction, which comes to its end even if the caller goes away."""
        return await self._whole(self._server.write(functools.partial(_apply, work, args, kwargs)))

    async def read(self, work: Callable[Concatenate[sa.Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work`, which only reads; each of its statements sees what is stored at that moment."""
        return await self._whole(self._server.read(functools.partial(_apply, work, args, kwargs)))

    async def snapshot(self, work: Callable[Concatenate[sa.Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work`, which only reads; all of its statements see what was stored at one and the same moment."""
        return await self._whole(self._server.snapshot(functools.partial(_apply, work, args, kwargs)))

    async def close(self) -> None:
        """Wait for what is running, then close every connection."""
        while self._running:
            await asyncio.wait(self._running)
        await self._server.close()

    async def _whole(self, work: Coroutine[Any, Any, R]) -> R:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may be waiting any more


class _Threads:
    """SQLite. A transaction is one visit to a thread, not one for each statement; one thread writes, a few read."""

    dialect = "sqlite"

    def __init__(self, address: sa.URL) -> None:
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
        self._writer, self._reader = (
            sa.create_engine(address, pool_size=size, max_overflow=0) for size in (1, READERS)
        )
        for engine in (self._writer, self._reader):
            sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(self._writer, "begin", _begin_at_once)
        self._writing = ThreadPoolExecutor(1, "ghostnote-writes")
        self._reading = ThreadPoolExecutor(READERS, "ghostnote-reads")

    async def write(self, work: Callable[[sa.Connection], R]) -> R:
        def transaction() -> R:
            with self._writer.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writing, transaction)

    async def read(self, work: Callable[[sa.Connection], R]) -> R:
        def reading() -> R:
            with self._reader.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._reading, reading)

    async def snapshot(self, work: Callable[[sa.Connection], R]) -> R:
        def at_one_moment(connection: sa.Connection) -> R:
            connection.exec_driver_sql("BEGIN")  # ends when the connection goes back to its pool
            return work(connection)

        return await self.read(at_one_moment)

    async def close(self) -> None:
        self._writing.shutdown()
        self._reading.shutdown()
        self._reader.dispose()
        self._writer.dispose()


class _Server:
    """PostgreSQL over asyncpg; SQLAlchemy lets plain Core code run on an asynchronous connection."""

    dialect = "postgresql"

    def __init__(self, address: sa.URL) -> None:
        self._writer = create_async_engine(address, pool_size=10, max_overflow=10, pool_pre_ping=True)
        self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")

    async def write(self, work: Callable[[sa.Connection], R]) -> R:
        async with self._writer.begin() as connection:
            return await connection.run_sync(work)

    async def read(self, work: Callable[[sa.Connection], R]) -> R:
        async with self._reader.connect() as connection:
            return await connection.run_sync(work)

    async def snapshot(self, work: Callable[[sa.Connection], R]) -> R:
        still = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with still.connect() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        await self._writer.dispose()


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open the database at `sqlite:///file` or `postgresql://…` and bring its schema up to date.

    Raises BadDatabase for an address that cannot be used, storage.migrate.NewerDatabase for a database that a newer
    Ghostnote has written, and OSError or sqlalchemy.exc.DBAPIError when the disk or the server does not answer.
    """
    address = _address(url)
    database = Database(_Threads(address) if address.get_backend_name() == "sqlite" else _Server(address))
    try:
        await database.write(upgrade)
        yield database
    finally:
        await database.close()


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which SQLAlchemy spells the same for both databases but does not share."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _apply(work: Callable[..., R], args: tuple[object, ...], kwargs: dict[str, object], connection: sa.Connection) -> R:
    return work(connection, *args, **kwargs)


def _ask(connection: sa.Connection) -> None:
    connection.execute(sa.select(1))


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
