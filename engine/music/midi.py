"""Standard MIDI files: parts out through pretty_midi, and any bytes in, within limits that every refusal names.

Reading goes through mido, message by message, and never trusts the file: its size is checked before parsing, its tracks
and events are counted, and whatever the parser raises becomes one refusal. Times are ticks, twelve a quarter, and not
rounded: a file that comes in and goes out again keeps its timing. Writing puts key, metre and tempo at time zero and
says in a text event that a machine took part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TypeVar

import mido  # type: ignore[import-untyped] # ships no types
import pretty_midi  # type: ignore[import-untyped] # ships no types
from mido.midifiles.meta import KeySignatureError  # type: ignore[import-untyped] # ships no types

from engine.music.arrange import BEND, Control, Part, Played
from engine.music.errors import BadMidi
from engine.music.keys import Key
from engine.music.phrase import TICKS, Metre, Note

T = TypeVar("T")
MAX_BYTES, MAX_NOTES, MAX_TRACKS, MAX_CONTROLS, MAX_TEMPI = 256 * 1024, 20_000, 64, 10_000, 2_000
SLOWEST, FASTEST = 20, 400
RESOLUTION = 480
DRUMS = 9  # the percussion channel, counted from 0
PROVENANCE = "Written with Ghostnote: a machine took part."
COLOPHON = "Ghostnote "  # how the text event begins that says what the piece is; see `colophon`
_LAST_TICK = 1 << 40  # beyond it, times no longer are exact as floats


@dataclass(slots=True)
class Sheet:
    """What a MIDI file says, times in ticks.

    `tracks` are its tracks by channel, as sent. `tempo` (quarters a minute) and `metre` are those of the first note;
    `tempi` and `metres` what follows, as (time, value). `resolution` is the file's own division of a quarter.
    """

    tracks: list[Part] = field(default_factory=list)
    tempo: float = 120.0
    tempi: list[tuple[float, float]] = field(default_factory=list)
    metre: str = "4/4"
    metres: list[tuple[float, str]] = field(default_factory=list)
    key: str | None = None
    resolution: int = RESOLUTION
    colophon: str = ""

    @property
    def voices(self) -> list[list[Note]]:
        """The notes of each pitched track on whole ticks, sorted."""
        return [sorted(_whole(note) for note in track.notes) for track in self.tracks if not track.drums]

    @property
    def programs(self) -> list[int]:
        """The General MIDI program of each pitched track."""
        return [track.program for track in self.tracks if not track.drums]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a file says besides its notes: how fast, in which metre, and how finely time is cut."""

    key: Key
    metre: str
    tempo: float
    tempi: Sequence[tuple[float, float]] = ()
    resolution: int = RESOLUTION


@dataclass(frozen=True, slots=True)
class Words:
    """What one part sings: (time in ticks, lyric event) in order; see `engine.text.singing.lyric_events`."""

    part: int = 0
    events: Sequence[tuple[int, str]] = ()


def write_midi(parts: Sequence[Part], key: Key, metre: Metre, tempo: float) -> bytes:
    """A type 1 file with one track a part; ticks become exact multiples of the file's resolution of 480."""
    return write_file(parts, Frame(key, metre.name, tempo))


def write_file(parts: Sequence[Part], frame: Frame, colophon: str = "", words: Words | None = None) -> bytes:
    """A type 1 file with one track a part, each note on the nearest tick of `frame.resolution`; see `colophon`."""
    midi = pretty_midi.PrettyMIDI(resolution=frame.resolution, initial_tempo=frame.tempo)
    above, below = frame.metre.split("/")
    midi.time_signature_changes = [pretty_midi.TimeSignature(int(above), int(below), 0.0)]
    second = 60.0 / frame.tempo / TICKS
    for part in parts:
        midi.instruments.append(_instrument(part, second))
    raw = BytesIO()
    midi.write(raw)
    raw.seek(0)
    file = mido.MidiFile(file=raw)
    # Not by pretty_midi, which has one name for each key and turns E flat minor into D sharp minor.
    file.tracks[0].insert(0, mido.MetaMessage("key_signature", key=frame.key.signature, time=0))
    _add_changes(file.tracks[0], frame)
    _add_words(file, words or Words(), frame)
    for text in (colophon, PROVENANCE):
        if text:
            file.tracks[0].insert(0, mido.MetaMessage("text", text=text, time=0))
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


def _instrument(part: Part, second: float) -> pretty_midi.Instrument:
    instrument = pretty_midi.Instrument(part.program, part.drums, _encoded(part.name))
    for note in part.notes:
        start, end = note.start * second, (note.start + note.length) * second
        instrument.notes.append(pretty_midi.Note(note.velocity, note.pitch, start, end))
    for control in part.controls:
        if control.number == BEND:
            instrument.pitch_bends.append(pretty_midi.PitchBend(control.value, control.at * second))
        else:
            instrument.control_changes.append(
                pretty_midi.ControlChange(control.number, control.value, control.at * second)
            )
    return instrument


def _add_changes(track: mido.MidiTrack, frame: Frame) -> None:
    """Later tempi, put in after the fact: on ticks they move nothing."""
    tempi = [(at, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))) for at, bpm in frame.tempi]
    _put_in(track, tempi, frame)


def _add_words(file: mido.MidiFile, words: Words, frame: Frame) -> None:
    """Lyric events in the track of their part, before the notes that they begin with."""
    if words.events:
        rows = [(at, mido.MetaMessage("lyrics", text=_encoded(text))) for at, text in words.events]
        _put_in(file.tracks[words.part + 1], rows, frame)


def _put_in(track: mido.MidiTrack, found: Sequence[tuple[float, mido.MetaMessage]], frame: Frame) -> None:
    rows, now = list[tuple[int, mido.MetaMessage]](), 0
    for message in track:
        now += message.time
        rows.append((now, message))
    rows += [(round(at * frame.resolution / TICKS), message) for at, message in found]
    # The end of the track comes last, also when a tempo changes after it; a word comes before its note, and all else
    # keeps its order.
    rows.sort(key=lambda row: (row[1].type == "end_of_track", row[0], row[1].type not in {"lyrics", "track_name"}))
    track.clear()
    now = 0
    for when, message in rows:
        track.append(message.copy(time=max(0, when - now)))
        now = max(now, when)


def read_midi(data: bytes) -> Sheet:
    """Read any bytes as MIDI. Raises BadMidi; never takes more than a few seconds or megabytes."""
    if len(data) > MAX_BYTES:
        raise BadMidi(why="bytes", kilobytes=len(data) // 1024, most=MAX_BYTES // 1024)
    if not data.startswith(b"MThd"):
        raise BadMidi(why="header")
    if len(data) >= 14 and int.from_bytes(data[10:12], "big") > MAX_TRACKS:
        raise BadMidi(why="tracks", most=MAX_TRACKS)
    # A number that never ends would cost the parser quadratic time; no real file has so many high bytes in a row.
    if re.search(rb"[\x80-\xff]{2048}", data):
        raise BadMidi(why="damaged")
    return parse(data)


def parse(data: bytes) -> Sheet:
    """Read a file whose size was checked, or that this engine wrote just now. Raises BadMidi."""
    try:
        file = mido.MidiFile(file=BytesIO(data), clip=True)
    # mido has no one exception for damaged files: these are what its parsers raise, found by fuzzing.
    except (
        EOFError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        KeySignatureError,
    ) as error:
        raise BadMidi(why="damaged") from error
    if file.type == 2:
        raise BadMidi(why="type2")
    if not 0 < file.ticks_per_beat < 0x8000:
        raise BadMidi(why="smpte")
    return _Reader(file).sheet()


class _Reader:
    """One pass over the events of a parsed file; holds what is open and what was counted."""

    def __init__(self, file: mido.MidiFile) -> None:
        self.file = file
        self.notes: dict[tuple[int, int], list[Played]] = {}
        self.controls: dict[tuple[int, int], list[Control]] = {}
        self.programs: dict[tuple[int, int], int] = {}
        self.names: dict[int, str] = {}
        self.tempi: list[tuple[float, float]] = []
        self.metres: list[tuple[float, str]] = []
        self.key: str | None = None
        self.colophon = ""
        self.count = self.control_count = 0

    def sheet(self) -> Sheet:
        for number, track in enumerate(self.file.tracks):
            self._track(number, track)
        if not any(channel != DRUMS for _, channel in self.notes):
            raise BadMidi(why="no_notes")
        first = min(note.start for notes in self.notes.values() for note in notes)
        sheet = Sheet(key=self.key, resolution=self.file.ticks_per_beat, colophon=self.colophon)
        sheet.tempo, sheet.tempi = _in_force(self.tempi, 120.0, first)
        sheet.metre, sheet.metres = _in_force(self.metres, "4/4", first)
        sheet.tracks = [self._part(where) for where in sorted(self.notes)]
        return sheet

    def _track(self, number: int, track: mido.MidiTrack) -> None:
        at, sounding = 0, dict[tuple[int, int], tuple[float, int]]()
        for message in track:
            at += message.time
            if at > _LAST_TICK:
                raise BadMidi(why="damaged")
            tick = at * TICKS / self.file.ticks_per_beat
            if message.is_meta:
                self._meta(number, tick, message)
            elif message.type in ("note_on", "note_off"):
                self._close(number, message.channel, message.note, tick, sounding)
                if message.type == "note_on" and message.velocity > 0:
                    self.count += 1
                    if self.count > MAX_NOTES:
                        raise BadMidi(why="notes", most=MAX_NOTES)
                    sounding[message.channel, message.note] = (tick, message.velocity)
            elif message.type in ("program_change", "control_change", "pitchwheel"):
                self._control(number, tick, message)
        for channel, pitch in list(sounding):
            self._close(number, channel, pitch, sounding[channel, pitch][0] + TICKS, sounding)

    def _close(
        self, number: int, channel: int, pitch: int, tick: float, sounding: dict[tuple[int, int], tuple[float, int]]
    ) -> None:
        started = sounding.pop((channel, pitch), None)
        if started is not None:
            length = max(tick - started[0], TICKS / self.file.ticks_per_beat)
            self.notes.setdefault((number, channel), []).append(Played(started[0], length, pitch, started[1]))

    def _control(self, number: int, tick: float, message: mido.Message) -> None:
        where = (number, message.channel)
        if message.type == "program_change":
            self.programs.setdefault(where, message.program)
            return
        self.control_count += 1
        if self.control_count <= MAX_CONTROLS:
            wheel = message.type == "pitchwheel"
            row = Control(tick, BEND, message.pitch) if wheel else Control(tick, message.control, message.value)
            self.controls.setdefault(where, []).append(row)

    def _meta(self, number: int, tick: float, message: mido.MetaMessage) -> None:
        """Tempo, metre, key, names. Raises BadMidi for a tempo that nobody can play."""
        if message.type == "set_tempo":
            bpm = 60_000_000 / message.tempo if message.tempo else 0.0
            if not SLOWEST <= bpm <= FASTEST:
                raise BadMidi(why="tempo", tempo=round(bpm), least=SLOWEST, most=FASTEST)
            if len(self.tempi) < MAX_TEMPI:
                self.tempi.append((tick, bpm))
        elif message.type == "time_signature":
            self.metres.append((tick, f"{message.numerator}/{message.denominator}"))
        elif message.type == "key_signature" and self.key is None:
            self.key = message.key
        elif message.type == "track_name":
            self.names.setdefault(number, _readable(message.name))
        elif message.type == "text" and message.text.startswith(COLOPHON):
            self.colophon = message.text

    def _part(self, where: tuple[int, int]) -> Part:
        number, channel = where
        # A program set in another track on the same channel counts where the own track sets none.
        others = (p for (_, c), p in self.programs.items() if c == channel)
        program = self.programs.get(where, next(others, 0))
        name = self.names.get(number, "") or ("drums" if channel == DRUMS else "")
        return Part(name, program, channel == DRUMS, tuple(sorted(self.notes[where])),
                    tuple(self.controls.get(where, ())))  # fmt: skip


def _in_force(changes: list[tuple[float, T]], usual: T, first: float) -> tuple[T, list[tuple[float, T]]]:
    """The value at the first note, and the later ones that differ from the one before them."""
    value, later = usual, list[tuple[float, T]]()
    for at, new in sorted(changes, key=lambda change: change[0]):
        if at <= first:
            value = new
        elif new != (later[-1][1] if later else value):
            later.append((at, new))
    return value, later


def _whole(note: Played) -> Note:
    start = round(note.start)
    return Note(start, max(1, round(note.start + note.length) - start), note.pitch)


def _encoded(text: str) -> str:
    """Text as mido stores it, in Latin-1; what that lacks goes in as the bytes of UTF-8, as most programs read it."""
    return text if all(ord(letter) < 256 for letter in text) else text.encode().decode("latin-1")


def _readable(name: str) -> str:
    """A name that mido read as Latin-1 though it was UTF-8."""
    try:
        return name.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return name
