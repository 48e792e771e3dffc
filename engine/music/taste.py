"""What people like in music: a phrase as a row of plain measures, and a learnt weight for each.

The network makes the candidates, the critic and the rules of part-writing judge their craft; a taste says which of them
these people would rather hear. It is fitted elsewhere (`adapters/liking`), on what they voted for and picked. No torch.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.music.metrics import ends_at_home, intervals, is_chord, motif_repetition
from engine.music.phrase import NO_CHORD, TICKS, TRIPLET, Note, Phrase, notes_of, sounding

FILE = "taste.json"
MOST = 4.0  # log-odds beyond which a taste is not believed
Row = NDArray[np.float64]


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


def _variety(notes: Sequence[Note]) -> float:
    """Entropy of the lengths, in bits."""
    counts = Counter(note.length for note in notes)
    return -sum(n / len(notes) * math.log2(n / len(notes)) for n in counts.values()) if notes else 0.0


def _off_beat(phrase: Phrase, notes: Sequence[Note]) -> float:
    return _share([note.start % (phrase.metre.pulse * 3) != 0 for note in notes])


def _chord_changes(phrase: Phrase) -> float:
    chords = [chord for chord in phrase.chords if chord != NO_CHORD]
    return sum(one != two for one, two in pairwise(chords)) / max(phrase.bars, 1)


def _columns(phrase: Phrase) -> list[list[int]]:
    """The pitches that sound on each pulse."""
    heard = [sounding(lane) for lane in phrase.lanes]
    return [[row[i] for row in heard if row[i] >= 0] for i in range(0, phrase.cells, phrase.metre.pulse)]


def _voices(phrase: Phrase) -> float:
    columns = _columns(phrase)
    return sum(map(len, columns)) / max(len(columns), 1) / 4


def _harsh(phrase: Phrase) -> float:
    return _share([not is_chord(column) for column in _columns(phrase) if len(column) > 1])


def _outside(phrase: Phrase, notes: Sequence[Note]) -> float:
    return _share([note.pitch % 12 not in phrase.key.pitch_classes for note in notes])


# Each takes the phrase and its melody's notes; what it counts is its name. Dimensions near 1, so that none needs care.
_MEASURES: Mapping[str, Callable[[Phrase, Sequence[Note]], float]] = {
    "notes_a_bar": lambda p, n: len(n) / max(p.bars, 1) / 8,
    "steps": lambda p, n: _share([0 < abs(step) <= 2 for step in intervals(n)]),
    "leaps": lambda p, n: _share([abs(step) >= 5 for step in intervals(n)]),
    "repeated_pitches": lambda p, n: _share([step == 0 for step in intervals(n)]),
    "rising": lambda p, n: _share([step > 0 for step in intervals(n) if step]),
    "range": lambda p, n: (max((x.pitch for x in n), default=0) - min((x.pitch for x in n), default=0)) / 12,
    "height": lambda p, n: (sum(x.pitch for x in n) / len(n) - 60) / 12 if n else 0.0,
    "off_the_beat": _off_beat,
    "long_notes": lambda p, n: _share([x.length >= 2 * TICKS for x in n]),
    "short_notes": lambda p, n: _share([x.length < TICKS / 2 for x in n]),
    "variety_of_lengths": lambda p, n: _variety(n),
    "silence": lambda p, n: 1 - sum(x.length for x in n) / max(p.cells * 3, 1),
    "triplets": lambda p, n: _share([cell == TRIPLET for cell in p.lanes[0][3::4]]),
    "returning_motifs": lambda p, n: motif_repetition(p) / 100,
    "outside_the_scale": _outside,
    "ends_at_home": lambda p, n: float(ends_at_home(p)),
    "voices": lambda p, n: _voices(p),
    "harsh_beats": lambda p, n: _harsh(p),
    "chord_changes": lambda p, n: _chord_changes(p) / 2,
    "minor": lambda p, n: float(p.key.is_minor),
}
MEASURES = tuple(_MEASURES)


def measured(phrase: Phrase) -> Row:
    """The measures of a phrase, shape (measures,), in the order of `MEASURES`."""
    notes = notes_of(phrase.lanes[0])
    return np.array([measure(phrase, notes) for measure in _MEASURES.values()])


@dataclass(frozen=True, slots=True)
class Taste:
    """Log-odds that people like a phrase, against an average one: `weights` of the standardised measures."""

    mean: Row
    scale: Row
    weights: Row

    def __call__(self, phrase: Phrase) -> float:
        """0 for an average phrase, above it for a liked one; within 4 either way."""
        value = float((measured(phrase) - self.mean) / self.scale @ self.weights)
        return max(-MOST, min(MOST, value))


def write_taste(taste: Taste, folder: Path) -> None:
    """Write the file `taste.json` into a folder."""
    rows = {name: [float(x) for x in getattr(taste, name)] for name in Taste.__slots__}
    text = json.dumps({"ghostnote_taste": 1, "measures": list(MEASURES), **rows}, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read_taste(folder: Path) -> Taste:
    """The taste in a folder. Raises ValueError for a damaged file and for measures that this version does not take."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        rows = [np.array(found[name], dtype=np.float64) for name in Taste.__slots__]
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise ValueError(f"{FILE} cannot be read") from broken
    if tuple(found["measures"]) != MEASURES:
        raise ValueError(f"{FILE} was learnt with other measures")
    if any(row.shape != (len(MEASURES),) or not np.isfinite(row).all() for row in rows) or (rows[1] <= 0).any():
        raise ValueError(f"{FILE} is damaged")
    return Taste(*rows)
