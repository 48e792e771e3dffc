"""What the decoder may write and how hard it tries: two small records shared by the pure code and the network's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
PLACES = 4  # cells in a beat


@dataclass(frozen=True, slots=True)
class Habits:
    """What a network does more often than its training music, in nats, so that it can be spoken against.

    `intervals[n]` counts for a move of n semitones, the last one for all larger; `holds`, by the cell of a beat, for
    notes that are held there instead of one beginning; `triplet` for beats in three. `calibrate` measures them.
    """

    intervals: tuple[float, ...] = (0.0,)
    holds: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    triplet: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be written, on tonic C. Penalties are in nats.

    `ranges` holds (lowest, highest) pitch of each lane; `classes` a weight for each pitch class (0 free, negative
    against). `rests` counts for each rest; `hold` speaks for held notes.
    """

    ranges: tuple[tuple[int, int], ...]
    classes: tuple[float, ...] = (0.0,) * 12
    triplets: bool = False
    rests: float = 0.0
    crossing: float = 8.0
    parallel: float = 4.0
    hold: float = 0.0
    habits: Habits = Habits()


@dataclass(frozen=True, slots=True)
class Effort:
    """Rounds of repair after the first pass, and how adventurous the draws are (temperature, nucleus).

    `redraws` bounds how often a stretch that copies is drawn again, `attempts` how often a piece of which no candidate
    is free of copies.
    """

    repairs: int = 1
    temperature: float = 1.0
    top: float = 0.98
    redraws: int = 4
    attempts: int = 3


class Filler(Protocol):
    """What fills hidden cells; `engine/music/decode` has the trained one, tests bring their own."""

    def fill(
        self, ids: Ids, labels: Ids, chords: Ids, limits: Limits, effort: Effort, seed: int
    ) -> tuple[Ids, NDArray[np.float64]]:
        """Full ids for (batch, lanes, cells) with MASK_ID in the hidden ones, and a score for each of the batch."""
        ...


def packed(habits: Habits) -> list[float]:
    """Habits as one row of numbers, as they stand in the weights' file."""
    return [*habits.holds, habits.triplet, *habits.intervals]


def unpacked(row: Sequence[float]) -> Habits:
    """The habits in such a row."""
    return Habits(tuple(row[PLACES + 1 :]), tuple(row[:PLACES]), row[PLACES])


def strict(classes: Sequence[int], against: float = -1e4) -> tuple[float, ...]:
    """Weights that let through only these pitch classes."""
    return tuple(0.0 if pc in classes else against for pc in range(12))
