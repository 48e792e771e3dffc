"""Limericks whose rhymes are named first: "sea / tea / hat / cat / me", a blank line, the five lines that end so.

A model of this size does not look ahead to a rhyme (docs/measurements.md): of 256 limericks that a voice wrote from the
first word on, none rhymed. It does learn which words belong together, where they are few and told again and again, and
to end a line on a word that stands before it. So limericks are told with their rhymes first, and beside them rhymes
alone; asked without "Rhymes:" the voice writes from the first word on as before.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from adapters.passages import Passage
from deploy.corpora.rhyme import Sounds

CUE = "Rhymes:"
FAMILIES = 48
PLANS = 9000
OFTEN = 1500  # lines of old verse that a word closes, to be told of; or one of the limericks'
LETTERS = range(2, 9)
_SCHEME = (0, 0, 1, 1, 0)  # AABBA

Family = dict[str, float]
"""The words that rhyme with each other, and how often each is told."""


def planned(row: Passage, sounds: Sounds) -> Passage | None:
    """A limerick with its closing words before it; None for one that does not rhyme in five different words."""
    ends = closing(row.text, sounds)
    if len(set(ends)) < 5 or not all(
        sounds.rhyme(ends[one], ends[other])
        for one, other in combinations(range(5), 2)
        if _SCHEME[one] == _SCHEME[other]
    ):
        return None
    return replace(row, prompt=f"{row.prompt.strip()}\n{CUE}", text=f" {' / '.join(ends)}\n\n{row.text}")


def closing(text: str, sounds: Sounds) -> tuple[str, ...]:
    """The last word of each line, in lower case."""
    return tuple((sounds.words(line) or [""])[-1] for line in text.split("\n"))


def families(limericks: Iterable[Sequence[str]], verse: Counter[str], sounds: Sounds) -> list[Family]:
    """The families that close most limericks, given the closing words of each and how many lines of verse each word
    closes.
    """
    own = Counter(word for ends in limericks for word in ends)
    common = {word for word, count in verse.items() if count >= OFTEN and len(word) in LETTERS and word.isalpha()}
    found = list[list[str]]()
    for word, _ in own.most_common():
        family = next((each for each in found if sounds.rhyme(word, each[0])), None)
        if family is None:
            found.append([word])
        else:
            family.append(word)
    found.sort(key=lambda family: -sum(own[word] for word in family))
    weighed = list[Family]()
    for family in found[:FAMILIES]:
        others = {word for word in common if sounds.rhyme(word, family[0])} - set(family)
        words = [word for word in family if sounds.known(word)] + sorted(others)
        weighed.append({word: (3 * own[word] + verse[word] / OFTEN) ** 0.5 for word in words})
    return [family for family in weighed if len(family) >= 5]


def plans(families: Sequence[Family], themes: Sequence[str], seed: int) -> Iterator[Passage]:
    """Words of two families, as a limerick rhymes, without the limerick."""
    chance = random.Random(f"{seed}/plans")
    weights = [sum(family.values()) for family in families]
    for number in range(PLANS):
        long, short = _two(families, weights, chance)
        first, second = _draw(long, 3, chance), _draw(short, 2, chance)
        words = (*first[:2], *second, first[2])
        asked = f"A limerick: {chance.choice(themes)}" if chance.random() < 0.5 else "A limerick"
        split = "train" if number % 100 else "valid" if number % 200 else "test"
        yield Passage(f"{asked}\n{CUE}", f" {' / '.join(words)}\n\n", False, "", f"plan {number}", split)


def _two(families: Sequence[Family], weights: Sequence[float], chance: random.Random) -> tuple[Family, Family]:
    long, short = chance.choices(families, weights)[0], chance.choices(families, weights)[0]
    return (long, short) if short is not long else _two(families, weights, chance)


def _draw(family: Family, count: int, chance: random.Random) -> list[str]:
    """So many different words."""
    drawn = list[str]()
    while len(drawn) < count:
        word = chance.choices(list(family), list(family.values()))[0]
        if word not in drawn:
            drawn.append(word)
    return drawn
