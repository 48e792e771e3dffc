"""Books for tests, made without a database, and words that break what is careless."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot import wording
from engine.books.book import Book
from engine.messages import Piece, Turn
from storage.records import Edit, Recipe

BEGAN = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
WORDS = "the lamp went out over a cold harbour while nobody in town was awake to see it burn".split()  # noqa: SIM905
NASTY = (
    "<script>alert('x')</script> & ]]> <!-- --> &amp; &#0;",
    "A flag 🏳️‍🌈, a family 👨‍👩‍👧‍👦, and \ufffe\uffff\ufdd0 that are nothing.",
    "עברית מימין לשמאל\nשורה שנייה",
    "\u202eturned\u202c \u2066inside\u2069 {curly} %s ${x} \\ \t tab",
    "= 1+1\n@SUM(A1)\n# heading\n```\ncode\n```",
    "第一章 灯塔\n海面上的灯熄灭了。\n\n没有人看见。",
    "Chapter Two\n\nThe sea went on.",
    "x" * 4_000,
    "one\n\n\n\n\ntwo\n   \nthree",
)


def turn(number: int, text: str, kind: str = "", **changes: object) -> Turn:
    model = (kind or ("model" if number % 2 == 0 else "person")) == "model"
    made = Turn(
        f"{number:016x}",
        "b" * 16,
        f"{number - 1:016x}" if number > 1 else None,
        "model" if model else "person",
        "" if model else "Mara",
        text,
        "story",
        BEGAN + timedelta(minutes=number),
        model="embedded" if model else "",
        adapter="story@1.0" if model and number % 4 else "",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def book(texts: tuple[str, ...], title: str = "The Harbour", language: str = "en", **changes: object) -> Book:
    turns = tuple(turn(number, text) for number, text in enumerate(texts, 1))
    piece = Piece("b" * 16, title, BEGAN, BEGAN + timedelta(days=1), turns=turns, memory="She is left-handed.")
    recipes = {each.id: Recipe("done", "prompt") for each in turns if each.kind == "model"}
    edits = tuple(Edit("e", each.id, "Ben", "before", each.text, True, BEGAN) for each in turns[1:2])
    made = Book(piece, edits, recipes, wording.sayer(language), frozenset({turns[0].id}) if turns else frozenset())
    return replace(made, **changes)  # type: ignore[arg-type]


def long_one(passages: int = 400, words: int = 75) -> Book:
    draw = random.Random(4)
    return book(tuple(" ".join(draw.choices(WORDS, k=words)).capitalize() + "." for _ in range(passages)))
