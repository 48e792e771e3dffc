"""Versions of adapters on disk, and which of them is live for whom. Standard library only.

A version is a folder: PEFT files, a manifest, nothing else. Publishing writes the weights, then the manifest, then
replaces one small pointer file in a single move, so that a reader (or a crash) at any moment sees the old state or the
new one, whole. Nothing is ever overwritten: rolling back moves the pointer.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

MANIFEST = "manifest.json"
POINTER = "live.json"
FILES = ("adapter_config.json", "adapter_model.safetensors")
SHIPPED = Path(__file__).parent / "shipped"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SCOPES = ("global", "form", "channel", "person")


class RegistryError(Exception):
    """An adapter cannot be found, published or trusted; the message is one sentence."""


@dataclass(frozen=True)
class Scope:
    """For whom an adapter is live: everyone, one form, one channel or one person; `of` names the last three."""

    kind: str = "global"
    of: str = ""

    @property
    def key(self) -> str:
        """How the pointer file names it, such as `form:story`; RegistryError for a kind that does not exist."""
        if self.kind not in _SCOPES or (self.kind == "global") == bool(self.of):
            raise RegistryError(f"{self.kind}:{self.of} is no scope; use global, form:, channel: or person:")
        return f"{self.kind}:{self.of}" if self.of else self.kind


@dataclass(frozen=True)
class Manifest:
    """What is known of a version: its base, data, measures, parents, the SHA-256 of its weights, and when (UTC)."""

    name: str
    version: str
    base: str
    sha256: str
    data: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    made: str = ""


class Registry:
    """The adapters under one folder, and those shipped with the program.

    A reference is `name@version`, or `name@shipped` for a voice that came with the program.
    """

    def __init__(self, home: Path, shipped: Path = SHIPPED) -> None:
        self._home = home
        self._shipped = shipped

    def publish(
        self,
        weights: Path,
        name: str,
        *,
        scope: Scope | None = None,
        data: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        parents: tuple[str, ...] = (),
    ) -> Manifest:
        """Copy the PEFT files of `weights` in as a new version of `name`; with a scope it goes live there at once.

        RegistryError, with nothing changed, if the name is unfit, a file is missing, or the disk refuses.
        """
        if not _NAME.fullmatch(name):
            raise RegistryError(f"{name!r} is no adapter name: use a-z, 0-9, - and _")
        key = scope.key if scope else ""
        manifest = self._add(weights, name, data or {}, metrics or {}, parents)
        if key:
            self._point(key, f"{name}@{manifest.version}")
        return manifest

    def _add(
        self,
        weights: Path,
        name: str,
        data: Mapping[str, object],
        metrics: Mapping[str, float],
        parents: tuple[str, ...],
    ) -> Manifest:
        folder = self._home / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
        except OSError as full:
            raise RegistryError(f"{name} could not be published: {full.strerror}") from full
        try:
            for file in FILES:
                shutil.copyfile(weights / file, part / file)
            manifest = Manifest(
                name, self._next(folder), _base(part), _sha256(part), data, metrics, parents, _now()
            )  # fmt: skip
            _write(part / MANIFEST, asdict(manifest))
            _claim(part, folder / manifest.version)
        except (OSError, ValueError) as wrong:
            shutil.rmtree(part, ignore_errors=True)
            raise RegistryError(f"{name} could not be published: {wrong}") from wrong
        return manifest

    @staticmethod
    def _next(folder: Path) -> str:
        taken = [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
        return f"{max(taken, default=0) + 1:04}"

    def versions(self) -> list[Manifest]:
        """Every whole version, by name and age; a shipped voice counts as version `shipped`."""
        own = sorted(self._home.glob(f"*/*/{MANIFEST}")) if self._home.is_dir() else []
        shipped = sorted(self._shipped.glob(f"*/{MANIFEST}"))
        return [_manifest(path) for path in [*shipped, *own] if not path.parent.name.startswith(".")]

    def folder(self, reference: str) -> Path:
        """Where the files of `name@version` lie; RegistryError if there is no such version."""
        name, _, version = reference.partition("@")
        if _NAME.fullmatch(name) and (version == "shipped" or version.isdigit()):
            found = self._shipped / name if version == "shipped" else self._home / name / version
            if (found / MANIFEST).is_file():
                return found
        raise RegistryError(f"there is no adapter {reference}")

    def show(self, reference: str) -> Manifest:
        """The manifest of a version; RegistryError if it is absent or its weights are not those it was made with."""
        folder = self.folder(reference)
        manifest = _manifest(folder / MANIFEST)
        if _sha256(folder) != manifest.sha256:
            raise RegistryError(f"the weights of {reference} have changed since it was published")
        return manifest

    def live(self, *, form: str = "", channel: str = "", person: str = "") -> str:
        """The reference of the narrowest live adapter (person, channel, form, everyone), '' if there is none.

        A form's shipped voice speaks where nothing was published. Read anew each time, so that a change made by
        another process holds from the next message on.
        """
        pointers = self._pointers()
        for kind, of in (("person", person), ("channel", channel), ("form", form)):
            if of and (history := pointers.get(f"{kind}:{of}")):
                return history[-1]
        if history := pointers.get("global"):
            return history[-1]
        return f"{form}@shipped" if form and (self._shipped / form / MANIFEST).is_file() else ""

    def make_live(self, reference: str, scope: Scope) -> None:
        """Let a version speak in a scope; RegistryError if it is absent or damaged."""
        self.show(reference)
        self._point(scope.key, reference)

    def rollback(self, scope: Scope) -> str:
        """Go back to what spoke before in this scope; returns it, '' for nothing. RegistryError if nothing is live."""
        pointers = self._pointers()
        history = pointers.get(scope.key)
        if not history:
            raise RegistryError(f"nothing was published for {scope.key}, so there is nothing to roll back")
        pointers[scope.key] = history[:-1]
        self._write_pointers(pointers)
        return history[-2] if len(history) > 1 else ""

    def _point(self, key: str, reference: str) -> None:
        pointers = self._pointers()
        pointers[key] = [*pointers.get(key, []), reference]
        self._write_pointers(pointers)

    def _write_pointers(self, pointers: dict[str, list[str]]) -> None:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            _write(self._home / POINTER, pointers)
        except OSError as full:
            raise RegistryError(f"the live adapter could not be changed: {full.strerror}") from full

    def _pointers(self) -> dict[str, list[str]]:
        """Scope key -> every reference that was live there, the last one speaking."""
        path = self._home / POINTER
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as broken:
            raise RegistryError(f"{path} is damaged; delete it to go back to the shipped voices") from broken
        if not isinstance(found, dict):
            raise RegistryError(f"{path} is damaged; delete it to go back to the shipped voices")
        return {str(key): [str(one) for one in history] for key, history in found.items()}


def describe(folder: Path, name: str, data: Mapping[str, object], metrics: Mapping[str, float]) -> Manifest:
    """Write the manifest of a voice that is shipped in `folder`, and return it."""
    manifest = Manifest(name, "shipped", _base(folder), _sha256(folder), data, metrics, (), _now())
    _write(folder / MANIFEST, asdict(manifest))
    return manifest


def _claim(part: Path, final: Path) -> None:
    """Give a finished folder its name in one move; fails if another process took the name first."""
    part.chmod(0o755)
    part.rename(final)


def _write(path: Path, content: object) -> None:
    """Replace a JSON file in one move, on disk before the name changes."""
    handle, part = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    Path(part).chmod(0o644)
    Path(part).replace(path)


def _manifest(path: Path) -> Manifest:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(**{**found, "parents": tuple(found["parents"])})
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise RegistryError(f"{path} is damaged") from broken


def _base(folder: Path) -> str:
    config = json.loads((folder / FILES[0]).read_text(encoding="utf-8"))
    return str(config["base_model_name_or_path"])


def _sha256(folder: Path) -> str:
    return hashlib.sha256((folder / FILES[1]).read_bytes()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
