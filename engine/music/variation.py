"""How a motif changes and stays itself: moved into a key and a metre, ornamented, turned over, slowed, repeated. Pure.

Notes are counted by steps of the scale here, so that a motif in minor is the same motif in major, and what is turned
over stays in the key. Whatever is done, the notes that are the motif's own keep the direction of every move, or have
every one reversed: that is what a listener knows it by.
"""

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from engine.music.keys import SCALES, Key
from engine.music.motif import Motif
from engine.music.phrase import CELL, Metre
from engine.music.setting import counted

SEVEN = 7  # steps of an octave
EIGHTH, QUARTER = 6, 12  # ticks
KINDS = ("ornament", "inversion", "augmentation", "sequence")


class Tone(NamedTuple):
    """A note by its place in a scale: start and length in ticks, steps above the tonic of MIDI's lowest octave, and by
    how many semitones it is raised there. `main` notes are the motif's own, the others ornaments."""

    start: int
    length: int
    step: int
    raised: int = 0
    main: bool = True


def tones_of(motif: Motif, metre: Metre) -> tuple[Tone, ...]:
    """A motif by the steps of its own key, in the rhythm that it has in this metre (2/4 is counted in fours)."""
    notes = motif.notes
    starts = _starts([note.start for note in notes], counted(motif.metre), counted(metre.name))
    moved = counted(motif.metre) != counted(metre.name)
    tones = []
    for number, (note, start) in enumerate(zip(notes, starts, strict=True)):
        length = note.length
        if number + 1 < len(notes):
            room = starts[number + 1] - start
            tied = note.start + note.length == notes[number + 1].start
            length = room if tied else min(length, room)
        elif moved:
            length = max(EIGHTH, length // EIGHTH * EIGHTH)
        step, raised = _step(note.pitch, motif.key)
        tones.append(Tone(start, length, step, raised))
    return tuple(tones)


def pitches(tones: Sequence[Tone], key: Key) -> list[int]:
    """What tones sound like in a key. A raised note that would turn a move around is moved on by a semitone."""
    found = [_pitch(tone.step, key) + tone.raised for tone in tones]
    own = [at for at, tone in enumerate(tones) if tone.main]
    moves = contour([8 * tones[at].step + tones[at].raised for at in own])
    for (at, after), move in zip(pairwise(own), moves, strict=True):
        if contour((found[at], found[after])) != (move,):
            found[after] = found[at] + move
    return found


def contour(row: Sequence[int]) -> tuple[int, ...]:
    """Up (1), down (-1) or level (0), from each to the next."""
    return tuple((b > a) - (b < a) for a, b in pairwise(row))


def shifted(tones: Sequence[Tone], steps: int) -> tuple[Tone, ...]:
    """So many steps of the scale higher."""
    return tuple(tone._replace(step=tone.step + steps) for tone in tones)


def end_of(tones: Sequence[Tone]) -> int:
    """The tick behind the last tone."""
    return max(tone.start + tone.length for tone in tones)


def varied(tones: Sequence[Tone], kind: str, dice: random.Random, bar: int) -> tuple[Tone, ...]:
    """The motif in one of `KINDS`, () where that cannot be; `bar` is in ticks. Any other kind leaves it as it is."""
    match kind:
        case "ornament":
            return _ornamented(tones, dice)
        case "inversion":
            first = tones[0].step
            return tuple(tone._replace(step=2 * first - tone.step, raised=-tone.raised) for tone in tones)
        case "augmentation":
            straight = all(tick % CELL == 0 for tone in tones for tick in tone[:2])
            slow = (tone._replace(start=2 * tone.start, length=2 * tone.length) for tone in tones)
            return tuple(slow) if straight else ()
        case "sequence":
            later, steps = -(-end_of(tones) // bar) * bar, dice.choice((1, -1))
            again = (tone._replace(start=tone.start + later) for tone in shifted(tones, steps))
            return (*tones, *again)
        case _:
            return tuple(tones)


def _ornamented(tones: Sequence[Tone], dice: random.Random) -> tuple[Tone, ...]:
    """One or two notes are left through a neighbour, or fill the third to the next. Of leaps only one is filled: they
    are what a motif is known by."""
    moves = [after.step - tone.step for tone, after in pairwise(tones)]
    places = [at for at, move in enumerate(moves)
              if abs(move) <= 2 and tones[at].length >= EIGHTH and tones[at].length % EIGHTH == 0]  # fmt: skip
    thirds, steps = ([at for at in places if (abs(moves[at]) == 2) == wide] for wide in (True, False))
    chosen = {*dice.sample(thirds, min(1, len(thirds))), *dice.sample(steps, min(1, len(steps)))}
    row: list[Tone] = []
    for at, tone in enumerate(tones):
        if at not in chosen:
            row.append(tone)
            continue
        move = moves[at]
        half = tone.length // 2 if tone.length <= QUARTER else tone.length - EIGHTH
        between = tone.step + (move // 2 if abs(move) == 2 else 1 if move <= 0 else -1)
        row += [tone._replace(length=half), Tone(tone.start + half, tone.length - half, between, 0, main=False)]
    return tuple(row) if chosen else ()


def _starts(starts: Sequence[int], old: Metre, new: Metre) -> list[int]:
    """Where notes of one metre begin in another one, on its eighths as far as there is one for each."""
    if old == new:
        return list(starts)
    share = _SHARES.get((old.name, new.name), 1)
    parts = 1 if share == 1 or "3/4" in (old.name, new.name) else 2
    part, found = old.bar * CELL // parts, list[int]()
    for start in starts:
        number, within = divmod(start, part)
        at = number * new.bar * CELL // parts + round(within * share / EIGHTH) * EIGHTH
        found.append(max(at, found[-1] + CELL) if found else at)
    return found


_SHARES: Mapping[tuple[str, str], float] = {("4/4", "3/4"): 0.75, ("4/4", "6/8"): 0.75, ("6/8", "4/4"): 4 / 3}
"""How much longer time runs in another metre; where none stands, a bar keeps its beats and ends sooner or later."""


def _scale(key: Key) -> tuple[int, ...]:
    """The seven steps of a key; of scales with fewer notes, those of major or minor."""
    scale = SCALES[key.mode]
    return scale if len(scale) == SEVEN else SCALES["minor" if key.is_minor else "major"]


def _step(pitch: int, key: Key) -> tuple[int, int]:
    octave, above = divmod(pitch - key.tonic, 12)
    scale = _scale(key)
    place = max(at for at, semitones in enumerate(scale) if semitones <= above)
    return SEVEN * octave + place, above - scale[place]


def _pitch(step: int, key: Key) -> int:
    octave, place = divmod(step, SEVEN)
    return 12 * octave + _scale(key)[place] + key.tonic
