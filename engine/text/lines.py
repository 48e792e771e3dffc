"""Forms that are written line by line: of many drafts of a line, the one that keeps the rule and reads best.

A line of verse must have its syllables, an idea or a speech must be a sentence of the right size unlike those before. A
draft of verse that runs on is used as far as the count goes, so a batch of sixteen nearly always holds one that fits.
Pure; the writer draws the drafts.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.ports import Draft, Line
from engine.text import likeness, rhyme, sentences
from engine.text.clean import Manners, clean
from engine.text.forms.load import Lines
from engine.text.metre import WEAK, same_sound

_VERSE = re.compile(r"[A-Za-z][A-Za-z'’ ,.;:!?—–-]*…?")
_MEN = re.compile(
    r"\b(?:brothers|men|boys|husbands|sons|kings|monks|father and son|fishermen|soldiers)\b", re.IGNORECASE
)
_WOMEN = re.compile(r"\b(?:sisters|women|girls|wives|daughters|queens|nuns|mother and daughter)\b", re.IGNORECASE)
_CLUMSY = re.compile(
    r"\ba [aeio]\w|\ban [^aeiouhy\W]|\b(\w+),? \1\b|\b(?:and|but|or|the|of|a),(?: |$)|^\W", re.IGNORECASE
)
_LABEL = re.compile(r"^\s*[A-Z][\w.'’ -]{0,24}:")
_STUB = re.compile(r"[.!?:;] +[\w'’]+(?: [\w'’]+)?[.,;:!?—]*$")
BLAND = -1.3  # what a small model finds likelier than this is a commonplace, and no better for it
SPARE_SCORE = -9.0
ATTEMPTS = 3
FORCED, COST = -5.0, 0.15  # nats below which a word was not the model's own choice, and what each more of them costs
PARTNERS = 8  # rhymes that a word must have for each line that is to rhyme with it


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines that stand. `tried` drawings failed for the next one; `spare` is the best of what did not fit."""

    rule: Lines
    leads: tuple[str, ...]
    wish: str = ""
    stale: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    tried: int = 0
    spare: str = ""
    suits: Callable[[str], float] | None = None

    @property
    def text(self) -> str:
        """The lines as a text, with what stands between them."""
        return self.first(len(self.lines))

    def first(self, count: int) -> str:
        """So many of the lines as a text."""
        return "\n".join(f"{self._head(at)}{line}" for at, line in enumerate(self.lines[:count]))

    @property
    def opening(self) -> str:
        """What stands before the next line: the lines so far, and its own head and lead."""
        return (self.text + "\n" if self.lines else "") + self._head(len(self.lines)) + self.lead

    def _head(self, at: int) -> str:
        head = self.rule.heads[at] if self.rule.heads else ""
        return head + "\n" if head else ""

    @property
    def verse(self) -> Line | None:
        """What the next line must be, where its syllables are counted."""
        rule, at = self.rule, len(self.lines)
        if not rule.syllables:
            return None
        ends = [rhyme.words(line)[-1:] or [""] for line in self.lines]
        letter = rule.rhymes[at] if rule.rhymes else "-"
        same = [place for place, mark in enumerate(rule.rhymes) if mark == letter and letter != "-"]
        partners = tuple(ends[place][0] for place in same if place < at)
        later = sum(place > at for place in same) if not partners else 0
        count = rule.syllables[at]
        return Line(
            max(1, count - rule.slack),
            count + rule.slack,
            partners,
            tuple(word for (word,) in ends),
            PARTNERS * later,
        )

    @property
    def complete(self) -> bool:
        """Whether no line is missing."""
        return len(self.lines) == len(self.leads)

    @property
    def lead(self) -> str:
        """What the next line begins with."""
        return self.leads[len(self.lines)]

    @property
    def score(self) -> float:
        """How well the lines read: the mean of their scores."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0

    def with_lines(self, drafts: Sequence[Draft], most: int = 1) -> "list[Piece]":
        """The piece with its next line, in the best ways (at most so many) among the drafts that fit.

        After three drawings of which none fits, with a line that does not.
        """
        fits = {line: self._score(line, draft) for draft in drafts if (line := self._fit(draft))}
        best = sorted(fits, key=lambda line: fits[line], reverse=True)[:most]
        return [self._and(line, fits[line]) for line in best] or [self._without(drafts)]

    def _without(self, drafts: Sequence[Draft]) -> "Piece":
        spare = self.spare or next((line for draft in drafts if (line := tidy(draft.text))), "")
        if self.tried + 1 >= ATTEMPTS and spare:
            return self._and(spare, SPARE_SCORE)
        return replace(self, tried=self.tried + 1, spare=spare)

    def _and(self, line: str, score: float) -> "Piece":
        lines = [*self.lines, f"{self.lead} {line}".strip()]
        while len(lines) < len(self.leads) and (known := self._known(lines)):
            lines.append(known)
        return replace(self, lines=tuple(lines), scores=(*self.scores, score), tried=0, spare="")

    def _known(self, lines: Sequence[str]) -> str:
        """The next line where it need not be written: it comes again, or it is given."""
        at, rule = len(lines), self.rule
        if rule.again and rule.again[at]:
            return lines[rule.again[at] - 1]
        return rule.given[at] if rule.given else ""

    def _fit(self, draft: Draft) -> str:
        if verse := self.verse:
            line = fit_verse(draft.text, verse)
            return self._set(line)
        return fit_words(draft, self.rule.words)

    def _set(self, line: str) -> str:
        """The line as the form prints it: rhymed verse keeps the marks at its ends, and stops at its last one."""
        if not self.rule.rhymes:
            return tidy(line)
        last = len(self.lines) == len(self.leads) - 1
        return line.rstrip(",;:—") + "." if last and line and line[-1] not in ".!?" else line

    def _score(self, line: str, draft: Draft) -> float:
        said, strong = rhyme.words(line), content(line)
        before = {word for one in self.lines for word in content(one)}
        score = min(draft.logprob, BLAND) + min(0.5, 0.8 * len(strong) / max(1, len(said)))
        score -= 0.8 * sum(word in before for word in set(strong)) / (1 if self.rule.syllables else 3)
        score -= 0.8 * (len(strong) - len(set(strong)))
        score -= 2.0 * likeness.likeness(line, (*self.avoid, *self.lines), 3)
        score -= 0.8 * sum(bool(re.search(phrase, line, re.IGNORECASE)) for phrase in self.stale)
        score += 0.5 * about(line, self.wish) + (self.suits(line) if self.suits else 0.0)
        score -= 1.0 * bool(_said(line) & {said for one in self._bare() for said in _said(one)})
        score -= 1.0 * any(_opening(line) == _opening(one) for one in self._bare())
        return score - (self._flaws(line, draft) if self.rule.syllables else 0.0)

    def _bare(self) -> list[str]:
        return [one.removeprefix(lead).strip() for one, lead in zip(self.lines, self.leads, strict=False)]

    def _flaws(self, line: str, draft: Draft) -> float:
        """What ails a line of verse: a weak end, an uncertain count, a word that was forced upon it, a stub behind a
        full stop, an end where the model did not mean one.
        """
        said = rhyme.words(line)
        meant = draft.finish in {"end", "stop"} and rhyme.words(tidy(draft.text)) == said
        last = len(self.lines) == len(self.leads) - 1
        cost = 1.5 if WEAK.fullmatch(said[-1]) else 0.0
        cost += 0.0 if rhyme.certain(line) else 0.4
        cost += 1.0 * bool(_CLUMSY.search(line)) + 0.6 * bool(_STUB.search(line))
        cost += COST * max(0.0, FORCED - draft.lowest)
        # held lines all stop where they are meant to; whether the last one is the end only its mark tells
        cost += 0.8 * (last and bool(self.rule.rhymes) and draft.text.strip()[-1:] not in {".", "!", "?"})
        return cost if meant else cost + (2.0 if last else 0.8)


def content(line: str) -> list[str]:
    """The words that carry the meaning."""
    return [word for word in rhyme.words(line) if not WEAK.fullmatch(word)]


def about(line: str, wish: str) -> bool:
    """Whether a line names something that the wish names, in whatever form of the word."""
    stems = {word[:5] for word in content(wish) if len(word) > 3}
    return any(word[:5] in stems for word in content(line))


def tidy(text: str, marks: bool = False) -> str:
    """The first line of a draft, without list marks, quotes and dashes around it; `marks`: one at its end stays."""
    line = next((line for line in text.split("\n") if line.strip()), "")
    found = re.sub(r"\s+", " ", line).strip()
    last = found[-1] if marks and found[-1:] in {",", ";", ":", "—"} else ""
    return re.sub(r"^[\s\"“*_>-]+|[\s\"”*_/,;:—–-]+$", "", found) + last


def fit_verse(text: str, line: Line) -> str:
    """The draft's first line, or as many of its first words, as make such a line; "" if none do."""
    whole = tidy(text, marks=True).split(" ")
    found = whole[: line.most]  # no word has less than a syllable
    for count in range(len(found), 0, -1):
        start = tidy(" ".join(found[:count]), marks=count == len(whole))
        if line.least <= rhyme.syllables(start) <= line.most and _rhymes(start, line):
            return start if _VERSE.fullmatch(start) else ""
    return ""


def _rhymes(text: str, line: Line) -> bool:
    last = rhyme.words(text)[-1]
    return all(rhyme.rhymes(last, other, usual=True) and not same_sound(last, other) for other in line.rhymes)


def fit_words(draft: Draft, words: tuple[int, ...]) -> str:
    """The draft's first line as whole sentences, if it has so many words; "" otherwise."""
    line = next((line for line in draft.text.split("\n") if line.strip()), "").strip().strip("*_ ")
    line = re.sub(r"\([^)]*\)\s*", "", line)  # how it is said is the reader's to find out
    if draft.finish in {"end", "stop"} and line and line[-1].isalnum():
        line += "."
    text = clean(line, Manners()).text
    if not text or _LABEL.match(text) or not sentences.finished(text):
        return ""
    return text if words[0] <= len(likeness.units(text)) <= words[1] else ""


def speakers(story: str, wish: str, cast: Sequence[str], people: frozenset[str], seed: int) -> tuple[str, str]:
    """Who speaks now and who answers: the last two of the scene, else names in the wish, else two of the cast."""
    said = re.findall(r"^\s*([A-Z][\w.'’ -]{0,24}):", story, re.MULTILINE)
    said = [name for name in said if name.lower() not in {person.lower() for person in people}] or said
    named = re.findall(r"(?<=[a-z,] )([A-Z][a-z]{2,})\b", wish)
    if named and (first := re.match(r"([A-Z][a-z]{2,}) (?:and|tells|asks|meets|finds|[a-z]+s)\b", wish)):
        named.insert(0, first[1])
    cast = cast[1::2] if _MEN.search(wish) else cast[::2] if _WOMEN.search(wish) else cast
    fresh = list(cast[seed % max(1, len(cast)) :]) + list(cast)
    order = list(dict.fromkeys([*reversed(said), *(name.upper() for name in named), *fresh]))
    last, other = order[0], order[1]
    return (other, last) if said else (last, other)


def _said(line: str) -> frozenset[tuple[str, ...]]:
    """The sentences of a line, as words."""
    return frozenset(tuple(rhyme.words(piece)) for piece in sentences.pieces(line) if len(rhyme.words(piece)) > 1)


def _opening(line: str) -> str:
    return " ".join(rhyme.words(line)[:2])
