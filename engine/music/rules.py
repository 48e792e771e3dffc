"""Part-writing and melody rules as one number, to choose among candidates: fewer faults first.

The rules are those of the measured table (`metrics`), weighed by how much a listener minds, plus what only a melody can
do wrong: leaps without return, a close away from the tonic, a bar of nothing.
"""

from itertools import pairwise

from engine.music.chords import chord_pitch_classes
from engine.music.metrics import (
    crossings,
    ends_at_home,
    intervals,
    is_chord,
    motif_repetition,
    parallel_moves,
    struck_parallels,
)
from engine.music.phrase import NO_CHORD, Phrase, notes_of, sounding


def faults(phrase: Phrase, closes: bool = True) -> float:
    """Faults a bar, 0 for a spotless phrase; lower is better. `closes` asks for the tonic at the end."""
    heard = [sounding(lane) for lane in phrase.lanes]
    total = melody_faults(phrase) + 0.3 * (closes and not ends_at_home(phrase))
    if len(heard) > 1:
        total += 3.0 * parallel_moves(heard)[0] + 0.5 * crossings(heard)[0]
        total += 0.5 * struck_parallels(phrase.lanes, heard)[0]
        for cell in range(0, phrase.cells, phrase.metre.pulse):
            total += 1.0 * (not is_chord(row[cell] for row in heard))
    return total / max(phrase.bars, 1)


def melody_faults(phrase: Phrase) -> float:
    """Leaps, unresolved leaps, long silences and strong beats outside the chord, over the whole phrase."""
    total = 0.0
    for index, lane in enumerate(phrase.lanes):
        notes = notes_of(lane)
        moves = intervals(notes)
        bass = index == len(phrase.lanes) - 1 and index > 0
        leaps = sum(0.15 * max(0, abs(m) - (7 if bass else 4)) + 0.5 * (abs(m) in (6, 10, 11)) for m in moves)
        leaps += sum(0.3 for a, b in pairwise(moves) if abs(a) > 7 and a * b > 0)
        # A busy tune has more moves, and is no worse for it.
        total += leaps * (1.0 if len(phrase.lanes) > 1 else 6 * phrase.bars / max(len(notes), 1))
        total += 2.0 * (len(notes) < phrase.bars)
    if phrase.chords:
        heard = sounding(phrase.lanes[0])
        for cell in range(0, phrase.cells, phrase.metre.bar):
            chord = phrase.chords[cell]
            total += chord != NO_CHORD and heard[cell] >= 0 and heard[cell] % 12 not in chord_pitch_classes(chord)
    if len(phrase.lanes) == 1 and phrase.bars >= 8:
        total += max(0.0, 55.0 - motif_repetition(phrase)) / 15
    return total
