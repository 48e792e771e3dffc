"""People made of one plain rule each, to see whether Ghostnote learns what they like.

A rule is a pure function of a text; a new one is one more line in `RULES`. A rater compares what it reads with what it
has read so far, likes what is better than most of it, and errs in 15 of 100 votes.
"""

import random
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.text import rhyme, sentences

Rule = Callable[[str], float]

NOISE = 0.15
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SEA = re.compile(
    r"\b(?:sea|seas|ocean|waves?|shores?|ships?|boats?|sails?|sailed|sailing|sailors?|tides?|harbou?rs?|fish|salt|"
    r"beach|sand|island|gulls?|fisherm[ae]n|captain|mast|deck|storms?|water|bay|coast|anchor|nets?)\b",
    re.IGNORECASE,
)
_ADVERBS = re.compile(
    r"\b(?:[a-z]{3,}ly|very|just|then|soon|never|quite|too|also|now|again|always|often|still|already|almost|even|ever|"
    r"once|perhaps|rather|so|here|there|away|back|well|far|instead|together|forever|maybe|yet|today)\b",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"[\"“][^\"”“]*[\"”]?")


def _rate(pattern: re.Pattern[str], text: str) -> float:
    return 100 * len(pattern.findall(text)) / max(len(_WORD.findall(text)), 20)


def likes_the_sea(text: str) -> float:
    """Words of the sea in a hundred, at most twelve."""
    return min(_rate(_SEA, text), 12.0)


def dislikes_long_sentences(text: str) -> float:
    """Minus the words of a mean sentence."""
    lengths = [len(_WORD.findall(piece)) for piece in sentences.pieces(text)]
    return -statistics.mean([length for length in lengths if length] or [40])


def likes_rhyme(text: str) -> float:
    """The share of lines that end in a rhyme with one of the two lines before or after."""
    lines = [line for line in text.splitlines() if _WORD.search(line)]
    lasts = [_WORD.findall(line)[-1].lower() for line in lines]
    near = [{other for other in lasts[max(0, at - 2) : at + 3] if other != last} for at, last in enumerate(lasts)]
    found = [any(rhyme.rhymes(last, other) for other in others) for last, others in zip(lasts, near, strict=True)]
    return sum(found) / max(len(found), 4)


def likes_dialogue(text: str) -> float:
    """The share of characters that somebody says."""
    return sum(map(len, _SPOKEN.findall(text))) / max(len(text), 80)


def dislikes_adverbs(text: str) -> float:
    """Minus the adverbs in a hundred words: those in -ly, and the plain ones of time, place and degree."""
    return -_rate(_ADVERBS, text)


RULES: dict[str, tuple[Rule, str]] = {  # the rule, and the form in which it is tried
    "sea": (likes_the_sea, "story"),
    "short": (dislikes_long_sentences, "story"),
    "rhyme": (likes_rhyme, "poem"),
    "dialogue": (likes_dialogue, "story"),
    "adverbs": (dislikes_adverbs, "story"),
}


@dataclass
class Rater:
    """Likes what beats more of what it has read than beats it, and errs with a chance of `noise`."""

    rule: Rule
    seed: int = 1
    noise: float = NOISE
    seen: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def vote(self, text: str) -> int:
        """1 or -1."""
        worth = self.rule(text)
        worse, better = sum(one < worth for one in self.seen), sum(one > worth for one in self.seen)
        self.seen.append(worth)
        likes = worse > better or (worse == better and self._dice.random() < 0.5)
        return 1 if likes != (self._dice.random() < self.noise) else -1

    def pick(self, texts: Sequence[str]) -> int:
        """Which of the alternatives it takes."""
        if self._dice.random() < self.noise:
            return self._dice.randrange(len(texts))
        worths = [self.rule(text) for text in texts]
        return self._dice.choice([at for at, worth in enumerate(worths) if worth == max(worths)])


_WHO = ["A lighthouse keeper", "An old clockmaker", "A girl with a lantern", "A tired soldier", "A miller's daughter",
        "A thief", "A doctor in a small town", "Two brothers", "A widow", "A boy who cannot speak", "A retired teacher",
        "A letter carrier", "The last wolf", "A young queen", "A baker", "A cartographer", "A stranger on the train",
        "A fiddler", "A gardener", "A night watchman", "A ferryman", "A sailor's wife", "A ship's cook",
        "A fisherman", "A girl from the island", "A harbour pilot"]  # fmt: skip
_WHAT = ["finds a letter addressed to no one", "loses a key", "hears music in an empty house", "meets an old friend",
         "buys a strange mirror", "is asked to keep a secret", "waits for somebody who is late", "opens a locked room",
         "is followed through the forest", "makes a promise", "finds a door in the garden", "tells a lie",
         "must choose between two roads", "wakes before dawn", "inherits a farm", "sees a light on the hill",
         "is given three wishes", "returns home after years", "digs up a box", "misses the last coach",
         "walks along the shore", "hides in a boat", "watches a storm come in", "crosses the bay at night"]  # fmt: skip


def premises(count: int, seed: int) -> list[str]:
    """Different things to write about; another seed gives others."""
    every = [f"{who} {what}" for who in _WHO for what in _WHAT]
    random.Random("premises").shuffle(every)
    half = len(every) // 2
    return random.Random(seed).sample(every[:half] if seed % 2 else every[half:], count)
