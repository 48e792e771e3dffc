from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO

import mido  # type: ignore[import-untyped] # ships no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import wording
from engine.music.arrange import Part, Played, arrange
from engine.music.composer import Composer
from engine.music.errors import BadMidi
from engine.music.hearing import hear, instrument_of
from engine.music.keeping import saved
from engine.music.keys import Key
from engine.music.midi import Frame, read_midi, write_file
from engine.music.phrase import METRES, Note, Phrase, notes_of
from engine.music.styles import INSTRUMENTS, STYLES
from engine.music.wishes import read_wish
from tests.engine.music.fakes import fake_desk
from tests.engine.music.lanes import phrases

composer = Composer(fake_desk())
slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCALE = (62, 64, 65, 67, 69, 70, 72, 74)


def part(notes: Iterable[tuple[float, float, int]], program: int = 0, drums: bool = False) -> Part:
    return Part("", program, drums, tuple(Played(start, length, pitch, 80) for start, length, pitch in notes))


def tune(bars: int, bar: int = 48) -> list[tuple[float, float, int]]:
    return [(12 * i, 12, SCALE[i % 8]) for i in range(bars * bar // 12)]


@slow
@given(st.sampled_from(sorted(STYLES)), st.integers(1, 12), st.integers(30, 240), st.integers(0, 11),
       st.integers(0, 99),
       st.sampled_from(["", "piano", "organ and choir", "flute, harp, cello", "harp and drums"]))  # fmt: skip
def test_a_file_of_our_own_comes_back_as_it_was(
    style: str, bars: int, tempo: int, tonic: int, seed: int, players: str
) -> None:
    key = Key(tonic, "minor" if seed % 2 else "major").name
    wish = read_wish(f"{style} in {key}, {bars} bars, {tempo} bpm" + (f", for {players}" if players else ""))
    piece = composer.compose(wish, seed, candidates=1)[0]
    heard = hear(piece.midi())
    assert heard.by_rule
    assert heard.phrase == piece.phrase
    assert heard.wish == replace(piece.wish, remarks=(), chords=())


@slow
@given(phrases())
def test_any_phrase_and_wish_survive_a_file(phrase: Phrase) -> None:
    wish = replace(read_wish("folk for piano"), key=phrase.key, metre=phrase.metre.name, bars=phrase.bars)
    phrase = replace(phrase, chords=(0,) * phrase.cells)
    heard = hear(saved(arrange(phrase, wish), phrase, wish))
    assert (heard.phrase, heard.wish) == (phrase, wish)


@slow
@given(phrases(), st.integers(30, 240))
def test_strangers_tracks_of_one_voice_each_become_the_lanes(phrase: Phrase, tempo: int) -> None:
    """Lanes far apart, written without any word about what they are."""
    lanes = [notes_of(lane) for lane in phrase.lanes]
    apart = [[n._replace(pitch=100 - 24 * i + n.pitch % 12) for n in lane] for i, lane in enumerate(lanes)]
    parts = [part(((n.start, n.length, n.pitch) for n in lane), program=40 + i) for i, lane in enumerate(apart)]
    heard = hear(write_file(parts, Frame(phrase.key, phrase.metre.name, tempo)))
    assert not heard.by_rule
    assert [notes_of(lane) for lane in heard.phrase.lanes] == apart
    assert (heard.phrase.metre, heard.wish.tempo) == (phrase.metre, tempo)
    assert heard.tracks_of == tuple(range(len(parts)))


def test_a_change_in_another_program_makes_it_a_strangers_file() -> None:
    piece = composer.compose(read_wish("waltz in D minor for piano"), seed=1, candidates=1)[0]
    sheet = read_midi(piece.midi())
    first = sheet.tracks[0]
    louder = replace(first, notes=(first.notes[0]._replace(velocity=127), *first.notes[1:]))
    again = hear(write_file([louder], Frame(piece.phrase.key, "3/4", 132), sheet.colophon))
    assert not again.by_rule
    assert again.phrase.bars == piece.phrase.bars


@pytest.mark.parametrize(
    "line", ["Ghostnote {", 'Ghostnote {"notes":1}', "Ghostnote " + "[" * 60_000, "Ghostnote null"]
)
def test_a_damaged_colophon_is_ignored(line: str) -> None:
    heard = hear(write_file([part(tune(2))], Frame(Key(2, "minor"), "4/4", 100), line))
    assert not heard.by_rule
    assert heard.phrase.bars == 2


def test_a_humans_timing_is_quantised_and_kept_beside() -> None:
    played = [(12 * i + (-1) ** i * 0.7, 10.3, SCALE[i % 8]) for i in range(1, 16)]
    heard = hear(write_file([part(played)], Frame(Key(2, "minor"), "4/4", 97, resolution=960)))
    assert [note.start for note in notes_of(heard.phrase.lanes[0])] == [12 * i for i in range(1, 16)]
    starts = [note.start for note in heard.sheet.tracks[0].notes]
    assert starts == pytest.approx([start for start, _, _ in played], abs=12 / 960)


def test_chords_of_a_piano_are_dealt_to_lanes_top_to_bottom() -> None:
    chords = [(0, 24, p) for p in (76, 67, 60, 48)] + [(24, 24, p) for p in (77, 69, 60, 53)]
    heard = hear(write_file([part(sorted(chords))], Frame(Key(), "4/4", 100)))
    assert [[n.pitch for n in notes_of(lane)] for lane in heard.phrase.lanes] == [
        [76, 77],
        [67, 69],
        [60, 60],
        [48, 53],
    ]


def test_a_melody_over_chords_stays_the_melody() -> None:
    melody = tune(4)
    chords = [(48 * bar, 44, p) for bar in range(4) for p in (50, 57, 65)]
    bass = [(48 * bar + 24 * half, 24, 38) for bar in range(4) for half in (0, 1)]
    heard = hear(write_file([part(chords, 24), part(melody, 73), part(bass, 32)], Frame(Key(2, "minor"), "4/4", 100)))
    lanes = [[tuple(n) for n in notes_of(lane)] for lane in heard.phrase.lanes]
    assert lanes[0] == melody
    assert lanes[-1] == bass
    assert len(lanes) == 4
    assert heard.tracks_of == (1, 0, 0, 2)
    assert heard.wish.instruments == ("acoustic guitar", "flute", "bass")


def test_a_short_first_measure_is_a_pickup() -> None:
    sheet = read_midi(write_file([part([(0, 12, 67), (12, 36, 72), (48, 36, 71)])], Frame(Key(), "3/4", 100)))
    data = with_metre_change(sheet.tracks[0], "1/4", "3/4", at=12)
    heard = hear(data)
    assert (heard.phrase.metre, heard.phrase.bars) == (METRES["3/4"], 3)
    assert [note.start for note in notes_of(heard.phrase.lanes[0])] == [24, 36, 72]
    assert [note.start for note in heard.sheet.tracks[0].notes] == [24, 36, 72]


def with_metre_change(track: Part, first: str, then: str, at: int) -> bytes:
    file = mido.MidiFile(file=BytesIO(write_file([track], Frame(Key(), first, 100))))
    above, below = (int(n) for n in then.split("/"))
    change = mido.MetaMessage("time_signature", numerator=above, denominator=below, time=0)
    row, now = [], 0
    for message in file.tracks[0]:
        now += message.time
        row.append((now, message))
    row.insert(-1, (at * 40, change))
    row = [*row[:-1], (max(row[-1][0], at * 40), row[-1][1])]
    before = 0
    track_out = mido.MidiTrack()
    for when, message in sorted(row, key=lambda pair: (pair[0], pair[1].type == "end_of_track")):
        track_out.append(message.copy(time=when - before))
        before = when
    file.tracks[0] = track_out
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


@pytest.mark.parametrize(("metre", "ours"), [("2/2", "4/4"), ("12/8", "6/8"), ("3/8", "6/8"), ("6/4", "3/4")])
def test_metres_with_the_same_beats_are_counted_as_ours_and_said(metre: str, ours: str) -> None:
    heard = hear(write_file([part(tune(2))], Frame(Key(), metre, 100)))
    assert heard.phrase.metre.name == ours
    ((name, fields),) = heard.wish.remarks
    assert metre in wording.say(name, "en", **fields)
    assert ours in wording.say(name, "zh", **fields)


@pytest.mark.parametrize(("metre", "bars", "says"), [("5/4", 2, "5/4"), ("7/8", 2, "7/8"), ("4/4", 65, "65 bars")])
def test_what_is_beyond_the_engine_gets_one_sentence(metre: str, bars: int, says: str) -> None:
    with pytest.raises(BadMidi) as caught:
        hear(write_file([part(tune(bars))], Frame(Key(), metre, 100)))
    assert says in wording.error(caught.value, "en")


def test_a_changing_tempo_is_said_and_kept() -> None:
    data = write_file([part(tune(4))], Frame(Key(2, "minor"), "4/4", 100, [(96.0, 80.0), (144.0, 60.0)]))
    heard = hear(data)
    assert heard.wish.tempo == 100
    assert [name for name, _ in heard.wish.remarks] == ["heard_tempi"]
    again = hear(saved(heard.sheet.tracks, heard.phrase, heard.wish, heard))
    assert [(at, round(bpm)) for at, bpm in again.sheet.tempi] == [(96, 80), (144, 60)]


@pytest.mark.parametrize(
    ("pitches", "told", "key"),
    [
        ((62, 64, 65, 67, 69, 70, 72, 73, 74), Key(2, "minor"), "D minor"),
        ((62, 64, 65, 67, 69, 71, 72, 69, 62), Key(2, "minor"), "D dorian"),
        ((67, 69, 71, 72, 74, 76, 77, 74, 67), Key(7), "G mixolydian"),
        ((66, 68, 70, 71, 73, 75, 77, 73, 66), Key(), "F# major"),
        ((69, 71, 72, 74, 76, 72, 76, 71, 69), Key(), "A minor"),
        ((60, 64, 67, 65, 62, 59, 60, 67, 60), Key(), "C major"),
    ],
)
def test_the_files_key_counts_if_the_notes_are_in_it(pitches: tuple[int, ...], told: Key, key: str) -> None:
    notes = [(12.0 * i, 12.0, p) for i, p in enumerate(pitches)]
    heard = hear(write_file([part(notes)], Frame(told, "4/4", 100)))
    assert heard.phrase.key.name.replace("Gb", "F#") == key


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_every_instrument_is_heard_as_itself(name: str) -> None:
    assert instrument_of(INSTRUMENTS[name].program) == name


@pytest.mark.parametrize("program", range(120))
def test_every_other_program_is_heard_as_a_relative(program: int) -> None:
    assert abs(INSTRUMENTS[instrument_of(program)].program - program) <= 12


def test_triplets_are_heard_as_triplets() -> None:
    notes = [(4.0 * i, 4.0, SCALE[i % 8]) for i in range(12)]
    heard = hear(write_file([part(notes)], Frame(Key(2, "minor"), "4/4", 100)))
    assert notes_of(heard.phrase.lanes[0]) == [Note(4 * i, 4, SCALE[i % 8]) for i in range(12)]
