"""The mood of a text: how glad its words are (valence) and how much is going on in them (energy). Pure.

Counted with two lists of rated words, so it costs nothing, says the same each time and can be checked by hand; that is
enough to tell a gloomy page from a merry one, not to understand irony. The moods are the ones music knows, each a
direction from the middle, where plain narration lies. Chinese is not measured.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple
from zlib import crc32

FOLDER = Path(__file__).parent
Half = Literal["", "steer", "measure"]


class Mood(NamedTuple):
    """Valence and energy, each from -1 to 1; 0 is plain narration."""

    valence: float
    energy: float


MOODS: Mapping[str, Mood] = {
    "joyful": Mood(0.9, 0.5),
    "playful": Mood(0.7, 0.6),
    "heroic": Mood(0.4, 0.9),
    "romantic": Mood(0.95, -0.2),
    "tender": Mood(0.8, -0.5),
    "calm": Mood(0.5, -0.8),
    "dreamy": Mood(0.3, -0.9),
    "melancholy": Mood(-0.8, -0.6),
    "mysterious": Mood(-0.5, -0.2),
    "dark": Mood(-0.95, 0.1),
    "tense": Mood(-0.6, 0.8),
    "angry": Mood(-0.8, 0.6),
}
"""Where each mood lies; `engine.music.styles.MOODS` says what the same ones do to music."""

HINTS: Mapping[str, tuple[str, ...]] = {
    "joyful": ("laughter", "sunshine", "a feast", "friends", "singing", "dancing", "a birthday", "a merry song"),
    "playful": ("jokes", "tricks", "a puppy", "games", "mischief", "a clown", "giggling", "a funny hat"),
    "heroic": ("courage", "a banner", "swords", "a rescue", "a victory", "a brave knight", "trumpets", "a battle"),
    "romantic": ("love", "a kiss", "roses", "longing", "a sweetheart", "a wedding", "a tender embrace", "a beloved"),
    "tender": ("a mother", "a child", "warm arms", "kindness", "soft hands", "a lullaby", "a gentle voice", "comfort"),
    "calm": ("a quiet lake", "rest", "peace", "a garden", "still water", "a calm evening", "slow clouds", "silence"),
    "dreamy": ("dreams", "moonlight", "mist", "stars", "drifting clouds", "silver wings", "sleep", "a soft glow"),
    "melancholy": ("tears", "rain", "an empty house", "a grave", "farewell", "loneliness", "grief", "a faded letter"),
    "mysterious": ("a secret", "a locked door", "fog", "a riddle", "a strange light", "a hidden key", "whispers"),
    "dark": ("death", "blood", "bones", "ruin", "a curse", "the dead", "despair", "a crypt"),
    "tense": ("danger", "fear", "a scream", "footsteps", "a knife", "a chase", "alarm", "escape"),
    "angry": ("rage", "hatred", "shouting", "a fight", "curses", "fists", "a slammed door", "revenge"),
}
"""What a page of each mood has in it: a model takes up words better than it follows orders."""

MIDDLE: Mapping[Half, tuple[Mood, Mood]] = {
    "": (Mood(0.06, 0.08), Mood(0.17, 0.17)),
    "steer": (Mood(0.07, 0.04), Mood(0.15, 0.16)),
    "measure": (Mood(0.01, 0.06), Mood(0.14, 0.14)),
}
"""What plain narration measures and how far it spreads, by the words counted: of the held-out stories of the voices."""

_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_NEGATIONS = frozenset(("not", "no", "never", "without", "hardly", "scarcely", "neither", "nor", "nobody", "nothing"))
_REACH = 3  # words between a negation and what it denies
_DENIED = -0.5  # "not happy" is less than unhappy
_DOUBT = 3  # a single telling word says little
_ENDINGS = ("s", "es", "ed", "ing", "ly")
_STEM = 5


@dataclass(frozen=True, slots=True)
class Rated:
    """A text's mood, and how many of its words tell of each side."""

    mood: Mood
    glad: int
    lively: int


def measure(text: str, half: Half = "") -> Rated:
    """The mood of an English text; with `half` only one half of all rated words counts.

    The halves have no word stem in common, and no hint is in the second: what was steered can be measured by it.
    """
    words = _WORD.findall(text.lower())
    denied = _denied(words)
    found = [
        [rating * (_DENIED if no else 1.0) for word, no in zip(words, denied, strict=True)
         if (rating := _rating(which, word)) and _counts(word, half)]
        for which in ("valence", "energy")
    ]  # fmt: skip
    middle, spread = MIDDLE[half]
    raw = [sum(ratings) / (len(ratings) + _DOUBT) for ratings in found]
    valence, energy = ((value - mid) / wide for value, mid, wide in zip(raw, middle, spread, strict=True))
    return Rated(Mood(math.tanh(valence / 2), math.tanh(energy / 2)), len(found[0]), len(found[1]))


def towards(mood: str, felt: Mood) -> float:
    """How far a measured mood lies on the side of a named one: -1 to 1, 0 for neither side."""
    aim = MOODS[mood]
    return (aim.valence * felt.valence + aim.energy * felt.energy) / math.hypot(*aim)


def nearest(felt: Mood) -> str:
    """The mood in whose direction a measured one lies most."""
    return max(MOODS, key=lambda name: towards(name, felt))


def aim(name: str) -> tuple[str, Half]:
    """The mood of a name, and which half of the words serves it: all, or with ":steer" behind it, one half.

    The other half is kept back for measuring what came of it (`ghostnote eval mood`).
    """
    mood, _, half = name.partition(":")
    return mood, "steer" if half == "steer" else ""


def leaning(name: str) -> Callable[[str], float]:
    """What a text is worth, from -1 to 1, to somebody who asked for this mood (see `aim`)."""
    mood, half = aim(name)
    return lambda text: towards(mood, measure(text, half).mood)


def weights(name: str) -> Callable[[str], float]:
    """How well a single word suits a mood (see `aim`), from -1 to 1; 0 for most."""
    mood, half = aim(name)

    def weight(word: str) -> float:
        if not _counts(word, half):
            return 0.0
        return towards(mood, Mood(_rating("valence", word), _rating("energy", word)))

    return weight


def root(word: str) -> str:
    """What the forms of a word have in common, near enough."""
    return word[:_STEM]


def _denied(words: list[str]) -> list[bool]:
    left, found = 0, []
    for word in words:
        found.append(left > 0)
        left = _REACH if word in _NEGATIONS or word.endswith(("n't", "n’t")) else left - 1
    return found


@lru_cache(maxsize=32_768)
def _rating(which: str, word: str) -> float:
    """A word's rating from -1 to 1, in whatever form it stands; 0 if nobody rated it."""
    rated = _ratings(which)
    if word in rated:
        return rated[word]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word.removesuffix(ending)
            twice = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
            for base in (stem, stem + "e", twice):
                if base in rated:
                    return rated[base]
    return 0.0


def _counts(word: str, half: Half) -> bool:
    return not half or _steers(root(word)) == (half == "steer")


@lru_cache(maxsize=32_768)
def _steers(stem: str) -> bool:
    return stem in _HINTED or crc32(stem.encode()) % 2 == 0


_HINTED = frozenset(root(word) for name, hints in HINTS.items() for hint in (name, *hints) for word in hint.split())


@cache
def _ratings(which: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for line in (FOLDER / f"{which}.txt").read_text(encoding="ascii").splitlines():
        rating, *words = line.split()
        for word in words:
            found.setdefault(word, float(rating) / (4 if which == "valence" else 3))
    return found
