"""Words set to a melody: the words settle the rhythm, the network writes every pitch into it.

A song is a bar of introduction and then its lines, each in a window of two or four bars, where `setting` places the
syllables. All else is the masked network's work: the notes are hidden cells that must begin, and the plan says which
lines return. Stanzas of the same words are a chorus and return whole; verses share the melody of the first verse of as
many lines, with their own rhythm; within a stanza the third line takes up the first. So words that return bring their
melody back, and one song is one call of the desk, like any other piece (decision 23).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.errors import Impossible
from engine.music.composer import looped
from engine.music.desk import Brief, Desk, family_of, heard_chords, pulses
from engine.music.errors import NothingToEdit
from engine.music.form import Plan, Step
from engine.music.keys import Key
from engine.music.motif import Motif
from engine.music.orders import Order
from engine.music.phrase import HOLD, METRES, REST, UNKNOWN, Metre, Phrase, canonical, notes_of
from engine.music.progressions import tonic_chord
from engine.music.returning import Line as SungLine
from engine.music.returning import Placed, sung
from engine.music.setting import UPBEAT, bars_for, counted, frame, is_strong, placed
from engine.music.wishes import Wish
from engine.text.singing import Line, Stanza, lyric_events, read_lyrics, spelled

MOST_SYLLABLES, MOST_BARS = 400, 128
INTRODUCTION = 1  # bars
TENTH = 16  # semitones
OCTAVE = 12
BREATH = 2  # cells
_RETURNS = ((0,), (0, 1), (0, 0, 2), (0, 1, 0, 3))
"""For stanzas of one to four lines which line lends each its melody; longer ones go on with these."""


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the song: its words, first bar, bars, its stanza's name, and which earlier line lends its melody."""

    line: Line
    first: int
    bars: int
    section: str
    source: int | None
    ends: bool


@dataclass(frozen=True, slots=True)
class Song:
    """A melody with its words: one lyric event for each note of the only lane, as `singing.lyric_events` writes."""

    phrase: Phrase
    lyrics: tuple[str, ...]
    faults: float
    motifs: Placed


def read_song(text: str) -> tuple[Stanza, ...]:
    """The stanzas to be sung. Raises Impossible (nothing_to_sing, song_too_long)."""
    stanzas = read_lyrics(text)
    syllables = sum(len(line) for stanza in stanzas for line in stanza.lines)
    if not syllables:
        raise Impossible(why="nothing_to_sing")
    if syllables > MOST_SYLLABLES:
        raise Impossible(why="song_too_long", syllables=syllables, most=MOST_SYLLABLES)
    return stanzas


def sing(desk: Desk, text: str, wish: Wish, seed: int, candidates: int = 5, motifs: Sequence[Motif] = ()) -> list[Song]:
    """`wish.variants` melodies for the words, best first, as long as the words need (`wish.bars` counts for nothing).

    Every note has one syllable, the range is a tenth at most, and no leap is larger than an octave, but for one between
    two motifs. These return in lines that name whom they stand for. The same arguments give the same songs. Raises what
    `read_song` raises.
    """
    metre = counted(wish.metre)
    places = laid_out(read_song(text), metre)
    lane = _rhythm(places, metre, seed)
    blank = Phrase(metre, wish.key, (lane,))
    plan = _plan(places)
    low = _lowest(wish.key, wish.register)
    phrase = _with_ends(_chords(desk, blank, places, wish, seed), places, low)
    brief = Brief(
        style=wish.style.model,
        density=wish.density,
        register=wish.register,
        melody_range=(low, low + TENTH),
        candidates=max(candidates, 2 * wish.variants),
        wanted=wish.variants,
        closes=plan.closes,
        sung=True,
    )
    known = [cell for cell, value in enumerate(phrase.lanes[0]) if value >= 0]
    back = sung(phrase, _lines(phrase, places), motifs, seed, brief.melody_range)
    held = frozenset(cell for one in back.returns for cell in one.cells)
    found = desk.fill(back.phrase, brief, seed, plan)
    ends = frozenset(number for number, place in enumerate(places) if place.ends)
    lyrics = lyric_events(tuple(place.line for place in places), ends)
    ready = [(_eased(_near(_returned(made, places), known, low), held), mark) for made, mark in found]
    ready.sort(key=lambda row: (desk.is_copy(row[0]), row[1] + _strain(row[0])))
    own = METRES[wish.metre]
    return [Song(replace(made, metre=own), lyrics, mark, back) for made, mark in ready[: wish.variants]]


def resung(desk: Desk, phrase: Phrase, order: Order, seed: int, candidates: int = 4) -> Phrase:
    """A variation of a song to the same words: other pitches in its own rhythm, in some places (or in the bars that the
    order names). Bars that were alike stay alike; the first note and the last stay as they are.
    """
    row, dice = list(phrase.lanes[0]), random.Random(seed)
    onsets = [cell for cell, value in enumerate(row) if value >= 0]
    bar, first, last = phrase.metre.bar, order.first or 1, order.last or phrase.bars
    if not onsets or not 1 <= first <= last <= phrase.bars:
        raise NothingToEdit(why="bars", bars=phrase.bars, first=first, last=last)
    share = 1.0 if order.verb == "redraw" else 0.15 + 0.8 * order.strength
    inner = [cell for cell in onsets[1:-1] if first <= cell // bar + 1 <= last]
    hidden = [cell for cell in inner if dice.random() < share] or inner[:1]
    pitches = [row[cell] for cell in onsets]
    for cell in hidden:
        row[cell] = UNKNOWN
    known = phrase if phrase.chords else heard_chords(phrase)
    low = min(*pitches, max(pitches) - TENTH)
    brief = Brief(melody_range=(low, low + TENTH), candidates=candidates, closes=(phrase.bars - 1,), sung=True)
    made = _eased(desk.fill(known.with_lane(0, canonical(row)), brief, seed)[0][0])
    return _alike(phrase, made) if order.verb == "vary" else made


def _alike(before: Phrase, after: Phrase) -> Phrase:
    """Let bars that were alike before a change be alike after it."""
    old, new, bar = before.lanes[0], list(after.lanes[0]), before.metre.bar
    first: dict[tuple[int, ...], int] = {}
    for at in range(0, len(old) - bar, bar):
        start = first.setdefault(old[at : at + bar], at)
        new[at : at + bar] = new[start : start + bar]
    return after.with_lane(0, canonical(new))


def laid_out(stanzas: Sequence[Stanza], metre: Metre) -> tuple[Place, ...]:
    """Every line with its bars and what lends its melody. Raises Impossible (song_too_long)."""
    spans = {size: bars_for([line for one in stanzas if len(one.lines) == size for line in one.lines], metre)
             for size in {len(one.lines) for one in stanzas}}  # fmt: skip
    names = [one.name for one in stanzas]
    begun, known = dict[tuple[str, int], int](), dict[tuple[str, int], int]()
    places: list[Place] = []
    at = INTRODUCTION
    for one in stanzas:
        size = len(one.lines)
        chorus = one.chorus or names.count(one.name) > 1
        section = one.name if chorus else "verse"
        base = begun.setdefault((section, size), len(places))
        for number, line in enumerate(one.lines):
            words = " ".join(syllable.text.lower().rstrip(".,;:!?") for syllable in line)
            inner = number // 4 * 4 + _RETURNS[min(size, 4) - 1][number % 4]
            lender = base + number if base < len(places) - number else known.get((words, spans[size]))
            lender = len(places) - number + inner if lender is None and inner != number else lender
            known.setdefault((words, spans[size]), len(places))
            places.append(Place(line, at, spans[size], f"{section} {size}", lender, number == size - 1))
            at += spans[size]
    if at > MOST_BARS:
        raise Impossible(why="song_too_long", syllables=sum(len(place.line) for place in places), most=MOST_SYLLABLES)
    return tuple(places)


def strong_share(song: Song, stanzas: Sequence[Stanza]) -> float:
    """The share of stressed syllables that begin on a strong beat."""
    metre = counted(song.phrase.metre.name)
    stresses = [one.stress for stanza in stanzas for line in stanza.lines for one in line]
    onsets = [cell for cell, value in enumerate(song.phrase.lanes[0]) if value >= 0]
    marks = [is_strong(at, metre) for at, stress in zip(onsets, stresses, strict=True) if stress == 2]
    return sum(marks) / max(len(marks), 1)


def _rhythm(places: Sequence[Place], metre: Metre, seed: int) -> tuple[int, ...]:
    """The lane with a hidden note for each syllable; the last note of a line lasts until a breath before the next."""
    found: list[tuple[int, ...]] = []
    for place in places:
        before = found[place.source] if place.source is not None else ()
        window = frame(metre, place.bars, random.Random(f"{seed} {place.section} {place.bars}"), before)
        found.append(before if _same_words(place, places) else placed(place.line, window))
    starts = [[place.first * metre.bar + at for at in cells] for place, cells in zip(places, found, strict=True)]
    end = (places[-1].first + places[-1].bars) * metre.bar
    row = [REST] * end
    for number, cells in enumerate(starts):
        following = starts[number + 1][0] if number + 1 < len(starts) else end
        for at, after in pairwise([*cells, following]):
            length = after - at
            if after == following < end:
                length = min(length, metre.bar)
                length -= BREATH * (length >= 3 * BREATH)
            row[at : at + length] = [UNKNOWN, *[HOLD] * (length - 1)]
    return canonical(row)


def _lines(phrase: Phrase, places: Sequence[Place]) -> tuple[SungLine, ...]:
    """The lines as motifs need them."""
    onsets = iter([cell for cell, value in enumerate(phrase.lanes[0]) if value >= 0 or value == UNKNOWN])
    lines, section = list[SungLine](), ""
    for place in places:
        cells = tuple(next(onsets) for _ in place.line)
        same = place.source if _same_words(place, places) else None
        begins = place.source is None and (not lines or section != place.section)
        lines.append(SungLine(spelled(lyric_events((place.line,))), cells, begins, same))
        section = place.section
    return tuple(lines)


def _same_words(place: Place, places: Sequence[Place]) -> bool:
    """Whether a line lends this one its melody that has the same words."""
    if place.source is None:
        return False
    mine, theirs = ([one.text.lower().rstrip(".,;:!?") for one in each.line] for each in (place, places[place.source]))
    return mine == theirs


def _returned(phrase: Phrase, places: Sequence[Place]) -> Phrase:
    """The melody of words that return as it was, note by note: one that was drawn again for its own sake goes back."""
    row = list(phrase.lanes[0])
    onsets = iter([cell for cell, value in enumerate(row) if value >= 0])
    cells = [[next(onsets) for _ in place.line] for place in places]
    for number, place in enumerate(places):
        if place.source is not None and _same_words(place, places):
            for cell, lent in zip(cells[number], cells[place.source], strict=True):
                row[cell] = row[lent]
    return replace(phrase, lanes=(tuple(row),))


def _near(phrase: Phrase, known: Sequence[int], low: int) -> Phrase:
    """The closing tonics in the octave of the note before them, where the voice reaches it."""
    row = list(phrase.lanes[0])
    for cell in known:
        before = next((value for value in reversed(row[:cell]) if value >= 0), row[cell])
        octaves = [pitch for pitch in range(low, low + TENTH + 1) if pitch % OCTAVE == row[cell] % OCTAVE]
        row[cell] = min(octaves, key=lambda pitch: abs(pitch - before))
    return phrase.with_lane(0, row)


def _plan(places: Sequence[Place]) -> Plan:
    """Two bars at a time, copied where a line lends; the introduction holds an upbeat at most."""
    steps = [Step(0, INTRODUCTION)]
    for place in places:
        for into in range(0, place.bars, 2):
            lender = places[place.source] if place.source is not None else None
            first = place.first + into
            steps.append(Step(first, first + 2, lender.first + into if lender else None))
    return Plan(tuple(steps), (), tuple(place.first + place.bars - 1 for place in places if place.ends))


def _chords(desk: Desk, blank: Phrase, places: Sequence[Place], wish: Wish, seed: int) -> Phrase:
    """Chords that return with the lines; stanzas end at home, their middles open on the fifth."""
    metre, key = blank.metre, blank.key
    if wish.chords:
        row = [wish.chords[max(0, cell // metre.bar - INTRODUCTION) % len(wish.chords)] for cell in range(blank.cells)]
    elif wish.style.loops:
        row = list(looped(blank, random.Random(seed)).chords)
        row = row[-metre.bar :] * INTRODUCTION + row[: -metre.bar * INTRODUCTION]
    else:
        drawn = pulses(desk.with_chords(blank, family_of(1), seed))
        row = [drawn[cell // metre.pulse] or 0 for cell in range(blank.cells)]
    home = tonic_chord(key) + key.tonic
    fifth = (key.tonic + 7) % 12 + (12 if key.mode in ("minor", "dorian", "phrygian") else 0)
    for place in places if not wish.chords else ():
        start, end = place.first * metre.bar, (place.first + place.bars) * metre.bar
        if place.source is not None:
            source = places[place.source].first * metre.bar
            row[start:end] = row[source : source + end - start]
        elif place.ends:
            row[end - metre.bar : end] = [home] * metre.bar
        elif not wish.style.loops and place.bars == 2 and place.source is None and place is not places[0]:
            row[end - metre.bar // 2 : end] = [fifth] * (metre.bar // 2)
    if not wish.chords:
        row[: (INTRODUCTION + 1) * metre.bar] = [home] * (metre.bar * INTRODUCTION) + row[metre.bar : 2 * metre.bar]
        row[-metre.bar :] = [home] * metre.bar
    return replace(blank, chords=tuple(row))


def _with_ends(phrase: Phrase, places: Sequence[Place], low: int) -> Phrase:
    """The last note of the song, and of every stanza that lends it its melody, is the tonic."""
    lane = list(phrase.lanes[0])
    tonic = low + 2 + (phrase.key.tonic - low - 2) % OCTAVE
    number: int | None = len(places) - 1
    while number is not None:
        place = places[number]
        start, end = place.first * phrase.metre.bar, (place.first + place.bars) * phrase.metre.bar
        # What begins later is an upbeat to the next line.
        onset = max(at for at in range(max(0, start - UPBEAT), end - UPBEAT) if lane[at] == UNKNOWN or lane[at] >= 0)
        lane[onset] = tonic
        number = place.source
    return replace(phrase, lanes=(tuple(lane),))


def _lowest(key: Key, register: int) -> int:
    """The lowest note of the voice: a tenth around the middle of what most people can sing, a little by the mood."""
    usual = 57 + {1: -2, 2: -1, 4: 1, 5: 2}.get(register, 0)
    return next(low for low in range(usual, usual + OCTAVE) if low % 12 in key.pitch_classes)


def _strain(phrase: Phrase) -> float:
    """What a singer minds beyond the written rules, in faults a bar: large leaps, and a high note left by a leap."""
    pitches = [note.pitch for note in notes_of(phrase.lanes[0])]
    leaps = [abs(b - a) for a, b in pairwise(pitches)]
    return 30 * sum(leap > 7 for leap in leaps) / max(len(leaps), 1) + 3 * (max(leaps, default=0) > OCTAVE)


def _eased(phrase: Phrase, held: frozenset[int] = frozenset()) -> Phrase:
    """Leaps of more than an octave folded; within a tenth the note stays in the voice. Of two notes that which is not
    held moves."""
    row, before = list(phrase.lanes[0]), -1
    for cell, value in enumerate(row):
        if value < 0:
            continue
        if before >= 0 and abs(value - row[before]) > OCTAVE and not {before, cell} <= held:
            moved, towards = (before, value) if cell in held else (cell, row[before])
            row[moved] += OCTAVE if towards > row[moved] else -OCTAVE
        before = cell
    return replace(phrase, lanes=(tuple(row),))
