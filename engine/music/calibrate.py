"""Measure what the network does more often than its training music, so that decoding can speak against it.

Cells that are drawn together do not see each other, and the contest with the critic bends a network towards what is
hard to tell from real, not towards how often it occurs: so some intervals come out too often, and too few notes. The
weights that correct this are measured here, never set by hand and never on held-out music: pieces are made as the
product makes them, their intervals and rhythms compared with the training music's, the weights moved, and again.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from engine.music.corpus import Piece
from engine.music.desk import Desk
from engine.music.limits import PLACES, Effort, Habits, packed
from engine.music.metrics import interval_histogram
from engine.music.phrase import TRIPLET, Phrase
from engine.music.progressions import CHORALE, FOLK
from engine.music.sampling import chorale_sample, chorale_windows, folk_sample, tunes_of

LARGEST = 13  # semitones; larger moves count as this
BOUND = 2.0  # nats
Numbers = NDArray[np.float64]
Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """Shares, never 0 or 1: of moves by size, of a straight beat's cells that begin a note, of beats in triplets."""

    sizes: Numbers
    begins: Numbers
    triplets: float


def measured(
    desk: Desk,
    train: Sequence[Piece],
    seed: int,
    samples: int = 60,
    rounds: int = 4,
    report: Report = lambda share: None,
) -> tuple[Habits, ...]:
    """The habits in chorales and in folk tunes; takes minutes. `report` hears the share done, from 0 to 1."""
    windows = chorale_windows(train)
    tunes = tunes_of(train)
    half = samples * rounds

    def chorale(tried: Desk, number: int) -> Phrase:
        report(number / half / 2)
        like = random.Random(seed + number).choice(windows)
        return chorale_sample(tried, like, seed * 10_000 + number, Effort(), 2)

    def folk(tried: Desk, number: int) -> Phrase:
        report(0.5 + number / half / 2)
        return folk_sample(tried, random.Random(seed + number).choice(tunes), seed * 10_000 + number)

    real = [p.phrase.window(0, 8 * p.phrase.metre.bar) for p in tunes]
    found = _fitted(desk, CHORALE, counted([w.phrase for w in windows]), chorale, (samples, rounds))
    return _fitted(found, FOLK, counted(real), folk, (samples, rounds)).habits


def _fitted(
    desk: Desk, family: int, real: Counts, make: Callable[[Desk, int], Phrase], effort: tuple[int, int]
) -> Desk:
    """The desk with the family's habits moved until what `make` makes has the real shares."""
    samples, rounds = effort
    tried = _with(desk, family, Habits((0.0,) * (LARGEST + 1)))
    for number in range(rounds):
        made = counted([make(tried, number * samples + i) for i in range(samples)])
        # Smaller moves at the end, so that the last round's chance does not decide.
        tried = _with(tried, family, moved(tried.habits[family], made, real, 1 / (1 + number / 2)))
    return tried


def moved(habits: Habits, made: Counts, real: Counts, share: float) -> Habits:
    """Habits after one round: more against what was made too often, less against what was made too seldom."""
    against = share * np.log(made.sizes / real.sizes)
    # A rhythm that has begun goes on, so a little weight moves a lot.
    holds = share / 2 * (_odds(real.begins) - _odds(made.begins))
    triplet = share / 2 * float(_odds(made.triplets) - _odds(real.triplets))
    return Habits(
        _bounded(habits.intervals, against), _bounded(habits.holds, holds), _bounded((habits.triplet,), [triplet])[0]
    )


def counted(phrases: Sequence[Phrase]) -> Counts:
    """The shares in these phrases."""
    sizes = np.full(LARGEST + 1, 3.0)
    for step, count in interval_histogram(phrases).items():
        sizes[min(abs(int(str(step))), LARGEST)] += count
    cells = np.array([cell for p in phrases for lane in p.lanes for cell in lane])
    beats = cells[: len(cells) // PLACES * PLACES].reshape(-1, PLACES)
    straight = beats[beats[:, -1] != TRIPLET]
    begins = ((straight >= 0).sum(0) + 1.0) / (len(straight) + 2.0)
    triplets = (len(beats) - len(straight) + 1.0) / (len(beats) + 2.0)
    return Counts(sizes / sizes.sum(), begins, triplets)


def _odds(shares: Numbers | float) -> Numbers:
    odds: Numbers = np.log(np.asarray(shares) / (1 - np.asarray(shares)))
    return odds


def _bounded(before: Sequence[float], change: Sequence[float] | Numbers) -> tuple[float, ...]:
    both = zip(before, change, strict=True)
    return tuple(round(float(np.clip(old + more, -BOUND, BOUND)), 3) for old, more in both)


def _with(desk: Desk, family: int, habits: Habits) -> Desk:
    return replace(desk, habits=tuple(habits if i == family else old for i, old in enumerate(desk.habits)))


def keep(weights: Path, habits: Sequence[Habits]) -> None:
    """Write the habits into a file of network weights."""
    tensors = load_file(weights)
    with safe_open(weights, "numpy") as file:
        told = file.metadata()
    rows = np.array([packed(one) for one in habits], dtype=np.float32)
    save_file({name: t for name, t in tensors.items() if name != "intervals"} | {"habits": rows}, weights, told)
