"""Moods are measured as a reader would say, and what steers is never what measures."""

import pytest

from engine.music.styles import MOODS as MUSIC
from engine.text import mood

PAGES = {
    "joyful": "They laughed and danced in the sunshine, and the whole happy village cheered with delight.",
    "tender": "She held the sleeping child gently, and whispered softly how much she loved her.",
    "calm": "The lake lay still. A gentle breeze drifted over the quiet, peaceful water.",
    "melancholy": "She wept alone by the grave; the lonely house was silent, and her tears fell slowly.",
    "dark": "The dead lay in the crypt among bones and ruin, and a cruel curse was on the murderers.",
    "tense": "A scream! He ran, terrified, the killer rushing behind him; a gunshot, a crash, fear.",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_lies_on_the_side_of_its_mood(name: str) -> None:
    found = mood.measure(PAGES[name])
    assert found.glad + found.lively >= 3
    assert mood.towards(name, found.mood) > 0.2
    opposite = min(mood.MOODS, key=lambda other: mood.towards(other, mood.MOODS[name]))
    assert mood.towards(opposite, found.mood) < 0


def test_the_scale_is_the_one_that_music_uses() -> None:
    assert set(mood.MOODS) == set(MUSIC) == set(mood.HINTS)
    assert all(-1 <= side <= 1 for one in mood.MOODS.values() for side in one)
    assert all(mood.nearest(one) == name for name, one in mood.MOODS.items())


def test_what_is_denied_does_not_count_as_said() -> None:
    assert mood.measure("He was happy.").mood.valence > 0 > mood.measure("He was not at all happy.").mood.valence
    assert mood.measure("He wasn't glad.").mood.valence < 0
    assert mood.measure("Never. He was glad of the sun, and so happy.").mood.valence > 0


def test_forms_of_a_word_are_rated_like_the_word() -> None:
    ratings = {mood.measure(f"It {word} there.").lively for word in ("galloped", "gallops", "galloping", "gallop")}
    assert ratings == {1}


def test_words_without_a_mood_have_none() -> None:
    for text in ("", "The table is made of wood.", "她独自哭泣。", "12 34 !?"):
        found = mood.measure(text)
        assert (found.glad, found.lively) == (0, 0)


def test_no_word_both_steers_and_measures() -> None:
    words = [*mood._ratings("valence"), *mood._ratings("energy")]
    for word in words:
        counts = [mood.measure(word, half) for half in ("steer", "measure")]
        assert sum(one.glad + one.lively > 0 for one in counts) == 1, word
    shares = [sum(mood.measure(word, half).glad for word in words) for half in ("steer", "measure")]
    assert min(shares) > 0.4 * sum(shares)
    for hints in mood.HINTS.values():
        assert not any(mood.measure(hint, "measure").glad for hint in hints)


def test_a_token_weighs_as_much_as_it_suits_the_mood() -> None:
    tense, calm = mood.weights("tense"), mood.weights("calm")
    assert tense("terror") > 0.5
    assert calm("terror") < 0
    assert calm("serene") > 0 > tense("serene")
    assert tense("table") == 0
    kept_back = [word for word in mood._ratings("energy") if not mood._counts(word, "steer")]
    assert kept_back
    assert not any(mood.weights("tense:steer")(word) for word in kept_back)
