"""Fill the hidden cells of phrases of any length with a network that sees four bars at a time.

Work goes left to right in stretches of two bars, each seen with what stands around it, many candidates at once. What
was known before is never changed. What copies the training music is drawn again. Everything here is on tonic C and in
the network's ids; keys and notes stay outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.music.copying import Copies
from engine.music.form import Plan, Step, bars_since, bars_until
from engine.music.limits import Effort, Filler, Ids, Limits
from engine.music.tokens import FAR, FIRST_PITCH, HOLD_ID, MASK_ID, REST_ID, UNSET

LIKING = 2.0  # an even chance against nine in ten counts as much as four standard deviations of the critic
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


@dataclass(frozen=True, slots=True)
class Work:
    """What stays the same while a piece is filled; `copies` is the guard, if there is one, and `metre` the model's.

    `sung`: hidden cells are notes of a rhythm that is settled, and what returns lends them its pitches.
    """

    filler: Filler
    told: Told
    limits: Limits
    effort: Effort
    metre: str
    copies: Copies | None = None
    sung: bool = False


def complete(work: Work, ids: Ids, seed: int, step: int = 2) -> tuple[Ids, NDArray[np.float64]]:
    """Fill every hidden cell of (candidates, lanes, cells), `step` bars at a time; the mean score of each candidate."""
    bars = -(-ids.shape[2] // work.told.bar)
    steps = tuple(Step(first, min(first + step, bars)) for first in range(0, bars, step))
    return carry_out(work, Plan(steps, (), ()), ids, seed)


def carry_out(work: Work, plan: Plan, ids: Ids, seed: int) -> tuple[Ids, NDArray[np.float64]]:
    """Follow a form plan: copy what returns, hide a share of it, fill; cells that were known at the start stay.

    What copies the training music is drawn again at once, before a later bar repeats it.
    """
    fresh = np.asarray(ids[:, 0] == MASK_ID)
    ids, rng, scores = ids.copy(), np.random.default_rng(seed), []
    for number, step in enumerate(plan.steps):
        here = slice(step.first * work.told.bar, step.last * work.told.bar)
        if step.source is not None:
            source = step.source * work.told.bar
            _lend(ids, here, source) if work.sung else _copy(ids, here, source, step.vary, rng)
        if (ids[:, :, here] == MASK_ID).any():
            scores.append(fill_bars(work, ids, step.first, step.last, seed + 31 * number))
        if work.copies is not None and fresh[:, here].any():
            _own_words(work, ids, fresh, step, seed + 31 * number)
    return ids, np.mean(scores, axis=0) if scores else np.zeros(len(ids))


def copied(work: Work, ids: Ids, fresh: NDArray[np.bool_], first: int = 0) -> NDArray[np.bool_]:
    """The onsets, from cell `first` on, of each candidate's melody that the guard objects to, (candidates, cells).

    `fresh` has that shape too and says which cells are new.
    """
    if work.copies is None:
        return np.zeros_like(fresh)
    melodies = zip(ids[:, 0], fresh, strict=True)
    return np.stack([work.copies.marks(row, new, work.metre, first) for row, new in melodies])


def _own_words(work: Work, ids: Ids, fresh: NDArray[np.bool_], step: Step, seed: int) -> None:
    """Draw the beats of a step anew in which the melody copies, in place: first the melody's, then those around too."""
    bar = work.told.bar
    until, first = step.last * bar, step.first * bar
    for round_ in range(work.effort.redraws):
        marks = copied(work, ids[:, :, :until], fresh[:, :until], first)
        who = marks.any(1)
        if not who.any():
            return
        beats = np.asarray(marks[who].reshape(who.sum(), -1, 4).any(-1))
        for _ in range(1 + round_ // 2):
            beats[:, 1:] |= beats[:, :-1].copy()
        again = np.repeat(beats, 4, axis=1) & fresh[who, :until]
        again[:, :first] = False
        part = ids[who]
        part[:, 0, :until][again] = MASK_ID
        fill_bars(work, part, step.first, step.last, seed + 7919 * (round_ + 1))
        ids[who] = part


def fill_bars(work: Work, ids: Ids, first: int, last: int, seed: int) -> NDArray[np.float64]:
    """Fill the hidden cells of bars first to last (excluded) in place, seen in a window of four; returns scores."""
    told, bars = work.told, -(-ids.shape[2] // work.told.bar)
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
    told_each, chords_each = np.tile(labels, (len(ids), 1)), np.tile(chords, (len(ids), 1))
    made, scores = work.filler.fill(window, told_each, chords_each, work.limits, work.effort, seed)
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


def _lend(ids: Ids, here: slice, source: int) -> None:
    """Give hidden notes the pitches that sound at their places in an earlier bar, or next begin there."""
    target = ids[:, :, here]
    for row, lane in np.ndindex(*ids.shape[:2]):
        heard = ids[row, lane, : source + target.shape[2]]
        pitches = np.flatnonzero((heard >= FIRST_PITCH) & (heard != MASK_ID))
        for cell in np.flatnonzero(target[row, lane] == MASK_ID) if len(pitches) else ():
            at = int(np.searchsorted(pitches, source + cell, side="right")) - 1
            silent = at < 0 or (heard[pitches[at] + 1 : source + cell + 1] == REST_ID).any()
            target[row, lane, cell] = heard[pitches[min(at + 1, len(pitches) - 1) if silent else at]]


def best_first(
    scores: NDArray[np.float64], faults: Sequence[float], liking: Sequence[float] | None = None
) -> list[int]:
    """Candidates from best to worst: the critic's standardised score minus the standardised written rules.

    `liking`, log-odds that people like each, is added as it is: a taste that is sure of nothing changes nothing.
    """

    def standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = values.std()
        return (values - values.mean()) / spread if spread > 1e-9 else values * 0

    total = standard(scores) - 1.5 * standard(np.asarray(faults, dtype=np.float64))
    total = total if liking is None else total + LIKING * np.asarray(liking, dtype=np.float64)
    return [int(i) for i in np.argsort(-total, kind="stable")]
