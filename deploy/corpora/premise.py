"""Make the line a writer might have given for a window of prose or verse: a telling sentence, or a few key words.

Nobody wrote premises for old books, and a model that could summarise them well is larger than the one we train. A
sentence of the passage that carries its rare words teaches the same habit: what the line names, the text goes on with.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable

from deploy.corpora.prose import sentences

_WORD = re.compile(r"[a-z]{3,}")
# Words that say nothing of what a passage is about, however rare they are in a small corpus.
_EMPTY = frozenset(
    """about above after again all almost alone already also although always among and another any are away back
    because been before began behind being below beneath beside between beyond both but by came can come could did
    does done down each either else enough even ever every for forth forthwith from full gave get give given goes going
    gone good got had has have having hence her here him himself his how however indeed into its itself just keep kept
    knew know known less let like little long look made make many may might more most much must myself near neither
    never next none nor not nothing now off often once one only other others ought our out over own perhaps quite
    rather round said same saw say see seem seemed seems shall she should since some something soon still such take
    taken than that the their them themselves then there therefore these they thing things this those though through
    thus till together told too took toward towards twas two under until unto upon used very was well went were what
    when where whether which while who whole whom whose why will with within without would yes yet you your
    """.split()  # noqa: SIM905 a list of two hundred quoted words reads worse
)
_LEANING = re.compile(
    r"^(and|but|or|so|then|he|she|it|they|this|that|these|those|his|her|for|yet|now)\b", re.IGNORECASE
)

_PRONOUN = re.compile(r"\b(he|she|they|them|him|her|his|it|its|their|this|these|those|that|such)\b", re.IGNORECASE)
# What follows the noun shows where it ends; before a comma stands too often a mere adjective.
_THING = re.compile(
    r"\b(?:a|an) (?:[a-z-]{3,} )?[a-z-]{3,}(?=[.;!?]| (?:who|which|that|of|in|with|on|at|by|from|and|for)\b)"
)


class Rarity:
    """Inverse document frequency of words over the windows of one corpus."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._documents = 0
        self._seen: Counter[str] = Counter()
        for text in texts:
            self._documents += 1
            self._seen.update(set(_WORD.findall(text.lower())))

    def of(self, word: str) -> float:
        """How telling a word is, in nats; words seen once or twice are names or slips and count as nothing."""
        seen = self._seen[word]
        return math.log(self._documents / seen) if seen > 2 else 0.0

    def telling(self, text: str) -> float:
        """The mean rarity of a text's words: higher says more about its passage."""
        words = _WORD.findall(text.lower())
        return sum(min(self.of(word), 6.0) for word in words) / (len(words) + 3)

    def keywords(self, text: str, count: int) -> list[str]:
        """The `count` most telling words of a text by tf-idf, in order of appearance."""
        often = Counter(_WORD.findall(text.lower()))
        ranked = sorted(often.keys() - _EMPTY, key=lambda word: (-min(often[word], 3) * min(self.of(word), 5.0), word))
        best = ranked[:count]
        return sorted(best, key=text.lower().find)


def things(text: str, rarity: Rarity, count: int) -> list[str]:
    """Up to `count` of the people and things a text brings in with "a" or "an", the most telling, in their order."""
    found = dict.fromkeys(match.group(0) for match in _THING.finditer(text) if not _EMPTY & set(match[0].split()[1:]))
    best = sorted(found, key=rarity.telling, reverse=True)[:count]
    return sorted(best, key=text.find)


def listed(parts: list[str]) -> str:
    """Parts as English lists them: one, one and two, or one, two and three."""
    return " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def opens(text: str) -> bool:
    """Whether a passage can be read without the ones before it: no talk, pronoun or "but" in its first words."""
    first = sentences(text.partition("\n\n")[0])[0]
    return not re.match(r"[\"']", first) and not _LEANING.match(first) and not _PRONOUN.search(first[:60])


def premise(text: str, rarity: Rarity, chance: random.Random) -> str:
    """One line of at most 18 words without a full stop: who and what comes in, a telling sentence, or key words."""
    way = chance.random()
    if way < 0.45 and (brought := things(text, rarity, chance.choice((1, 2, 2, 3)))):
        line = listed(brought)
        return line[0].upper() + line[1:]
    candidates = [
        sentence
        for piece in text.split("\n\n")
        for sentence in sentences(piece)
        if 5 <= len(sentence.split()) <= 18 and not re.search(r"[\"'“—]", sentence) and not _LEANING.match(sentence)
    ]
    if way < 0.8 and candidates:
        return max(candidates, key=rarity.telling).rstrip(" .!?;:,")
    return listed(rarity.keywords(text, chance.choice((2, 3, 4))))
