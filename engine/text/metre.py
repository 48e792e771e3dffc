"""What one line of verse may go on with: how many syllables it has, how many it wants, which words may end it.

A small model writes good words but does not count them and seldom rhymes. So it is not asked for lines until one
happens to fit: while it writes a line, words for which there is no room are out of its reach, words that may end the
line come nearer where the line may end, and the line breaks only behind one of them. Which words is still the model's
to choose. Pure; `engine/text/guidance` turns it into numbers for the model's vocabulary.
"""

import re
from dataclasses import dataclass

from engine.ports import Line
from engine.text import rhyme

WEAK = re.compile(
    r"an?|the|of|to|in|on|at|by|for|from|with|and|but|or|as|is|are|was|were|be|been|my|your|his|her|its|our|their|this|that"
    r"|these|those|i|we|s?he|it|they|you|into|onto|than|then|so|if|when|while|where|who|which|not|no|very|can|will|would"
    r"|could|have|has|had|do|does|did|just|there|here|what|how|some|any|all|more|most|like"
)
SHORT = frozenset(
    ["be", "by", "do", "go", "he", "ho", "if", "it", "me", "my", "no", "oh", "on", "ox", "so", "to", "up", "us", "we"]
)


@dataclass(frozen=True, slots=True)
class Room:
    """What fits next. `free`: syllables of a word after which another can still end the line.

    `ending`: fewest and most syllables of a word that ends it. `breaks`: the line may end here. `done`: it must.
    """

    free: int
    ending: tuple[int, int]
    breaks: bool
    done: bool


def room(text: str, line: Line, ends_well: bool) -> Room:
    """What fits behind the words so far; `ends_well`: the last of them may end the line."""
    said = rhyme.syllables(text)
    within = line.least <= said <= line.most
    breaks = (within and ends_well) or said > line.most
    done = said > line.most or (breaks and bool(line.rhymes))
    least = max(1, line.least - said)
    return Room(line.most - said - 1, (least, line.most - said), breaks, done)


def may_end(word: str) -> bool:
    """Whether a line of verse can end in the word: a whole word of the dictionary that carries something."""
    long_enough = len(word) > 2 or word in SHORT
    return long_enough and not WEAK.fullmatch(word) and bool(rhyme.sounds(word))


def same_sound(one: str, other: str) -> bool:
    """Whether the second word is the first again rather than a rhyme: "sea" and "see", "light" and "delight"."""
    short, long = sorted((one, other), key=len)
    before = long.removesuffix(short)
    if len(short) > 2 and 2 < len(before) < len(long) and rhyme.sounds(before):
        return True
    return one == other or bool(_from_onset(one) & _from_onset(other))


def _from_onset(word: str) -> frozenset[rhyme.Sound]:
    """The stressed syllable with the consonants before it, and all that follows."""
    found = set[rhyme.Sound]()
    for way in rhyme.sounds(word):
        strong = max((at for at, phone in enumerate(way) if phone[-1] in "12"), default=0)
        begin = strong
        while begin and not way[begin - 1][-1].isdigit():
            begin -= 1
        found.add(tuple(phone.rstrip("012") for phone in way[begin:]))
    return frozenset(found)
