"""Which words rhyme and how many syllables a line has, from the CMU pronouncing dictionary in an npm package.

Only for building corpora: a word that the dictionary lacks makes its line useless here, where serving would guess.
"""

import re
from functools import cached_property

from deploy.corpora.sources import MissingSource, Source

DICTIONARY = Source(
    "npm",
    "cmu-pronouncing-dictionary",
    "3.0.0",
    "package/index.js",
    "ca16ac157e95277ffe1ca105a5ca2c833a15626024f15711c2a425da367b68ce",
    "ISC; the dictionary itself BSD-2-Clause (Carnegie Mellon University)",
)
_ENTRY = re.compile(r'^\s*"?([a-z\'.]+)(?:\(\d\))?"?: "([A-Z0-9 ]+)"', re.MULTILINE)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


class Sounds:
    """Pronunciations by word; the first listed is used for counting, any for rhyming."""

    def __init__(self, script: str) -> None:
        self._ways: dict[str, list[tuple[str, ...]]] = {}
        for word, phones in _ENTRY.findall(script):
            self._ways.setdefault(word, []).append(tuple(phones.split()))
        if not self._ways:
            raise MissingSource(f"{DICTIONARY.label} holds no pronunciations")

    def words(self, line: str) -> list[str]:
        """The words of a line in lower case."""
        return _WORD.findall(line.lower().replace("’", "'"))

    def known(self, word: str) -> bool:
        """Whether the dictionary has the word."""
        return word in self._ways or word.removesuffix("'s") in self._ways

    def syllables(self, line: str) -> int:
        """Syllables of a line; 0 if one of its words is unknown."""
        total = 0
        for word in self.words(line):
            ways = self._ways.get(word) or self._ways.get(word.removesuffix("'s"))
            if not ways:
                return 0
            total += sum(phone[-1].isdigit() for phone in ways[0])
        return total

    @cached_property
    def _endings(self) -> dict[str, frozenset[tuple[str, ...]]]:
        return {word: frozenset(_ending(way) for way in ways) for word, ways in self._ways.items()}

    def rhyme(self, one: str, other: str) -> bool:
        """Whether two words sound alike from their last stressed vowel on; a word does not rhyme with itself."""
        empty = frozenset[tuple[str, ...]]()
        return one != other and bool(self._endings.get(one, empty) & self._endings.get(other, empty))


def _ending(way: tuple[str, ...]) -> tuple[str, ...]:
    stressed = [at for at, phone in enumerate(way) if phone[-1] in "12"]
    start = stressed[-1] if stressed else 0
    return tuple(phone.rstrip("012") for phone in way[start:])
