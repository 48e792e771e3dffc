"""The chord lane: which triad each pulse of a phrase implies, found by Viterbi over the triads of the scale.

A chord is a number, quality * 12 + root, where the qualities are the rows of `QUALITIES` and the root is a pitch class;
NO_CHORD means unknown. Labels are made from what sounds, so a melody alone gets chords too; changing chords costs, and
less on a downbeat, which is how the result gets a harmonic rhythm (after Temperley, Music and Probability, 2007).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.music.keys import Key
from engine.music.phrase import NO_CHORD, Phrase, sounding

QUALITIES = ((0, 4, 7), (0, 3, 7), (0, 3, 6))
QUALITY_NAMES = ("", "m", "dim")
CHORDS = 12 * len(QUALITIES)
_TEMPLATES = np.array([[float((pc - root) % 12 in quality) for pc in range(12)]
                       for quality in QUALITIES for root in range(12)])  # fmt: skip
_ROOTS = np.array([[float(pc == root) for pc in range(12)] for _ in QUALITIES for root in range(12)])
_CHANGE, _CHANGE_ON_DOWNBEAT, _OUTSIDE = 1.2, 0.6, 1.0


def chord_lane(phrase: Phrase) -> tuple[int, ...]:
    """One chord a cell, constant within a pulse; NO_CHORD only when the phrase is silent throughout."""
    weights = pulse_weights(phrase)
    if not weights.any():
        return (NO_CHORD,) * phrase.cells
    path = _best_path(_emissions(weights, phrase.key), phrase.metre.bar // phrase.metre.pulse)
    return tuple(path[cell // phrase.metre.pulse] for cell in range(phrase.cells))


def pulse_weights(phrase: Phrase) -> NDArray[np.float64]:
    """How long each pitch class sounds in each pulse: shape (pulses, 12), in cells; the bass counts one and a half."""
    pulse = phrase.metre.pulse
    weights = np.zeros((-(-phrase.cells // pulse), 12))
    for index, lane in enumerate(phrase.lanes):
        heavy = 1.5 if index == len(phrase.lanes) - 1 and index else 1.0
        for cell, pitch in enumerate(sounding(lane)):
            if pitch >= 0:
                # The start of a pulse says more about its chord than what passes later.
                weights[cell // pulse, pitch % 12] += heavy * (1.5 if cell % pulse == 0 else 1.0)
    return weights


def chord_pitch_classes(chord: int) -> tuple[int, ...]:
    """Root, third and fifth as pitch classes."""
    quality, root = divmod(chord, 12)
    return tuple((root + step) % 12 for step in QUALITIES[quality])


def chord_name(chord: int, names: Sequence[str]) -> str:
    """For people: "Dm", "Bdim"."""
    quality, root = divmod(chord, 12)
    return names[root] + QUALITY_NAMES[quality]


def _emissions(weights: NDArray[np.float64], key: Key) -> NDArray[np.float64]:
    inside = weights @ _TEMPLATES.T
    outside = weights.sum(axis=1, keepdims=True) - inside
    scale = np.array([float(pc in key.pitch_classes or (key.is_minor and pc == (key.tonic + 11) % 12))
                      for pc in range(12)])  # fmt: skip
    foreign = (_TEMPLATES * (1 - scale)).sum(axis=1)
    home = np.zeros(CHORDS)
    for degree, bonus in ((0, 0.6), (7, 0.4), (5, 0.3)):
        home += bonus * _ROOTS[:, (key.tonic + degree) % 12]
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
    diminished = np.array([0.0] * 24 + [0.5] * 12)
    heard: NDArray[np.float64] = 3 * (inside + 0.3 * weights @ _ROOTS.T - _OUTSIDE * outside) / total
    scores: NDArray[np.float64] = heard + home - 1.5 * foreign - diminished
    return scores


def _best_path(scores: NDArray[np.float64], pulses_a_bar: int) -> list[int]:
    """Viterbi with one cost for every change of chord."""
    best, back = scores[0].copy(), []
    for index in range(1, len(scores)):
        cost = _CHANGE_ON_DOWNBEAT if index % pulses_a_bar == 0 else _CHANGE
        jump = int(best.argmax())
        moved = best[jump] - cost
        back.append(np.where(best >= moved, np.arange(CHORDS), jump))
        best = np.maximum(best, moved) + scores[index]
    path = [int(best.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]
