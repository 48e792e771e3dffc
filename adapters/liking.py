"""Learn from votes on things that are rows of numbers: a small logistic model, and whether it may be believed. Pure.

Music learns with it: there are few votes and twenty measures, so a ridge keeps what is not said at nothing. A
comparison (this one rather than that) is learnt from the difference of two rows, a lone thumb from the row itself, both
in one fit, which is Bradley and Terry's model (1952) for the first and plain logistic regression for the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
RIDGE = 8.0  # as if every weight had been seen at zero with this much certainty
FOLDS, DRAWS, SHUFFLES = 5, 2000, 200
FEWEST = 20  # comparisons that can be made on votes kept apart; below that nothing is believed
_STEPS = 30


@dataclass(frozen=True)
class Opinion:
    """A vote: `row` was liked (or not), or chosen over `other`; `conversation` is the unit that is kept apart."""

    row: Row
    liked: bool
    weight: float
    conversation: str
    other: Row | None = None


@dataclass(frozen=True)
class Model:
    """`weights` of the standardised measures, each shape (measures,)."""

    mean: Row
    scale: Row
    weights: Row

    def score(self, rows: Row) -> Row:
        """Log-odds above the average, for rows of shape (count, measures)."""
        return np.asarray((rows - self.mean) / self.scale @ self.weights)


@dataclass(frozen=True)
class Verdict:
    """How a model ranked what it had not seen: the share of `comparisons` it got right, with its 95 % interval.

    `before` is what the model that is live now gets right of the same. `won` says that the new one may replace it, and
    `why` in one word why not: "few", "chance" or "no_better".
    """

    right: float
    low: float
    high: float
    before: float
    comparisons: int
    won: bool
    why: str = ""


def fit(opinions: Sequence[Opinion], ridge: float = RIDGE) -> Model:
    """The most likely weights given the ridge, by Newton's method; opinions must not be empty."""
    seen = np.stack([row for one in opinions for row in (one.row, one.other) if row is not None])
    mean, scale = seen.mean(0), seen.std(0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    design = np.stack([_design(one, mean, scale) for one in opinions])
    signs = np.array([1.0 if one.liked else -1.0 for one in opinions])
    weight = np.array([one.weight for one in opinions])
    # The last column is how freely people give thumbs up at all, which says nothing about taste and is not held back.
    penalty = np.append(np.full(len(mean), ridge), 1e-3)
    found = np.zeros(len(penalty))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(np.clip(signs * (design @ found), -30, 30)))
        slope = design.T @ (weight * signs * chance) - penalty * found
        bend = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    return Model(mean, scale, found[:-1])


def judge(opinions: Sequence[Opinion], live: Model | None, seed: int) -> Verdict:
    """What a model fitted on the other conversations gets right, in five folds; `live` is judged on the same.

    Whether that could be chance is asked of the same votes shuffled `SHUFFLES` times, each fitted and judged alike
    (Fisher's permutation test): unlike the interval, it is exact however few people voted.
    """
    new, old, homes, count = _apart(opinions, live, seed)
    if len(new) < FEWEST or count < FOLDS:
        return Verdict(0.0, 0.0, 1.0, 0.0, len(new), won=False, why="few")
    rates, gains = _resampled(new, old, homes, count, seed)
    low, high = np.quantile(rates, (0.025, 0.975))
    why = "chance" if low <= 0.5 or _by_chance(opinions, float(new.mean()), seed) > 0.025 else ""
    why = why or ("no_better" if np.quantile(gains, 0.025) <= 0 else "")
    return Verdict(float(new.mean()), float(low), float(high), float(old.mean()), len(new), not why, why)


def _by_chance(opinions: Sequence[Opinion], right: float, seed: int) -> float:
    """How often votes that mean nothing are ranked as well as `right`: thumbs dealt anew, choices turned by a coin."""
    dice = np.random.default_rng(seed + 2)
    lone = [place for place, one in enumerate(opinions) if one.other is None]
    lucky = 0
    for _ in range(SHUFFLES):
        liked = np.where(dice.random(len(opinions)) < 0.5, True, False)
        liked[lone] = dice.permutation([opinions[place].liked for place in lone])
        dealt = [replace(one, liked=bool(said)) for one, said in zip(opinions, liked, strict=True)]
        lucky += float(_apart(dealt, None, seed)[0].mean()) >= right
    return (lucky + 1) / (SHUFFLES + 1)


def _apart(opinions: Sequence[Opinion], live: Model | None, seed: int) -> tuple[Row, Row, NDArray[np.int64], int]:
    """What the models of five folds and the live one get right, the conversations of each comparison, and of all."""
    names = sorted({one.conversation for one in opinions})
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[index]: place % FOLDS for place, index in enumerate(order)}
    rounds = list[tuple[Row, Row, NDArray[np.int64]]]()
    for fold in range(FOLDS):
        kept = [one for one in opinions if fold_of[one.conversation] != fold]
        apart = [one for one in opinions if fold_of[one.conversation] == fold]
        if kept and apart:
            better, worse, homes = _comparisons(apart, names)
            model = fit(kept)
            old = _right(live, better, worse) if live else np.full(len(better), 0.5)
            rounds.append((_right(model, better, worse), old, homes))
    new, old, homes = (np.concatenate([one[i] for one in rounds] or [np.zeros(0)]) for i in range(3))
    return new, old, homes.astype(np.int64).reshape(-1, 2), len(names)


def _design(one: Opinion, mean: Row, scale: Row) -> Row:
    if one.other is None:
        return np.append((one.row - mean) / scale, 1.0)
    return np.append((one.row - one.other) / scale, 0.0)


def _comparisons(opinions: Sequence[Opinion], names: Sequence[str]) -> tuple[Row, Row, NDArray[np.int64]]:
    """(better, worse, conversations of both): the pairs as they are, and every liked thumb over every disliked one."""
    place = {name: i for i, name in enumerate(names)}
    found = [
        (one.row, one.other, place[one.conversation], place[one.conversation]) if one.liked
        else (one.other, one.row, place[one.conversation], place[one.conversation])
        for one in opinions if one.other is not None
    ]  # fmt: skip
    lone = [one for one in opinions if one.other is None]
    for good in (one for one in lone if one.liked):
        for bad in (one for one in lone if not one.liked):
            found.append((good.row, bad.row, place[good.conversation], place[bad.conversation]))
    width = len(opinions[0].row)
    better, worse = (np.array([row[i] for row in found], dtype=np.float64).reshape(-1, width) for i in range(2))
    return better, worse, np.array([row[2:] for row in found], dtype=np.int64).reshape(-1, 2)


def _right(model: Model, better: Row, worse: Row) -> Row:
    """1 where the better one is ranked higher, 0 where lower, a half for no difference."""
    return np.asarray((1 + np.sign(model.score(better) - model.score(worse))) / 2)


def _resampled(new: Row, old: Row, homes: NDArray[np.int64], count: int, seed: int) -> tuple[Row, Row]:
    """Bootstrap over conversations: shares that are right, and gains over the old model, shape (draws,) each."""
    dice = np.random.default_rng(seed + 1)
    draws = dice.multinomial(count, np.full(count, 1 / count), DRAWS).astype(np.float64)
    weight = draws[:, homes[:, 0]] * np.where(homes[:, 0] == homes[:, 1], 1.0, draws[:, homes[:, 1]])
    total = np.maximum(weight.sum(1), 1e-9)
    return (weight @ new) / total, (weight @ (new - old)) / total
