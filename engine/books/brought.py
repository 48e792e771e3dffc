"""A piece as it comes out of a file, before anything of it is stored. Pure records."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.messages import Flavour
from storage.records import LoreRow, MotifRow


@dataclass(frozen=True, slots=True)
class Change:
    """An edit that stood when the piece was taken home."""

    by: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Passing:
    """A passage. `name` is what the file calls it; `parent` the one before it; `author` is None for whoever brings it.

    `recipe` has `model`, `adapter`, `seed`, `finish`, `sampling`, `prompt`, `completion` and `drawn`, as far as the
    file has them. `midi` is its music.
    """

    name: str
    parent: str | None
    kind: str
    text: str
    author: str | None = None
    form: str = "story"
    starts: bool = False
    created: datetime | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    midi: bytes = b""


@dataclass(frozen=True, slots=True)
class Brought:
    """A piece: every passage after the one it stands under, and the live end."""

    title: str
    passages: tuple[Passing, ...]
    head: str | None
    memory: str = ""
    note: str = ""
    lore: tuple[LoreRow, ...] = ()
    motifs: tuple[MotifRow, ...] = ()
    flavour: Flavour = field(default_factory=Flavour)
