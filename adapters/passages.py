"""One training row, and the file of rows: the only thing that the corpora's builders and the trainer agree on."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Passage:
    """A passage to learn.

    `prompt` is what the writer gave ('' for a plain continuation) and carries no loss; `text` is the piece; `ends`
    says that the work is over after it, which is when the model learns to stop; `split` is train, valid or test.
    """

    prompt: str
    text: str
    ends: bool
    author: str
    work: str
    split: str


def write(path: Path, rows: Iterable[Passage]) -> int:
    """Write rows as JSON lines, in whole or not at all; returns how many."""
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with part.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
            count += 1
    part.replace(path)
    return count


def load(path: Path) -> Iterator[Passage]:
    """The rows of a file written by `write`."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Passage(**json.loads(line))
