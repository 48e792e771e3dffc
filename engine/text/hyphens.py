"""Where a word is divided when it is sung: as many parts as it has syllables, as a score prints them.

Hyphenation for print (Knuth and Liang's patterns) leaves out most divisions near a word's ends and knows no number of
syllables; notes need exactly as many parts as the dictionary hears. So the vowels are counted out first and the
consonants between them dealt by the rules of English spelling; compounds are divided at their joint.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from engine.text.rhyme import sounds, syllables

Span = tuple[int, int]

_CLUSTERS = (
    "bl br ch cl cr dr dw fl fr gl gr ph pl pr qu sc sh sk sl sm sn sp st sw th tr tw wh wr chr phr sch scr shr spl spr"
    " squ str thr"
)
_ONSETS = frozenset(_CLUSTERS.split())
_BEHIND = ("ck", "ng", "gh", "tch", "dg")  # belong to the vowel before them
_SUFFIXES = ("", "s", "d", "ly", "ment", "ments", "ful", "less", "ness", "some", "work", "house")


def divided(word: str, count: int) -> tuple[str, ...]:
    """The word in `count` parts that spell it when joined; fewer only for a word of fewer letters."""
    count = min(count, len(word))
    if count < 2:
        return (word,)
    lower = word.lower()
    joint = _joint(lower, count)
    if joint:
        head = syllables(lower[:joint])
        return divided(word[:joint], head) + divided(word[joint:], count - head)
    nuclei = _nuclei(lower, count)
    cuts = [_cut(lower, left[1], right[0]) for left, right in pairwise(nuclei)]
    edges = [0, *cuts, len(word)]
    return tuple(word[a:b] for a, b in pairwise(edges))


def _joint(word: str, count: int) -> int:
    """Where two words of the dictionary meet in a compound ("light|house"); 0 if it is none."""
    cuts = sorted(range(3, len(word) - 3), key=lambda cut: abs(2 * cut - len(word)))
    for cut in cuts:
        head, tail = word[:cut], word[cut:]
        # Short finds are accidents more often than not ("fat|hers"), and so is a vowel that ends the first half.
        if min(len(head), len(tail)) < 4 and (tail[0] == "h" or head[-1] in "aeiou" or tail[0] in "aeiou"):
            continue
        if all(len(half) > 2 and sounds(half) for half in (head, tail)) and _fits(head, tail, count):
            return cut
    return 0


def _fits(head: str, tail: str, count: int) -> bool:
    return len(tail) > 3 and syllables(head) + syllables(tail) == count


def _nuclei(word: str, count: int) -> list[Span]:
    """The places of exactly `count` vowels or groups of them."""
    spans = [match.span() for match in re.finditer(r"(?<![q])[aeiou]+y?|(?<![aeiou])y(?![aeiou])|(?<=q)u(?=$)", word)]
    spans = spans or [(0, 1)]
    while len(spans) > count:
        del spans[next(_silent(word, spans), len(spans) - 1)]
    while len(spans) < count:
        spans = _one_more(word, spans)
    return spans


def _silent(word: str, spans: list[Span]) -> Iterator[int]:
    """Vowels that may be mute, the likeliest first: an e before an ending, then any lone e, then any."""
    lone = [i for i, (a, b) in enumerate(spans) if word[a:b] == "e" and i]
    yield from (i for i in reversed(lone) if word[spans[i][1] :] in _SUFFIXES)
    yield from reversed(lone)


def _one_more(word: str, spans: list[Span]) -> list[Span]:
    """One vowel group cut in two ("li|on"), or where there is none, the longest stretch without one."""
    long = max(range(len(spans)), key=lambda i: (spans[i][1] - spans[i][0], i))
    start, end = spans[long]
    if end - start > 1:
        cut = end - 1 if word[end - 1] != "y" or end - start == 2 else end - 2
        return [*spans[:long], (start, cut), (cut, end), *spans[long + 1 :]]
    taken = {place for a, b in spans for place in range(a, b)}
    free = [place for place in range(len(word)) if place not in taken]
    return sorted([*spans, (free[-1], free[-1] + 1)]) if free else spans


def _cut(word: str, left: int, right: int) -> int:
    """Where the consonants between two vowels part."""
    run = word[left:right]
    if len(run) > 2 and run.endswith("l") and word[right:] in ("e", "es", "ed"):
        return right - 2  # "lit|tle"
    if len(run) < 2:
        return left + (run == "x")
    behind = next((len(end) for end in _BEHIND if run.startswith(end) and len(run) > len(end)), 0)
    if behind:
        return left + behind
    if run in _BEHIND:
        return right
    for size in range(min(3, len(run)), 1, -1):
        if run[-size:] in _ONSETS and (size < len(run) or run not in {"sc", "sk", "sm", "sn", "sp", "st"}):
            return right - size
    return right - 1
