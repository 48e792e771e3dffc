"""What a line of verse may go on with."""

import pytest

from engine.ports import Line
from engine.text import metre
from engine.text.metre import Room


@pytest.mark.parametrize(
    ("text", "line", "ends_well", "room"),
    [
        ("", Line(5, 5), False, Room(4, (5, 5), breaks=False, done=False)),
        ("the old pond", Line(5, 5), True, Room(1, (2, 2), breaks=False, done=False)),
        ("an old and quiet pond", Line(5, 7), True, Room(0, (1, 1), breaks=True, done=False)),
        ("an old and quiet pond", Line(5, 7, rhymes=("bond",)), True, Room(0, (1, 1), breaks=True, done=True)),
        ("an old and quiet house", Line(5, 7, rhymes=("bond",)), False, Room(0, (1, 1), breaks=False, done=False)),
        ("an old and very quiet pond", Line(5, 5), False, Room(-4, (1, -3), breaks=True, done=True)),
    ],
    ids=["empty", "begun", "may end", "must end", "must go on", "too long"],
)
def test_how_much_room_is_left(text: str, line: Line, ends_well: bool, room: Room) -> None:
    assert metre.room(text, line, ends_well) == room


def test_a_line_does_not_end_in_a_word_that_leans_on_the_next() -> None:
    assert [word for word in ("sea", "the", "of", "xqz", "th", "go", "light") if metre.may_end(word)] == [
        "sea",
        "go",
        "light",
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sea", "see", True),
        ("light", "delight", True),
        ("storm", "rainstorm", True),
        ("live", "alive", True),
        ("light", "flight", False),
        ("art", "heart", False),
        ("sea", "tree", False),
    ],
)
def test_a_syllable_said_again_is_no_rhyme(one: str, other: str, same: bool) -> None:
    assert metre.same_sound(one, other) is metre.same_sound(other, one) is same
