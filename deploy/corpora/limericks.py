"""The limerick corpus: five lines that rhyme AABBA in the limerick's measure, found among three million lines of verse.

Lear wrote many in four lines, the third holding the two short ones; those are divided where they rhyme. Many of his end
on the word they began with. They are kept once, since they are what a limerick sounds like, and those with three true
rhymes more often, so that the voice learns to look for the third; so do those written for this project (limericks.txt,
CC0).
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.passages import Passage
from deploy.corpora import plans, verse
from deploy.corpora.haiku import own
from deploy.corpora.poems import tidy
from deploy.corpora.premise import Rarity, listed
from deploy.corpora.rhyme import Sounds
from deploy.corpora.sources import Source
from deploy.corpora.split import without_shared
from deploy.corpora.stretches import split_of

LONG, SHORT = range(7, 12), range(4, 8)
TRUE_RHYMES_TIMES = 2
OWN = Path(__file__).with_name("limericks.txt")
OWN_TIMES = 2
BARE = 4  # one in so many of our own is told without its theme, too
UNFIT = re.compile(
    r"\b(coons?|niggers?|negro|darkey|darkies|injun|squaws?|jews?|gipsy|slaves?|whores?|rape|murder|hell|sioux|siouxs|"
    r"thee|thou|thy|hath|doth|god|lord|christ|an'|o'|th'|de|dat|ye|yer|belly|slay|slain|sin|foes?|nymphs?|shepherds?)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_OPENS = re.compile(r"\"?[A-Z]")
_CLOSES = re.compile(r"[.!?][\"']*$")


def build(read: Callable[[Source], bytes], say: Callable[[str], None], seed: int) -> Iterator[Passage]:
    """Rows of every limerick found; nothing if the verse or the dictionary is missing, which `say` is told."""
    verses = verse.opened(read, say)
    if verses is None:
        return
    lines, sounds = verses
    found = [(at, text, split_of(at)) for at, text in limericks(lines, sounds)]
    held = [text for _, text, split in found if split in ("valid", "test")]
    fresh = set(without_shared([text for _, text, split in found if split == "train"], held))
    rarity = Rarity(text for _, text, _ in found)
    seen = set[str]()
    rows = list(own(OWN, OWN_TIMES, "A limerick"))
    for at, text, split in found:
        opening = " ".join(sounds.words(text)[:14])
        if not split or opening in seen or (split == "train" and text not in fresh):
            continue
        seen.add(opening)
        for time in range(_times(text, split, sounds)):
            prompt = theme(text, rarity, random.Random(f"{seed}/{at}/{time}"))
            rows.append(Passage(prompt, text, True, "", f"lines from {at}", split))
    bare = [row for row in rows if row.author and ": " not in row.prompt]
    unwanted = set(map(id, bare)) - set(map(id, bare[::BARE]))
    yield from (row for row in rows if id(row) not in unwanted)
    yield from _planned(rows, lines, sounds, seed)


def _planned(rows: list[Passage], lines: list[str], sounds: Sounds, seed: int) -> Iterator[Passage]:
    """The limericks to learn with their rhymes first, and rhymes alone."""
    train = [row for row in rows if row.split == "train"]
    yield from filter(None, (plans.planned(row, sounds) for row in train))
    ends = [plans.closing(text, sounds) for text in {row.text: None for row in train}]
    closed = Counter(words[-1] for line in lines if (words := sounds.words(line)))
    themes = [row.prompt.strip().removeprefix("A limerick: ") for row in train if ": " in row.prompt]
    yield from plans.plans(plans.families(ends, closed, sounds), themes, seed)


def theme(text: str, rarity: Rarity, chance: random.Random) -> str:
    """The writer's line: who or what it is about, or nothing but the form."""
    hero = re.match(r"There (?:was|is|once was|was once) (an? [\w' -]{3,40}?)(?:[,;]| who\b|$)", text, re.MULTILINE)
    if hero and chance.random() < 0.6:
        return f"A limerick: {hero[1].lower()}\n\n"
    words = rarity.keywords(text, chance.choice((1, 2, 2)))
    return f"A limerick: {listed(words)}\n\n" if words and chance.random() < 0.8 else "A limerick\n\n"


def limericks(lines: list[str], sounds: Sounds) -> Iterator[tuple[int, str]]:
    """(index of the first line, five lines of text) of every limerick."""
    at = 0
    while at < len(lines) - 5:
        size, five = next(((size, five) for size, five in _readings(lines, at, sounds) if fits(five, sounds)), (1, ()))
        if five:
            yield at, "\n".join(five)
        at += size


def _readings(lines: list[str], at: int, sounds: Sounds) -> Iterator[tuple[int, tuple[str, ...]]]:
    """How the lines from `at` on may be read as five: as they stand, or Lear's four with the third divided."""
    first, second = _last(lines[at], sounds), _last(lines[at + 1], sounds)
    if not sounds.rhyme(first, second):
        return
    yield 5, tuple(tidy(line) for line in lines[at : at + 5])
    third = tidy(lines[at + 2])
    for gap in re.finditer(r"(?<=[,;:!?.]) |(?<=[,;:!?.][\"']) ", third):
        fourth = third[gap.end() : gap.end() + 1].upper() + third[gap.end() + 1 :]
        yield 4, (*map(tidy, lines[at : at + 2]), third[: gap.start()], fourth, tidy(lines[at + 3]))


def fits(five: tuple[str, ...], sounds: Sounds) -> bool:
    """AABBA (the last line may end on the first's word), the measure, one whole sentence or more, fit to be learnt."""
    one, two, three, four, five_ = (_last(line, sounds) for line in five)
    if not sounds.rhyme(one, two) or not sounds.rhyme(three, four):
        return False
    if not (sounds.rhyme(one, five_) or sounds.rhyme(two, five_) or five_ in (one, two)):
        return False
    count = [sounds.syllables(line) for line in five]
    if any(count[line] not in LONG for line in (0, 1, 4)) or any(count[line] not in SHORT for line in (2, 3)):
        return False
    if (
        max(count[2:4]) + 2 > min(count[0], count[1], count[4])
        or not _OPENS.match(five[0])
        or not _CLOSES.search(five[4])
    ):
        return False
    return not UNFIT.search("\n".join(five)) and not re.search(r"[\[\]{}<>_*\d|]", "".join(five))


def _last(line: str, sounds: Sounds) -> str:
    return (sounds.words(line) or [""])[-1]


def _times(text: str, split: str, sounds: Sounds) -> int:
    ends = [_last(line, sounds) for line in text.split("\n")]
    return TRUE_RHYMES_TIMES if split == "train" and ends[4] not in ends[:2] else 1
