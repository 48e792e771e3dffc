from hypothesis import given
from hypothesis import strategies as st

from engine.music.keys import Key
from engine.music.phrase import (
    HOLD,
    METRES,
    TRIPLET,
    Note,
    Phrase,
    joined,
    lane_of,
    notes_of,
    sounding,
)
from tests.engine.music.lanes import lanes


@given(lanes())
def test_what_a_lane_sounds_like_survives_the_way_through_notes(lane: tuple[int, ...]) -> None:
    notes = notes_of(lane)
    again = lane_of(notes, len(lane))
    assert notes_of(again) == notes


@given(lanes())
def test_writing_notes_twice_changes_nothing(lane: tuple[int, ...]) -> None:
    once = lane_of(notes_of(lane), len(lane))
    assert lane_of(notes_of(once), len(once)) == once


@given(lanes(), st.integers(-11, 11))
def test_transposing_there_and_back_is_the_same_phrase(lane: tuple[int, ...], semitones: int) -> None:
    phrase = Phrase(METRES["4/4"], Key(2, "minor"), (lane,), (13,) * len(lane))
    assert phrase.transposed(semitones).transposed(-semitones) == phrase


@given(lanes())
def test_windows_joined_sound_on_every_cell_as_before(lane: tuple[int, ...]) -> None:
    phrase = Phrase(METRES["4/4"], Key(), (lane,))
    cut = len(lane) // 8 * 4
    both = joined([phrase.window(0, cut), phrase.window(cut, len(lane))])
    assert sounding(both.lanes[0]) == sounding(lane)


def test_triplets_are_kept_and_not_rounded_to_sixteenths() -> None:
    notes = [Note(0, 4, 60), Note(4, 4, 62), Note(8, 4, 64), Note(12, 12, 65)]
    lane = lane_of(notes, 8)
    assert lane == (60, 62, 64, TRIPLET, 65, HOLD, HOLD, HOLD)
    assert notes_of(lane) == notes


def test_quantising_moves_a_human_note_to_the_nearest_sixteenth() -> None:
    assert notes_of(lane_of([Note(1, 5, 60), Note(13, 11, 62)], 8)) == [Note(0, 6, 60), Note(12, 12, 62)]


def test_of_notes_that_begin_together_the_highest_stays() -> None:
    assert notes_of(lane_of([Note(0, 12, 60), Note(0, 12, 67)], 4)) == [Note(0, 12, 67)]
