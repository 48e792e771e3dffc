"""A task as a passage keeps it, so that the passage can be written again.

The words that came before are kept as marks only: they stand in the tree already, as they were written or in an edit,
and a long piece would otherwise hold itself once more for every passage. What the task has beside them is kept whole,
but for lore that nobody named. Pure.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from engine.messages import Flavour, Teller
from engine.text import lore
from engine.text.task import Passage, Task
from storage.records import LoreRow

LENGTH = 12  # hexadecimal digits, to tell the few thousand texts of one piece apart


class WordsGoneError(LookupError):
    """Words that a task had before it are nowhere to be found any more."""


def kept(task: Task, pick: int) -> dict[str, Any]:
    """The task and the choice as JSON can hold them."""
    shown = replace(task, lore=tuple(fired.entry for fired in lore.scan(task.lore, task.passages)[0]))
    rest = {name: value for name, value in asdict(shown).items() if name not in ("passages", "avoid", "owner")}
    passages = [mark(passage.text) for passage in task.passages]
    return {"pick": pick, "task": rest, "passages": passages, "avoid": [mark(text) for text in task.avoid]}


def task_of(drawn: dict[str, Any], before: Sequence[Passage], texts: Iterable[str]) -> Task:
    """The task again. Raises WordsGoneError.

    `before` are the passages in front of its own, whose words may have changed since; `texts` are all words that ever
    stood in the piece.
    """
    known = {mark(text): text for text in texts}
    marks = drawn["passages"]
    missing = [one for one in (*marks, *drawn["avoid"]) if one not in known]
    if missing or len(marks) != len(before):
        raise WordsGoneError
    passages = tuple(Passage(one.kind, one.author, known[name]) for one, name in zip(before, marks, strict=True))
    names = {field.name for field in fields(Task)}
    rest = {name: value for name, value in drawn["task"].items() if name in names}
    rest["lore"] = tuple(map(_entry, rest.get("lore", ())))
    flavour = rest.get("flavour", {})
    rest["flavour"] = Flavour(**{**flavour, "teller": Teller(**flavour.get("teller", {}))})
    return Task(passages=passages, avoid=tuple(known[name] for name in drawn["avoid"]), **rest)


def _entry(kept: dict[str, Any]) -> LoreRow:
    also = tuple(tuple(group) for group in kept["also"])
    return LoreRow(**{**kept, "keys": tuple(kept["keys"]), "also": also, "never": tuple(kept["never"])})


def mark(text: str) -> str:
    """A short name for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
