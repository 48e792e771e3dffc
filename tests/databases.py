"""Databases for tests: a SQLite file each, or a database each in a private PostgreSQL cluster that is thrown away."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.db import new_id

__all__ = ["Cluster", "cluster", "database_url"]


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL server that only listens on a socket in its own folder."""

    binaries: Path
    folder: Path

    def run(self, command: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as somebody who is not root, which it refuses."""
        owner = _owner()
        subprocess.run(
            [self.binaries / command, *arguments],
            check=True,
            cwd=self.folder,
            capture_output=True,
            timeout=60,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
        )

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{new_id()}"
        self.run("createdb", "-h", str(self.folder), "-U", "ghostnote", name)
        return f"postgresql://ghostnote@/{name}?host={self.folder}"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL server here (/usr/lib/postgresql/*/bin/initdb)")
    if os.geteuid() == 0 and _owner() is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no other user (postgres, nobody)")
    folder = Path(tempfile.mkdtemp(prefix="ghostnote-pg-", dir="/tmp"))  # a socket's path must be short
    if owner := _owner():
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    cluster = Cluster(found[-1].parent, folder)
    data = str(folder / "data")
    try:
        cluster.run("initdb", "-D", data, "-U", "ghostnote", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        cluster.run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield cluster
        cluster.run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ghostnote.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.database()


def _owner() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known.get("nobody")
