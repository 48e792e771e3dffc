import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from engine.music.errors import UnclearWish
from engine.music.said import MAX_BARS
from engine.music.wishes import read_wish


def test_the_example_of_the_product_page() -> None:
    wish = read_wish("8 bars melancholy waltz in D minor, 90 bpm, piano and strings")
    assert wording.describe(wish, "en") == "8 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano and strings"


def test_the_same_in_chinese() -> None:
    wish = read_wish("8小节 忧郁的圆舞曲 D小调 每分钟90拍 钢琴和弦乐")
    assert wording.describe(wish, "en") == "8 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano and strings"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("in G", "G major"),
        ("F# dorian", "F# dorian"),
        ("B-flat major march", "Bb major"),
        ("a waltz in a minor, 8 bars", "A minor"),
        ("a minor waltz", "A minor"),
        ("a tune in c sharp minor", "C# minor"),
        ("降E大调", "Eb major"),
        ("sad song", "A minor"),
        ("key of D, pentatonic", "D major pentatonic"),
        ("E harmonic minor", "E harmonic minor"),
    ],
)
def test_keys(text: str, key: str) -> None:
    assert read_wish(text).key.name == key


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 bars", "1 to 32"),
        ("900 bars", "1 to 32"),
        ("-4 bars", "1 to 32"),
        ("12 bars at 600 bpm", "30 to 240"),
        ("0 bpm", "30 to 240"),
        ("a song in H minor", "no key of H"),
        ("a song in J major", "no key of J"),
        ("waltz in 4/4", "3/4"),
        ("7/8 folk tune", "7/8"),
        ("reel and a waltz", "two styles"),
        ("D minor and E minor", "two keys"),
        ("90 bpm, 120 bpm", "two tempi"),
        ("slow presto", "slow and for fast"),
        ("drums but no drums", "say which"),
        ("40 variants", "1 to 6"),
        ("major and minor", "major and for minor"),
        ("x" * 5000, "2000 characters"),
    ],
)
def test_what_cannot_be_gets_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UnclearWish) as caught:
        read_wish(text)
    assert says in wording.error(caught.value, "en")
    assert wording.error(caught.value, "zh").endswith("。")


def test_instruments_come_in_the_order_named_and_drums_only_when_wanted() -> None:
    wish = read_wish("pop song with electric guitar, double bass, flute and drums")
    assert wish.instruments == ("electric guitar", "double bass", "flute")
    assert wish.drums
    assert not read_wish("pop song for piano").drums
    assert not read_wish("pop without drums").drums


def test_a_stand_in_is_said_openly() -> None:
    ((name, fields),) = read_wish("二胡 民谣").remarks
    assert wording.say(name, "en", **fields) == "I have no 二胡; fiddle stands in for it."
    assert wording.say(name, "zh", **fields) == "我没有二胡，用民间小提琴代替。"


@given(st.text(max_size=300))
def test_any_text_is_a_wish_within_limits_or_one_sentence(text: str) -> None:
    assert understood_or_sentence(text)


def understood_or_sentence(text: str) -> bool:
    try:
        wish = read_wish(text)
    except UnclearWish as refusal:
        sentence = wording.error(refusal, "en")
        return sentence.endswith(".") and "\n" not in sentence
    return 1 <= wish.bars <= MAX_BARS and bool(wish.instruments)
