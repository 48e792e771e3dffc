"""What can be counted in what a voice writes: variety, repetition, length, copies. Pure; every function takes texts."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

RUN = 13  # words in a row that nobody writes twice by chance
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_MOST = 120  # texts compared with each other

Gram = tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of a text in lower case; a character each where a script has no spaces."""
    return [word for found in _WORD.findall(text.lower()) for word in (found if _spaceless(found) else (found,))]


def _spaceless(word: str) -> bool:
    return "\u3040" <= word[0] <= "\u9fff"


def grams(text: str, size: int) -> list[Gram]:
    """Every run of `size` words."""
    found = words(text)
    return [tuple(found[at : at + size]) for at in range(len(found) - size + 1)]


def distinct(texts: Sequence[str], size: int) -> float:
    """The share of all runs of `size` words that are different ones (distinct-n, arXiv:1510.03055); 0 without any."""
    found = [gram for text in texts for gram in grams(text, size)]
    return len(set(found)) / len(found) if found else 0.0


def repetition(texts: Sequence[str]) -> float:
    """The mean share of a text's runs of three words that stood in it before."""
    shares = [1 - len(set(found)) / len(found) for text in texts if (found := grams(text, 3))]
    return sum(shares) / len(shares) if shares else 0.0


def self_bleu(texts: Sequence[str]) -> float:
    """How like the texts are to each other: mean BLEU-4 of each against all others (arXiv:1802.01886); 1 is the same.

    Without brevity penalty, and at most 120 texts are compared.
    """
    some = [text for text in texts if len(words(text)) >= 4][:_MOST]
    if len(some) < 2:
        return 0.0
    tables = [[Counter(grams(text, size)) for text in some] for size in range(1, 5)]
    return sum(_bleu([_clipped(table, at) for table in tables]) for at in range(len(some))) / len(some)


def _clipped(table: Sequence[Counter[Gram]], at: int) -> float:
    own = table[at]
    most: Counter[Gram] = Counter()
    for other, counts in enumerate(table):
        if other != at:
            for gram in own:
                most[gram] = max(most[gram], counts[gram])
    return sum(min(count, most[gram]) for gram, count in own.items()) / max(own.total(), 1)


def _bleu(precisions: Sequence[float]) -> float:
    return math.exp(sum(math.log(max(share, 1e-4)) for share in precisions) / len(precisions))


def known_runs(texts: Iterable[str]) -> frozenset[Gram]:
    """What a text may not repeat: every run of 13 words and every two neighbouring lines of verse in `texts`."""
    return frozenset(run for text in texts for run in _runs(text))


def _runs(text: str) -> list[Gram]:
    lines = [words(line) for line in text.splitlines()]
    lines = [line for line in lines if line]
    verse = len(lines) > 1 and sum(map(len, lines)) <= 12 * len(lines)
    pairs = pairwise(lines) if verse else ()
    return grams(text, RUN) + [("/", *one, "/", *two) for one, two in pairs if len(one) + len(two) >= 8]


def copied(texts: Sequence[str], known: frozenset[Gram]) -> float:
    """The share of texts that hold a known run."""
    return sum(any(run in known for run in _runs(text)) for text in texts) / max(len(texts), 1)


def length(texts: Sequence[str]) -> float:
    """Words of a mean text."""
    return sum(len(words(text)) for text in texts) / max(len(texts), 1)
