import asyncio
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from storage import migrate
from storage.db import BadDatabase, now, open_database
from storage.schema import metadata, settings
from storage.settings import Settings


def _add(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.insert(settings).values(scope="test", name=name, value=1, updated=now()))


def _names(connection: sa.Connection) -> set[str]:
    return set(connection.scalars(sa.select(settings.c.name)))


async def test_the_migrated_schema_is_the_schema_the_code_uses(database_url: str) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with open_database(database_url) as database:
        assert await database.read(differences) == []


async def test_opening_again_keeps_what_is_there(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.write(_add, "kept")
    async with open_database(database_url) as database:
        assert await database.read(_names) == {"kept"}
        assert await database.answers()


async def test_a_database_from_a_newer_version_is_refused_and_not_touched(database_url: str) -> None:
    def from_the_future(connection: sa.Connection) -> None:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    async with open_database(database_url) as database:
        await database.write(_add, "old")
        await database.write(from_the_future)
    with pytest.raises(migrate.NewerDatabase) as caught:
        async with open_database(database_url):
            pass
    assert caught.value.found == "9999"
    assert caught.value.known == "0009"


async def test_two_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    async def visit(name: str) -> None:
        async with open_database(database_url) as database:
            await database.write(_add, name)

    await asyncio.gather(*(visit(str(number)) for number in range(4)))
    async with open_database(database_url) as database:
        assert await database.read(_names) == {"0", "1", "2", "3"}


async def test_a_transaction_that_fails_leaves_nothing(database_url: str) -> None:
    def half(connection: sa.Connection) -> None:
        _add(connection, "half")
        raise ValueError

    async with open_database(database_url) as database:
        with pytest.raises(ValueError):  # noqa: PT011  # there is no message to match
            await database.write(half)
        await database.write(_add, "whole")
        assert await database.read(_names) == {"whole"}


async def test_a_transaction_ends_even_if_its_caller_is_cancelled(database_url: str) -> None:
    def slow(connection: sa.Connection) -> None:
        _add(connection, "first")
        for _ in range(300):
            connection.execute(sa.select(sa.func.count()).select_from(settings))
        _add(connection, "second")

    async with open_database(database_url) as database:
        task = asyncio.create_task(database.write(slow))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await database.write(_add, "later")
    async with open_database(database_url) as database:
        assert await database.read(_names) == {"first", "second", "later"}


async def test_many_writers_at_once_wait_for_each_other(database_url: str) -> None:
    async with open_database(database_url) as database:
        await asyncio.gather(*(database.write(_add, str(number)) for number in range(50)))
        assert len(await database.read(_names)) == 50


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:", "postgresql+psycopg2://x/y"]
)
async def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(BadDatabase):
        async with open_database(url):
            pass


async def test_a_bad_address_does_not_show_its_password() -> None:
    with pytest.raises(BadDatabase) as caught:
        async with open_database("mysql://root:hunter2@localhost/x"):
            pass
    assert "hunter2" not in str(caught.value)


async def test_sqlite_writes_ahead_and_syncs_every_commit(tmp_path: Path) -> None:
    def pragmas(connection: sa.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    file = tmp_path / "new" / "folder" / "ghostnote.db"
    async with open_database(f"sqlite+aiosqlite:///{file}") as database:
        assert await database.read(pragmas) == ["wal", 2, 1, 30_000]
        assert await database.write(pragmas) == ["wal", 2, 1, 30_000]
        assert database.dialect == "sqlite"
    assert stat.S_ISREG(file.stat().st_mode)


async def test_choices_are_kept_changed_and_taken_back(database_url: str) -> None:
    async with open_database(database_url) as database:
        choices = Settings(database)
        await choices.choose("person:1", "language", "zh")
        await choices.choose("person:1", "drafts", 3)
        await choices.choose("person:2", "language", "en")
        await choices.choose("person:1", "language", "en")
        await choices.choose("person:1", "drafts", None)
        assert await choices.of("person:1") == {"language": "en"}


async def test_a_snapshot_does_not_see_what_comes_while_it_reads(database_url: str) -> None:
    async def meanwhile() -> None:
        async with open_database(database_url) as other:
            await other.write(_add, "after")

    def twice(connection: sa.Connection) -> tuple[set[str], set[str]]:
        first = _names(connection)
        thread = threading.Thread(target=asyncio.run, args=(meanwhile(),))
        thread.start()
        thread.join()
        return first, _names(connection)

    async with open_database(database_url) as database:
        await database.write(_add, "before")
        assert await database.snapshot(twice) == ({"before"}, {"before"})
        assert await database.read(_names) == {"before", "after"}
