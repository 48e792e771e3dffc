import gzip
import time

import pytest

from engine.text import rhyme


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("An old silent pond", 5),
        ("a frog jumps into the pond", 7),
        ("splash! Silence again.", 5),
        ("lighthouse", 2),
        ("o'er", 1),
        ("hummed", 1),
        ("the well-known moonwater", 6),
        ("", 0),
        ("…!", 0),
        ("7", 2),
        ("古池や", 3),
        ("Zyxtrathil", 3),
    ],
)
def test_counts_syllables(text: str, count: int) -> None:
    assert rhyme.syllables(text) == count


def test_rule_agrees_with_the_dictionary_for_most_words() -> None:
    known = [line.split()[0].decode() for line in rhyme._block().split(b"\n") if line][::97]
    plain = [word for word in known if word.isalpha() and len(word) > 3]
    right = sum(rhyme._by_rule(word) == rhyme.syllables(word) for word in plain)
    assert right / len(plain) > 0.87


def test_every_word_of_the_dictionary_is_found() -> None:
    known = [line.split()[0].decode() for line in rhyme._block().split(b"\n") if line]
    assert len(known) == 123_874
    assert known == sorted(known)
    assert all(rhyme.sounds(word) for word in [*known[::50], known[0], known[-1]])


@pytest.mark.parametrize("word", ["", "zzyzx", "'", "a ", "né", "\n", "aa\nab"])
def test_unknown_words_have_no_sounds(word: str) -> None:
    assert rhyme.sounds(word) == ()


@pytest.mark.parametrize(
    ("one", "other", "yes"),
    [
        ("I saw the night", "and all was light.", True),
        ("across the sea", "and came to me", True),
        ("the day", "a day", False),
        ("the orange", "a door", False),
        ("he was flying", "and she was dying", True),
        ("in the nightingale", "to no avail", True),
        ("of Zorblight", "in the night", True),
        ("a shadow", "is low", False),
        ("the shadows", "it grows", False),
        ("for always", "in those days", True),
        ("", "night", False),
    ],
)
def test_hears_rhymes(one: str, other: str, yes: bool) -> None:
    assert rhyme.rhymes(one, other) is yes
    assert rhyme.rhymes(other, one) is yes


def test_stress_marks_every_syllable() -> None:
    assert rhyme.stress("window garden") == "1010"
    assert set(rhyme.stress("qzxvlm")) == {"?"}


def test_certain_only_where_all_pronunciations_agree() -> None:
    assert rhyme.certain("the cat sat")
    assert not rhyme.certain("the zorb sat")
    assert not rhyme.certain("every cat")


def test_pack_round_trips() -> None:
    packed = rhyme.pack(["CAT  K AE1 T", "CAT(1)  K AA1 T", ";;; comment", "!MARK  K", "AB'S  AE1 B Z"])
    assert gzip.decompress(packed).decode().split("\n")[0].startswith("ab's ")
    assert len(gzip.decompress(packed).decode().split("\n")) == 2


def test_is_quick_once_loaded() -> None:
    rhyme.sounds("warm")
    begun = time.perf_counter()
    for number in range(1000):
        rhyme.sounds(f"word{number}")
    assert time.perf_counter() - begun < 1.0
