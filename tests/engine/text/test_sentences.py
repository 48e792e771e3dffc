import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.text import sentences

PROSE = st.text(st.sampled_from(list("abC .!?…\n\"”“'’,;。！？」中文")), max_size=80)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("He left. She", "He left."),
        ("Mr. Brown left", ""),
        ('"Go!" she said', ""),
        ('"Go!" She', '"Go!"'),
        ("“I know.” Then", "“I know.”"),
        ("Wait... what", ""),
        ("It cost 3.50 then", ""),
        ("J. Smith came. He", "J. Smith came."),
        ("他走了。她", "他走了。"),
        ("“他走了。”她", "“他走了。”"),
        ("「行く！」と", "「行く！」"),
        ("What?! No", "What?!"),
    ],
)
def test_finds_the_last_sentence_end(text: str, whole: str) -> None:
    assert text[: ([0, *sentences.ends(text)])[-1]] == whole


@settings(deadline=None)
@given(PROSE)
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(sentences.pieces(text)) == text


@settings(deadline=None)
@given(PROSE)
def test_ends_lie_inside_and_rise(text: str) -> None:
    places = sentences.ends(text)
    assert list(places) == sorted(set(places))
    assert all(0 < place <= len(text) for place in places)


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("The rain fell when Mara", "opened the door.", "The rain fell when Mara opened the door."),
        ("The rain fell.", "Mara opened the door.", "The rain fell.\n\nMara opened the door."),
        ("The rain fell,", "Mara said.", "The rain fell, Mara said."),
        ("A keeper finds a letter", "He read it.", "A keeper finds a letter\n\nHe read it."),
        ("The rain fell", ", and the wind rose.", "The rain fell, and the wind rose."),
        ("雨下了三天，", "她打开门。", "雨下了三天，她打开门。"),
        ("", "Alone.", "Alone."),
        ("Alone.", "", "Alone."),
        ("He is a light-", "hearted man.", "He is a light-hearted man."),
    ],
)
def test_joins_passages(before: str, after: str, joined: str) -> None:
    assert sentences.join(before, after) == joined


def test_joins_lines_of_verse() -> None:
    assert sentences.join("The snow came down,", "but the door was shut.", lines=True).count("\n") == 1
    assert sentences.join("The snow came down.", "The door was shut.", lines=True).count("\n") == 2
