"""Standard MIDI files: parts out through pretty_midi, and any bytes in, within limits that every refusal names.

Reading goes through mido, message by message, and never trusts the file: its size is checked before parsing, its tracks
and events are counted, and whatever the parser raises becomes one sentence. Writing puts key, metre and tempo at time
zero and says in a text event that a machine took part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO

import mido  # type: ignore[import-untyped] # ships no types
import pretty_midi  # type: ignore[import-untyped] # ships no types
from mido.midifiles.meta import KeySignatureError  # type: ignore[import-untyped] # ships no types

from engine.music.arrange import Part
from engine.music.errors import BadMidi
from engine.music.keys import Key
from engine.music.phrase import TICKS, Metre, Note

MAX_BYTES, MAX_NOTES, MAX_TRACKS, MAX_QUARTERS = 512 * 1024, 20_000, 64, 512
SLOWEST, FASTEST = 20, 400
RESOLUTION = 480
DRUMS = 9  # the percussion channel, counted from 0
PROVENANCE = "Written with Ghostnote: a machine took part."


@dataclass(slots=True)
class Sheet:
    """What a MIDI file says: voices (notes in ticks, by track and channel), tempo, metre, programs, drum hits."""

    voices: list[list[Note]] = field(default_factory=list)
    programs: list[int] = field(default_factory=list)
    tempo: float = 120.0
    metre: str = "4/4"
    key: str | None = None


def write_midi(parts: Sequence[Part], key: Key, metre: Metre, tempo: float) -> bytes:
    """A type 1 file with one track a part; ticks become exact multiples of the file's resolution of 480."""
    midi = pretty_midi.PrettyMIDI(resolution=RESOLUTION, initial_tempo=tempo)
    midi.time_signature_changes = [pretty_midi.TimeSignature(*metre.signature, 0.0)]
    number = pretty_midi.key_name_to_key_number(f"{key.signature.rstrip('m')} {'minor' if key.is_minor else 'Major'}")
    midi.key_signature_changes = [pretty_midi.KeySignature(number, 0.0)]
    second = 60.0 / tempo / TICKS
    for part in parts:
        instrument = pretty_midi.Instrument(part.program, part.drums, part.name)
        for note in part.notes:
            start, end = note.start * second, (note.start + note.length) * second
            instrument.notes.append(pretty_midi.Note(note.velocity, note.pitch, start, end))
        midi.instruments.append(instrument)
    raw = BytesIO()
    midi.write(raw)
    raw.seek(0)
    file = mido.MidiFile(file=raw)
    file.tracks[0].insert(0, mido.MetaMessage("text", text=PROVENANCE, time=0))
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


def read_midi(data: bytes) -> Sheet:
    """Read any bytes as MIDI. Raises BadMidi with one sentence; never takes more than a few seconds or megabytes."""
    if len(data) > MAX_BYTES:
        raise BadMidi(f"The MIDI file has {len(data) // 1024} kB; I read files of up to {MAX_BYTES // 1024} kB.")
    if not data.startswith(b"MThd"):
        raise BadMidi("These bytes are not a MIDI file: the header MThd is missing.")
    if len(data) >= 14 and int.from_bytes(data[10:12], "big") > MAX_TRACKS:
        raise BadMidi(f"The MIDI file announces more than {MAX_TRACKS} tracks, which is all I read.")
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
        raise BadMidi("The MIDI file is damaged or cut short.") from error
    if file.type == 2:
        raise BadMidi("This is a MIDI file of type 2, independent songs in one file; I read types 0 and 1.")
    if not 0 < file.ticks_per_beat < 0x8000:
        raise BadMidi("The MIDI file counts time in SMPTE frames; I read files that count in beats.")
    return _collect(file)


def _collect(file: mido.MidiFile) -> Sheet:  # noqa: C901 - one pass over the events, with a branch for each kind
    sheet = Sheet()
    voices: dict[tuple[int, int], list[Note]] = {}
    programs: dict[tuple[int, int], int] = {}
    count = 0
    for number, track in enumerate(file.tracks):
        at, open_notes = 0, dict[tuple[int, int], int]()
        for message in track:
            at += message.time
            tick = round(at * TICKS / file.ticks_per_beat)
            if message.is_meta:
                _meta(sheet, message)
            elif message.type == "program_change":
                programs.setdefault((number, message.channel), message.program)
            elif message.type in ("note_on", "note_off") and message.channel != DRUMS:
                started = open_notes.pop((message.channel, message.note), None)
                if started is not None:
                    note = Note(started, max(1, tick - started), message.note)
                    voices.setdefault((number, message.channel), []).append(note)
                if message.type == "note_on" and message.velocity > 0:
                    count += 1
                    _check(count, tick)
                    open_notes[message.channel, message.note] = tick
        for (channel, pitch), started in open_notes.items():
            voices.setdefault((number, channel), []).append(Note(started, TICKS, pitch))
    if not voices:
        raise BadMidi("The MIDI file has no notes in it (drums aside).")
    for voice in sorted(voices):
        sheet.voices.append(sorted(voices[voice]))
        sheet.programs.append(programs.get(voice, 0))
    return sheet


def _check(count: int, tick: int) -> None:
    if count > MAX_NOTES:
        raise BadMidi(f"The MIDI file has more than {MAX_NOTES} notes, which is all I read.")
    if tick > MAX_QUARTERS * TICKS:
        raise BadMidi(f"The MIDI file is longer than {MAX_QUARTERS} quarter notes, which is all I read.")


def _meta(sheet: Sheet, message: mido.MetaMessage) -> None:
    """Tempo, metre and key; the first of each counts. Raises BadMidi for a tempo that nobody can play."""
    if message.type == "set_tempo":
        beats = 60_000_000 / message.tempo if message.tempo else 0.0
        if not SLOWEST <= beats <= FASTEST:
            raise BadMidi(f"The MIDI file has a tempo of {beats:.0f} bpm; I read {SLOWEST} to {FASTEST}.")
        if sheet.tempo == 120.0:
            sheet.tempo = beats
    elif message.type == "time_signature" and sheet.metre == "4/4":
        sheet.metre = f"{message.numerator}/{message.denominator}"
    elif message.type == "key_signature" and sheet.key is None:
        sheet.key = message.key
