"""Windows as arrays the trainer can draw batches from, and the masks that hide parts of them.

Batches are of one kind (how many lanes, which metre), so that nothing is padded. The masks are the product's own tasks:
compose all, harmonise a melody, continue, fill bars, redraw single beats; within what is hidden a random share is shown
again, because that is what the network sees half way through decoding.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.music.chords import chord_lane
from engine.music.corpus import STYLES, Piece, load_pieces, split_by_family, windows_of
from engine.music.tokens import Condition, condition_of, encode

Kind = tuple[int, int]  # lanes, metre id


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one kind: ids (windows, lanes, cells), labels (windows, 7), chords (windows, patches)."""

    ids: NDArray[np.int16]
    labels: NDArray[np.int16]
    chords: NDArray[np.int16]


def labels_of(condition: Condition) -> tuple[int, ...]:
    """The seven label columns in the order the network reads them."""
    c = condition
    return (c.style, c.mode, c.metre, c.density, c.register, c.from_start, c.to_end)


def build(pieces: Sequence[Piece]) -> dict[Kind, Windows]:
    """Label the chords of every piece, cut it into windows and encode them, grouped by kind."""
    labelled = [replace(p, phrase=replace(p.phrase, chords=chord_lane(p.phrase))) for p in pieces]
    rows: dict[Kind, list[tuple[NDArray[np.int16], Condition]]] = defaultdict(list)
    for window in windows_of(labelled):
        condition = condition_of(window.phrase, STYLES.index(window.style), window.from_start, window.to_end)
        rows[len(window.phrase.lanes), condition.metre].append((encode(window.phrase.lanes), condition))
    return {
        kind: Windows(
            np.stack([ids for ids, _ in group]),
            np.array([labels_of(c) for _, c in group], dtype=np.int16),
            np.array([c.chords for _, c in group], dtype=np.int16),
        )
        for kind, group in rows.items()
        if kind[0] in (1, 4)
    }


def training_windows(cache: Path | None = None, pieces: Sequence[Piece] | None = None) -> dict[Kind, Windows]:
    """The training side of the split, read from `cache` (an .npz without pickles) when that exists, else built.

    `pieces` are the training pieces, if they have been read already.
    """
    if cache is not None and cache.exists():
        with np.load(cache, allow_pickle=False) as stored:
            return _from_arrays(dict(stored))
    windows = build(pieces if pieces is not None else split_by_family(load_pieces())[0])
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        arrays = {f"{k[0]}-{k[1]}-{n}": getattr(w, n) for k, w in windows.items() for n in ("ids", "labels", "chords")}
        np.savez_compressed(cache, **arrays)
    return windows


def _from_arrays(arrays: Mapping[str, NDArray[np.int16]]) -> dict[Kind, Windows]:
    kinds = sorted({name.rsplit("-", 1)[0] for name in arrays})
    return {
        (int(k.split("-")[0]), int(k.split("-")[1])): Windows(
            arrays[f"{k}-ids"], arrays[f"{k}-labels"], arrays[f"{k}-chords"]
        )
        for k in kinds
    }


def draw(windows: Windows, size: int, rng: np.random.Generator) -> Windows:
    """A random batch; each optional condition is withheld at random, so that the network also does without."""
    pick = rng.integers(0, len(windows.ids), size)
    labels, chords = windows.labels[pick].copy(), windows.chords[pick].copy()
    labels[rng.random(size) < 0.5, 3] = 0
    labels[rng.random(size) < 0.5, 4] = 0
    chords[rng.random(size) < 0.35] = 0
    return Windows(windows.ids[pick], labels, chords)


def hide(size: int, lanes: int, cells: int, bar: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """True where a cell is hidden, shape (size, lanes, cells); every window has at least one hidden cell."""
    hidden = np.stack([_region(lanes, cells, bar, rng) for _ in range(size)])
    shown = rng.random((size, 1, 1)) * (rng.random((size, 1, 1)) < 0.85)
    hidden &= rng.random(hidden.shape) >= shown
    hidden[np.arange(size), rng.integers(0, lanes, size), rng.integers(0, cells, size)] = True
    return hidden


def _region(lanes: int, cells: int, bar: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """What one task hides: everything, some lanes, bars from one on, a run of beats, or scattered lane-beats."""
    region = np.zeros((lanes, cells), dtype=bool)
    task = rng.random()
    if task < 0.35:
        region[:] = True
    elif task < 0.6 and lanes > 1:
        chosen = rng.random(lanes) < 0.6
        chosen[rng.integers(0, lanes)] = True
        region[chosen] = True
        if rng.random() < 0.7:
            region[0] = False
    elif task < 0.75:
        region[:, bar * int(rng.integers(1, 4)) :] = True
    elif task < 0.9:
        first = 4 * int(rng.integers(0, cells // 4))
        region[:, first : first + 4 * int(rng.integers(1, 9))] = True
    else:
        patches = rng.random((lanes, cells // 4)) < rng.random()
        region[:] = np.repeat(patches, 4, axis=1)
    return region
