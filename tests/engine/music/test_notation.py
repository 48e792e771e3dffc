import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import wording
from engine.music.errors import BadNotes
from engine.music.keys import Key
from engine.music.notation import MAX_TEXT, read_notes, write_abc, write_names
from engine.music.phrase import METRES, Note, Phrase, notes_of
from tests.engine.music.lanes import phrases


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(phrases(most=1))
def test_note_names_there_and_back_are_the_same_notes_key_and_metre(phrase: Phrase) -> None:
    again = read_notes(write_names(phrase))
    assert notes_of(again.lanes[0]) == notes_of(phrase.lanes[0])
    assert (again.metre, again.key, again.bars) == (phrase.metre, phrase.key, phrase.bars)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(phrases())
def test_abc_there_and_back_are_the_same_lanes_key_and_metre(phrase: Phrase) -> None:
    again = read_notes(write_abc(phrase, tempo=90))
    assert [notes_of(lane) for lane in again.lanes] == [notes_of(lane) for lane in phrase.lanes]
    assert (again.metre, again.key, again.bars) == (phrase.metre, phrase.key, phrase.bars)


def test_lengths_rests_and_octaves_are_read_as_documented() -> None:
    phrase = read_notes("C4 D4 E4/2 G4:1.5 | R/2 Bb3 F#5:4/3 c")
    assert notes_of(phrase.lanes[0]) == [
        Note(0, 12, 60), Note(12, 12, 62), Note(24, 6, 64), Note(30, 18, 67),
        Note(54, 12, 58), Note(66, 15, 78), Note(81, 12, 60),
    ]  # fmt: skip
    assert phrase.bars == 2


def test_metre_and_key_may_stand_first() -> None:
    phrase = read_notes("3/4 Dm: D4 F4 A4")
    assert (phrase.metre, phrase.key, phrase.bars) == (METRES["3/4"], Key(2, "minor"), 1)


def test_eighth_triplets_are_exact() -> None:
    assert notes_of(read_notes("C4/3 D4/3 E4/3 F4").lanes[0]) == [
        Note(0, 4, 60), Note(4, 4, 62), Note(8, 4, 64), Note(12, 12, 65),
    ]  # fmt: skip


def test_a_pickup_in_abc_is_filled_up_and_ties_cross_the_bar() -> None:
    phrase = read_notes("X:1\nM:3/4\nL:1/4\nK:G\nD | G2 B- | B2 z |]\n")
    assert notes_of(phrase.lanes[0]) == [Note(24, 12, 62), Note(36, 24, 67), Note(60, 36, 71)]
    assert phrase.bars == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no notes"),
        ("R R R", "no notes"),
        ("C4 hello", "“hello”"),
        ("C4 X9", "“X9”"),
        ("A9:3", "A9"),
        ("5/4 C: C4 D4", "5/4"),
        ("C4:999", "250 bars"),
        ("C4 " * MAX_TEXT, "20000 characters"),
        ("X:1\nM:7/8\nK:C\nCDE|", "7/8"),
        ("X:1\nM:4/4\nK:C\n", "no notes"),
    ],
)
def test_what_is_no_music_gets_one_sentence(text: str, says: str) -> None:
    with pytest.raises(BadNotes) as caught:
        read_notes(text)
    assert says in wording.error(caught.value, "en")
    assert wording.error(caught.value, "zh").endswith(("。", "R。"))


def bars_or_sentence(text: str) -> bool:
    try:
        return read_notes(text).bars >= 1
    except BadNotes as refusal:
        return wording.error(refusal, "en").endswith(".")


@given(st.text(max_size=200))
def test_any_text_is_notes_or_one_sentence(text: str) -> None:
    assert bars_or_sentence(text)


@given(st.text(alphabet="ABCdefg|:[]()<>-^_=,'/ 0123z\n\"!", max_size=120))
def test_any_abc_body_is_notes_or_one_sentence(body: str) -> None:
    assert bars_or_sentence("X:1\nM:4/4\nL:1/8\nK:D\n" + body)
