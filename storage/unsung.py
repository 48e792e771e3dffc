"""A MIDI file without its words: what is left of a song when whoever wrote the words is forgotten."""

from io import BytesIO

import mido  # type: ignore[import-untyped] # ships no types


def unsung(midi: bytes) -> bytes:
    """The file without lyric events; every other event stays at its time."""
    file = mido.MidiFile(file=BytesIO(midi))
    for track in file.tracks:
        kept, left = [], 0
        for message in track:
            if message.type == "lyrics":
                left += message.time
            else:
                kept.append(message.copy(time=message.time + left))
                left = 0
        track[:] = kept
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()
