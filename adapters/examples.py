"""What a preference run learns from: pairs and lone thumbs, and their files. Pure; TRL's column names come first.

Dataset, trainer and judge agree on these records only, so each can be tried alone, and anybody's own script can read
the files (`datasets.load_dataset("json")`).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PAIRS = "preferences.pairs.jsonl"
THUMBS = "preferences.thumbs.jsonl"


@dataclass(frozen=True)
class Pair:
    """Of two texts for one prompt, which was preferred: TRL's preference columns, then where it came from.

    `prompt` is exactly what the model saw; `chosen` and `rejected` are as the model would write them, with the space
    or newline they begin with. `weight` is above 0. `conversation` is the piece's id, the unit that is split; `people`
    are ids of persons; `source` is "pick", "retry", "edit", "undo" or "vote", or "taste" of a rehearsed pair; `adapter`
    is what wrote it, "" for the base.
    """

    prompt: str
    chosen: str
    rejected: str
    weight: float
    conversation: str
    people: tuple[str, ...]
    form: str
    source: str
    adapter: str


@dataclass(frozen=True)
class Thumb:
    """One text for one prompt, liked (`label`) or not: TRL's unpaired columns, then the rest as in `Pair`."""

    prompt: str
    completion: str
    label: bool
    weight: float
    conversation: str
    people: tuple[str, ...]
    form: str
    adapter: str


@dataclass(frozen=True)
class Examples:
    """All that one run learns from, or all that one judgement is made on."""

    pairs: tuple[Pair, ...] = ()
    thumbs: tuple[Thumb, ...] = ()

    def __len__(self) -> int:
        return len(self.pairs) + len(self.thumbs)

    def __add__(self, other: "Examples") -> "Examples":
        return Examples(self.pairs + other.pairs, self.thumbs + other.thumbs)

    @property
    def conversations(self) -> tuple[str, ...]:
        """The pieces they come from, each once, in no telling order."""
        return tuple(sorted({pair.conversation for pair in self.pairs} | {one.conversation for one in self.thumbs}))

    @property
    def people(self) -> tuple[str, ...]:
        """The ids of everybody who had a part in them, each once."""
        return tuple(sorted({who for part in (self.pairs, self.thumbs) for one in part for who in one.people}))

    def split(self, share: float, seed: int) -> tuple["Examples", "Examples"]:
        """(training, held-out): about `share` of the conversations are held out, none is on both sides.

        A conversation's side hangs on its id and the seed alone, so that later runs never judge on what an earlier one
        learnt. Only so few conversations that a side would be empty give one up to it; a single one is trained on.
        """
        order = sorted(self.conversations, key=lambda name: _draw(name, seed))
        count = sum(_draw(name, seed) < share for name in order)
        if 0 < share < 1 and len(order) > 1:
            count = min(max(count, 1), len(order) - 1)
        elif len(order) == 1 and share < 1:
            count = 0
        held = frozenset(order[:count])
        return self._of(held, inside=False), self._of(held, inside=True)

    def _of(self, conversations: frozenset[str], *, inside: bool) -> "Examples":
        return Examples(
            tuple(pair for pair in self.pairs if (pair.conversation in conversations) is inside),
            tuple(thumb for thumb in self.thumbs if (thumb.conversation in conversations) is inside),
        )

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write both files into `folder` as JSON lines, each in whole or not at all; OSError if the disk refuses.

        Of nothing there is no file, because `load_dataset` cannot read an empty one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return (*_write(folder / PAIRS, self.pairs), *_write(folder / THUMBS, self.thumbs))


def read(folder: Path) -> Examples:
    """What `write` left in `folder`; OSError if it is no folder, ValueError or TypeError if a file is damaged."""
    there = {path.name for path in folder.iterdir()}
    pairs = tuple(Pair(**row) for row in _rows(folder / PAIRS)) if PAIRS in there else ()
    return Examples(pairs, tuple(Thumb(**row) for row in _rows(folder / THUMBS)) if THUMBS in there else ())


def _draw(conversation: str, seed: int) -> float:
    """A number in [0, 1) that looks random and is always the same."""
    digest = hashlib.sha256(f"{seed}:{conversation}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def _write(path: Path, rows: Sequence[Pair | Thumb]) -> tuple[Path, ...]:
    if not rows:
        path.unlink(missing_ok=True)  # of an earlier export
        return ()
    part = path.with_suffix(".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return (path,)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            row = json.loads(line)
            yield {**row, "people": tuple(row["people"])}
