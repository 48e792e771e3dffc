from io import BytesIO

import mido  # type: ignore[import-untyped] # ships no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import wording
from engine.music.arrange import Part, Played
from engine.music.errors import BadMidi
from engine.music.hearing import hear
from engine.music.keys import Key
from engine.music.midi import MAX_BYTES, read_midi, write_midi
from engine.music.phrase import METRES, Note


def saved(*tracks: list[mido.Message | mido.MetaMessage], kind: int = 1, ticks: int = 480) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


def voices_or_sentence(data: bytes) -> object:
    """What reading gives: the voices, or the refusal's one sentence, which must be there in both languages."""
    try:
        return read_midi(data).voices
    except BadMidi as refusal:
        return wording.error(refusal, "en").endswith(".") and wording.error(refusal, "zh").endswith("。")


def notes(count: int, length: int = 240) -> list[mido.Message | mido.MetaMessage]:
    on_off = [(mido.Message("note_on", note=60 + i % 12), mido.Message("note_off", note=60 + i % 12, time=length))
              for i in range(count)]  # fmt: skip
    return [message for pair in on_off for message in pair]


parts = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 96), st.integers(30, 100), st.integers(1, 127)),
    min_size=1,
    max_size=40,
)


@given(parts, st.sampled_from(sorted(METRES)), st.integers(30, 240), st.integers(0, 11))
def test_what_is_written_is_read_again(rows: list[tuple[int, ...]], metre: str, tempo: int, tonic: int) -> None:
    one_each = {pitch: (start, length, pitch, loud) for start, length, pitch, loud in rows}
    played = tuple(sorted(Played(*row) for row in one_each.values()))
    sheet = read_midi(write_midi([Part("piano", 3, False, played)], Key(tonic, "minor"), METRES[metre], tempo))
    assert sheet.voices == [sorted(Note(round(n.start), round(n.length), n.pitch) for n in played)]
    assert (sheet.metre, sheet.programs, round(sheet.tempo)) == (metre, [3], tempo)


def test_the_file_says_that_a_machine_took_part() -> None:
    data = write_midi([Part("piano", 0, False, (Played(0, 12, 60, 80),))], Key(), METRES["4/4"], 100)
    texts = [m.text for track in mido.MidiFile(file=BytesIO(data)).tracks for m in track if m.type == "text"]
    assert any("machine" in text for text in texts)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" + bytes(100), "not a MIDI file"),
        (b"MThd", "damaged"),
        (saved(notes(4))[:40], "damaged"),
        (saved(), "no notes"),
        (saved([mido.MetaMessage("text", text="hello")]), "no notes"),
        (saved([mido.MetaMessage("set_tempo", tempo=0), *notes(4)]), "tempo of 0"),
        (saved([mido.MetaMessage("set_tempo", tempo=100_000), *notes(4)]), "tempo of 600"),
        (saved(notes(4), kind=2), "type 2"),
        (saved(notes(4))[:12] + b"\xe7\x28" + saved(notes(4))[14:], "SMPTE"),
        (saved(notes(4))[:10] + b"\xff\xff" + saved(notes(4))[12:], "64 tracks"),
        (saved(notes(40, length=480 * 20)), "200 bars"),
        (saved(notes(20_500, length=1)), "20000 notes"),
        (b"MThd" + bytes(MAX_BYTES), "kB"),
        (saved([mido.Message("note_on", channel=9), mido.Message("note_off", channel=9, time=9)]), "drums"),
    ],
)  # fmt: skip
def test_a_bad_file_gets_one_sentence_that_names_the_limit(data: bytes, says: str) -> None:
    with pytest.raises(BadMidi) as caught:
        hear(data)
    sentence = wording.error(caught.value, "en")
    assert says in sentence
    assert "\n" not in sentence


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_any_damage_is_refused_or_read_and_never_crashes(data: st.DataObject) -> None:
    whole = bytearray(saved([mido.MetaMessage("key_signature", key="Dm"), *notes(6)], notes(3)))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    assert voices_or_sentence(bytes(whole[:cut]))


@given(st.binary(max_size=400))
def test_random_bytes_behind_a_header_are_refused_or_read(tail: bytes) -> None:
    head = b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk"
    assert voices_or_sentence(head + tail)
