"""Verse with counted lines, line by line: of many drafts of a line the one that fits its syllables and reads best.

A draft that runs on is used as far as the count goes, if a line can end there; so a batch of sixteen nearly always
holds one that fits. Pure; the writer draws the drafts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.ports import Draft
from engine.text import likeness, rhyme

_WEAK = re.compile(
    r"an?|the|of|to|in|on|at|by|for|from|with|and|but|or|as|is|are|was|were|be|been|my|your|his|her|its|our|their|this|that"
    r"|these|those|i|we|s?he|it|they|you|into|onto|than|then|so|if|when|while|where|who|which|not|no|very|can|will|would"
)
_ALLOWED = re.compile(r"^[A-Za-z][A-Za-z'’ ,;:—–-]*[.!?…]?$")


@dataclass(frozen=True, slots=True)
class Poem:
    """The lines that stand. `tried` drawings have failed for the next one; `spare` is the best of what did not fit."""

    pattern: tuple[int, ...]
    lines: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    tried: int = 0
    spare: str = ""

    @property
    def text(self) -> str:
        """The lines as a text."""
        return "\n".join(self.lines)

    @property
    def complete(self) -> bool:
        """Whether no line is missing."""
        return len(self.lines) == len(self.pattern)

    @property
    def logprob(self) -> float:
        """How well the lines read, as a mean of their scores."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0

    def with_line(self, drafts: Sequence[Draft], avoid: Sequence[str] = (), attempts: int = 3) -> "Poem":
        """The poem with its next line, if one of the drafts fits; after `attempts` drawings, with one that does not."""
        wanted, last = self.pattern[len(self.lines)], len(self.lines) == len(self.pattern) - 1
        fitting: list[tuple[float, str]] = []
        spare = self.spare
        for draft in drafts:
            line = fit(draft.text, wanted)
            if line:
                fitting.append((self._score(line, draft, avoid, last), line))
            elif not spare and draft.text.strip():
                spare = tidy(draft.text)
        if fitting:
            score, line = max(fitting)
            return replace(self, lines=(*self.lines, line), scores=(*self.scores, score), tried=0, spare="")
        if self.tried + 1 >= attempts and spare:
            return replace(self, lines=(*self.lines, spare), scores=(*self.scores, -9.0), tried=0, spare="")
        return replace(self, tried=self.tried + 1, spare=spare)

    def _score(self, line: str, draft: Draft, avoid: Sequence[str], last: bool) -> float:
        said, before = rhyme.words(line), set(rhyme.words(self.text))
        strong = [word for word in said if not _WEAK.fullmatch(word)]
        score = draft.logprob
        score -= 1.5 if _WEAK.fullmatch(said[-1]) else 0.0
        score -= 0.8 * sum(word in before for word in strong)
        score -= 0.8 * (len(strong) - len(set(strong)))
        score -= 0.0 if rhyme.certain(line) else 0.4
        score -= 2.0 * likeness.likeness(line, avoid, 3)
        ran_on = len(rhyme.words(draft.text.strip().split("\n")[0])) > len(said)
        return score - (1.0 if last and ran_on else 0.3 if ran_on else 0.0)


def tidy(text: str) -> str:
    """The first line of a draft, without list marks, quotes and dashes around it."""
    line = next((line for line in text.split("\n") if line.strip()), "")
    return re.sub(r"^[\s\"“*_>-]+|[\s\"”*_/,;:—–-]+$", "", re.sub(r"\s+", " ", line))


def fit(text: str, syllables: int) -> str:
    """The draft's first line, or as many of its first words, as make exactly so many syllables; "" if none do."""
    line = tidy(text)
    found = line.split(" ")
    for count in range(len(found), 0, -1):
        start = tidy(" ".join(found[:count]))
        if rhyme.syllables(start) == syllables:
            return start if _ALLOWED.match(start) else ""
    return ""
