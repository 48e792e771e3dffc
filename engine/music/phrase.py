"""Music as rows of cells: the one representation that every part of the music engine shares.

A phrase has lanes (melody first, bass last), each a row with one cell a sixteenth. A cell is a MIDI pitch that starts
there, HOLD, REST, or UNKNOWN (to be filled in). Eighth-note triplets do not fit sixteenths, so a beat of four cells
whose last cell is TRIPLET holds three thirds of a beat in its first three cells: triplets survive, and the rows keep
their length. Times outside the rows are ticks, twelve a quarter, where sixteenths are 3 and thirds of a beat are 4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from engine.music.keys import Key

HOLD, REST, TRIPLET, UNKNOWN = -1, -2, -3, -4
TICKS = 12  # a quarter note
CELL = 3  # ticks in a sixteenth
BEAT = 4  # cells in a quarter, which is also what one patch of the network covers
NO_CHORD = -1


@dataclass(frozen=True, slots=True)
class Metre:
    """A time signature: `bar` and `pulse` count sixteenths, `unit` is the note value below the line."""

    name: str
    bar: int
    pulse: int

    @property
    def signature(self) -> tuple[int, int]:
        """Numerator and denominator, as MIDI writes them."""
        above, below = self.name.split("/")
        return int(above), int(below)


METRES = {
    "4/4": Metre("4/4", 16, 4),
    "3/4": Metre("3/4", 12, 4),
    "6/8": Metre("6/8", 12, 6),
    "2/4": Metre("2/4", 8, 4),
}


class Note(NamedTuple):
    """A sound: start and length in ticks, MIDI pitch."""

    start: int
    length: int
    pitch: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Lanes of equal length, melody first and bass last; `chords` is empty or has one value a cell."""

    metre: Metre
    key: Key
    lanes: tuple[tuple[int, ...], ...]
    chords: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(lane) for lane in self.lanes} | ({len(self.chords)} if self.chords else set())
        if len(lengths) > 1:
            raise ValueError(f"lanes differ in length: {sorted(lengths)}")

    @property
    def cells(self) -> int:
        """Sixteenths in each lane."""
        return len(self.lanes[0]) if self.lanes else 0

    @property
    def bars(self) -> int:
        """Bars, the last one counted even if it is not full."""
        return -(-self.cells // self.metre.bar)

    def window(self, first: int, last: int) -> "Phrase":
        """Cells first to last (excluded); a note that was sounding already starts anew."""
        return replace(self, lanes=tuple(cut(lane, first, last) for lane in self.lanes), chords=self.chords[first:last])

    def transposed(self, semitones: int) -> "Phrase":
        """All pitches and the key moved; pitches outside 0-127 are folded back by octaves."""
        lanes = tuple(tuple(_moved(cell, semitones) for cell in lane) for lane in self.lanes)
        chords = tuple(chord if chord == NO_CHORD else _moved_chord(chord, semitones) for chord in self.chords)
        return replace(self, key=self.key.transposed(semitones), lanes=lanes, chords=chords)

    def with_lane(self, index: int, lane: Sequence[int]) -> "Phrase":
        """The same phrase with one lane exchanged."""
        lanes = list(self.lanes)
        lanes[index] = tuple(lane)
        return replace(self, lanes=tuple(lanes))


def joined(phrases: Sequence[Phrase]) -> Phrase:
    """Phrases one after another; key and metre are those of the first, which must have as many lanes as the rest."""
    first = phrases[0]
    lanes = tuple(sum((p.lanes[i] for p in phrases), ()) for i in range(len(first.lanes)))
    chords = sum((p.chords for p in phrases), ()) if all(p.chords for p in phrases) else ()
    return replace(first, lanes=lanes, chords=chords)


def cut(lane: Sequence[int], first: int, last: int) -> tuple[int, ...]:
    """Part of a lane, whose first cell never is a HOLD: the note that was sounding starts anew."""
    part = list(lane[first:last])
    if part and part[0] == HOLD:
        part[0] = next((cell for cell in reversed(lane[:first]) if cell not in (HOLD, TRIPLET)), REST)
    return canonical(part)


def canonical(lane: Sequence[int]) -> tuple[int, ...]:
    """One way to write each sound: nothing is held after a rest, and a TRIPLET stands only at the end of a beat."""
    row, sounding = list(lane), False
    for i, cell in enumerate(row):
        if cell == TRIPLET and i % BEAT == BEAT - 1:
            continue
        if cell == TRIPLET or (cell == HOLD and not sounding):
            row[i] = REST
        sounding = row[i] >= 0 or row[i] == UNKNOWN or (row[i] == HOLD and sounding)
    return tuple(row)


def cell_times(lane: Sequence[int]) -> list[tuple[int, int]]:
    """The (start, length) in ticks of every cell; a TRIPLET cell has length 0."""
    times = []
    for i in range(len(lane)):
        beat, place = divmod(i, BEAT)
        last = beat * BEAT + BEAT - 1
        if last < len(lane) and lane[last] == TRIPLET:
            times.append((beat * TICKS + place * 4, 4 if place < 3 else 0))
        else:
            times.append((i * CELL, CELL))
    return times


def notes_of(lane: Sequence[int]) -> list[Note]:
    """The notes of a lane in order; UNKNOWN sounds like a rest."""
    notes: list[Note] = []
    sounding = False
    for cell, (start, length) in zip(lane, cell_times(lane), strict=True):
        if cell >= 0:
            notes.append(Note(start, length, cell))
            sounding = True
        elif cell == HOLD and sounding:
            notes[-1] = notes[-1]._replace(length=start + length - notes[-1].start)
        elif cell != TRIPLET:
            sounding = False
    return notes


def lane_of(notes: Iterable[Note], cells: int) -> tuple[int, ...]:
    """Write notes as a lane of so many cells, each beat straight or as triplets, whichever moves its edges less.

    One note sounds at a time: a later start ends the note before, of equal starts the highest pitch wins. Notes beyond
    the end are dropped; so is one that two others leave no cell for. `notes_of` undoes this for all that fits the grid.
    """
    ordered = one_at_a_time(notes)
    triplet = _triplet_beats(ordered, -(-cells // BEAT))
    row = [REST] * cells
    for index, is_triplet in enumerate(triplet):
        if is_triplet and index * BEAT + BEAT <= cells:
            row[index * BEAT + BEAT - 1] = TRIPLET
    for note in ordered:
        first = _cell_at(note.start, triplet)
        last = max(first + 1, _cell_at(note.start + note.length, triplet))
        for i in range(first, min(last, cells)):
            if row[i] != TRIPLET:
                row[i] = note.pitch if i == first else HOLD
    return canonical(row)


def one_at_a_time(notes: Iterable[Note]) -> list[Note]:
    """Sort notes and cut each where the next begins; of notes that begin together the highest stays."""
    by_start: dict[int, Note] = {}
    for note in notes:
        if note.length > 0 and (note.start not in by_start or by_start[note.start].pitch < note.pitch):
            by_start[note.start] = note
    ordered = [by_start[start] for start in sorted(by_start)]
    for i in range(len(ordered) - 1):
        room = ordered[i + 1].start - ordered[i].start
        if ordered[i].length > room:
            ordered[i] = ordered[i]._replace(length=room)
    return ordered


def sounding(lane: Sequence[int]) -> list[int]:
    """The pitch that sounds in each cell, or REST; UNKNOWN where that cannot be known. TRIPLET cells sound on."""
    row, now = [], REST
    for cell in lane:
        if cell not in (HOLD, TRIPLET):
            now = cell
        row.append(now)
    return row


def _triplet_beats(notes: Sequence[Note], beats: int) -> list[bool]:
    """For each beat, whether its edges lie nearer to thirds than to quarters of a beat."""
    straight, thirds = [0] * beats, [0] * beats
    for note in notes:
        for edge in (note.start, note.start + note.length):
            beat, within = divmod(edge, TICKS)
            if beat < beats:
                straight[beat] += min(within % CELL, CELL - within % CELL)
                thirds[beat] += min(within % 4, 4 - within % 4)
    return [third < even for third, even in zip(thirds, straight, strict=True)]


def _cell_at(tick: int, triplet: Sequence[bool]) -> int:
    """The cell whose start is nearest to a time; the end of a triplet beat is the next beat's first cell."""
    beat, within = divmod(tick, TICKS)
    if beat < len(triplet) and triplet[beat]:
        place = (within + 2) // 4
        return beat * BEAT + (place if place < 3 else BEAT)
    return beat * BEAT + (2 * within + CELL) // (2 * CELL)


def _moved(cell: int, semitones: int) -> int:
    if cell < 0:
        return cell
    moved = cell + semitones
    return moved if 0 <= moved < 128 else (moved + 12 if moved < 0 else moved - 12)


def _moved_chord(chord: int, semitones: int) -> int:
    quality, root = divmod(chord, 12)
    return quality * 12 + (root + semitones) % 12
