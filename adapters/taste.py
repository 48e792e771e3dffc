"""What people here seem to like, as a plain model of the text, to judge by when nobody is at hand (numpy only).

A logistic model (Bradley and Terry's for pairs) over some thirty plain measures of a text, what it is about and a
hashed bag of its words, held small by a ridge penalty. It is fitted to training votes only. How far it can be trusted
is measured, on conversations it has not seen, and a judge that cannot be trusted promotes nothing.
"""

import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adapters.chances import Value
from adapters.examples import Examples

Vector = NDArray[np.float64]

WORDS = 512  # hashed
PENALTY = 5.0  # one for all: to choose by cross-validation is to believe in luck where there are few votes
FOLDS = 20
SUREST = 4.0  # times as much as usual; one vote shall not speak for all
FREEST = 1.3
STEPS = 6
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE = re.compile(r"[^.!?。！？]+")
_SPOKEN = re.compile(r"[\"“][^\"”“]*[\"”]?")


def _share(pattern: str) -> Callable[[str], float]:
    """How often a pattern stands in a hundred words, as a square root, so that the tenth says less than the first."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: math.sqrt(100 * len(compiled.findall(text)) / max(len(_WORD.findall(text)), 20))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _sentences(text: str) -> list[int]:
    return [count for piece in _SENTENCE.findall(text) if (count := len(_WORD.findall(piece)))]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if _WORD.search(line)]


def _ending(line: str) -> str:
    """The letters from the last vowel group of a line's last word on, a silent e included."""
    word = _WORD.findall(line)[-1].lower()
    found = re.search(r"[aeiouy]+[^aeiouy]*e?$", word)
    return found[0] if found else word


def _look_alike(one: str, other: str) -> bool:
    """Whether two lines end in the same letters; whoever knows how words sound can do better."""
    last, again = (_WORD.findall(line)[-1].lower() for line in (one, other))
    return last != again and _ending(one) == _ending(other)


def rhyming(text: str, rhymes: Callable[[str, str], bool] = _look_alike) -> float:
    """The share of lines that rhyme with one of their two neighbours on either side."""
    lines = _lines(text)
    found = [
        any(rhymes(line, other) for other in lines[max(0, at - 2) : at + 3] if other is not line)
        for at, line in enumerate(lines)
    ]
    return sum(found) / max(len(found), 4)


Measures = Mapping[str, Callable[[str], float]]
MEASURES: Measures = {
    "longer texts": lambda text: math.log1p(len(_WORD.findall(text))),
    "longer sentences": lambda text: math.log1p(_mean(_sentences(text))),
    "one very long sentence": lambda text: math.log1p(max(_sentences(text), default=0)),
    "longer words": lambda text: _mean([len(word) for word in _WORD.findall(text)]),
    "varied words": lambda text: len(set(_WORD.findall(text.lower()))) / max(len(_WORD.findall(text)), 20),
    "dialogue": lambda text: sum(map(len, _SPOKEN.findall(text))) / max(len(text), 80),
    "words in -ly": _share(r"\b[a-z]{3,}ly\b"),
    "words in -ing": _share(r"\b[a-z]{2,}ing\b"),
    "words in -ed": _share(r"\b[a-z]{2,}ed\b"),
    "rhyme": rhyming,
    "many lines": lambda text: math.log1p(len(_lines(text))),
    "longer lines": lambda text: math.log1p(_mean([len(_WORD.findall(line)) for line in _lines(text)])),
    "paragraphs": lambda text: math.log1p(text.count("\n\n")),
    "questions": _share(r"\?"),
    "exclamations": _share("!"),
    "commas": _share(","),
    "semicolons": _share("[;:]"),
    "dashes": _share("[-–—]"),
    "I": _share(r"\b(?:i|me|my|mine)\b"),
    "you": _share(r"\b(?:you|your|yours|thou|thee)\b"),
    "he": _share(r"\b(?:he|him|his)\b"),
    "she": _share(r"\b(?:she|her|hers)\b"),
    "we": _share(r"\b(?:we|us|our)\b"),
    "negations": _share(r"\b(?:not|no|never|nothing|nobody)\b|n['’]t\b"),
    "and": _share(r"\band\b"),
    "articles": _share(r"\b(?:a|an|the)\b"),
    "names": _share(r"(?<=[a-z,] )(?-i:[A-Z][a-z]+)"),
    "an end": lambda text: float(text.rstrip()[-1:] in '.!?"”。！？'),
}


class Subjects(Protocol):
    """Where a text lies by what it is about (`subjects`)."""

    size: int

    def place(self, text: str) -> Vector:
        """(size,)"""

    def words(self, direction: Vector, texts: Sequence[str]) -> tuple[str, ...]:
        """The words of some texts that lie farthest in a direction (size,)."""


@dataclass(frozen=True)
class Lens:
    """What a taste sees of a text: plain measures, what it is about if somebody can tell, and its words."""

    measures: Measures
    subjects: Subjects | None = None

    @property
    def plain(self) -> slice:
        """Which of the features are measures."""
        return slice(len(self.measures))

    @property
    def about(self) -> slice:
        """Which of them say what a text is about."""
        return slice(len(self.measures), len(self.measures) + (self.subjects.size if self.subjects else 0))

    def features(self, text: str) -> Vector:
        """The plain measures, the place, then how often each hashed word stands there: (about.stop + WORDS,)."""
        bag = np.zeros(WORDS)
        words = [word.lower().removesuffix("s") for word in _WORD.findall(text)]
        for word in words:
            bag[zlib.crc32(word.encode()) % WORDS] += 1
        plain = [measure(text) for measure in self.measures.values()]
        place = self.subjects.place(text) if self.subjects else np.zeros(0)
        return np.concatenate([plain, place, np.sqrt(bag / max(len(words), 20) * 100)])


@dataclass(frozen=True)
class Taste:
    """Weights over scaled features; `trust` are its right (1) and wrong (0) guesses about conversations not seen.

    `subject` are words like those it likes to read of.
    """

    weights: Vector
    middle: Vector
    spread: Vector
    trust: tuple[Value, ...]
    lens: Lens
    subject: tuple[str, ...]

    def score(self, text: str) -> float:
        """How much it should be liked; only differences mean anything."""
        return float((self.lens.features(text) - self.middle) / self.spread @ self.weights)

    def likes(self, count: int = 3) -> list[str]:
        """What matters most, in words: plain measures, and what it should be about."""
        plain, about = self.weights[self.lens.plain], self.weights[self.lens.about]
        found: dict[str, float] = dict(zip(self.lens.measures, plain.tolist(), strict=True))
        if self.subject:
            # A place is one thing, however many numbers say it; what so many would come to by chance is taken off.
            by_chance = float(np.median(plain**2)) * len(about)
            found[f"words like {', '.join(self.subject)}"] = math.sqrt(max(float(about @ about) - by_chance, 0.0))
        order = sorted(found, key=lambda name: -abs(found[name]))[:count]
        return [("" if found[name] > 0 else "less: ") + name for name in order if abs(found[name]) > 0.02]


@dataclass(frozen=True)
class _Table:
    """Every vote as a row: the difference of two texts, or one text liked (+) or not (-)."""

    rows: Vector
    weight: Vector
    groups: tuple[str, ...]
    middle: Vector
    spread: Vector
    about: slice


def fit(examples: Examples, lens: Lens | None = None) -> Taste:
    """The taste behind these votes, as far as `lens` sees it; ValueError if there are fewer than four."""
    lens = lens or Lens(MEASURES)
    table = _table(examples, lens)
    if len(table.groups) < 4:
        raise ValueError("there are too few votes to guess a taste from")
    folds = np.array([zlib.crc32(group.encode()) % FOLDS for group in table.groups])
    trust = _told(_guesses(table, folds), table.weight, table.groups)
    weights = _fitted(table, np.full(len(folds), True))
    at = lens.about
    subject = lens.subjects.words(weights[at] / table.spread[at], _read(examples)) if lens.subjects else ()
    return Taste(weights, table.middle, table.spread, trust, lens, subject)


def _read(examples: Examples) -> list[str]:
    """Every text that was voted on."""
    texts = [text for one in examples.pairs for text in (one.chosen, one.rejected)]
    return [*texts, *(one.completion for one in examples.thumbs)]


def _table(examples: Examples, lens: Lens) -> _Table:
    seen = cache(lens.features)
    pairs = [(seen(one.chosen), seen(one.rejected), one.weight, one.conversation) for one in examples.pairs]
    lone = [(seen(one.completion), one.label, one.weight, one.conversation) for one in examples.thumbs]
    texts = [vector for chosen, rejected, _, _ in pairs for vector in (chosen, rejected)]
    texts += [vector for vector, _, _, _ in lone]
    if not texts:
        raise ValueError("there are no votes to guess a taste from")
    middle = np.mean(texts, 0)
    spread = np.std(texts, 0) + 1e-4  # a word that never stands there has no spread
    # The directions of a place are weighed together, for the first tell more than the last, and a little freely.
    spread[lens.about] = math.sqrt(np.mean(spread[lens.about] ** 2)) * 0.7 if lens.subjects else 1.0
    spread[lens.about.stop :] *= 2.5  # single words have to say more than measures do
    rows = [(chosen - rejected) / spread for chosen, rejected, _, _ in pairs]
    rows += [((vector - middle) / spread) * (1 if label else -1) for vector, label, _, _ in lone]
    weight = np.array([one[2] for one in pairs] + [one[2] for one in lone])
    groups = tuple([one[3] for one in pairs] + [one[3] for one in lone])
    return _Table(np.array(rows), weight / weight.mean(), groups, middle, spread, lens.about)


def _told(said: Vector, weight: Vector | Sequence[float], groups: Sequence[str]) -> tuple[Value, ...]:
    """Scores that should be above 0 as right or wrong; each weighs as the vote does, times how sure the score is.

    Where two texts do not differ in what somebody cares for, they vote by chance, and a taste has nothing to go by. To
    ask it there as well hides what it knows: of poems one in ten rhymes.
    """
    sure = np.minimum(np.abs(said) / max(float(np.abs(said).mean()), 1e-12), SUREST) if len(said) else said
    return tuple(
        Value(group, 0.5 + 0.5 * float(np.sign(score)), float(much * one) + 1e-9)
        for group, score, much, one in zip(groups, said, sure, weight, strict=True)
    )


def _guesses(table: _Table, folds: NDArray[np.int64]) -> Vector:
    """For each vote, the score that a model gives it which has not seen its conversation; above 0 if it is right."""
    said = np.zeros(len(folds))
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any() and not inside.all():
            said[inside] = table.rows[inside] @ _fitted(table, ~inside)
    return np.where(np.abs(said) < 1e-12, 0.0, said)


def _fitted(table: _Table, seen: NDArray[np.bool_]) -> Vector:
    """Weights from the votes that were `seen`: what tells them apart by itself is held less small than the rest."""
    rows = table.rows[seen]
    freedom = _freedom(rows, [group for group, one in zip(table.groups, seen, strict=True) if one])
    freedom[table.about] = 1.0
    return _weights(rows * freedom, table.weight[seen]) * freedom


def _freedom(rows: Vector, groups: Sequence[str]) -> Vector:
    """For each feature from 0 to `FREEST`: how sure it is, alone, of the votes, counted by conversation."""
    place = {group: at for at, group in enumerate(sorted(set(groups)))}
    sums, counts = np.zeros((len(place), rows.shape[1])), np.zeros(len(place))
    at = [place[group] for group in groups]
    np.add.at(sums, at, rows)
    np.add.at(counts, at, 1)
    sums /= np.sqrt(counts)[:, None]
    score = sums.sum(0) ** 2 / ((sums**2).sum(0) + 1e-9)  # chi-squared with one degree of freedom, 1 by chance
    return np.asarray(FREEST * np.sqrt(score / (score + 1)), np.float64)


def _weights(rows: Vector, weight: Vector) -> Vector:
    """Ridge-penalised logistic weights for rows that should all score above 0 (Newton's method).

    Solved in the space of the votes while they are fewer than the features (the kernel trick, without a kernel).
    """
    if len(rows) > rows.shape[1]:
        return _solved(rows, weight)
    gram = rows @ rows.T
    alpha: Vector = np.zeros(len(rows))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(np.clip(gram @ alpha, -30, 30)))
        curve = np.maximum(weight * chance * (1 - chance), 1e-6)
        target = gram @ alpha + weight * chance / curve
        alpha = np.asarray(np.linalg.solve(gram + np.diag(PENALTY / curve), target), np.float64)
    found: Vector = rows.T @ alpha
    return found


def _solved(rows: Vector, weight: Vector) -> Vector:
    """The same in the space of the features."""
    found = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(np.clip(rows @ found, -30, 30)))
        curve = np.maximum(weight * chance * (1 - chance), 1e-6)
        slope = rows.T @ (weight * chance) - PENALTY * found
        bend = (rows * curve[:, None]).T @ rows + PENALTY * np.eye(len(found))
        found = found + np.linalg.solve(bend, slope)
    return np.asarray(found, np.float64)
