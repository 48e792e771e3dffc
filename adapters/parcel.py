"""A version of an adapter as one zip file, to be carried to another machine. Standard library only.

What comes from elsewhere is not trusted: only the few files an adapter has are read out of it, by their own names, into
a folder of ours, and no more bytes than an adapter may have.
"""

import json
import os
import tempfile
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

from adapters.disk import PART, reason
from adapters.manifest import (
    EXTRAS,
    FILES,
    MANIFEST,
    MOST_BYTES,
    PICKLES,
    Manifest,
    RegistryError,
    as_manifest,
    sha256_of,
)

MOST_ENTRIES = 100
MOST_WORDS = 1 << 20
_CHUNK = 1 << 20


def pack(folder: Path, target: Path) -> None:
    """Write the version in `folder` to `target`, whole or not at all; RegistryError if the disk refuses."""
    part = ""
    try:
        handle, part = tempfile.mkstemp(prefix=PART, dir=target.parent)
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parcel:
            for name in (*FILES, MANIFEST, *EXTRAS):
                if (folder / name).is_file():
                    parcel.write(folder / name, name)
        Path(part).chmod(0o644)
        Path(part).replace(target)
    except OSError as refused:
        if part:
            Path(part).unlink(missing_ok=True)
        raise RegistryError(f"{target} cannot be written: {reason(refused)}") from refused


def unpack(parcel: Path, into: Path) -> Manifest | None:
    """Read the PEFT files of a zip into the folder `into`; the manifest that came with them, None if none did.

    RegistryError, one sentence, for what is no zip, holds pickled files, paths that lead outside or too many bytes, or
    has other weights than its manifest says.
    """
    try:
        with zipfile.ZipFile(parcel) as opened:
            found = _wanted(parcel, opened)
            for name, entry in found.items():
                _read(parcel, opened, entry, into / name, MOST_BYTES if name == FILES[1] else MOST_WORDS)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as broken:
        raise RegistryError(f"{parcel} is no zip file that can be read") from broken
    except OSError as refused:
        raise RegistryError(f"{parcel} cannot be read: {reason(refused)}") from refused
    if missing := [name for name in FILES if name not in found]:
        raise RegistryError(f"{parcel} has no {missing[0]}, so it holds no adapter")
    return _described(parcel, into) if MANIFEST in found else None


def _wanted(parcel: Path, opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """File name -> entry, of the files an adapter has; all in one folder of the zip."""
    entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise _huge(parcel)
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
            raise RegistryError(f"{parcel} holds a path that leads outside ({entry.filename[:80]!r}); it was not read")
        if path.suffix.lower() in PICKLES:
            raise RegistryError(f"{parcel} holds pickled weights ({path.name}), which are never loaded")
    homes = {PurePosixPath(e.filename).parent for e in entries if PurePosixPath(e.filename).name == FILES[1]}
    if len(homes) > 1:
        raise RegistryError(f"{parcel} holds more than one adapter")
    home = next(iter(homes), PurePosixPath())
    return {e.filename.rpartition("/")[2]: e for e in entries if PurePosixPath(e.filename).parent == home
            and e.filename.rpartition("/")[2] in (*FILES, MANIFEST, *EXTRAS)}  # fmt: skip


def _read(parcel: Path, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int) -> None:
    """Copy one entry of at most so many bytes; what an entry says of its own size is not believed."""
    size = 0
    with opened.open(entry) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise _huge(parcel)
            file.write(chunk)


def _described(parcel: Path, into: Path) -> Manifest:
    try:
        manifest = as_manifest(json.loads((into / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as broken:
        raise RegistryError(f"the manifest in {parcel} is damaged") from broken
    if sha256_of(into) != manifest.sha256:
        raise RegistryError(f"the weights in {parcel} are not those its manifest describes")
    return replace(manifest, data={**manifest.data, "imported": manifest.reference})


def _huge(parcel: Path) -> RegistryError:
    return RegistryError(
        f"{parcel} is larger than {MOST_BYTES >> 20} MB or {MOST_ENTRIES} files, too large for an adapter"
    )
