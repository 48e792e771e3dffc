"""Chord progressions: how chords follow each other in the training music, and drawing new ones that reach a goal.

A chain of chords with one table a family, mode and place in the bar, counted from the corpus and kept beside the
network's weights. New progressions are drawn backwards-filtered, so that one can say where they begin and end and every
draw is a fair sample of the chains that do so, not a chain bent at its last step.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.music.chords import CHORDS, chord_lane, chord_pitch_classes
from engine.music.keys import Key
from engine.music.phrase import NO_CHORD, Phrase

Moves = NDArray[np.float64]  # (family, mode, place, from, to)
CHORALE, FOLK = 0, 1
SHAPE = (2, 2, 2, CHORDS, CHORDS)


def count_moves(phrases: Iterable[Phrase]) -> Moves:
    """How often each chord follows each, on tonic C: place 0 is a downbeat, 1 any other pulse. Counts, not shares."""
    moves = np.zeros(SHAPE)
    for phrase in phrases:
        lane = phrase.chords or chord_lane(phrase)
        pulse, bar = phrase.metre.pulse, phrase.metre.bar
        family = CHORALE if len(phrase.lanes) > 1 else FOLK
        for cell in range(pulse, phrase.cells, pulse):
            left, right = lane[cell - pulse], lane[cell]
            if NO_CHORD not in (left, right):
                moves[family, int(phrase.key.is_minor), int(cell % bar != 0), left, right] += 1
    return moves


def draw_progression(
    moves: Moves, family: int, key: Key, downbeats: Sequence[bool], ends: Sequence[int | None], rng: np.random.Generator
) -> list[int]:
    """One chord a pulse, on tonic C: `downbeats` says where bars begin, `ends[i]` fixes the chord of pulse i if given.

    Only chords of the key's scale are used (in minor also those with its raised seventh). Needs at least one pulse.
    """
    tables = moves[family, int(key.is_minor)] + 1e-3
    tables = (tables / tables.sum(-1, keepdims=True)) ** 1.3
    fits = _in_scale(key)
    gates = []
    for fixed in ends:
        gate = fits.copy()
        if fixed is not None:
            gate[:] = 0.0
            gate[fixed] = 1.0
        gates.append(gate)
    ahead = [np.ones(CHORDS)]
    for i in range(len(ends) - 1, 0, -1):
        message = tables[0 if downbeats[i] else 1] @ (gates[i] * ahead[0])
        ahead.insert(0, message / message.max())
    first = gates[0] * ahead[0] * tables.sum((0, 1))
    path = [_pick(first, rng)]
    for i in range(1, len(ends)):
        path.append(_pick(tables[0 if downbeats[i] else 1, path[-1]] * gates[i] * ahead[i], rng))
    return path


def tonic_chord(key: Key) -> int:
    """The number of the tonic triad on tonic C."""
    return 12 if key.is_minor else 0


def _in_scale(key: Key) -> NDArray[np.float64]:
    home = Key(0, key.mode if len(key.pitch_classes) == 7 else "minor" if key.is_minor else "major")
    classes = set(home.pitch_classes)
    leading = classes | {11} if key.is_minor else classes
    fits = np.zeros(CHORDS)
    for chord in range(CHORDS):
        notes = set(chord_pitch_classes(chord))
        if notes <= classes or (notes <= leading and 11 in notes and (chord - 7) % 12 == 0):
            fits[chord] = 1.0
    return fits


def _pick(weights: NDArray[np.float64], rng: np.random.Generator) -> int:
    return int(rng.choice(len(weights), p=weights / weights.sum()))
