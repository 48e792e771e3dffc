"""What mood a passage of words is heard in."""

import pytest

from engine.music.feeling import _SIGNS, mood_of
from engine.music.styles import MOODS
from engine.music.wishes import read_wish


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("She wept at the grave in the autumn rain, alone.", "melancholy"),
        ("They ran; the footsteps behind them hurried. A gun!", "tense"),
        ("The king raised his sword before the army.", "heroic"),
        ("他们在花园的池塘边静静地睡着了。", "calm"),
        ("A melancholy waltz.", "melancholy"),
        ("He started to stare at the restaurant's catch and missioned a rung.", None),
        ("", None),
    ],
)
def test_telling_words_tell_the_mood(text: str, mood: str | None) -> None:
    assert mood_of(text) == mood


def test_every_mood_can_be_told_and_wished_for() -> None:
    assert set(_SIGNS) == set(MOODS)
    assert all(read_wish(mood).mood == mood for mood in _SIGNS)
