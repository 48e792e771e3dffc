"""How well a draft takes up the words before it: the same person and tense, the same people and things.

A small model drifts from "she" to "I" and from the past to the present, and forgets who is there. Counted outside of
quotation marks, these drifts are plain to see, so drafts are ranked by them.
"""

import re
from collections import Counter
from itertools import pairwise

from engine.text import likeness, sentences

_SPOKEN = re.compile(r"\"[^\"\n]*(?:\"|\n|$)|“[^”\n]*(?:”|\n|$)|「[^」\n]*(?:」|\n|$)")
_FIRST = re.compile(r"\b(?:I|me|my|we|our)\b")
_PAST = re.compile(r"\b(?:was|were|had|said|went|came|saw|knew|did|could|would|asked|stood|took|\w{2,}[^e\W]ed)\b")
_PRESENT = re.compile(r"\b(?:is|are|has|says|goes|comes|sees|knows|does|can|will|asks|stands|takes)\b")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b")
_COMMON = re.compile(
    r"this|that|with|from|have|were|they|them|their|there|what|when|where|which|while|would|could|should|been|being|into"
    r"|than|then|upon|about|after|again|very|some|such|only|over|more|most|other|your|said|says|asked|went|came|made"
    r"|(?:him|her|it)self|because|before|through|still|even|just|like|much|many|nothing|something"
)
_STRANGER = 0.15
_DRIFT = 0.5
NEAR = 1500
NAMES = 20_000


def telling(text: str) -> str:
    """The narrator's words: the text without what people say in it."""
    return _SPOKEN.sub(" ", text)


def drift(text: str, before: str) -> float:
    """What a change of person or tense costs: 0 for none, 0.5 for each."""
    told, earlier = telling(text), telling(before[-NEAR:])
    cost = 0.0
    if len(earlier.split()) < 8 or len(told.split()) < 8:
        return cost
    was_i, is_i = bool(_FIRST.search(earlier)), bool(_FIRST.search(told))
    cost += _DRIFT * (is_i and not was_i) + _DRIFT / 2 * (was_i and not is_i)
    return cost + _DRIFT * (_tense(told) * _tense(earlier) < 0)


def is_first(text: str) -> bool:
    """Whether the narrator says I."""
    return bool(_FIRST.search(telling(text)))


def kinship(text: str, before: str, wish: str) -> float:
    """What taking up the people and things of the wish and of the last sentences gains, about 0 to 0.8."""
    mine = stems(text)
    gain = 0.5 * _covered(stems(wish), mine)
    if before:
        last = "".join(sentences.pieces(before[-NEAR:])[-3:])
        gain += 0.3 * min(1.0, 2 * _covered(stems(last), mine))
    earlier = f"{wish} {before[-NAMES:]}"
    strangers = {name for name in _NAME.findall(text) if name not in earlier}
    return gain - _STRANGER * max(0, len(strangers) - 1)


def stems(text: str) -> frozenset[str]:
    """The beginnings of the words that carry meaning; near enough to a stem for counting."""
    return frozenset(word[:5] for word in likeness.units(text) if len(word) > 3 and not _COMMON.fullmatch(word))


def monotony(text: str) -> float:
    """The share of sentences that begin with the same word as the one before."""
    heads = [units[0] for piece in sentences.pieces(text) if (units := likeness.units(piece))]
    return sum(one == other for one, other in pairwise(heads)) / max(1, len(heads) - 1)


def harping(text: str) -> float:
    """What saying one word again and again costs: 0.1 for each time beyond four in a hundred words."""
    said = Counter(word[:5] for word in likeness.units(text) if len(word) > 3 and not _COMMON.fullmatch(word))
    most = said.most_common(1)[0][1] if said else 0
    return 0.1 * max(0.0, most - 4 * max(1.0, len(likeness.units(text)) / 100))


def _covered(wanted: frozenset[str], mine: frozenset[str]) -> float:
    return len(wanted & mine) / len(wanted) if wanted else 0.0


def _tense(text: str) -> int:
    """1 for a tale in the past, -1 for one in the present, 0 if it cannot be told."""
    past, present = len(_PAST.findall(text)), len(_PRESENT.findall(text))
    return 0 if past + present < 2 or max(past, present) < 2 * min(past, present) else (1 if past > present else -1)
