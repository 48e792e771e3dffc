"""Weigh the intervals of a melody against what the network makes too often, on training music only.

Cells that are drawn together do not see each other, so some intervals come out more often than the network itself would
have them. The weights that correct this are measured here, never set by hand and never on held-out music: pieces are
made as the product makes them, their intervals compared with the training chorales', the weights moved, and again.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from engine.music.corpus import Piece
from engine.music.desk import Desk
from engine.music.limits import Effort
from engine.music.metrics import interval_histogram
from engine.music.phrase import Phrase
from engine.music.progressions import CHORALE, FOLK
from engine.music.sampling import chorale_sample, chorale_windows, folk_sample, tunes_of

LARGEST = 13  # semitones; larger moves count as this
BOUND = 2.0  # nats
Sizes = NDArray[np.float64]
Report = Callable[[float], None]


def measured(
    desk: Desk,
    train: Sequence[Piece],
    seed: int,
    samples: int = 60,
    rounds: int = 4,
    report: Report = lambda share: None,
) -> tuple[tuple[float, ...], ...]:
    """For chorales and folk tunes, weights in nats for moves of 0 to `LARGEST` semitones; takes minutes.

    `report` hears the share done, from 0 to 1.
    """
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
    found = _fitted(desk, CHORALE, sizes([w.phrase for w in windows]), chorale, (samples, rounds))
    return _fitted(found, FOLK, sizes(real), folk, (samples, rounds)).intervals


def _fitted(desk: Desk, family: int, real: Sizes, make: Callable[[Desk, int], Phrase], effort: tuple[int, int]) -> Desk:
    """The desk with the family's weights moved until what `make` makes has the real sizes of moves."""
    samples, rounds = effort
    weights = np.zeros(LARGEST + 1)
    for number in range(rounds):
        tried = _with(desk, family, weights)
        made = sizes([make(tried, number * samples + i) for i in range(samples)])
        # Smaller moves at the end, so that the last round's chance does not decide.
        weights = np.clip(weights + np.log(made / real) / (1 + number / 2), -BOUND, BOUND)
    return _with(desk, family, weights)


def _with(desk: Desk, family: int, weights: Sizes) -> Desk:
    rows = [list(row) for row in desk.intervals]
    rows[family] = [round(float(w), 3) for w in weights]
    return replace(desk, intervals=tuple(tuple(row) for row in rows))


def sizes(phrases: Sequence[Phrase]) -> Sizes:
    """The share of moves of each size in semitones, up or down; none is 0."""
    counts = np.full(LARGEST + 1, 3.0)
    for step, count in interval_histogram(phrases).items():
        counts[min(abs(int(str(step))), LARGEST)] += count
    shares: Sizes = counts / counts.sum()
    return shares


def keep(weights: Path, intervals: Sequence[Sequence[float]]) -> None:
    """Write the intervals' weights into a file of network weights."""
    tensors = load_file(weights)
    with safe_open(weights, "numpy") as file:
        told = file.metadata()
    save_file(tensors | {"intervals": np.array(intervals, dtype=np.float32)}, weights, told)
