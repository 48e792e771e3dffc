"""Plain words of which each part is struck out as soon as it is understood, so that no word counts twice. Pure.

What reads wishes for music and for pictures has tables of words, English and Chinese; here is how they are looked up.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
_ALIKE = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")
"""The dotted and the dotless i of Turkish, the long s, the Kelvin sign: `re.IGNORECASE` finds words that are spelt with
them, and no table has such words.
"""


class Words:
    """The text of a wish, of which each part is taken out as soon as it is understood."""

    def __init__(self, text: str) -> None:
        self.text = f" {text.translate(_ALIKE)} "

    def take(self, pattern: str, flags: int = re.IGNORECASE) -> list[re.Match[str]]:
        """All matches, struck out of the text."""
        hits = list(re.finditer(pattern, self.text, flags))
        for hit in hits:
            self.text = self.text[: hit.start()] + "\0" * len(hit[0]) + self.text[hit.end() :]
        return hits

    def find(self, words: Iterable[str]) -> list[tuple[int, str]]:
        """(place, word) for the words that occur, the longest at each place, in order; each is struck out."""
        table = tuple(words)
        return [(hit.start(), _single(hit[0].lower(), table)) for hit in self.take(_any_of(table))]

    def meanings(self, words: Mapping[str, T]) -> list[T]:
        """What the words that occur mean, each meaning once."""
        return list(dict.fromkeys(words[word] for _, word in self.find(words)))


@lru_cache(maxsize=64)
def _any_of(words: tuple[str, ...]) -> str:
    """A pattern for any of the words, longer ones first; English ones stand alone and may be in the plural."""
    rows = [rf"(?<![a-z]){re.escape(word)}(?:e?s)?(?![a-z])" if word.isascii() else re.escape(word)
            for word in sorted(words, key=len, reverse=True)]  # fmt: skip
    return "|".join(rows)


def _single(found: str, words: tuple[str, ...]) -> str:
    """The word of the table that was found, its plural taken off."""
    return next(w for w in (found, found.removesuffix("s"), found.removesuffix("es")) if w in words)
