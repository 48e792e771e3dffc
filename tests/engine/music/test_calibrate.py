"""Habits: they move towards what the training music does, and are kept beside the network's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from engine.music.calibrate import BOUND, LARGEST, Counts, counted, keep, measured, moved
from engine.music.desk import Desk
from engine.music.limits import Effort, Habits, Ids, Limits, packed, unpacked
from engine.music.progressions import CHORALE, FOLK, SHAPE
from engine.music.tokens import FIRST_PITCH, HOLD_ID, LOW, MASK_ID
from tests.engine.music.tunes import chorale, tune

Scores = NDArray[np.float64]


class Leaper:
    """Writes quarters that leap a fifth up and down, the less the more the limits speak against fifths."""

    def fill(self, ids: Ids, labels: Ids, chords: Ids, limits: Limits, effort: Effort, seed: int) -> tuple[Ids, Scores]:
        against = limits.habits.intervals[7] if len(limits.habits.intervals) > 7 else 0.0
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
    habits = measured(desk, train, seed=1, samples=3, rounds=3, report=done.append)
    assert [len(one.intervals) for one in habits] == [LARGEST + 1] * 2
    for family in (CHORALE, FOLK):
        assert habits[family].intervals[7] > 0.3  # the training tunes have steps
    assert habits[FOLK].holds[2] == BOUND  # they move in eighths, the leaper in quarters whatever is said
    assert max(abs(number) for one in habits for number in packed(one)) <= BOUND
    assert done == sorted(done)
    assert done[-1] < 1
    assert measured(replace(desk, habits=habits), train, seed=1, samples=3, rounds=3) == habits  # begins from nothing


def test_habits_move_against_what_was_made_too_often() -> None:
    sizes = np.full(LARGEST + 1, 1 / (LARGEST + 1))
    real = Counts(sizes, np.array([0.9, 0.1, 0.5, 0.1]), 0.1)
    made = Counts(sizes * np.linspace(0.5, 1.5, LARGEST + 1), np.array([0.9, 0.2, 0.4, 0.1]), 0.05)
    after = moved(Habits((0.0,) * (LARGEST + 1)), made, real, 1.0)
    assert after.intervals[0] < 0 < after.intervals[-1]
    assert after.holds[0] == after.holds[3] == 0
    assert after.holds[1] < 0 < after.holds[2]
    assert after.triplet < 0
    assert unpacked(packed(after)) == after


def test_shares_are_counted_and_never_nothing() -> None:
    counts = counted([tune(1).phrase])
    assert counts.sizes.sum() == pytest.approx(1)
    assert counts.sizes.min() > 0
    assert counts.sizes[:5].sum() > counts.sizes[5:].sum()
    assert counts.begins.round(1).tolist() == [1, 0, 1, 0]
    assert 0 < counts.triplets < 0.05


def test_the_weights_are_kept_in_the_file_with_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": np.ones(3, np.float16)}, path, {"licence": "Apache-2.0"})
    keep(path, (Habits((0.5, -0.25), (0.0, 1.0, 0.0, 0.0), 0.125), Habits((0.0, 0.0))))
    tensors = load_file(path)
    assert tensors["a"].dtype == np.float16
    assert tensors["habits"].tolist() == [[0, 1, 0, 0, 0.125, 0.5, -0.25], [0] * 7]
    keep(path, (Habits((0.0, 0.0)), Habits((0.0, 0.0))))
    assert load_file(path)["habits"].tolist() == [[0] * 7] * 2
