"""The poem corpus: runs of rhymed, even quatrains found in three million lines of verse that have lost their poems.

The Gutenberg Poetry Corpus keeps lines in order but no titles, stanzas or ends of poems. Quatrains that rhyme, scan
and close with a stop, one after the other in one scheme, bring stanzas back; a run of them is the poem.
"""

import random
import re
from collections.abc import Callable, Iterator

from adapters.passages import Passage
from deploy.corpora import verse
from deploy.corpora.premise import Rarity, listed
from deploy.corpora.prose import STRAIGHT
from deploy.corpora.rhyme import Sounds
from deploy.corpora.sources import Source
from deploy.corpora.split import without_shared

SCHEMES = ("ABAB", "AABB", "ABBA", "ABCB")
MOST_STANZAS = 4
# Held out are stretches of the corpus, which runs book after book: for the test Teasdale's two books and Housman's two,
# for validation an anthology. A poem elsewhere that shares an 8-word run with them is a reprint: never trained on.
TEST = (range(161_100, 162_250), range(176_690, 177_880), range(1_062_890, 1_064_270), range(1_194_600, 1_195_990))
VALID = (range(796_000, 816_000),)

_STALE = re.compile(
    r"\b(thee|thou|thy|thine|ye|hath|doth|hast|dost|art|wilt|shalt|o'er|e'er|e'en|ne'er|'twas|'tis|ere|yon|yonder|oft|"
    r"methinks|quoth|whence|thence|hither|thither|nigh|lo|alas|forsooth|wert|mine|behold|unto|betwixt|nay|yea)\b"
)
_PIOUS = re.compile(r"\b(lord|god|christ|jesus|saviour|heaven|holy|cross|angels?|sin|grace|hosts?|england|glory)\b")
_UNFIT = re.compile(
    r"\b(niggers?|negro|darkey|darkies|injun|squaw|jews?|gipsy|slaves?|whores?|hell|ha'e|wi'|auld|frae|bonnie|lassie|wee|"
    r"sae|nae|gin|aye|yer|dat|de|dey|der|mit|und|ain't|an'|o'|th'|i'|t')(?![a-z])"
)


def build(read: Callable[[Source], bytes], say: Callable[[str], None], seed: int) -> Iterator[Passage]:
    """Rows of every poem found; nothing if the verse or the dictionary is missing, which `say` is told."""
    verses = verse.opened(read, say)
    if verses is None:
        return
    lines, sounds = verses
    found = list(poems(lines, sounds))
    splits = [split_of(at) for at, _ in found]
    held = [text for (_, text), split in zip(found, splits, strict=True) if split != "train"]
    ours = [text for (_, text), split in zip(found, splits, strict=True) if split == "train"]
    fresh = set(without_shared(ours, held))
    rarity = Rarity(text for _, text in found)
    seen = set[str]()
    for (at, text), split in zip(found, splits, strict=True):
        opening = " ".join(sounds.words(text)[:12])
        if opening in seen or (split == "train" and text not in fresh):
            continue
        seen.add(opening)
        yield Passage(theme(text, rarity, random.Random(f"{seed}/{at}")), text, True, "", f"lines from {at}", split)


def split_of(at: int) -> str:
    """The split of the poem that begins at line `at` of the corpus."""
    return "test" if any(at in part for part in TEST) else "valid" if any(at in part for part in VALID) else "train"


def theme(text: str, rarity: Rarity, chance: random.Random) -> str:
    """The writer's line for a poem: one to three telling words, or its first line, or nothing but the form."""
    if chance.random() < 0.15:
        return "A poem\n\n"
    if chance.random() < 0.2:
        return f"A poem: {text.partition(chr(10))[0].strip(' ,.;:!?—')}\n\n"
    return f"A poem: {listed(rarity.keywords(text, chance.choice((1, 2, 2, 3))))}\n\n"


def poems(lines: list[str], sounds: Sounds) -> Iterator[tuple[int, str]]:
    """(index of the first line, text with a blank line between stanzas) of every run of two to four good quatrains."""
    at = 0
    while at + 8 <= len(lines):
        scheme = scheme_of(lines[at : at + 4], sounds)
        if not scheme:
            at += 1
            continue
        end = at + 4
        while end - at < 4 * MOST_STANZAS and scheme_of(lines[end : end + 4], sounds) == scheme:
            end += 4
        stanzas = ["\n".join(map(tidy, lines[first : first + 4])) for first in range(at, end, 4)]
        text = "\n\n".join(stanzas)
        if len(stanzas) > 1 and text.rstrip("\"'")[-1] in ".!?" and fit(text, sounds):
            yield at, text
        at = end


def scheme_of(lines: list[str], sounds: Sounds) -> str:
    """The rhyme scheme of four lines that rhyme, scan alike and close with a stop; '' for any others."""
    if len(lines) < 4 or not all(line[:1].isupper() or line[:1] in "\"'“" for line in lines):
        return ""
    if lines[3].rstrip("\"'” ")[-1:] not in {".", "!", "?", ";", ":"}:
        return ""
    words = [sounds.words(line) for line in lines]
    if not all(3 <= len(found) <= 12 for found in words):
        return ""
    last = [found[-1] for found in words]
    if not sounds.rhyme(last[1], last[3]):
        scheme = "AABB" if sounds.rhyme(last[0], last[1]) and sounds.rhyme(last[2], last[3]) else ""
        scheme = "ABBA" if not scheme and sounds.rhyme(last[0], last[3]) and sounds.rhyme(last[1], last[2]) else scheme
    else:
        scheme = "ABAB" if sounds.rhyme(last[0], last[2]) else "ABCB"
    if not scheme:
        return ""
    count = [sounds.syllables(line) for line in lines]
    even = abs(count[0] - count[2]) <= 1 and abs(count[1] - count[3]) <= 1 and min(count) >= 4 and max(count) <= 13
    return scheme if even else ""


def fit(text: str, sounds: Sounds) -> bool:
    """Whether a voice may learn these lines: the words of today, no dialect, little piety, nothing but text."""
    low = text.lower().replace("’", "'")
    lines = text.count("\n") + 1
    stale, pious = len(_STALE.findall(low)), len(_PIOUS.findall(low))
    if _UNFIT.search(low) or stale > lines // 8 or pious > lines // 6 or re.search(r"[\[\]{}<>_*\d|]", text):
        return False
    known = [sounds.known(word) for word in sounds.words(text)]
    return sum(known) / len(known) > 0.98


def tidy(line: str) -> str:
    """A line with straight quotes, one kind of dash and single spaces."""
    line = line.translate(STRAIGHT)
    return re.sub(r"\s+", " ", re.sub(r"\s*--+\s*", "—", line)).strip()
