"""Brings a database's schema up to date, from any version that ever was, inside the caller's transaction.

Alembic keeps the order of the migrations; they are append-only: one that was released is never changed. There is no
alembic.ini because nothing about them is configurable.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 8420_0001  # any number, the same for every Ghostnote: only one process migrates a PostgreSQL database at a time


class NewerDatabase(Exception):
    """The database was written by a newer Ghostnote. `found` is its schema, `known` the newest this one knows."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(f"the database has schema {found}, this Ghostnote knows schemas up to {known}")
        self.found = found
        self.known = known


def upgrade(connection: sa.Connection, target: str = "head") -> None:
    """Run every migration up to `target` that the database has not seen; raises NewerDatabase before any change."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory(str(MIGRATIONS))
    _refuse_newer(connection, script)
    with EnvironmentContext(
        config, script, fn=lambda revision, _: script._upgrade_revs(target, revision)
    ) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def version(connection: sa.Connection) -> str | None:
    """The schema the database has, or None when it has none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(connection: sa.Connection, script: ScriptDirectory) -> None:
    found = version(connection)
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        raise NewerDatabase(found, script.get_current_head() or "none")
