"""Numbers that tell music from noise, on phrases alone: what `ghostnote eval music` prints.

Scale consistency, pitch-class entropy and polyphony are left out on purpose: shuffled voices score like real ones
there. Every measure here separates held-out music from its voice-shuffled control. All shares are percentages.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2

from engine.music.phrase import Note, Phrase, notes_of, sounding

_TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8))
_SEVENTHS = ((0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6, 10), (0, 3, 6, 9))
CHORD_SETS = tuple(
    frozenset((root + step) % 12 for step in shape) for shape in _TRIADS + _SEVENTHS for root in range(12)
)
_PERFECT = (0, 7)


@dataclass(frozen=True, slots=True)
class Harmony:
    """The chorale table. Percentages, except notes and pitch classes, which are per bar and voice.

    `steps` counts every move of at most two semitones, repetitions too. `parallels` is the table's measure: of two
    voices striking together, how often they keep a fifth or octave, repeated chords included; `true_parallels` counts
    only those in which both voices moved, among the moves of both.
    """

    chord_beats: float
    steps: float
    parallels: float
    true_parallels: float
    crossings: float
    notes_a_bar: float
    classes_a_bar: float


def harmony(phrases: Sequence[Phrase]) -> Harmony:
    """The chorale measures over phrases of several lanes, pooled (not averaged a phrase)."""
    chords, steps = Counter[bool](), Counter[bool]()
    struck, moved, crossed = [0, 0], [0, 0], [0, 0]
    notes = lane_bars = classes = 0.0
    for phrase in phrases:
        bar, heard = phrase.metre.bar, [sounding(lane) for lane in phrase.lanes]
        chords.update(is_chord(column) for column in _beats(heard, phrase.metre.pulse))
        _add(struck, struck_parallels(phrase.lanes, heard))
        _add(moved, parallel_moves(heard))
        _add(crossed, crossings(heard))
        for lane, row in zip(phrase.lanes, heard, strict=True):
            found = notes_of(lane)
            steps.update(abs(step) <= 2 for step in intervals(found))
            notes += len(found)
            classes += sum(len({p % 12 for p in row[i : i + bar] if p >= 0}) for i in range(0, len(row), bar))
        lane_bars += len(phrase.lanes) * phrase.cells / bar
    return Harmony(
        _percent(chords[True], chords.total()),
        _percent(steps[True], steps.total()),
        _percent(*struck),
        _percent(*moved),
        _percent(*crossed),
        notes / max(lane_bars, 1),
        classes / max(lane_bars, 1),
    )


def is_chord(pitches: Iterable[int]) -> bool:
    """Whether all the pitch classes that sound belong to one triad or seventh (one or two of its notes are enough)."""
    classes = frozenset(p % 12 for p in pitches if p >= 0)
    return any(classes <= chord for chord in CHORD_SETS)


def intervals(notes: Sequence[Note]) -> list[int]:
    """Semitones from each note to the next."""
    return [right.pitch - left.pitch for left, right in pairwise(notes)]


def parallel_moves(heard: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Parallel fifths and octaves (or unisons), and the moves of two voices at once they were counted among.

    `heard` has one row of sounding pitches a lane. A move is a cell at which both voices change to another pitch.
    """
    found = moves = 0
    for high in range(len(heard)):
        for low in range(high + 1, len(heard)):
            for (a, b), (c, d) in pairwise(zip(heard[high], heard[low], strict=True)):
                if min(a, b, c, d) >= 0 and a != c and b != d:
                    moves += 1
                    found += (a - b) % 12 == (c - d) % 12 and (a - b) % 12 in _PERFECT
    return found, moves


def struck_parallels(lanes: Sequence[Sequence[int]], heard: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Cells at which two voices strike together and keep a fifth or octave, and all at which they strike together."""
    found = moves = 0
    for high in range(len(lanes)):
        for low in range(high + 1, len(lanes)):
            for i in range(1, len(lanes[high])):
                a, b, c, d = heard[high][i - 1], heard[low][i - 1], lanes[high][i], lanes[low][i]
                if min(a, b, c, d) >= 0:
                    moves += 1
                    found += (a - b) % 12 == (c - d) % 12 and (a - b) % 12 in _PERFECT
    return found, moves


def crossings(heard: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Cells in which a lane sounds below the next lower one, and the cells in which both sound."""
    found = pairs = 0
    for upper, lower in pairwise(heard):
        both = [(a, b) for a, b in zip(upper, lower, strict=True) if a >= 0 and b >= 0]
        pairs += len(both)
        found += sum(a < b for a, b in both)
    return found, pairs


def interval_histogram(phrases: Iterable[Phrase]) -> Counter[Hashable]:
    """How often each melodic interval occurs, clipped to two octaves; repetitions count."""
    return Counter(max(-24, min(24, s)) for p in phrases for lane in p.lanes for s in intervals(notes_of(lane)))


def duration_histogram(phrases: Iterable[Phrase]) -> Counter[Hashable]:
    """How often each length in ticks occurs."""
    return Counter(note.length for p in phrases for lane in p.lanes for note in notes_of(lane))


def onset_histogram(phrases: Iterable[Phrase]) -> Counter[Hashable]:
    """How often notes begin at each tick of the bar."""
    return Counter(n.start % (p.metre.bar * 3) for p in phrases for lane in p.lanes for n in notes_of(lane))


def divergence(left: Counter[Hashable], right: Counter[Hashable]) -> float:
    """Jensen-Shannon divergence in bits: 0 for the same distribution, 1 for disjoint ones."""
    total = 0.0
    n, m = max(left.total(), 1), max(right.total(), 1)
    for key in left.keys() | right.keys():
        p, q = left[key] / n, right[key] / m
        middle = (p + q) / 2
        total += sum(x * log2(x / middle) / 2 for x in (p, q) if x)
    return total


def motif_repetition(phrase: Phrase, length: int = 4) -> float:
    """Share of the melody's runs of `length` notes that occur again in the piece, compared by intervals and rhythm.

    A run that begins within two notes of its double is a trill, not a motif, and does not count as its repetition.
    """
    notes = notes_of(phrase.lanes[0])
    runs: dict[Hashable, list[int]] = {}
    for i in range(len(notes) - length + 1):
        part = notes[i : i + length]
        shape = (tuple(intervals(part)), tuple(b.start - a.start for a, b in pairwise(part)))
        runs.setdefault(shape, []).append(i)
    again = sum(len(places) for places in runs.values() if places[-1] - places[0] > 2)
    return _percent(again, sum(len(places) for places in runs.values()))


def ends_at_home(phrase: Phrase) -> bool:
    """Whether the melody's last note is the tonic."""
    notes = notes_of(phrase.lanes[0])
    return bool(notes) and notes[-1].pitch % 12 == phrase.key.tonic


def shuffled(phrases: Sequence[Phrase]) -> list[Phrase]:
    """The control: each lane comes from another phrase of the list, which should be of one length and one tonic."""
    count = len(phrases)
    return [
        Phrase(p.metre, p.key, tuple(phrases[(i + 7 * k) % count].lanes[k] for k in range(len(p.lanes))))
        for i, p in enumerate(phrases)
    ]


def _beats(heard: Sequence[Sequence[int]], pulse: int) -> Iterable[tuple[int, ...]]:
    for cell in range(0, len(heard[0]), pulse):
        column = tuple(row[cell] for row in heard)
        if sum(p >= 0 for p in column) > 1:
            yield column


def _add(sums: list[int], more: tuple[int, int]) -> None:
    sums[0] += more[0]
    sums[1] += more[1]


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0
