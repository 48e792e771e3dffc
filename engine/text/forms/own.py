"""The forms of this house: those that ship, and a folder of one's own, one TOML file a form.

The folder is looked at whenever somebody asks, so that a file works as soon as it is saved; what was read is kept until
the file changes. A file with a mistake is a form that cannot be used, with the reason; it never harms the others.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.errors import BrokenForm
from engine.text.forms.load import Form, FormMistake, load, read

MOST_BYTES = 100_000
MOST_FORMS = 200
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_Read = Form | FormMistake


class Shelf(Mapping[str, Form]):
    """Forms by name, the shipped ones first. Asking for one whose file is wrong raises BrokenForm.

    Iterating leaves those out; `mistakes` tells them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._shipped, self._folder = load(), folder
        self._known = dict[str, tuple[tuple[int, int], _Read]]()

    def __getitem__(self, name: str) -> Form:
        """A form; KeyError if there is none, BrokenForm if its file cannot be used."""
        if name in self._shipped:
            return self._shipped[name]
        found = self._own(name)
        if isinstance(found, FormMistake):
            raise BrokenForm(form=name, reason=str(found))
        return found

    def __contains__(self, name: object) -> bool:
        """Whether there is such a form, be its file right or wrong."""
        return isinstance(name, str) and (name in self._shipped or self._path(name) is not None)

    def __iter__(self) -> Iterator[str]:
        yield from self._shipped
        for name in self._names():
            if isinstance(self._own(name), Form):
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def mistakes(self) -> list[str]:
        """What is wrong with the files of the folder: a sentence each, which begins with the file's name."""
        wrong = [str(found) for name in self._names() if isinstance(found := self._own(name), FormMistake)]
        for path in sorted(self._folder.glob("*.toml"))[:MOST_FORMS] if self._folder else ():
            if path.stem in self._shipped:
                wrong.append(f"{path.name}: the name is taken by a form that ships")
            elif not _NAME.fullmatch(path.stem):
                wrong.append(f"{path.name}: a form's name is made of a to z, 0 to 9, - and _, and begins with a letter")
        return wrong

    def _names(self) -> list[str]:
        if self._folder is None or not self._folder.is_dir():
            return []
        names = sorted(path.stem for path in self._folder.glob("*.toml"))
        return [name for name in names if _NAME.fullmatch(name) and name not in self._shipped][:MOST_FORMS]

    def _path(self, name: str) -> Path | None:
        if self._folder is None or not _NAME.fullmatch(name):
            return None
        path = self._folder / f"{name}.toml"
        return path if path.is_file() else None

    def _own(self, name: str) -> _Read:
        path = self._path(name)
        if path is None:
            raise KeyError(name)
        about = path.stat()
        stamp = (about.st_mtime_ns, about.st_size)
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            known = self._known[name] = stamp, _read(path, about.st_size)
        return known[1]


def _read(path: Path, size: int) -> _Read:
    if size > MOST_BYTES:
        return FormMistake(f"{path.name}: it is larger than {MOST_BYTES // 1000} kB")
    try:
        return read(path)
    except FormMistake as mistake:
        return mistake
