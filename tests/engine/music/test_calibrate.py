"""Weights against intervals: they move towards what the training music does, and are kept beside the network's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from engine.music.calibrate import BOUND, LARGEST, keep, measured, sizes
from engine.music.desk import Desk
from engine.music.limits import Effort, Ids, Limits
from engine.music.progressions import CHORALE, FOLK, SHAPE
from engine.music.tokens import FIRST_PITCH, HOLD_ID, LOW, MASK_ID
from tests.engine.music.tunes import chorale, tune

Scores = NDArray[np.float64]


class Leaper:
    """Writes quarters that leap a fifth up and down, the less the more the limits speak against fifths."""

    def fill(self, ids: Ids, labels: Ids, chords: Ids, limits: Limits, effort: Effort, seed: int) -> tuple[Ids, Scores]:
        against = limits.intervals[7] if len(limits.intervals) > 7 else 0.0
        dice = np.random.default_rng(seed)
        made = np.full(ids.shape, HOLD_ID)
        for lane, (low, high) in enumerate(limits.ranges):
            middle = (low + high) // 2 - LOW + FIRST_PITCH
            leaps = dice.random((len(ids), ids.shape[2] // 4)) < np.exp(-against)
            made[:, lane, ::4] = middle + np.where(leaps, 7, 2) * (np.arange(ids.shape[2] // 4) % 2)
        return np.where(ids == MASK_ID, made, ids), np.zeros(len(ids))


def test_what_is_made_too_often_is_spoken_against_for_voices_and_for_tunes() -> None:
    train = [*(chorale(seed) for seed in range(6)), *(tune(seed) for seed in range(6))]
    done: list[float] = []
    desk = Desk(Leaper(), np.ones(SHAPE))
    weights = measured(desk, train, seed=1, samples=3, rounds=3, report=done.append)
    assert [len(row) for row in weights] == [LARGEST + 1] * 2
    for family in (CHORALE, FOLK):
        assert weights[family][7] > 0.3  # the training tunes have steps
    assert np.abs(weights).max() <= BOUND
    assert done == sorted(done)
    assert done[-1] < 1
    better = replace(desk, intervals=weights)
    assert measured(better, train, seed=1, samples=3, rounds=1) != weights  # it begins from nothing every time


def test_sizes_are_shares_and_never_nothing() -> None:
    shares = sizes([tune(1).phrase])
    assert shares.sum() == pytest.approx(1)
    assert shares.min() > 0
    assert shares[:5].sum() > shares[5:].sum()


def test_the_weights_are_kept_in_the_file_with_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": np.ones(3, np.float16)}, path, {"licence": "Apache-2.0"})
    keep(path, ((0.5, -0.25), (0.0, 1.0)))
    tensors = load_file(path)
    assert tensors["a"].dtype == np.float16
    assert tensors["intervals"].tolist() == [[0.5, -0.25], [0.0, 1.0]]
    keep(path, ((0.0, 0.0), (0.0, 0.0)))
    assert load_file(path)["intervals"].tolist() == [[0, 0], [0, 0]]
