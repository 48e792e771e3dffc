"""From the tracks of a file to lanes: which notes are the melody, which the bass, which lie between.

Tracks that play one note at a time are taken as they are. Chords are dealt to lanes note by note, each note to the free
lane whose last pitch is nearest, from the top down: what a musician does when setting a piano piece for voices.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations, groupby, pairwise

from engine.music.phrase import CELL, Note

MOST = 4
_LEGATO = CELL - 1  # ticks by which a played note may reach into the next and still not be a chord


def separated(voices: Sequence[Sequence[Note]]) -> list[list[Note]]:
    """One to four lists of notes, melody first and bass last, out of tracks with at least one note among them."""
    rest = _different(voices)
    lone = [voice for voice in rest if is_single(voice)]
    if len(lone) == len(rest) <= MOST:
        return [list(voice) for voice in sorted(rest, key=_mean, reverse=True)]
    top = max(lone, key=_mean, default=None)
    if top is not None and _mean(top) < _mean(note for voice in rest if voice is not top for note in voice):
        top = None
    low = min((voice for voice in lone if voice is not top), key=_mean, default=None)
    if low is not None and _mean(low) > _mean(note for voice in rest if voice is not low for note in voice):
        low = None
    between = sorted(note for voice in rest if voice is not top and voice is not low for note in voice)
    room = MOST - (top is not None) - (low is not None)
    count = min(room, polyphony(between)) if between else 0
    ends = ([list(top)] if top is not None else [], [list(low)] if low is not None else [])
    return ends[0] + _dealt(between, count) + ends[1]


def is_single(voice: Sequence[Note]) -> bool:
    """Whether a track plays one note at a time, but for a few slips and notes held into the next."""
    ordered = sorted(voice)
    clashes = sum(a.start + a.length - _LEGATO > b.start for a, b in pairwise(ordered))
    return clashes <= len(ordered) // 32


def polyphony(notes: Sequence[Note]) -> int:
    """How many notes sound at once where it is thick: in nine of ten places there are no more."""
    counts, sounding = [], list[int]()
    for start, group in groupby(sorted(notes), key=lambda note: note.start):
        sounding = [end for end in sounding if end - _LEGATO > start] + [n.start + n.length for n in group]
        counts.append(len(sounding))
    return sorted(counts)[len(counts) * 9 // 10] if counts else 0


def _dealt(notes: Sequence[Note], count: int) -> list[list[Note]]:
    if not count:
        return []
    pitches = sorted(note.pitch for note in notes)
    high, low = pitches[len(pitches) * 9 // 10], pitches[len(pitches) // 10]
    last = [high - (high - low) * lane / max(1, count - 1) for lane in range(count)]
    ends = [0] * count
    lanes: list[list[Note]] = [[] for _ in range(count)]
    for start, group in groupby(sorted(notes), key=lambda note: note.start):
        chord = _thinned(sorted(group, key=lambda note: -note.pitch), count)
        chosen = min(combinations(range(count), len(chord)),
                     key=lambda places: sum(_cost(n.pitch, p, last, ends, start)
                                            for n, p in zip(chord, places, strict=True)))  # fmt: skip
        for note, lane in zip(chord, chosen, strict=True):
            lanes[lane].append(note)
            last[lane], ends[lane] = note.pitch, note.start + note.length
    return lanes


def _cost(pitch: int, lane: int, last: Sequence[float], ends: Sequence[int], start: int) -> float:
    """How far the lane has to move, and whether it is still busy or would cross one that sounds."""
    held = [ends[i] - _LEGATO > start for i in range(len(last))]
    crossed = sum(
        held[i] and ((i < lane and last[i] < pitch) or (i > lane and last[i] > pitch)) for i in range(len(last))
    )
    return abs(pitch - last[lane]) + 24 * held[lane] + 12 * crossed


def _thinned(chord: list[Note], count: int) -> list[Note]:
    """At most so many notes of a chord, highest first: the top, the bottom, and the next ones below the top."""
    return chord if len(chord) <= count else [*chord[: count - 1], chord[-1]]


def _different(voices: Sequence[Sequence[Note]]) -> list[Sequence[Note]]:
    """Tracks with notes, without those that double another one at the same pitch."""
    seen: dict[tuple[Note, ...], Sequence[Note]] = {}
    for voice in voices:
        if voice:
            seen.setdefault(tuple(sorted(voice)), voice)
    return list(seen.values())


def _mean(notes: Iterable[Note]) -> float:
    pitches = [note.pitch for note in notes]
    return sum(pitches) / max(len(pitches), 1)
