"""What a person sent comes out as they sent it, whatever is done around it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.music.arrange import BEND, Control, Part, Played
from engine.music.composer import Composer
from engine.music.hearing import Heard, hear
from engine.music.keeping import arranged, saved
from engine.music.keys import Key
from engine.music.midi import Frame, read_midi, write_file
from engine.music.phrase import Phrase
from engine.music.wishes import Wish, read_wish
from tests.engine.music.fakes import fake_desk

composer = Composer(fake_desk())
slow = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCALE = (62, 64, 65, 67, 69, 70, 72, 74)
RESOLUTION = 960


@st.composite
def recordings(draw: st.DrawFn) -> bytes:
    """Four bars as somebody plays them: a melody a little beside the beat, chords, drums, pedal and wheel."""
    slips = draw(st.lists(st.integers(-60, 60), min_size=16, max_size=16))
    loud = draw(st.lists(st.integers(1, 127), min_size=16, max_size=16))
    tick = 12 / RESOLUTION
    melody = [Played(12 * i + max(0, slip if i else 0) * tick, 10 + slip * tick, SCALE[(5 * i) % 8], v)
              for i, (slip, v) in enumerate(zip(slips, loud, strict=True))]  # fmt: skip
    parts = [Part("Melodie é", 73, False, tuple(melody), (Control(3.5, 64, 127), Control(24.0, BEND, 1200)))]
    if draw(st.booleans()):
        chords = [Played(48 * bar + 0.5, 40, p, 66) for bar in range(4) for p in (45, 50, 53)]
        parts.append(Part("和弦", 24, False, tuple(chords)))
    if draw(st.booleans()):
        parts.append(Part("kit", 0, True, tuple(Played(6 * i, 3, 42, 50 + i) for i in range(32))))
    return write_file(parts, Frame(Key(2, "minor"), "4/4", 93.5, [(96.0, 88.0)], RESOLUTION))


def result(heard: Heard, phrase: Phrase, wish: Wish) -> list[Part]:
    """The tracks as another program would find them in the file."""
    return read_midi(saved(arranged(phrase, wish, heard), phrase, wish, heard)).tracks


def exact(part: Part) -> tuple[object, ...]:
    """A track as sent, in the file's own ticks."""
    scale = RESOLUTION / 12
    notes = [(round(n.start * scale), round(n.length * scale), n.pitch, n.velocity) for n in part.notes]
    return part.name, part.program, part.drums, sorted(notes), part.controls


@slow
@given(recordings(), st.integers(0, 99))
def test_accompaniment_stands_beside_the_tracks_as_sent(data: bytes, seed: int) -> None:
    heard = hear(data)
    wish = read_wish("add harp, strings and double bass", heard.wish)
    tracks = result(heard, composer.accompany(heard.phrase), wish)
    sent = heard.sheet.tracks
    assert [exact(track) for track in tracks[: len(sent)]] == [exact(track) for track in sent]
    assert [track.name for track in tracks[len(sent) :]] == ["harp", "strings", "double bass"]
    assert all(track.notes for track in tracks)


@slow
@given(recordings(), st.integers(0, 99))
def test_voices_stand_beside_a_melody_as_sent(data: bytes, seed: int) -> None:
    heard = hear(data)
    phrase = composer.harmonize(replace(heard.phrase, lanes=heard.phrase.lanes[:1]), seed, candidates=1)
    alone = replace(heard, phrase=replace(heard.phrase, lanes=heard.phrase.lanes[:1]))
    sent = heard.sheet.tracks
    tracks = result(alone, phrase, heard.wish)
    assert [exact(track) for track in tracks[: len(sent)]] == [exact(track) for track in sent]
    assert len(tracks) == len(sent) + 3


@slow
@given(recordings(), st.integers(1, 6), st.integers(0, 99))
def test_an_extension_begins_where_the_file_ends(data: bytes, bars: int, seed: int) -> None:
    heard = hear(data)
    phrase = composer.extend(heard.phrase, bars, seed, candidates=1)
    tracks = result(heard, phrase, replace(heard.wish, bars=phrase.bars))
    end = heard.phrase.bars * 48
    for sent, now in zip(heard.sheet.tracks, tracks, strict=True):
        before = replace(now, notes=tuple(note for note in now.notes if note.start < end - 1))
        assert exact(replace(before, controls=now.controls)) == exact(sent)
    assert max(note.start for track in tracks for note in track.notes) >= end
    for track in tracks:
        if track.drums:
            assert {int(note.start) // 48 for note in track.notes} == set(range(4 + bars))


@slow
@given(recordings(), st.integers(1, 4), st.integers(0, 99))
def test_redrawing_bars_leaves_everything_outside_them_as_sent(data: bytes, bar: int, seed: int) -> None:
    heard = hear(data)
    phrase = composer.redraw(heard.phrase, bar, bar, "other", seed, candidates=1)
    tracks = result(heard, phrase, heard.wish)
    first, last = (bar - 1) * 48, bar * 48

    def outside(track: Part) -> Part:
        # The note before the bar may end earlier, where the bar is new.
        return replace(track, notes=tuple(n for n in track.notes if not first - 24 <= n.start < last - 1))

    for sent, now in zip(heard.sheet.tracks, tracks, strict=True):
        assert exact(outside(now)) == exact(outside(sent))
    drums = [track for track in heard.sheet.tracks if track.drums]
    assert [exact(t) for t in tracks if t.drums] == [exact(t) for t in drums]


@slow
@given(recordings(), st.floats(0, 1), st.integers(0, 99))
def test_a_variation_keeps_the_timing_of_every_note_that_it_keeps(data: bytes, strength: float, seed: int) -> None:
    heard = hear(data)
    phrase = composer.vary(heard.phrase, strength, seed, candidates=1)
    tracks = result(heard, phrase, heard.wish)
    sent = {(note.start, note.pitch): note for note in heard.sheet.tracks[0].notes}
    same = [note for note in tracks[0].notes if (note.start, note.pitch) in sent]
    assert same[0].start == heard.sheet.tracks[0].notes[0].start
    assert all(note.velocity == sent[note.start, note.pitch].velocity for note in same)
    assert len(tracks) == len(heard.sheet.tracks)
    again = hear(saved(arranged(phrase, heard.wish, heard), phrase, heard.wish, heard))
    assert again.phrase == phrase


def test_nothing_done_is_nothing_changed() -> None:
    data = write_file([Part("x", 40, False, tuple(Played(12.5 * i, 11, 60 + i, 70 + i) for i in range(8)))],
                      Frame(Key(), "4/4", 61.5, resolution=RESOLUTION))  # fmt: skip
    heard = hear(data)
    same: Sequence[Part] = result(heard, heard.phrase, heard.wish)
    assert [exact(track) for track in same] == [exact(track) for track in heard.sheet.tracks]


def test_another_tempo_is_taken_when_asked_for() -> None:
    data = write_file([Part("x", 40, False, (Played(0, 12, 60, 70),))], Frame(Key(), "4/4", 61.5))
    heard = hear(data)
    wish = read_wish("120 bpm", heard.wish)
    assert read_midi(saved(arranged(heard.phrase, wish, heard), heard.phrase, wish, heard)).tempo == pytest.approx(120)


def test_an_accompaniment_of_ours_goes_on_under_new_bars_and_the_melody_before_them_stays() -> None:
    melody = Part("tune", 73, False, tuple(Played(12 * i + 0.5, 11, SCALE[(3 * i) % 8], 70) for i in range(16)))
    heard = hear(write_file([melody], Frame(Key(2, "minor"), "4/4", 90, resolution=RESOLUTION)))
    wish = read_wish("add harp, double bass and drums", heard.wish)
    phrase = composer.accompany(heard.phrase)
    first = hear(saved(arranged(phrase, wish, heard), phrase, wish, heard))
    assert [first.sheet.tracks[i].name for i in first.ruled] == ["harp", "double bass", "drums"]
    longer = composer.extend(first.phrase, 4, seed=1, candidates=1)
    second = hear(saved(arranged(longer, first.wish, first), longer, first.wish, first))
    assert second.ruled == first.ruled
    assert [t.name for t in second.sheet.tracks] == ["tune", "harp", "double bass", "drums"]
    assert set(exact(first.sheet.tracks[0])[3]) <= set(exact(second.sheet.tracks[0])[3])  # type: ignore[call-overload]
    for track in second.sheet.tracks[1:]:
        assert {int(note.start) // 48 for note in track.notes} == set(range(8))
