"""A filler without a network: fills hidden cells with allowed pitches, one a beat, the same for the same seed."""

import numpy as np
from numpy.typing import NDArray

from engine.music.desk import Desk
from engine.music.limits import Effort, Ids, Limits
from engine.music.progressions import SHAPE
from engine.music.tokens import FIRST_PITCH, HIGH, HOLD_ID, LOW, MASK_ID


class FakeFiller:
    """Keeps the promises of `Filler`: ranges and pitch classes hold, known cells stay."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def fill(
        self, ids: Ids, labels: Ids, chords: Ids, limits: Limits, effort: Effort, seed: int
    ) -> tuple[Ids, NDArray[np.float64]]:
        assert ids.shape[2] == 4 * chords.shape[1]
        assert labels.shape == (len(ids), 7)
        self.asked.append(ids.shape)
        rng = np.random.default_rng(seed)
        filled = ids.copy()
        for lane in range(ids.shape[1]):
            low, high = limits.ranges[lane]
            pitches = [p for p in range(low, min(high, HIGH) + 1) if limits.classes[p % 12] > -0.5]
            hidden = ids[:, lane] == MASK_ID
            drawn = rng.choice(pitches, size=hidden.shape) - LOW + FIRST_PITCH
            sustained = np.arange(ids.shape[2])[None, :] % (8 if limits.hold > 0 else 2 if limits.hold < 0 else 4) > 0
            filled[:, lane] = np.where(hidden, np.where(sustained, HOLD_ID, drawn), filled[:, lane])
        return filled, rng.random(len(ids))


def fake_desk() -> Desk:
    """A desk whose chord moves are all alike."""
    return Desk(FakeFiller(), np.ones(SHAPE))
