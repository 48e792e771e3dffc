"""Whether a text holds its form's rule, and how well it sits in the form; one small function a rule.

A form's data file names its checker. Each says three things: whether the text may stand as this form at all, a score to
rank drafts with (about -2 to 1, in the same scale as a mean log-probability), and the rule's name where it was missed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import mean, pstdev

from engine.text import likeness, rhyme, sentences


@dataclass(frozen=True, slots=True)
class Verdict:
    """`holds`: the rule is kept. `score`: more is better. `rule`: what was missed, as people write it."""

    holds: bool
    score: float = 0.0
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a form's file says about size: the fewest words, and where lines are counted their syllables and rhymes."""

    least: int
    pattern: tuple[int, ...] = ()
    slack: int = 0
    scheme: str = ""
    labels: tuple[str, ...] = ()


def lines_of(text: str) -> list[str]:
    """The lines that have anything in them."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def prose(text: str, measure: Measure) -> Verdict:
    """Enough words, in sentences that do not all begin alike."""
    count = len(likeness.units(text))
    if count < measure.least:
        return Verdict(False, -2.0, "length")
    heads = [" ".join(likeness.units(piece)[:2]) for piece in sentences.pieces(text)]
    same = 1 - len(set(heads)) / len(heads) if len(heads) > 2 else 0.0
    return Verdict(True, likeness.variety(text) - 1 - same)


def verse(text: str, measure: Measure) -> Verdict:
    """Lines, not prose: four or more, none longer than a line of verse; rhyme and even length count for it."""
    lines = lines_of(text)
    if len(likeness.units(text)) < measure.least:
        return Verdict(False, -2.0, "length")
    sizes = [len(likeness.units(line)) for line in lines]
    if len(lines) < 4 or mean(sizes) > 11 or max(sizes) > 18 or mean(sizes) < 2:
        return Verdict(False, -2.0, "lines")
    rhymed = sum(
        any(rhyme.rhymes(line, other) for other in lines[max(0, at - 3) : at]) for at, line in enumerate(lines)
    )
    same = sum(_last(line) == _last(other) for line, other in pairwise(lines))
    uneven = pstdev(sizes) / mean(sizes)
    return Verdict(True, 0.8 * rhymed / len(lines) - 0.5 * same - 0.7 * uneven + likeness.variety(text) - 1)


def syllables(text: str, measure: Measure) -> Verdict:
    """As many lines as the pattern has, each with its syllables (give or take `slack`), rhymed as the scheme says."""
    lines = lines_of(text)
    if not counted(lines, measure.pattern, measure.slack):
        numbers = "-".join(str(count) for count in measure.pattern)
        return Verdict(False, -1.0, numbers if len(set(measure.pattern)) > 1 else f"{len(measure.pattern)} lines")
    if not rhymed(lines, measure.scheme):
        return Verdict(False, -0.5, measure.scheme)
    return Verdict(True)


def counted(lines: Sequence[str], pattern: Sequence[int], slack: int = 0) -> bool:
    """Whether there are as many lines as numbers, each with so many syllables, give or take `slack`."""
    return len(lines) == len(pattern) and all(
        abs(rhyme.syllables(line) - count) <= slack for line, count in zip(lines, pattern, strict=True)
    )


def rhymed(lines: Sequence[str], scheme: str) -> bool:
    """Whether all lines that share a letter of the scheme rhyme, each with each; "-" is a line that need not."""
    letters = set(scheme) - {"-"}
    groups = ([line for line, mark in zip(lines, scheme, strict=False) if mark == letter] for letter in letters)
    return all(rhyme.rhymes(one, other) for group in groups for one, other in combinations(group, 2))


def ideas(text: str, measure: Measure) -> Verdict:
    """At least three items, each a sentence or so, none like another."""
    items = [re.sub(r"^(?:\d+[.)]|[-*•])\s*", "", line) for line in lines_of(text)]
    sizes = [len(likeness.units(item)) for item in items]
    if len(items) < 3 or min(sizes) < 3 or max(sizes) > 60:
        return Verdict(False, -1.0, "a list")
    alike = max(likeness.likeness(item, items[:at], 3) for at, item in enumerate(items))
    heads = len({" ".join(likeness.units(item)[:2]) for item in items}) / len(items)
    return Verdict(alike < 0.5, heads - 1 - alike, "" if alike < 0.5 else "different ideas")


def card(text: str, measure: Measure) -> Verdict:
    """The form's labels in their order, each with something of its own behind it."""
    lines = lines_of(text)
    said = [line.removeprefix(label).strip() for line, label in zip(lines, measure.labels, strict=False)]
    if len(lines) != len(measure.labels) or not all(map(str.startswith, lines, measure.labels)) or not all(said):
        return Verdict(False, -1.0, f"{len(measure.labels)} lines")
    alike = max(likeness.likeness(one, said[:at], 3) for at, one in enumerate(said))
    return Verdict(alike < 0.5, -alike, "" if alike < 0.5 else "different lines")


def dialogue(text: str, measure: Measure) -> Verdict:
    """Two people or more who speak in turn."""
    names = re.findall(r"^([^\n:：]{1,24})[:：]", text, re.MULTILINE)
    if len(likeness.units(text)) < measure.least:
        return Verdict(False, -2.0, "length")
    if len(names) < 2 or len(set(names)) < 2:
        return Verdict(False, -1.0, "dialogue")
    turns = sum(one != other for one, other in pairwise(names)) / (len(names) - 1)
    return Verdict(True, turns - 1 + likeness.variety(text) - 1)


def limerick(text: str, measure: Measure) -> Verdict:
    """Five lines that rhyme AABBA, the third and fourth the shorter ones; a word does not rhyme with itself."""
    lines = lines_of(text)
    if len(lines) != 5:
        return Verdict(False, -2.0, "AABBA")
    one, two, three, four, five = lines
    outer = rhyme.rhymes(one, two) + (rhyme.rhymes(one, five) and rhyme.rhymes(two, five))
    rhymed = outer + rhyme.rhymes(three, four)
    count = [rhyme.syllables(line) for line in lines]
    shorter = max(count[2:4]) < min(count[0], count[1], count[4])
    within = all(6 <= count[at] <= 12 for at in (0, 1, 4)) and all(3 <= count[at] <= 8 for at in (2, 3))
    same = len({_last(line) for line in lines}) < len(lines)
    holds = rhymed == 3 and shorter
    score = 0.4 * rhymed + 0.4 * shorter + 0.2 * within - 0.6 * same + likeness.variety(text) - 2
    return Verdict(holds, score, "" if holds else "AABBA")


PART = re.compile(r"^\[(Verse|Chorus)\]$", re.MULTILINE)


def lyrics(text: str, measure: Measure) -> Verdict:
    """A song in marked parts: verses that differ, and a chorus that comes back as it was."""
    marks = PART.findall(text)
    parts = [part.strip() for part in PART.split(text)[2::2]]
    choruses = [part for mark, part in zip(marks, parts, strict=True) if mark == "Chorus"]
    sung = [line for part in parts for line in lines_of(part)]
    if len(likeness.units(text)) < measure.least or not sung:
        return Verdict(False, -2.0, "length")
    returns = len(choruses) > 1 and bool(choruses[0]) and len(set(choruses)) == 1
    sizes = [len(likeness.units(line)) for line in sung]
    fitting = "Verse" in marks and max(sizes) <= 14 and mean(sizes) >= 2
    rhymed = sum(any(rhyme.rhymes(line, other) for other in sung[max(0, at - 3) : at]) for at, line in enumerate(sung))
    score = 0.8 * rhymed / len(sung) - 0.5 * pstdev(sizes) / mean(sizes) + likeness.variety(text) - 1
    verses = [part for mark, part in zip(marks, parts, strict=True) if mark == "Verse"]
    fresh = len(set(verses)) == len(verses)
    holds = returns and fitting and fresh
    rule = "" if holds else "different verses" if returns and not fresh else "a chorus that returns"
    return Verdict(holds, score if holds else score - 1, rule)


CHECKERS: dict[str, Callable[[str, Measure], Verdict]] = {
    "card": card,
    "dialogue": dialogue,
    "ideas": ideas,
    "limerick": limerick,
    "lyrics": lyrics,
    "prose": prose,
    "syllables": syllables,
    "verse": verse,
}


def _last(line: str) -> str:
    return (likeness.units(line) or [""])[-1]
