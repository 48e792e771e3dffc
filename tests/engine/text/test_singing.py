"""Words as singers have them: divisions that spell the word, as many as it has syllables, stress, numbers, Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.hyphens import divided
from engine.text.numerals import spoken
from engine.text.rhyme import syllables
from engine.text.singing import HALF, STRONG, WEAK, lyric_events, read_lyrics, spelled


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("lighthouse", "light-house"),
        ("moonlight", "moon-light"),
        ("water", "wa-ter"),
        ("fathers", "fa-thers"),
        ("little", "lit-tle"),
        ("wanted", "wan-ted"),
        ("beautiful", "beau-ti-ful"),
        ("loved", "loved"),
        ("question", "ques-tion"),
        ("remember", "re-mem-ber"),
        ("poem", "po-em"),
    ],
)
def test_words_are_divided_as_scores_print_them(word: str, parts: str) -> None:
    assert "-".join(divided(word, syllables(word))) == parts


@given(st.text("abcdeghiklmnoprstuvwy'", min_size=1, max_size=14), st.integers(1, 6))
def test_any_word_falls_into_so_many_parts_that_spell_it(word: str, count: int) -> None:
    parts = divided(word, count)
    assert "".join(parts) == word
    assert all(parts)
    assert len(parts) == min(count, len(word))


def test_stress_follows_the_dictionary_and_small_words_are_weak() -> None:
    (stanza,) = read_lyrics("The lighthouse keeper sang to me")
    assert [one.stress for one in stanza.lines[0]] == [WEAK, STRONG, HALF, STRONG, WEAK, STRONG, WEAK, WEAK]


def test_headings_are_not_sung_and_stanzas_of_the_same_words_are_alike() -> None:
    stanzas = read_lyrics("[Verse 1]\nRain, rain.\n\nChorus:\nGo away!\n\n(Verse II)\nSun, sun.\n\n[Chorus]\nGo away.")
    assert [one.chorus for one in stanzas] == [False, True, False, True]
    assert stanzas[1].name == stanzas[3].name != stanzas[2].name


def test_numbers_are_sung_as_words() -> None:
    said = ["nineteen eighty four", "twenty one", "zero zero seven", "two thousand", "nineteen oh five"]
    assert [spoken(number) for number in ("1984", "21", "007", "2000", "1905")] == said
    assert spoken("12345") == "one two three four five"


def test_each_chinese_character_is_a_syllable() -> None:
    (stanza,) = read_lyrics("月亮走，我也走3里")
    events = lyric_events(stanza.lines)
    assert events == ("月 ", "亮 ", "走， ", "我 ", "也 ", "走 ", "三 ", "里\r")


def test_events_spell_the_words_again() -> None:
    (stanza,) = read_lyrics("The lighthouse,\nthe water!")
    events = lyric_events(stanza.lines, frozenset({1}))
    assert events == ("The ", "light-", "house,\r", "the ", "wa-", "ter!\n")
    assert spelled(events) == "The lighthouse,\nthe water!"


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for stanza in read_lyrics(text):
        assert all(stanza.lines)
        assert all(len(line) <= 16 for line in stanza.lines)


def test_a_long_line_is_sung_in_several_breaths() -> None:
    (stanza,) = read_lyrics("I went to the market to look for a horse, and I came home again with a dog and a boat")
    assert len(stanza.lines) == 2
    assert stanza.lines[0][-1].text == "horse,"
