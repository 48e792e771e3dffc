"""Hear a MIDI file that somebody sent: bytes in, a phrase on the grid with a wish like it and the file as sent out.

The phrase is what the network can work on: up to four lanes, quantised. It is a reading of the file, not the file:
`sheet` keeps every track with its own timing and loudness, and `keeping` writes an edited phrase back into those.
A file of our own comes back exactly as it was written (see `colophon`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.music.arrange import Part
from engine.music.colophon import read_colophon
from engine.music.errors import BadMidi
from engine.music.keys import Key, fitting_key
from engine.music.midi import Sheet, read_midi
from engine.music.phrase import CELL, METRES, TICKS, Metre, Note, Phrase, lane_of, notes_of
from engine.music.separate import separated
from engine.music.styles import INSTRUMENTS, STYLES
from engine.music.wishes import Remark, Wish

MAX_BARS = 64
# Metres that have the same beats as one of ours: counted as that, and said.
_ALIKE = {"2/2": "4/4", "8/8": "4/4", "4/8": "2/4", "1/4": "2/4", "6/4": "3/4", "12/8": "6/8", "3/8": "6/8"}


@dataclass(frozen=True, slots=True)
class Heard:
    """A file as the engine understands it.

    `by_rule`: our own file, every part of it made by `arrange` from the phrase. Otherwise `tracks_of[i]` is the track
    of the sheet that plays most of lane i, and `ruled` are the tracks that the engine once added to accompany. Times of
    the sheet are those of the phrase, a pickup filled up with rests.
    """

    phrase: Phrase
    wish: Wish
    sheet: Sheet
    tracks_of: tuple[int, ...]
    by_rule: bool = False
    ruled: tuple[int, ...] = ()


def hear(data: bytes) -> Heard:
    """Understand any bytes as MIDI. Raises BadMidi, also for more than 64 bars and for metres that we do not write."""
    sheet = read_midi(data)
    known = read_colophon(sheet)
    if known is not None:
        tracks_of = _tracks_of(known.phrase, sheet.tracks)
        return Heard(known.phrase, known.wish, sheet, tracks_of, known.by_rule, known.ruled)
    metre, remarks = _metre(sheet)
    _fill_pickup(sheet, metre)
    voices = sheet.voices
    end = max(note.start + note.length for voice in voices for note in voice)
    bars = max(1, -(-((end + CELL // 2) // CELL) // metre.bar))
    if bars > MAX_BARS:
        raise BadMidi(why="long", bars=bars, most=MAX_BARS)
    cells = bars * metre.bar
    lanes = tuple(lane_of(voice, cells) for voice in separated(voices))
    key = _key(sheet.key, voices)
    phrase = Phrase(metre, key, tuple(lane for lane in lanes if any(cell >= 0 for cell in lane)))
    if not phrase.lanes:
        raise BadMidi(why="no_notes")
    if sheet.tempi:
        remarks += (("heard_tempi", {"tempo": round(sheet.tempo)}),)
    return Heard(phrase, _wish(sheet, phrase, remarks), sheet, _tracks_of(phrase, sheet.tracks))


def _metre(sheet: Sheet) -> tuple[Metre, tuple[Remark, ...]]:
    """The metre to count in: that of the first full bar; a shorter one before it is a pickup."""
    name = sheet.metre
    if sheet.metres and sheet.metres[0][0] < _ticks(sheet.metres[0][1]) and sheet.metres[0][0] <= _ticks(name):
        name = sheet.metres[0][1]
    ours = name if name in METRES else _ALIKE.get(name)
    if ours is None:
        raise BadMidi(why="metre", metre=name, metres=", ".join(METRES))
    remarks: tuple[Remark, ...] = () if ours == name else (("heard_alike", {"metre": name, "metre2": ours}),)
    others = {other for _, other in sheet.metres} - {name}
    if others:
        remarks += (("heard_metres", {"metre": ours}),)
    return METRES[ours], remarks


def _ticks(metre: str) -> float:
    above, below = (int(number) for number in metre.split("/"))
    return above * 4 * TICKS / max(below, 1)


def _fill_pickup(sheet: Sheet, metre: Metre) -> None:
    """Move everything so that the first full bar begins on a barline, when a short measure stands before it."""
    if sheet.metre == metre.name or not sheet.metres:
        return
    at = sheet.metres[0][0]
    if not 0 < at < metre.bar * CELL or sheet.metres[0][1] != metre.name:
        return
    shift = metre.bar * CELL - at
    sheet.tracks = [moved(track, shift) for track in sheet.tracks]
    sheet.tempi = [(when + shift, bpm) for when, bpm in sheet.tempi]
    sheet.metres = [(when + shift, name) for when, name in sheet.metres]


def moved(part: Part, ticks: float) -> Part:
    """The part so much later, notes and pedals alike."""
    return replace(
        part,
        notes=tuple(note._replace(start=note.start + ticks) for note in part.notes),
        controls=tuple(control._replace(at=control.at + ticks) for control in part.controls),
    )


def _key(told: str | None, voices: Sequence[Sequence[Note]]) -> Key:
    notes = [note for voice in voices for note in voice]
    end = max(note.start + note.length for note in notes)
    last = [note.pitch for note in notes if note.start + note.length > end - TICKS]
    return fitting_key(told, [(note.pitch, float(note.length)) for note in notes], min(last))


def _wish(sheet: Sheet, phrase: Phrase, remarks: tuple[Remark, ...]) -> Wish:
    """What one would have had to wish for to get such a file."""
    many = len(phrase.lanes) > 1 and phrase.metre.name in STYLES["chorale"].metres
    names = list(dict.fromkeys(instrument_of(track.program) for track in sheet.tracks if not track.drums))
    drums = any(track.drums for track in sheet.tracks)
    return Wish(phrase.key, phrase.metre.name, phrase.bars, round(sheet.tempo), STYLES["chorale" if many else "folk"],
                None, tuple(names[:6]), drums, 1, remarks=remarks)  # fmt: skip


def instrument_of(program: int) -> str:
    """The name of the instrument nearest to a General MIDI program: the same, or the nearest of its family of eight."""
    near = min(INSTRUMENTS.values(), key=lambda i: (i.program // 8 != program // 8, abs(i.program - program)))
    return near.name


def _tracks_of(phrase: Phrase, tracks: Sequence[Part]) -> tuple[int, ...]:
    """For each lane the pitched track that has most of its notes; of equals the first."""
    pitched = [index for index, track in enumerate(tracks) if not track.drums]
    near = {
        i: {(round(note.start / CELL) + slip, note.pitch) for note in tracks[i].notes for slip in (-1, 0, 1)}
        for i in pitched
    }
    return tuple(
        max(pitched, key=lambda i: sum((round(n.start / CELL), n.pitch) in near[i] for n in notes_of(lane)))
        for lane in phrase.lanes
    )
