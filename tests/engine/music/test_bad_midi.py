"""Any bytes as `.mid`: understood within the limits, or refused with one sentence; bounds are counted, not timed."""

from functools import cache
from io import BytesIO

import mido  # type: ignore[import-untyped] # ships no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import wording
from engine.music.composer import Composer
from engine.music.errors import BadMidi
from engine.music.hearing import MAX_BARS, Heard, hear
from engine.music.keeping import arranged, saved
from engine.music.midi import MAX_BYTES, MAX_CONTROLS, MAX_NOTES, MAX_TEMPI, MAX_TRACKS, read_midi
from engine.music.wishes import read_wish
from tests.engine.music.fakes import fake_desk

FULL = MAX_BYTES - 100
END = b"\x00\xff\x2f\x00"


def head(tracks: int = 1, kind: int = 1, division: int = 480) -> bytes:
    return b"MThd\x00\x00\x00\x06" + b"".join(n.to_bytes(2, "big") for n in (kind, tracks, division))


def track(events: bytes) -> bytes:
    return b"MTrk" + len(events).to_bytes(4, "big") + events


def within_limits(heard: Heard) -> bool:
    sheet, phrase = heard.sheet, heard.phrase
    notes = [note for part in sheet.tracks for note in part.notes]
    return (
        len(notes) <= MAX_NOTES
        and len(sheet.tempi) <= MAX_TEMPI
        and sum(len(part.controls) for part in sheet.tracks) <= MAX_CONTROLS
        and 1 <= phrase.bars <= MAX_BARS
        and 1 <= len(phrase.lanes) <= 4
        and all(note.start >= 0 and note.length > 0 and 0 <= note.pitch < 128 for note in notes)
        and len(heard.tracks_of) == len(phrase.lanes)
    )


def understood_or_sentence(data: bytes) -> bool:
    """Whether the bytes are heard within the limits and can be written again, or refused in one sentence."""
    try:
        heard = hear(data)
    except BadMidi as refusal:
        english, chinese = (wording.error(refusal, language) for language in ("en", "zh"))
        return english.endswith(".") and chinese.endswith("。") and "\n" not in english and "{" not in english
    again = saved(arranged(heard.phrase, heard.wish, heard), heard.phrase, heard.wish, heard)
    return within_limits(heard) and hear(again).phrase == heard.phrase


@cache
def pieces() -> tuple[bytes, ...]:
    """Real files: a band with drums, four voices, one voice, with and without the line that says what they are."""
    composer = Composer(fake_desk())
    words = ("pop in C, 2 bars", "chorale in D minor, 2 bars", "reel in G for fiddle, 2 bars")
    ours = [composer.compose(read_wish(wish), seed=1, candidates=1)[0].midi() for wish in words]
    bare = []
    for data in ours:
        file = mido.MidiFile(file=BytesIO(data))
        file.tracks[0][:] = [m for m in file.tracks[0] if m.type != "text"]
        out = BytesIO()
        file.save(file=out)
        bare.append(out.getvalue())
    return (*ours, *bare)


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_damaged_file_is_heard_or_refused(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from(pieces())))
    for _ in range(data.draw(st.integers(0, 12))):
        place = data.draw(st.integers(8, len(whole) - 1))
        match data.draw(st.sampled_from(["set", "cut", "double", "insert"])):
            case "set":
                whole[place] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0x90, 0xF0, 0xFF]))
            case "cut":
                del whole[place : place + data.draw(st.integers(1, 9))]
            case "double":
                whole[place:place] = whole[place : place + data.draw(st.integers(1, 40))]
            case _:
                whole[place:place] = data.draw(st.binary(max_size=6))
    assert understood_or_sentence(bytes(whole))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary(max_size=300), st.integers(0, 3), st.integers(0, 0xFFFF), st.integers(0, 3))
def test_random_events_in_a_sound_frame_are_heard_or_refused(
    events: bytes, kind: int, division: int, more: int
) -> None:
    notes = b"\x00\x90\x3c\x40\x60\x3c\x00"
    assert understood_or_sentence(head(1 + more, kind, division) + track(notes + events) + track(events) * more)


WORST = {
    "nothing": b"",
    "a header": b"MThd",
    "no tracks": head(0),
    "an empty track": head() + track(b""),
    "65 tracks": head(MAX_TRACKS + 1) + track(END) * (MAX_TRACKS + 1),
    "60 tracks of a note": head(60) + track(b"\x00\x90\x3c\x40\x60\x3c\x00" + END) * 60,
    "a track of four gigabytes": head() + b"MTrk\xff\xff\xff\xff\x00\x90\x3c\x40",
    "a text of four gigabytes": head() + track(b"\x00\xff\x01\x8f\xff\xff\xff\x7fabc"),
    "only notes, a quarter megabyte": head() + track(b"\x00\x90\x3c\x40" + b"\x01\x3c\x00\x01\x3c\x40" * (FULL // 6)),
    "notes that never end": head() + track(b"\x00\x90\x3c\x40" + b"\x00\x3c\x40" * (FULL // 3)),
    "only faders": head() + track(b"\x00\x90\x3c\x40\x60\x3c\x00\x00\xb0\x07\x07" + b"\x00\x07\x07" * (FULL // 3)),
    "only texts": head() + track(b"\x00\xff\x01\x00" * (FULL // 4) + b"\x00\x90\x3c\x40\x60\x3c\x00"),
    "only tempi": head() + track(b"".join(b"\x01\xff\x51\x03\x07" + (i % 65536).to_bytes(2, "big")
                                          for i in range(FULL // 8)) + b"\x00\x90\x3c\x40\x60\x3c\x00"),
    "a number without end": head() + track(b"\xff" * FULL),
    "long numbers": head() + track((b"\x81" * 2000 + b"\x00\x90\x3c\x40") * (FULL // 2004)),
    "running status without a status": head() + track(b"\x00\x3c\x40" * 100),
    "a system message without end": head() + track(b"\x00\xf0" + b"\x01" * 1000),
    "two years of silence": head() + track(b"\x00\x90\x3c\x40" + b"\xff\xff\xff\x7f\x3c\x00" * 100),
    "tempo 0": head() + track(b"\x00\xff\x51\x03\x00\x00\x00\x00\x90\x3c\x40\x60\x3c\x00"),
    "600 bpm": head() + track(b"\x00\xff\x51\x03\x01\x86\xa0\x00\x90\x3c\x40\x60\x3c\x00"),
    "SMPTE time": head(division=0xE728) + track(b"\x00\x90\x3c\x40\x60\x3c\x00"),
    "no ticks in a beat": head(division=0) + track(b"\x00\x90\x3c\x40\x60\x3c\x00"),
    "one tick in a beat": head(division=1) + track(b"\x00\x90\x3c\x40\x01\x3c\x00"),
    "type 2": head(2, kind=2) + track(b"\x00\x90\x3c\x40\x60\x3c\x00") * 2,
    "metre 0/1": head() + track(b"\x00\xff\x58\x04\x00\x00\x18\x08\x00\x90\x3c\x40\x60\x3c\x00"),
    "metre 4/2^200": head() + track(b"\x00\xff\x58\x04\x04\xc8\x18\x08\x00\x90\x3c\x40\x60\x3c\x00"),
    "a key of 90 sharps": head() + track(b"\x00\xff\x59\x02\x5a\x00\x00\x90\x3c\x40\x60\x3c\x00"),
    "all keys at once": head() + track(b"".join(bytes([0, 0x90, p, 64]) for p in range(128)) + b"\x60\xb0\x7b\x00"),
    "a zip": b"PK\x03\x04" + bytes(1000),
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_the_worst_files_are_heard_or_refused(name: str) -> None:
    assert understood_or_sentence(WORST[name])


def test_a_million_notes_are_refused_before_they_are_parsed() -> None:
    data = head() + track(b"\x00\x90\x3c\x40" * 1_000_000)
    with pytest.raises(BadMidi, match="'why': 'bytes'"):
        read_midi(data)
