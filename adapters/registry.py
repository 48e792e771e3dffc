"""Versions of adapters on disk, and which of them is live for whom. Standard library only.

A version is a folder: PEFT files, a manifest, a card if there is one. Publishing writes the weights, then the manifest,
then replaces one small pointer file in a single move, so that a reader (or a crash) at any moment sees the old state or
the new one, whole. Nothing is ever overwritten: rolling back moves the pointer. Who writes holds a lock, which dies
with its process; who reads needs none.
"""

import fcntl
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from adapters.disk import PART, copy, reason, sync, write
from adapters.manifest import (
    EXTRAS,
    FILES,
    MANIFEST,
    SHIPPED_VERSION,
    Manifest,
    RegistryError,
    base_of,
    now,
    read_manifest,
    sha256_of,
)

POINTER = "live.json"
SHIPPED = Path(__file__).parent / "shipped"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SCOPES = ("global", "form", "channel", "person")
_LIST = "`ghostnote adapters list` shows all"
_HOW = "use global, form:NAME, channel:PLATFORM:CHAT or person:PLATFORM:ID"


@dataclass(frozen=True)
class Scope:
    """For whom an adapter is live: everyone, one form, one channel or one person; `of` names the last three.

    A channel is `platform:chat`, or `platform:chat/thread` for one thread of it; a person is `platform:id`.
    """

    kind: str = "global"
    of: str = ""

    @property
    def key(self) -> str:
        """How the pointer file names it, such as `form:story`; RegistryError for a kind that does not exist."""
        key = f"{self.kind}:{self.of}" if self.of else self.kind
        if self.kind not in _SCOPES or (self.kind == "global") == bool(self.of):
            raise RegistryError(f"{key!r} is no scope; {_HOW}")
        if self.kind in ("channel", "person") and not all(self.of.partition(":")):
            raise RegistryError(f"{key!r} names no {self.kind}; {_HOW}")
        return key

    @classmethod
    def read(cls, text: str) -> "Scope":
        """The scope that `key` would write so; RegistryError for anything else."""
        kind, _, of = text.partition(":")
        scope = cls(kind, of)
        if scope.key != text:
            raise RegistryError(f"{text!r} is no scope; {_HOW}")
        return scope


def holding(*, form: str = "", channel: str = "", thread: str = "", person: str = "") -> list[str]:
    """The scopes, as `Scope.key`, that hold for this person, here, in this form; the narrowest first."""
    keys = [f"person:{person}"] if person else []
    keys += [f"channel:{channel}/{thread}"] if channel and thread else []
    keys += [f"channel:{channel}"] if channel else []
    keys += [f"form:{form}"] if form else []
    return [*keys, "global"]


class Registry:
    """The adapters under one folder, and those shipped with the program.

    A reference is `name@version`, or `name@shipped` for a voice that came with the program. `files` are what a version
    consists of, its weights last; anything that is learnt can be kept so, not only voices.
    """

    def __init__(self, home: Path, shipped: Path = SHIPPED, files: tuple[str, ...] = FILES) -> None:
        self._home = home
        self._shipped = shipped
        self._files = files
        self._seen: tuple[tuple[int, int, int] | None, dict[str, list[str]]] = (None, {})
        self._abouts: dict[str, tuple[str, frozenset[str]]] = {}

    def publish(
        self,
        weights: Path,
        name: str,
        *,
        scope: Scope | None = None,
        base: str = "",
        data: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        parents: tuple[str, ...] = (),
    ) -> Manifest:
        """Copy the PEFT files of `weights` in as a new version of `name`; with a scope it goes live there at once.

        `base` is the name of the base it was found to fit; without it, the one its files give. RegistryError, with
        nothing changed, if the name is unfit, a file is missing, or the disk refuses.
        """
        if not _NAME.fullmatch(name):
            raise RegistryError(f"{name!r} is no adapter name: use a-z, 0-9, - and _")
        key = scope.key if scope else ""
        with self._writing():
            manifest = self._add(weights, Manifest(name, "", base, "", data or {}, metrics or {}, parents))
            if key:
                self._point(key, manifest.reference)
        return manifest

    def _add(self, weights: Path, about: Manifest) -> Manifest:
        folder = self._home / about.name
        part = self._home / f"{PART}{about.name}"
        try:
            part.mkdir()
            for file in self._files:
                copy(weights / file, part / file)
            for file in EXTRAS:
                if file not in self._files and (weights / file).is_file():
                    copy(weights / file, part / file)
            folder.mkdir(exist_ok=True)
            version = self._next(folder)
            manifest = replace(
                about,
                version=version,
                base=about.base or base_of(part),
                sha256=sha256_of(part, self._files[-1]),
                made=now(),
            )
            write(part / MANIFEST, asdict(manifest))
            part.rename(folder / version)
            sync(folder)
        except (OSError, ValueError, KeyError, TypeError) as wrong:
            shutil.rmtree(part, ignore_errors=True)
            raise RegistryError(f"{about.name} could not be published: {reason(wrong)}") from wrong
        return manifest

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the only writer, and clear away what one that was killed has left."""
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with (self._home / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                for left in self._home.glob(f"{PART}*"):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                yield
        except OSError as refused:
            raise RegistryError(f"{self._home} cannot be written: {reason(refused)}") from refused

    @staticmethod
    def _next(folder: Path) -> str:
        taken = [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
        return f"{max(taken, default=0) + 1:04}"

    def versions(self) -> list[Manifest]:
        """Every whole version, by name and age; a shipped voice counts as version `shipped`."""
        own = sorted(self._home.glob(f"*/*/{MANIFEST}")) if self._home.is_dir() else []
        shipped = sorted(self._shipped.glob(f"*/{MANIFEST}"))
        return [read_manifest(path) for path in [*shipped, *own] if not path.parent.parent.name.startswith(".")]

    def find(self, name: str) -> str:
        """The reference of `name@version`, or of the newest version of `name`; RegistryError if there is none."""
        if "@" not in name:
            own = self._home / name if _NAME.fullmatch(name) else None
            whole = [one for path in own.glob(f"*/{MANIFEST}") if (one := path.parent.name).isdigit()] if own else []
            if not whole and not self.shipped(name):
                raise RegistryError(f"there is no adapter {name[:80]!r}; {_LIST}")
            name = f"{name}@{max(whole, key=int) if whole else SHIPPED_VERSION}"
        self.folder(name)
        return name

    def folder(self, reference: str) -> Path:
        """Where the files of `name@version` lie; RegistryError if there is no such version."""
        name, _, version = reference.partition("@")
        if _NAME.fullmatch(name) and (version == SHIPPED_VERSION or (version.isascii() and version.isdigit())):
            found = self._shipped / name if version == SHIPPED_VERSION else self._home / name / version
            if (found / MANIFEST).is_file():
                return found
        raise RegistryError(f"there is no adapter {reference[:80]!r}; {_LIST}")

    def about(self, reference: str) -> Manifest:
        """The manifest of a version as it stands there; RegistryError if it is absent."""
        return read_manifest(self.folder(reference) / MANIFEST)

    def show(self, reference: str) -> Manifest:
        """The manifest of a version; RegistryError if it is absent or its weights are not those it was made with."""
        folder, manifest = self.folder(reference), self.about(reference)
        try:
            same = sha256_of(folder, self._files[-1]) == manifest.sha256
        except OSError as missing:
            raise RegistryError(f"the weights of {reference} cannot be read: {reason(missing)}") from missing
        if not same:
            raise RegistryError(f"the weights of {reference} have changed since it was published")
        return manifest

    def whole(self, reference: str) -> Path:
        """The folder of a version whose weights are those it was published with; RegistryError otherwise."""
        self.show(reference)
        return self.folder(reference)

    def live(
        self, *, form: str = "", channel: str = "", thread: str = "", person: str = "", floor: str | None = None
    ) -> str:
        """The first of `candidates`, '' if there is none."""
        found = self.candidates(form=form, channel=channel, thread=thread, person=person, floor=floor)
        return found[0] if found else ""

    def candidates(
        self,
        *,
        form: str = "",
        channel: str = "",
        thread: str = "",
        person: str = "",
        floor: str | None = None,
        base: str = "",
    ) -> list[str]:
        """The adapters that are live for this person, here, in this form: person, thread, channel, form, everyone.

        The narrowest comes first and speaks; the others are there for when its files turn out damaged. Last comes the
        shipped voice `floor` (the form's own name if not given). With a base, only what was published for it. Cheap:
        the pointer is read again only when another process has replaced it, and holds from the next call on.
        """
        keys = holding(form=form, channel=channel, thread=thread, person=person)
        pointers = self._pointers()
        found = [history[-1] for key in keys if (history := pointers.get(key))]
        own = [one for one in dict.fromkeys(found) if self._suits(one, base, form)]
        floors = self.shipped(form if floor is None else floor, base)
        return [*own, *(one for one in floors if one not in own)]

    def shipped(self, name: str, base: str = "") -> list[str]:
        """The reference of the shipped voice `name`, if there is one for this base."""
        reference = f"{name}@{SHIPPED_VERSION}"
        there = bool(_NAME.fullmatch(name)) and (self._shipped / name / MANIFEST).is_file()
        return [reference] if there and self._suits(reference, base, "") else []

    def _suits(self, reference: str, base: str, form: str) -> bool:
        """Whether a version was made for this base and, if it says so, learnt this form; neither ever changes."""
        if not base and not form:
            return True
        if reference not in self._abouts:
            try:
                about = self.about(reference)
            except RegistryError:
                return not base
            forms = about.data.get("forms")
            self._abouts[reference] = about.base, frozenset(forms) if isinstance(forms, list) else frozenset()
        made_for, learnt = self._abouts[reference]
        return (not base or made_for == base) and (not form or not learnt or form in learnt)

    def scopes(self) -> dict[str, str]:
        """Scope -> what speaks there, wherever something was published and not rolled back."""
        return {key: history[-1] for key, history in sorted(self._pointers().items()) if history}

    def make_live(self, reference: str, scope: Scope) -> None:
        """Let a version speak in a scope; RegistryError if it is absent or damaged."""
        key = scope.key
        self.show(reference)
        with self._writing():
            self._point(key, reference)

    def rollback(self, scope: Scope) -> str:
        """Go back to what spoke before in this scope; returns it, '' for nothing. RegistryError if nothing is live."""
        key = scope.key
        with self._writing():
            pointers = dict(self._pointers())
            history = pointers.get(key)
            if not history:
                raise RegistryError(f"nothing was published for {key}, so there is nothing to roll back")
            self._write_pointers({**pointers, key: history[:-1]})
        return history[-2] if len(history) > 1 else ""

    def move(self, old: str, new: str) -> None:
        """What is live in the channel `old` (`platform:chat`) and its threads is live in `new` instead.

        RegistryError, with nothing changed, if the disk refuses. Where the new one has voices of its own, those stay.
        """
        was = f"channel:{old}"
        if not any(_within(key, was) for key in self._pointers()):
            return
        with self._writing():
            pointers = self._pointers()
            moved = {f"channel:{new}{key[len(was) :]}": past for key, past in pointers.items() if _within(key, was)}
            rest = {key: past for key, past in pointers.items() if not _within(key, was)}
            self._write_pointers({**moved, **rest})

    def _point(self, key: str, reference: str) -> None:
        pointers = self._pointers()
        self._write_pointers({**pointers, key: [*pointers.get(key, []), reference]})

    def _write_pointers(self, pointers: dict[str, list[str]]) -> None:
        try:
            write(self._home / POINTER, pointers)
        except OSError as full:
            raise RegistryError(f"the live adapter could not be changed: {reason(full)}") from full

    def _pointers(self) -> dict[str, list[str]]:
        """Scope key -> every reference that was live there, the last one speaking. Not to be changed in place."""
        path = self._home / POINTER
        try:
            state = path.stat()
            seen = (state.st_ino, state.st_mtime_ns, state.st_size)
            if seen != self._seen[0]:  # a replaced file has another inode, so equal times do not matter
                self._seen = seen, _read_pointers(path)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as broken:
            raise RegistryError(f"{path} is damaged; delete it to go back to the shipped voices") from broken
        return self._seen[1]


def _within(key: str, channel: str) -> bool:
    return key == channel or key.startswith(f"{channel}/")


def _read_pointers(path: Path) -> dict[str, list[str]]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not all(isinstance(history, list) for history in found.values()):
        raise TypeError("no table of lists")
    return {str(key): [str(one) for one in history] for key, history in found.items()}
