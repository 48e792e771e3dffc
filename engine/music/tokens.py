"""Phrases as the small integers the network reads and writes, and the conditions that go with them.

Here stands everything the network and the pure code must agree on; it imports numpy and no torch, so that requests can
be built and tests run where there is no network. Pitches are those of tonic C: the caller moves phrases home first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.music.phrase import HOLD, NO_CHORD, REST, TRIPLET, UNKNOWN, Phrase

REST_ID, HOLD_ID, TRIPLET_ID, FIRST_PITCH, MASK_ID = 0, 1, 2, 3, 64
LOW, HIGH = 31, 91  # the pitches that tonic C leaves of four voices and a fiddle
VOCABULARY = FIRST_PITCH + HIGH - LOW + 1
METRE_IDS = {"4/4": 0, "3/4": 1, "6/8": 2}
MODE_IDS = {"major": 0, "minor": 1, "dorian": 2, "mixolydian": 3, "phrygian": 1, "lydian": 0}
UNSET = 0  # density, register and chord ids begin at 1; 0 means "the network may choose"
FAR = 4  # bars from the start or to the end: 0-3 as they are, 4 for any more
_DENSITY_EDGES = (2.5, 4.0, 5.5, 7.0)
_REGISTER_EDGES = (65.0, 68.0, 71.0, 74.0)
_TO_ID = np.zeros(256, dtype=np.int16)
_TO_ID[:] = REST_ID
for _cell, _id in ((HOLD, HOLD_ID), (REST, REST_ID), (TRIPLET, TRIPLET_ID), (UNKNOWN, MASK_ID)):
    _TO_ID[_cell + 16] = _id
for _pitch in range(128):
    _folded = _pitch if LOW <= _pitch <= HIGH else (LOW + (_pitch - LOW) % 12 if _pitch < LOW else 80 + _pitch % 12)
    _TO_ID[_pitch + 16] = _folded - LOW + FIRST_PITCH


@dataclass(frozen=True, slots=True)
class Condition:
    """What the network is told besides the cells; see the id tables above. `chords` has one id a patch of four cells.

    `from_start` and `to_end` count bars from the first bar of a window to the start of its part, and from its last bar.
    """

    style: int
    mode: int
    metre: int
    density: int = UNSET
    register: int = UNSET
    from_start: int = 0
    to_end: int = 0
    chords: tuple[int, ...] = ()


def encode(lanes: Sequence[Sequence[int]]) -> NDArray[np.int16]:
    """Cells to ids, shape (lanes, cells); pitches outside LOW-HIGH are folded by octaves."""
    return _TO_ID[np.array(lanes, dtype=np.int64) + 16]


def decode(ids: NDArray[np.integer]) -> tuple[tuple[int, ...], ...]:
    """Ids back to cells."""
    special = {REST_ID: REST, HOLD_ID: HOLD, TRIPLET_ID: TRIPLET, MASK_ID: UNKNOWN}
    return tuple(tuple(special.get(int(i), int(i) - FIRST_PITCH + LOW) for i in row) for row in ids)


def density_id(notes: float, bars: float, lanes: int) -> int:
    """1 (sparse) to 5 (busy) from the notes a bar a lane."""
    return 1 + int(np.searchsorted(_DENSITY_EDGES, notes / max(bars * lanes, 1)))


def register_id(mean_pitch: float) -> int:
    """1 (low) to 5 (high) from the melody's mean pitch on tonic C."""
    return 1 + int(np.searchsorted(_REGISTER_EDGES, mean_pitch))


def chord_ids(chords: Sequence[int], cells: int) -> tuple[int, ...]:
    """One id a patch: 0 for an unknown chord, else the chord's number plus one."""
    return tuple((chords[i] + 1 if chords and chords[i] != NO_CHORD else UNSET) for i in range(0, cells, 4))


def condition_of(phrase: Phrase, style: int, from_start: int, to_end: int) -> Condition:
    """The full description of a window that is known, as training sees it before parts of it are hidden."""
    pitches = [cell for cell in phrase.lanes[0] if cell >= 0]
    notes = sum(cell >= 0 for lane in phrase.lanes for cell in lane)
    return Condition(
        style,
        MODE_IDS.get(phrase.key.mode, int(phrase.key.is_minor)),
        METRE_IDS[phrase.metre.name],
        density_id(notes, phrase.cells / phrase.metre.bar, len(phrase.lanes)),
        register_id(sum(pitches) / len(pitches)) if pitches else UNSET,
        min(from_start, FAR),
        min(to_end, FAR),
        chord_ids(phrase.chords, phrase.cells),
    )
