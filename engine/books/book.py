"""A piece as it is taken home: its chapters, who wrote which passage, and the sentences a file says of itself. Pure.

The formats beside this module only set what they find here, so that all of them say the same of a piece.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine import safety
from engine.messages import Piece, Turn
from engine.story import LOOKS
from storage.records import Edit, MotifRow, Recipe

File = tuple[str, str, bytes]
"""Name, MIME type, content."""

_HEADING = re.compile(
    r"(?:(?:chapter|part|book|act)\s+(?:\d{1,3}|[ivxlc]{1,7}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"\b[^\n]{0,60}|(?:prologue|epilogue|interlude)[^\n]{0,60}|第[一二三四五六七八九十百零〇\d]{1,6}[章回卷节部幕][^\n]{0,40}"
    r"|(?:序章|楔子|尾声))(?=\n|$)",
    re.IGNORECASE,
)
_CHINESE = re.compile("[\u3400-\u9fff]")
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


class Says(Protocol):
    """The sentences of a file, in the language of whoever takes it home; `bot/wording` has them."""

    def __call__(self, key: str, /, **fields: object) -> str:
        """The sentence of that name, filled with the fields."""


@dataclass(frozen=True, slots=True)
class Book:
    """What is taken home: the piece with its live branch, the edits that stand, how each passage came to be.

    `starts` are the passages with which a section begins, `others` those beside the live branch, in the order of
    writing; `scores` are the MIDI files of passages of music, and `files` all that go along, in folders. `motifs` are
    the piece's, `cover` is the picture on the front as PNG, empty for none.
    """

    piece: Piece
    edits: tuple[Edit, ...]
    recipes: Mapping[str, Recipe]
    say: Says
    starts: frozenset[str] = frozenset()
    others: tuple[Turn, ...] = ()
    scores: Mapping[str, bytes] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    motifs: tuple[MotifRow, ...] = ()
    cover: bytes = b""

    @property
    def title(self) -> str:
        """What stands on it."""
        return self.piece.title or self.say("untitled")

    @property
    def language(self) -> str:
        """What it is written in, as BCP 47 has it: "zh", or "en" for everything else."""
        texts = [turn.text for turn in self.piece.turns]
        signs = sum(len(_CHINESE.findall(text)) for text in texts)
        return "zh" if signs * 4 > sum(map(len, texts)) else "en"

    @property
    def writers(self) -> tuple[str, ...]:
        """The people in it by the names they write under, who wrote first comes first."""
        return tuple(dict.fromkeys(turn.author for turn in self.piece.turns if turn.author))

    def named(self, ending: str) -> str:
        """A file name made of the title."""
        words = re.sub(r"[^\w]+", "-", self.piece.title.casefold()).strip("-_")[:60].strip("-_")
        return f"{words or 'piece'}.{ending}"

    def edits_of(self, turn: Turn) -> list[Edit]:
        """The edits of a passage, oldest first."""
        return [edit for edit in self.edits if edit.turn == turn.id]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the piece. Without a title it is the whole of it, or what stands before the first heading.

    Its passages come with their number in the piece, counted from 1, and their text without the heading.
    """

    title: str
    passages: tuple[tuple[int, Turn, str], ...]


def chapters(book: Book) -> tuple[Chapter, ...]:
    """The piece in parts: a part begins with a section, or with a line that says so ("Chapter Two", "第三章").

    What was said about pictures is no part of it.
    """
    parts: list[tuple[str, list[tuple[int, Turn, str]]]] = [("", [])]
    for number, turn in enumerate(book.piece.turns, 1):
        if turn.form in LOOKS:
            continue
        heading = _HEADING.match(turn.text)
        text = turn.text[heading.end() :].lstrip("\n") if heading else turn.text
        if heading:
            parts.append((" ".join(heading[0].split()), []))
        elif turn.id in book.starts and number > 1:
            parts.append((safety.title_from(turn.text), []))
        parts[-1][1].append((number, turn, text))
    return tuple(Chapter(title, tuple(passages)) for title, passages in parts if passages)


def ledger(book: Book) -> Iterator[tuple[int, Turn, str]]:
    """For each passage its number and, in words, who or what wrote it and who changed it."""
    edited: dict[str, list[Edit]] = {}
    for edit in book.edits:
        edited.setdefault(edit.turn, []).append(edit)
    for number, turn in enumerate(book.piece.turns, 1):
        line = turn.author or book.say("book_somebody")
        if turn.kind == "model":
            named = {"model": turn.model or book.say("book_unknown_model"), "recipe": turn.id}
            line = (
                book.say("book_voice", adapter=turn.adapter, **named)
                if turn.adapter
                else book.say("book_machine", **named)
            )
        names = dict.fromkeys(edit.author or book.say("book_somebody") for edit in edited.get(turn.id, ()))
        yield number, turn, book.say("book_edited", line=line, names=", ".join(names)) if names else line


def paragraphs(text: str) -> tuple[tuple[str, ...], ...]:
    """A passage in paragraphs and lines, without signs that XML cannot hold."""
    clean = _NOT_XML.sub("", text).strip("\n")
    return tuple(tuple(part.split("\n")) for part in re.split(r"\n[ \t]*\n\s*", clean))


def xml(text: str) -> str:
    """One line of text without signs that XML cannot hold."""
    return _NOT_XML.sub("", text)


def runs_left(text: str) -> bool:
    """Whether a text is written from right to left, which its first strong letter decides."""
    strong = (unicodedata.bidirectional(sign) for sign in text)
    return next((kind in ("R", "AL") for kind in strong if kind in ("L", "R", "AL")), False)
