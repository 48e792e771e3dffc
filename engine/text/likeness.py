"""How much one text repeats another, or itself: shared runs of words, or of characters where words are not spaced."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from itertools import chain, pairwise

from engine.text import sentences

_UNIT = re.compile(r"[㐀-鿿]|[^\W_]+(?:['’][^\W_]+)*")
LINE_RUN = 3
STRETCH, OVERLAP = 2000, 160  # characters


def _split(text: str) -> tuple[str, ...]:
    return tuple(unit.lower() for unit in _UNIT.findall(text))


@lru_cache(maxsize=1024)  # sentences are compared one by one, and most of a growing draft's were seen before
def units(text: str) -> tuple[str, ...]:
    """Words in lower case; each Chinese character counts as one."""
    return _split(text)


def grams(text: str, size: int) -> frozenset[int]:
    """Every run of `size` units, as its hash: that two runs of a long text share one is a chance of one in 10^9."""
    return frozenset(_runs(units(text), size))


class Runs:
    """The runs of a long text, in 8 bytes each where a set takes 80; asked about one by one."""

    __slots__ = ("_sorted",)

    def __init__(self, runs: Iterable[int]) -> None:
        self._sorted = array("q", sorted(runs))

    def __contains__(self, run: object) -> bool:
        if not isinstance(run, int):
            return False
        at = bisect_left(self._sorted, run)
        return at < len(self._sorted) and self._sorted[at] == run


def _runs(found: tuple[str, ...], size: int) -> Iterator[int]:
    return (hash(found[at : at + size]) for at in range(len(found) - size + 1))


# The earlier text is asked about again at every step of every draft, and it may be a whole novel that only ever grows:
# of all its stretches but the last nothing is done again, and how much is remembered does not depend on the chats.
@lru_cache(maxsize=512)
def _stretch(text: str, size: int) -> "array[int]":
    return array("q", _runs(_split(text), size))


@lru_cache(maxsize=64)
def _stretches(text: str, size: int) -> Runs:
    return Runs(chain.from_iterable(_stretch(text[at : at + STRETCH + OVERLAP], size) for at in _starts(text)))


@lru_cache(maxsize=64)
def _rest(text: str, size: int) -> frozenset[int]:
    return frozenset(_runs(_split(text), size))


def _starts(text: str) -> range:
    """Where the whole stretches of a text begin; they overlap by more than a run."""
    return range(0, len(text) - OVERLAP - STRETCH + 1, STRETCH)


def known(text: str, size: int) -> tuple[Container[int], ...]:
    """Every run of `size` units of an earlier text."""
    end = len(_starts(text)) * STRETCH
    return _stretches(text[: end + OVERLAP], size), _rest(text[end:], size)


def shared(text: str, earlier: Iterable[Container[int]], size: int) -> float:
    """The share of the text's runs of `size` units that stand in `earlier` too; 0 for a text shorter than one run."""
    mine, places = grams(text, size), tuple(earlier)
    return sum(any(run in each for each in places) for run in mine) / len(mine) if mine else 0.0


def likeness(text: str, others: Iterable[str], size: int = 4) -> float:
    """The greatest share of the text's runs that one of the others has, from 0 to 1."""
    return max((shared(text, known(other, size), size) for other in others), default=0.0)


def variety(text: str) -> float:
    """Different pairs of words to all pairs, from 0 (one pair over and over) to 1."""
    found = units(text)
    pairs = list(pairwise(found))
    return len(set(pairs)) / len(pairs) if pairs else 1.0


def copied_from(text: str, earlier: str, size: int = 5) -> int | None:
    """Where the first sentence begins that is mostly taken from `earlier` (None if none is)."""
    before = known(earlier, size)
    for start, piece in _pieces(text):
        if len(units(piece)) > size and shared(piece, before, size) > 0.6:
            return start
    return None


def loop(text: str, verse: bool = False) -> int | None:
    """Where the text begins to go in circles (None if it does not).

    A circle is a sentence said before, a run of words three times in a row, or, in verse, a line said for the third
    time or twice in a row.
    """
    places = [place for place in (_again(text, verse), _stutter(text)) if place is not None]
    return min(places, default=None)


def _pieces(text: str) -> list[tuple[int, str]]:
    return list(zip(sentences.starts(text), sentences.pieces(text), strict=True))


def _again(text: str, verse: bool) -> int | None:
    seen: list[tuple[str, ...]] = []
    for start, piece in _pieces(text):
        said = units(piece)
        if len(said) >= LINE_RUN:
            before = seen.count(said)
            if before and (not verse or before >= 2 or seen[-1] == said):
                return start
        seen.append(said)
    return None


def _stutter(text: str) -> int | None:
    found = [(match.start(), match[0].lower()) for match in _UNIT.finditer(text)]
    said = [unit for _, unit in found]
    places: list[int] = []
    for size in range(1, min(9, len(said) // 3 + 1)):
        same = [one == other for one, other in zip(said, said[size:], strict=False)]
        run = 0
        for at, repeats in enumerate(same):
            run = run + 1 if repeats else 0
            if run == 2 * size:  # the run of `size` units ending here stands three times in a row
                places.append(found[at - size + 1][0])
                break
    return min(places, default=None)
