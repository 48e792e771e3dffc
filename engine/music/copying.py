"""The copying guard: an index of the training melodies, by which candidates that copy one are found and redrawn.

Promise 6 for music: no piece shares more than 8 consecutive melody notes, transposed to any key and in any rhythm, or
60 % of the onsets of any four bars, with the training music. The index can say that something is a copy; it is not made
to play the tunes. Only notes that were newly written are judged: what a person brings may be anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.music.corpus import BARS, Piece, windows_of
from engine.music.errors import NoWeights
from engine.music.phrase import METRES, Phrase
from engine.music.tokens import FIRST_PITCH, HOLD_ID, MASK_ID, encode

MOVES = 8  # nine notes: one more than may be shared
SHARE = 0.6
_FEW = 16  # new onsets; of fewer among old ones no share is taken, for chance alone makes it high
_CODES = 15
Row = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Copies:
    """The training melodies in two forms.

    `runs` holds sorted 32-bit hashes of every `MOVES` successive intervals of a melody. `windows` has, by metre, every
    four-bar window, shape (cells, windows), as one code a cell: 0 where no note begins, else 1 + id % 15 of the pitch
    on tonic C, so that pitches 15 semitones apart look alike (which can only make the guard stricter).
    """

    runs: NDArray[np.uint32]
    windows: Mapping[str, NDArray[np.uint8]]

    def marks(self, row: Row, fresh: Flags, metre: str, first: int = 0) -> Flags:
        """The onsets to draw again, of a melody (ids on tonic C, nothing hidden) whose `fresh` cells are new.

        None if it copies nothing. Of a run too long the middle note is marked (and so many of a longer one), of a
        window too alike every second note that it shares. Only cells from `first` on are marked, and copies that end
        before it passed over.
        """
        found = np.zeros(len(row), dtype=bool)
        onsets = np.flatnonzero((row >= FIRST_PITCH) & (row != MASK_ID))
        free = int(np.searchsorted(onsets, first))
        for begin in self._runs_in(row, fresh, onsets):
            if begin + MOVES >= free:
                found[onsets[max(begin + MOVES // 2, free)]] = True
        bar = METRES[metre].bar
        for at in range(max(0, first - (BARS - 1) * bar), len(row) - BARS * bar + 1, bar):
            shared = at + self._shared(row, fresh, at, metre)
            found[shared[shared >= first][::2]] = True
        return found

    def _runs_in(self, row: Row, fresh: Flags, onsets: NDArray[np.intp]) -> list[int]:
        """Numbers of the onsets with which a forbidden run begins, all of whose notes are new."""
        if len(onsets) <= MOVES:
            return []
        wanted = run_hashes(np.diff(row[onsets]))
        hit = self.runs[np.searchsorted(self.runs, wanted).clip(max=len(self.runs) - 1)] == wanted
        new = np.lib.stride_tricks.sliding_window_view(fresh[onsets], MOVES + 1).all(-1)
        return [int(i) for i in np.flatnonzero(hit & new)]

    def _shared(self, row: Row, fresh: Flags, at: int, metre: str) -> NDArray[np.intp]:
        """Cells, counted from `at`, of the onsets shared with one training window, if they are too many; else none."""
        none = np.zeros(0, dtype=np.intp)
        part = codes(row, at, BARS * METRES[metre].bar)
        new = (part > 0) & fresh[at : at + len(part)]
        count = int(new.sum())
        if metre not in self.windows or count == 0 or (count < _FEW and count < (part > 0).sum()):
            return none
        windows = self.windows[metre]
        same = np.zeros(windows.shape[1], dtype=np.uint8)
        for cell in np.flatnonzero(new):
            same += windows[cell] == part[cell]
        best = int(same.argmax())
        if same[best] <= SHARE * count:
            return none
        shared: NDArray[np.intp] = np.flatnonzero(new & (windows[:, best] == part))
        return shared

    def save(self, path: Path) -> None:
        """Write the index as safetensors, two codes of a window a byte."""
        tensors: dict[str, NDArray[np.generic]] = {"runs": self.runs}
        for name, windows in self.windows.items():
            tensors[f"windows/{name}"] = windows[::2] << 4 | windows[1::2]
        save_file(tensors, path, {"made_by": "ghostnote learn music", "licence": "Apache-2.0"})


def index_of(train: Sequence[Piece]) -> Copies:
    """The index of these pieces' melodies, which stand on tonic C."""
    hashes = [run_hashes(np.diff(row[row >= FIRST_PITCH])) for row in (melody(p.phrase) for p in train)]
    windows: dict[str, list[NDArray[np.uint8]]] = {}
    for window in windows_of(train):
        row = melody(window.phrase)
        windows.setdefault(window.phrase.metre.name, []).append(codes(row, 0, len(row)))
    return Copies(
        np.unique(np.concatenate(hashes)),
        {name: np.ascontiguousarray(np.unique(np.stack(rows), axis=0).T) for name, rows in windows.items()},
    )


def melody(phrase: Phrase) -> Row:
    """A phrase's first lane as ids."""
    ids: Row = encode(phrase.lanes[:1])[0].astype(np.int64)
    return ids


def run_hashes(intervals: NDArray[np.int64]) -> NDArray[np.uint32]:
    """A hash of every `MOVES` successive intervals in semitones; empty for fewer. Rhythm does not count."""
    if len(intervals) < MOVES:
        return np.zeros(0, dtype=np.uint32)
    runs = np.lib.stride_tricks.sliding_window_view(intervals + MASK_ID, MOVES).astype(np.uint64)
    mixed = runs @ (np.uint64(0x9E3779B97F4A7C15) ** np.arange(1, MOVES + 1, dtype=np.uint64))
    return (mixed >> np.uint64(32)).astype(np.uint32)


def codes(row: Row, at: int, length: int) -> NDArray[np.uint8]:
    """The onsets of part of a melody as codes; a note that is held into the part begins there."""
    part = row[at : at + length].copy()
    if part[0] == HOLD_ID:
        earlier = row[:at][row[:at] != HOLD_ID]
        part[0] = earlier[-1] if len(earlier) else part[0]
    begins = (part >= FIRST_PITCH) & (part != MASK_ID)
    return np.where(begins, 1 + part % _CODES, 0).astype(np.uint8)


def load_copies(path: Path) -> Copies:
    """The index that `Copies.save` wrote. Raises NoWeights when it is missing or damaged."""
    if not path.is_file():
        raise NoWeights(why="missing", file=path.name)
    try:
        tensors = load_file(path)
        windows = {}
        for name, packed in tensors.items():
            if name.startswith("windows/"):
                both = np.stack([packed >> 4, packed & 15], axis=1)
                windows[name.removeprefix("windows/")] = both.reshape(-1, packed.shape[1])
        return Copies(tensors["runs"], windows)
    except (SafetensorError, KeyError, ValueError) as error:
        raise NoWeights(why="damaged", file=path.name) from error
