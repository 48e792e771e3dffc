"""The story corpus: old narrative prose that still reads easily, as windows with and without a writer's opening line.

Grimm (fairy tales) is the test author and Twain (realism) the validation author: no line of theirs is trained on.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from adapters.passages import Passage
from deploy.corpora import prose
from deploy.corpora.names import renamed
from deploy.corpora.premise import Rarity, opens, premise
from deploy.corpora.sources import MissingSource, Source
from deploy.corpora.split import without_shared

PUBLIC = "public domain in the US (Project Gutenberg text)"
LZ4 = "usr/share/gocode/src/github.com/pierrec/lz4/testdata/"
LZ4_SHA = "1dc71cab6853fb03005f102bf1a71d906d2413c144e1f96c80bb3af99e701550"
FAIRY, SCIENCE, FANTASY, MYSTERY, PLAIN = (
    "fairy tale",
    "science fiction story",
    "fantasy story",
    "mystery story",
    "story",
)
_ALIEN = re.compile(r"\b(thoats?|zitidars?|jeddaks?|jed|Barsoom\w*|Tharks?|Warhoons?|Zodangans?|calots?|soraks?)\b")


@dataclass(frozen=True)
class Book:
    """One book: its source, author, kind, split, first and last words, tales to leave out and characters to rename."""

    source: Source
    author: str
    kind: str
    start: str
    split: str = "train"
    end: str = ""
    without: frozenset[str] = frozenset()
    cast: dict[str, str] = field(default_factory=dict)


def _book_file(name: str, sha256: str) -> Source:
    return Source("data", "books", "", f"books/{name}.txt", sha256, PUBLIC)


def _lz4_file(name: str) -> Source:
    return Source("debian", "golang-github-pierrec-lz4-dev", "2.5.2-2", f"./{LZ4}{name}", LZ4_SHA, PUBLIC)


BOOKS = (
    Book(
        _book_file("andersen-fairy-tales", "8b6fa931bce2067ee28754296f2307a5d8c35a3151c44371107b8b1ae3f29444"),
        "Hans Christian Andersen",
        FAIRY,
        "Many years ago, there was an Emperor",
        cast={"Gerda": "girl", "Kay": "man", "Karen": "girl", "Tuk": "man"},
    ),
    Book(
        _book_file("lang-blue-fairy-book", "0af25632657ab7af5c5bfc411857d7b88da280d94af76a88ca8463bfd9dd8e99"),
        "Andrew Lang (ed.)",
        FAIRY,
        "Once upon a time in a certain country",
        without=frozenset({"The Black Bull of Norroway", "The Red Etin"}),
        cast={"Aladdin": "man", "Felicia": "girl", "Hyacinth": "man", "Ali Baba": "man", "Morgiana": "girl"},
    ),
    Book(
        _book_file("baum-wizard-of-oz", "d82284521615a4d0eb6cfd06d366b8c60a3927940922b743f04e009eb81bbca6"),
        "L. Frank Baum",
        FANTASY,
        "Dorothy lived in the midst",
        cast={"Dorothy": "girl", "Toto": "man", "Oz": "place", "Glinda": "girl", "Kansas": "place"},
    ),
    Book(
        _book_file("burroughs-princess-of-mars", "9f005a64529b54579bb0417c7094e99e8c40ac3fc0287d98c50f3a21dcf69c3a"),
        "Edgar Rice Burroughs",
        SCIENCE,
        "I am a very old man",
        cast={"Dejah Thoris": "girl", "Tars Tarkas": "man", "John Carter": "man", "Sola": "girl", "Powell": "surname"},
    ),
    Book(
        _book_file("wells-time-machine", "ddc5b7195fb6cd86759bd8b8bc645f9cfdb552254d186a8cebe68da6e7c629ff"),
        "H. G. Wells",
        SCIENCE,
        "The Time Traveller (for so",
        cast={"Weena": "girl", "Filby": "surname"},
    ),
    Book(
        _book_file("wells-war-of-the-worlds", "b3392949b56cdfdd67a320492e707a26a9f8deca8c075f5f1ff8ecb752ddf273"),
        "H. G. Wells",
        SCIENCE,
        "No one would have believed",
        cast={"Ogilvy": "surname", "Woking": "place", "Weybridge": "place", "London": "place", "Horsell": "place"},
    ),
    Book(
        _lz4_file("pg1661.txt"),
        "Arthur Conan Doyle",
        MYSTERY,
        "To Sherlock Holmes she is",
        end="End of the Project",
        cast={"Holmes": "surname", "Sherlock": "man", "Watson": "surname", "London": "place", "McCarthy": "surname"},
    ),
    Book(
        _book_file("grimm-fairy-tales", "a3e6ce469bed8107bf911cc30d2675296341f786dfc62b3056817b52b40ff39c"),
        "Jacob and Wilhelm Grimm",
        FAIRY,
        "A certain king had a beautiful garden",
        "test",
        end="The Brothers Grimm, Jacob",
    ),
    Book(
        _lz4_file("Mark.Twain-Tom.Sawyer.txt"), "Mark Twain", PLAIN, '"TOM!"', "valid", end="CONCLUSION"
    ),
)  # fmt: skip


def build(read: Callable[[Source], bytes], say: Callable[[str], None], seed: int) -> Iterator[Passage]:
    """Rows of every book that can be read; one that is missing is told to `say`, and the rest goes on."""
    found = list[tuple[Book, prose.Unit, tuple[str, bool, bool]]]()
    for book in BOOKS:
        try:
            text = read(book.source).decode("utf-8", errors="replace")
        except MissingSource as missing:
            say(f"left out: {missing}")
            continue
        for unit in prose.units(prose.body(text, book.start, book.end)):
            if unit.title not in book.without:
                stride = 0.6 if book.split == "train" else 1.0
                found += ((book, unit, window) for window in prose.windows(unit, stride) if _good(window[0]))
    rarity = Rarity(window[0] for _, _, window in found)
    training = [window[0] for book, _, window in found if book.split == "train"]
    held = [window[0] for book, _, window in found if book.split != "train"]
    # A tale that two editors both collected shares a phrase or two with its twin: held-out windows must share none.
    clean = set(without_shared(held, training))
    for at, (book, unit, window) in enumerate(found):
        if book.split != "train":
            if window[0] in clean:
                yield _row(book, unit, window, rarity, random.Random(f"{seed}/{at}"))
            continue
        for time in range(_times(book.kind, window, random.Random(f"{seed}/{at}"))):
            yield _row(book, unit, window, rarity, random.Random(f"{seed}/{at}/{time}"))


def _times(kind: str, window: tuple[str, bool, bool], chance: random.Random) -> int:
    """How often a training window is told: openings are few, and the first thing a writer asks for.

    A tale's beginning comes four times under four premises, a window that could be one once. Of the rest every fairy
    tale's comes once and every third of the novels', which are four times as long and tell one story in one manner.
    """
    text, starts, _ = window
    if opens(text):
        return 4 if starts else 1
    return 1 if kind == FAIRY else int(chance.random() < 1 / 3)


def _good(text: str) -> bool:
    return prose.wanted(text) and len(_ALIEN.findall(text)) <= 1


def _row(
    book: Book, unit: prose.Unit, window: tuple[str, bool, bool], rarity: Rarity, chance: random.Random
) -> Passage:
    text, starts, ends = window
    text = renamed(text, book.cast, chance) if book.split == "train" else text
    # Serving sends the form alone when a piece goes on without a premise, and nothing when old text was cut away.
    prompt = "A story\n\n" if chance.random() < 0.5 else ""
    if opens(text) and chance.random() < 0.8:
        kind = book.kind if chance.random() < 0.5 else PLAIN
        titled = starts and unit.title and not unit.title.endswith(("Story", "Beginning")) and chance.random() < 0.25
        opening = unit.title if titled else premise(text, rarity, chance)
        prompt = f"A {kind}: {opening}\n\n"
    return Passage(prompt, text, ends, book.author, f"{book.source.member.rsplit('/')[-1]}: {unit.title}", book.split)
