"""Fill the hidden cells of phrases of any length with a network that sees four bars at a time.

Work goes left to right in stretches of two bars, each seen with what stands around it, many candidates at once. What
was known before is never changed. Everything here is on tonic C and in the network's ids; keys and notes stay outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.music.form import Plan, bars_since, bars_until
from engine.music.limits import Effort, Filler, Ids, Limits
from engine.music.tokens import FAR, HOLD_ID, MASK_ID, UNSET

WINDOW = 4


@dataclass(frozen=True, slots=True)
class Told:
    """The condition of a whole piece: ids as in `tokens.Condition`, one chord id a patch, and the closing bars."""

    style: int
    mode: int
    metre: int
    bar: int
    chords: tuple[int, ...]
    closes: tuple[int, ...]
    density: int = UNSET
    register: int = UNSET


def complete(
    filler: Filler, ids: Ids, told: Told, limits: Limits, effort: Effort, seed: int, step: int = 2
) -> tuple[Ids, NDArray[np.float64]]:
    """Fill every hidden cell of (candidates, lanes, cells), `step` bars at a time; the mean score of each candidate."""
    ids = ids.copy()
    bars = -(-ids.shape[2] // told.bar)
    scores = []
    first = 0
    while first < bars:
        last = min(first + step, bars)
        if (ids[:, :, first * told.bar : last * told.bar] == MASK_ID).any():
            scores.append(fill_bars(filler, ids, first, last, told, limits, effort, seed + first))
        first = last
    return ids, np.mean(scores, axis=0) if scores else np.zeros(len(ids))


def carry_out(
    filler: Filler, plan: Plan, ids: Ids, told: Told, limits: Limits, effort: Effort, seed: int
) -> tuple[Ids, NDArray[np.float64]]:
    """Follow a form plan: copy what returns, hide a share of it, fill; cells that were known at the start stay."""
    ids, rng, scores = ids.copy(), np.random.default_rng(seed), []
    for number, step in enumerate(plan.steps):
        here = slice(step.first * told.bar, step.last * told.bar)
        if step.source is not None:
            _copy(ids, here, step.source * told.bar, step.vary, rng)
        if (ids[:, :, here] == MASK_ID).any():
            scores.append(fill_bars(filler, ids, step.first, step.last, told, limits, effort, seed + 31 * number))
    return ids, np.mean(scores, axis=0) if scores else np.zeros(len(ids))


def fill_bars(
    filler: Filler, ids: Ids, first: int, last: int, told: Told, limits: Limits, effort: Effort, seed: int
) -> NDArray[np.float64]:
    """Fill the hidden cells of bars first to last (excluded) in place, seen in a window of four; returns scores."""
    bars = -(-ids.shape[2] // told.bar)
    start = max(0, min(first - (WINDOW - (last - first)), bars - WINDOW))
    end = min(bars, max(start + WINDOW, last))
    # What lies right of the stretch is seen only when it is known already.
    right = slice(last * told.bar, end * told.bar)
    if (ids[:, :, right] == MASK_ID).any():
        end = last
    cells = slice(start * told.bar, end * told.bar)
    window = ids[:, :, cells].copy()
    window[:, :, 0] = _open(ids, cells.start)
    labels = (told.style, told.mode, told.metre, told.density, told.register,
              min(FAR, bars_since(told.closes, start)), min(FAR, bars_until(told.closes, end - 1)))  # fmt: skip
    chords = np.array(told.chords[cells.start // 4 : cells.stop // 4], dtype=np.int64)
    count = len(ids)
    made, scores = filler.fill(window, np.tile(labels, (count, 1)), np.tile(chords, (count, 1)), limits, effort, seed)
    hidden = ids[:, :, cells] == MASK_ID
    ids[:, :, cells] = np.where(hidden, made, ids[:, :, cells])
    return scores


def _open(ids: Ids, at: int) -> Ids:
    """The first cells of a window: a HOLD there is shown as the note that it holds."""
    first: Ids = ids[:, :, at].copy()
    for i, j in np.argwhere(first == HOLD_ID):
        row = ids[i, j, :at]
        sets = np.flatnonzero(row > 2)
        first[i, j] = row[sets[-1]] if len(sets) and row[sets[-1]] != MASK_ID else 0
    return first


def _copy(ids: Ids, here: slice, source: int, vary: float, rng: np.random.Generator) -> None:
    """Copy hidden cells from an earlier bar, then hide a share of the copied beats again, the first beat never."""
    length = here.stop - here.start
    target = ids[:, :, here]
    hidden = target == MASK_ID
    target[:] = np.where(hidden, ids[:, :, source : source + length], target)
    target[:, :, 0] = np.where(hidden[:, :, 0], _open(ids, source), target[:, :, 0])
    patches = rng.random((*target.shape[:2], length // 4)) < vary
    patches[:, :, 0] = False
    again = np.repeat(patches, 4, axis=2) & hidden
    target[again] = MASK_ID


def best_first(scores: NDArray[np.float64], faults: Sequence[float]) -> list[int]:
    """Candidates from best to worst: the critic's standardised score minus the standardised written rules."""

    def standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = values.std()
        return (values - values.mean()) / spread if spread > 1e-9 else values * 0

    total = standard(scores) - 1.5 * standard(np.asarray(faults, dtype=np.float64))
    return [int(i) for i in np.argsort(-total, kind="stable")]
