"""MIDI files as people send them, written and read with mido, which has no part in how Ghostnote writes them."""

from io import BytesIO

import mido  # type: ignore[import-untyped] # ships no types

QUARTER = 480


def tune(*pitches: int, quarters: int = 1) -> bytes:
    """A melody in 4/4, each note so many quarters long."""
    track = mido.MidiTrack()
    for pitch in pitches or (60, 62, 64, 65, 67, 65, 64, 60):
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_off", note=pitch, time=quarters * QUARTER))
    out = BytesIO()
    mido.MidiFile(ticks_per_beat=QUARTER, tracks=[track]).save(file=out)
    return out.getvalue()


def notes(data: bytes) -> list[tuple[float, int]]:
    """Where notes begin, in quarters, and their pitches."""
    file, found = mido.MidiFile(file=BytesIO(data)), []
    for track in file.tracks:
        at = 0
        for event in track:
            at += event.time
            if event.type == "note_on" and event.velocity:
                found.append((at / file.ticks_per_beat, event.note))
    return sorted(found)
