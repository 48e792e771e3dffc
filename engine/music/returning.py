"""Where motifs come back in a piece or a song, and in which shape: known cells, around which the network writes. Pure.

A motif returns where a phrase begins. Its first return is near to how it was tied, later ones are farther from that; a
section that the plan brings back has it as it was there before. In a song the words have settled the rhythm, so a motif
lends its pitches to the lines that name whom it stands for, or else to one that begins a stanza.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from engine.music.chords import chord_pitch_classes
from engine.music.form import UNIT, Plan
from engine.music.motif import Motif, named
from engine.music.phrase import BEAT, CELL, NO_CHORD, TICKS, UNKNOWN, Note, Phrase, lane_of
from engine.music.setting import counted
from engine.music.variation import KINDS, SEVEN, Tone, end_of, pitches, shifted, tones_of, varied
from engine.music.wishes import Remark

SUNG = ("words", "inverted words")
ENOUGH = 4  # notes of a motif by which it is known in a line that has fewer than all
LINES = 4  # of a song in which one motif is sung
MIDDLE, EDGE = 70, 8  # where the network writes best, and how far from the ends of a range

Shape = tuple[str, tuple[Tone, ...]]


@dataclass(frozen=True, slots=True)
class Return:
    """A motif where it came back: `cells` are where its own notes begin, `until` is the cell behind it.

    `kind` is one of `variation.KINDS` or of `SUNG`, or "plain"; `home` the pitch its first note had when it was tied.
    """

    name: str
    kind: str
    cells: tuple[int, ...]
    until: int
    home: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A phrase with motifs as known cells, where they are, and the names of those for which there was no room."""

    phrase: Phrase
    returns: tuple[Return, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a song: its words, the cells of its notes, whether it begins a stanza, and which earlier line has the
    same words and so the same melody."""

    words: str
    cells: tuple[int, ...]
    begins: bool = False
    same: int | None = None


def returned(phrase: Phrase, plan: Plan, motifs: Sequence[Motif], seed: int, span: tuple[int, int]) -> Placed:
    """The motifs in a phrase that is still to be written, within `span` (lowest and highest pitch).

    The same seed gives the same. Where the phrase has chords, motifs begin on the step that suits those best.
    """
    if not motifs:
        return Placed(phrase)
    dice, bar = random.Random(f"{seed} motifs"), counted(phrase.metre.name).bar
    returns, shapes, left = list[Return](), dict[tuple[str, str], Shape](), {one.name: list(KINDS) for one in motifs}
    for number, (letter, which) in enumerate(_dealt(plan.names, len(motifs))):
        if which is None:
            continue
        motif, first = motifs[which], number * UNIT * bar
        room = min(UNIT * bar, phrase.cells - first)
        # The last bar of a close is the network's, which knows how to come home.
        closing = (first + room) // bar - 1 in plan.closes and room > 2 * bar
        again = shapes.get((letter, motif.name)) if len(set(plan.names)) > 1 else None
        heard = next((one for one in returns if one.name == motif.name), None)
        middle = fmean(phrase.lanes[0][cell] for cell in heard.cells) if heard else None
        near = [kind for kind in ("ornament", "sequence") if kind == "ornament" or len(motif.lane) <= bar]
        kinds = [again[0]] if again else dice.sample(left[motif.name], len(left[motif.name])) if heard else near
        shape = again or _shape(motif, kinds, _Spot(phrase, first, room - bar * closing, span, middle), dice)
        found = shape and _written(phrase, first, shape[1])
        if shape and found:
            phrase, cells, until = found
            returns.append(Return(motif.name, shape[0], cells, until, motif.notes[0].pitch))
            shapes[letter, motif.name] = shape
            left[motif.name] = [kind for kind in left[motif.name] if kind != shape[0]] or list(KINDS)
    there = {one.name for one in returns}
    return Placed(phrase, tuple(returns), tuple(one.name for one in motifs if one.name not in there))


def sung(phrase: Phrase, lines: Sequence[Line], motifs: Sequence[Motif], seed: int, span: tuple[int, int]) -> Placed:
    """The motifs in a song whose notes are placed and not yet written: the first notes of a line take their pitches."""
    dice, row, returns = random.Random(f"{seed} motifs"), list(phrase.lanes[0]), dict[int, Return]()
    for motif in motifs:
        fresh = [number for number, line in enumerate(lines) if line.same is None and number not in returns]
        naming = [number for number in fresh if named((motif,), lines[number].words)][:LINES]
        others = [number for number in fresh if lines[number].begins and number not in naming]
        begun = False
        for number in (*naming, *others):
            if begun and number not in naming:
                break
            kind = dice.choice((SUNG[0], *SUNG)) if begun else SUNG[0]
            found = _lent(motif, kind, phrase, lines[number].cells, span)
            for cell, pitch in found.items():
                row[cell] = pitch
            if found:
                returns[number] = Return(motif.name, kind, tuple(found), max(found) + 1, motif.notes[0].pitch)
                begun = True
    for number, line in enumerate(lines):
        if line.same in returns:
            before = returns[line.same]
            cells = line.cells[: len(before.cells)]
            returns[number] = replace(before, cells=cells, until=cells[-1] + 1)
    there = {one.name for one in returns.values()}
    order = tuple(returns[number] for number in sorted(returns))
    return Placed(phrase.with_lane(0, row), order, tuple(one.name for one in motifs if one.name not in there))


def told(placed: Placed, phrase: Phrase) -> tuple[Remark, ...]:
    """What to say of the motifs in finished music: where each is, how it is changed, and how far it moved."""
    places: dict[tuple[str, str, str], list[str]] = {}
    bar, lane = phrase.metre.bar, phrase.lanes[0]
    for one in (one for one in placed.returns if one.name):  # the name of one may be forgotten
        first, last = one.cells[0] // bar + 1, (one.until - 1) // bar + 1
        moved = _interval(lane[one.cells[0]] - one.home)
        places.setdefault((one.name, one.kind, moved), []).append(f"{first}–{last}" if first < last else str(first))
    remarks: list[Remark] = []
    for (name, kind, moved), found in places.items():
        alone = len(found) == 1 and found[0].isdecimal()
        fields: dict[str, str | int] = {"name": name, "bars": ", ".join(found), "interval": moved, "variation": kind}
        remarks.append(("motif_in_bar" if alone else "motif_in_bars", fields))
    if placed.left:
        remarks.append(("motif_no_room", {"names": ", ".join(placed.left)}))
    return tuple(remarks)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Room for a motif: so many cells from a first one; `middle` is how high it was heard before, None for not yet."""

    phrase: Phrase
    first: int
    room: int
    span: tuple[int, int]
    middle: float | None = None


def _dealt(names: Sequence[str], motifs: int) -> list[tuple[str, int | None]]:
    """For each section its name and which motif it begins with: one a section if they suffice, else one a unit.

    Of three sections and more one is left free if the motifs allow it: what always returns is not missed.
    """
    letters = list(dict.fromkeys(names))
    if len(letters) < motifs:
        return [(name, number % motifs) for number, name in enumerate(names)]
    most = max(2, motifs)
    return [(name, letters.index(name) % motifs if letters.index(name) < most else None) for name in names]


def _shape(motif: Motif, kinds: Sequence[str], spot: _Spot, dice: random.Random) -> Shape | None:
    """The first of these kinds that there is room for, else the motif as it is, else None."""
    metre = spot.phrase.metre
    tones = tones_of(motif, metre)
    for kind in (*kinds, "plain"):
        made = varied(tones, kind, dice, counted(metre.name).bar * CELL)
        if made and -(-end_of(made) // TICKS) * BEAT <= spot.room:
            moved = _moved(made, spot)
            if moved:
                return kind, moved
    return None


def _moved(tones: Sequence[Tone], spot: _Spot) -> tuple[Tone, ...]:
    """The tones on the step and in the octave where they fit the chords and the range best, () where they do not."""
    low, high = spot.span
    middle = spot.middle or min(max(MIDDLE, low + EDGE), max(high - EDGE, low))
    best: list[tuple[float, tuple[Tone, ...]]] = []
    for steps in sorted(range(-SEVEN + 1, SEVEN), key=abs):
        for octave in range(-6, 7):
            moved = shifted(tones, steps + SEVEN * octave)
            found = pitches(moved, spot.phrase.key)
            if low <= min(found) and max(found) <= high:
                away = abs(fmean(found) - middle) / 24
                home = (1.5 if spot.middle is None else 0.7) * (steps != 0)
                best.append((_clash(moved, found, spot) + home + away, moved))
    return min(best, key=lambda one: one[0])[1] if best else ()


def _clash(tones: Sequence[Tone], found: Sequence[int], spot: _Spot) -> float:
    """How much of a motif lies beside the chords: long notes and those on a pulse count most."""
    phrase, total = spot.phrase, 0.0
    for tone, pitch in zip(tones, found, strict=True):
        cell = spot.first + tone.start // CELL
        if tone.main and cell < len(phrase.chords) and phrase.chords[cell] != NO_CHORD:
            heavy = 1.0 if cell % phrase.metre.pulse == 0 else 0.3
            beside = pitch % 12 not in chord_pitch_classes(phrase.chords[cell])
            total += heavy * min(tone.length, TICKS) / TICKS * beside
    return total


def _written(phrase: Phrase, first: int, tones: Sequence[Tone]) -> tuple[Phrase, tuple[int, ...], int] | None:
    """The phrase with these tones known from cell `first` on, the cells of the main ones, and the cell behind them.

    Beats are written whole: the network may make triplets of what is left open in one.
    """
    end = -(-end_of(tones) // TICKS) * TICKS
    found = pitches(tones, phrase.key)
    notes = [Note(tone.start, tone.length, pitch) for tone, pitch in zip(tones, found, strict=True)]
    notes[-1] = notes[-1]._replace(length=end - notes[-1].start)
    row = lane_of(notes, end // CELL)
    onsets = [first + at for at, cell in enumerate(row) if cell >= 0]
    if len(onsets) != len(tones):
        return None
    lane = (*phrase.lanes[0][:first], *row, *phrase.lanes[0][first + len(row) :])
    cells = tuple(cell for cell, tone in zip(onsets, tones, strict=True) if tone.main)
    return phrase.with_lane(0, lane), cells, first + len(row)


def _lent(motif: Motif, kind: str, phrase: Phrase, cells: Sequence[int], span: tuple[int, int]) -> dict[int, int]:
    """A motif's pitches for the first notes of a line, by cell; none where the line is too short for it."""
    lane = phrase.lanes[0]
    free = next((at for at, cell in enumerate(cells) if lane[cell] != UNKNOWN), len(cells))
    tones = tones_of(motif, phrase.metre)
    count = min(free, len(tones))
    if count < min(len(tones), ENOUGH):
        return {}
    tones = varied(tones, "inversion", random.Random(), 0) if kind == SUNG[1] else tones
    placed = [tone._replace(start=cell * CELL) for tone, cell in zip(tones[:count], cells, strict=False)]
    moved = _moved(placed, _Spot(phrase, 0, phrase.cells, span, sum(span) / 2))
    return dict(zip(cells, pitches(moved, phrase.key), strict=False)) if moved else {}


def _interval(semitones: int) -> str:
    """How far up or down, as the number of the interval: "4" a fourth up, "-2" a second down, "9" beyond an octave."""
    size = abs(semitones)
    number = 9 if size > 12 else (0, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7, 8)[size]
    return str(number if semitones >= 0 else -number)
