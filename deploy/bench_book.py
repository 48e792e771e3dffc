"""A piece that fills a book, and every command a person can give in it, each with what takes it back.

400 passages of 75 words, 60 entries of lore, 12 branches. A case that would leave the book changed says what restores
it; a command without a case is found by a test.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot import commands, looks, tunes
from engine.books.formats import FORMATS

PASSAGES, WORDS, ENTRIES, BRANCHES = 400, 75, 60, 12
_SAID = "the lamp went out over a cold harbour while nobody in town was awake to see it burn"
_PLACES = ("harbour", "market", "orchard", "tower", "bridge", "mill")


@dataclass(frozen=True, slots=True)
class Case:
    """A command as it is typed; `after` restores the book and is not timed. `brings`: the book's file comes with it."""

    said: str
    after: tuple[str, ...] = ()
    brings: bool = False

    @property
    def name(self) -> str:
        """The command alone."""
        return self.said.split()[0].removeprefix("/")

    @property
    def carries(self) -> bool:
        """Whether all of the piece, or all of a person, goes out or comes in as a file."""
        return self.name in ("export", "import", "mydata")

    @property
    def composes(self) -> bool:
        """Whether a network for music or pictures would work; its time is no part of what is measured."""
        return self.name in (*tunes.COMMANDS, *looks.COMMANDS)


_UNDO = ("/undo",)
_FORMS = tuple(Case(f"/{name} the lamp at Skarn", _UNDO) for name in commands.FORMS)
_WRITING = (
    *(Case(said, _UNDO) for said in ("/write haiku the lamp", "And then it snowed.", "/continue", "/retry")),
    *(Case("/alternatives 2", _UNDO), Case("/retry"), Case("/previous"), Case("/next"), Case("/undo"), Case("/redo")),
    *(Case("/undo"), Case("/edit Other words.", _UNDO), Case("/cancel"), Case("/compare"), Case("/pick 1")),
)
_MUSIC = (
    Case("/notes C4 D4 E4 F4 G4 F4 E4 D4"),
    *(Case(said, _UNDO) for said in ("/music 8 bars waltz", "/song\nThe lamp is out,\nThe sea is wide.", "/extend 4")),
    Case("/motif"),
    *(Case(said, _UNDO) for said in ("/vary", "/accompany", "/harmonize", "/bars 1-1 sparser")),
    *(Case("/morph"), Case("/score", _UNDO)),
)
_LOOKS = (Case("/palette", _UNDO), Case("/cover cubist", _UNDO))
_VOTES = tuple(Case(f"/{name}") for name in ("like", "dislike", "unvote", "learning", "adapters", "rollback"))
_TREE = (
    *(Case("/branch"), Case("/branches"), Case("/branches picture"), Case("/beside 2"), Case("/take 2.1-9", _UNDO)),
    *(Case("/switch 2", _UNDO),),
)
_MEMORY = (
    *(Case(said) for said in ("/memory The keeper is old.", "/memory", "/note Slowly.", "/note", "/lore", "/lore 7")),
    *(Case("/lore Skarn: A rock in the sea.", ("/lore delete Skarn",)), Case("/context"), Case("/context 300")),
)
_FLAVOUR = (
    *(Case("/genre fantasy", ("/genre off",)), Case("/mood tense", ("/mood off",)), Case("/mood"), Case("/arc")),
    *(Case("/voice narrator", ("/voice off",)), Case("/persona Ott: dry", ("/persona drop Ott",)), Case("/persona")),
)
_PIECES = (
    *(Case("/new Another", ("/open A book",)), Case("/list"), Case("/open A book"), Case("/rename A book")),
    *(Case("/delete Another"), Case("/import", ("/delete 2",), brings=True)),
    *(Case(f"/export {name}") for name in FORMATS),
)
_TOGETHER = (
    *(Case("/join Ann"), Case("/turns"), Case("/turns free"), Case("/pass"), Case("/give ghost"), Case("/choose 1")),
    *(Case("/role Ann reader"), Case("/kick Ben"), Case("/corpse off"), Case("/credits"), Case("/leave")),
    *(Case("/link"), Case("/unlink")),
)
_PEOPLE = tuple(Case(f"/{said}") for said in ("privacy", "consent on", "mydata", "forgetme", "start", "help"))

CASES = (*_TREE, *_MEMORY, *_FLAVOUR, *_VOTES, *_PIECES, *_TOGETHER, *_PEOPLE, *_FORMS, *_WRITING, *_MUSIC, *_LOOKS)
"""What is written stays as a branch when it is undone, so the writing comes last."""


@cache
def book() -> bytes:
    """The piece as our own JSON: one long branch, and eleven that leave it on the way."""
    draw, words = random.Random(7), _SAID.split()
    live = [_passage(str(n), str(n - 1) if n else None, draw, words) for n in range(PASSAGES)]
    parents = draw.sample(range(0, PASSAGES - 1, 2), BRANCHES - 1)
    others = [_passage(f"b{n}", str(parent), draw, words) for n, parent in enumerate(parents)]
    content = {"ghostnote": 2, "title": "A book", "turns": live, "others": others, "lore": list(_lore())}
    return json.dumps(content).encode()


def _passage(name: str, parent: str | None, draw: random.Random, words: list[str]) -> dict[str, Any]:
    model = (name.isdigit() and int(name) % 2 == 1) or name.startswith("b")
    text = " ".join(draw.choices(words, k=WORDS)).capitalize() + "."
    recipe = {"model": "echo", "seed": 1, "prompt": text * 12, "completion": text, "sampling": {}}
    entry = {"id": name, "parent": parent, "kind": "model" if model else "person", "author": "", "text": text}
    return entry | ({"recipe": recipe} if model else {})


def _lore() -> Iterator[dict[str, Any]]:
    for number in range(1, ENTRIES + 1):
        keys = [_PLACES[number % len(_PLACES)] if number % 10 == 0 else f"person{number}", f"street{number}"]
        text = f"Person {number} has lived in street {number} for {number} years, alone, and says so to nobody."
        entry = {"keys": keys, "second": [], "never": [], "always": number == 1, "order": 100, "sticky": number % 3}
        yield entry | {"number": number, "text": text}
