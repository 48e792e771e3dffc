"""The rhyme corpus: couplets of old verse, of which only the word that closes the rhyme is to be learnt.

A few hundred limericks show a voice each sound too seldom for it to learn what rhymes. Verse shows it thousands of
times; the lines before the last word carry no loss, so that nothing else is learnt of them. A lesson before others
(`adapters.train --parent`), not a voice.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

from adapters.passages import Passage
from deploy.corpora import verse
from deploy.corpora.limericks import UNFIT
from deploy.corpora.poems import fit, tidy
from deploy.corpora.rhyme import Sounds
from deploy.corpora.sources import Source
from deploy.corpora.stretches import split_of

SYLLABLES = range(5, 11)
MOST = 6000  # couplets of a split
OFTEN = 30  # a rhyme word is common if that many couplets end in it
EACH = 60  # couplets of one word, at most: love and above would be half of them


def build(read: Callable[[Source], bytes], say: Callable[[str], None], seed: int) -> Iterator[Passage]:
    """Rows of couplets in common words, in a shuffled order; nothing if a source is missing, which `say` is told."""
    verses = verse.opened(read, say)
    if verses is None:
        return
    lines, sounds = verses
    found = [(at, one, two) for at, one, two in couplets(lines, sounds) if split_of(at)]
    often = Counter(_last(line, sounds) for _, *both in found for line in both)
    random.Random(seed).shuffle(found)
    told, each = Counter[str](), Counter[str]()
    for at, one, two in found:
        split, ends = split_of(at), (_last(one, sounds), _last(two, sounds))
        known = all(often[end] >= OFTEN and each[end] < EACH for end in ends)
        if not known or told[split] >= (MOST if split == "train" else MOST // 20):
            continue
        told[split] += 1
        each.update(ends)
        start, _, last = two.rpartition(" ")
        yield Passage(f"A verse\n\n{one}\n{start}", f" {last}", False, "", f"lines from {at}", split)


def couplets(lines: list[str], sounds: Sounds) -> Iterator[tuple[int, str, str]]:
    """(index of the first, the two lines) of neighbours that rhyme, are of a size, and whose words may be learnt."""
    for at, (one, two) in enumerate(pairwise(lines)):
        words = sounds.words(one), sounds.words(two)
        if not all(words) or not sounds.rhyme(words[0][-1], words[1][-1]):
            continue
        sizes = sounds.syllables(one), sounds.syllables(two)
        whole = two.rstrip("\"'” ")[-1:] in {".", "!", "?", ";", ",", ":"}
        if all(size in SYLLABLES for size in sizes) and abs(sizes[0] - sizes[1]) < 2 and whole:
            text = f"{tidy(one)}\n{tidy(two)}"
            if fit(text, sounds) and not UNFIT.search(text):
                yield at, tidy(one), tidy(two)


def _last(line: str, sounds: Sounds) -> str:
    return sounds.words(line)[-1]
