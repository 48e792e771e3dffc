import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from engine.music.errors import UnclearWish
from engine.music.keys import SCALES
from engine.music.said import MAX_BARS
from engine.music.styles import INSTRUMENTS, MOODS, STYLES
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
        ("8 bars, D", "D major"),
        ("F#", "F# major"),
        ("WALTZ IN G", "G major"),
        ("in Bbm", "Bb minor"),
        ("1=F 民歌", "F major"),
        ("E羽调式", "E minor pentatonic"),
        ("Gb major waltz", "Gb major"),
        ("in e flat minor", "Eb minor"),
        ("in D# minor", "D# minor"),
        ("march in G flat", "Gb major"),
        ("降E小调", "Eb minor"),
        ("D mınor", "D minor"),
        ("thİrty bars in F mİnor", "F minor"),
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
        ("march at 90 and 120 bpm", "two tempi"),
        ("D minor and E minor", "two keys"),
        ("90 bpm, 120 bpm", "two tempi"),
        ("slow presto", "slow and for fast"),
        ("drums but no drums", "say which"),
        ("40 variants", "1 to 6"),
        ("major and minor", "major and for minor"),
        ("x" * 5000, "2000 characters"),
        ("2.5 bars", "you asked for 2.5"),
        ("nine bars or ten bars", "9 and for 10 bars"),
        ("a hundred bars", "you asked for 100"),
        ("零小节", "you asked for 0"),
        ("一百二十小节", "you asked for 120"),
        ("H小调", "no key of H"),
        ("X调 民谣", "no key of X"),
        ("圆舞曲 四四拍", "you asked for 4/4"),
        ("五四拍 民谣", "5/4"),
        ("D大调 E大调", "two keys"),
        ("每分钟六百拍", "you asked for 600"),
        ("圆舞曲 进行曲", "waltz and march"),
        ("in C and in D", "two keys"),
        ("presto at 40 bpm", "40 bpm do not go together"),
        ("piano without piano", "piano and for none"),
        ("flute, oboe, harp, tuba, koto, sitar and banjo", "up to 6 instruments"),
        ("five minutes of folk", "130 bars"),
        ("lydian and phrygian", "two scales"),
        ("要鼓，不要鼓", "say which"),
        ("8-16 bars", "8 and for 16 bars"),
        ("eight to ten bars", "8 and for 10 bars"),
        ("E phrygian dominant", "“phrygian dominant”"),
        ("1" + "0" * 40 + " bars", "1000000000000000"),
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


@pytest.mark.parametrize(
    ("words", "players", "style"),
    [
        ("rock organ, marimba and pad", ("rock organ", "marimba", "pad"), "folk"),
        ("jazz guitar and classical guitar", ("jazz guitar", "acoustic guitar"), "folk"),
        ("jazz for jazz guitar", ("jazz guitar",), "pop"),
        ("four-part singing for choir", ("choir",), "chorale"),
        ("四部合唱", ("organ",), "chorale"),
        ("steel drums and bass drum", ("steel drums",), "folk"),
        ("string quartet", ("violin", "violin", "viola", "cello"), "chorale"),
        ("waltz for string quartet", ("violin", "violin", "viola", "cello"), "waltz"),
        ("English horn, french horn, hornpipe", ("english horn", "horn"), "hornpipe"),
        ("electric piano, pianos and a grand piano", ("electric piano", "piano"), "folk"),
    ],
)
def test_no_word_counts_twice(words: str, players: tuple[str, ...], style: str) -> None:
    wish = read_wish(words)
    assert (wish.instruments, wish.style.name) == (players, style)


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


BASE = read_wish("8 bars melancholy waltz in D minor, 90 bpm, piano and strings")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("", "8 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano and strings"),
        ("now in E minor, faster, with flute", "8 bars, 3/4, E minor, 108 bpm, waltz, melancholy, flute"),
        ("a bit slower", "8 bars, 3/4, D minor, 81 bpm, waltz, melancholy, piano and strings"),
        ("add a cello and drums", "8 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano, strings, cello and drums"),
        ("no strings", "8 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano"),
        ("joyful", "8 bars, 3/4, D major, 90 bpm, waltz, joyful, piano and strings"),
        ("a march instead", "8 bars, 4/4, D minor, 90 bpm, march, melancholy, piano, strings and drums"),
        ("twice as long", "16 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano and strings"),
        ("in G", "8 bars, 3/4, G minor, 90 bpm, waltz, melancholy, piano and strings"),
        ("大调，更慢", "8 bars, 3/4, D major, 72 bpm, waltz, melancholy, piano and strings"),
    ],
)
def test_with_an_earlier_wish_only_what_is_said_changes(words: str, line: str) -> None:
    assert wording.describe(read_wish(words, BASE), "en").replace("♭", "b") == line


@pytest.mark.parametrize(
    ("words", "tempo"),
    [
        ("waltz in D minor, 90", 90),
        ("电子舞曲 128 F小调", 128),
        ("a waltz, op. 64", 132),
        ("my 12 favourite notes as a waltz", 132),
        ("waltz, dotted quarter = 60", 90),
        ("waltz at 100, faster", 100),
        ("a little faster waltz", 145),
        ("not too fast, a waltz", 96),
        ("waltz, 92.4 bpm", 92),
        ("每分钟九十六拍 圆舞曲", 96),
    ],
)
def test_tempi_as_people_say_them(words: str, tempo: int) -> None:
    assert read_wish(words).tempo == tempo


def test_the_line_in_chinese() -> None:
    assert wording.describe(BASE, "zh") == "8 小节 · 3/4 · d 小调 · ♩=90 · 圆舞曲 · 忧郁 · 钢琴、弦乐"
    assert wording.describe(read_wish("pop in Bb, 1 bar"), "zh") == (
        "1 小节 · 4/4 · 降B 大调 · ♩=116 · 流行 · 合成器主音、钢琴、电贝斯、鼓"
    )


@pytest.mark.parametrize(
    ("words", "chords"),
    [
        ("chords Am F C G", (21, 5, 0, 7)),
        ("in C, chords: Am7, Fmaj7 | C/E - G7", (21, 5, 0, 7)),
        ("和弦 C、G、Am、F", (0, 7, 21, 5)),
        ("in D: I-V-vi-IV", (2, 9, 23, 7)),
        ("in A minor, i VI III VII", (21, 5, 0, 7)),
        ("chords Bdim E Am", (35, 4, 21)),
        ("a blues in A", (9, 9, 9, 9, 2, 2, 9, 9, 4, 2, 9, 9)),
    ],
)
def test_chords_are_read_as_names_and_as_degrees(words: str, chords: tuple[int, ...]) -> None:
    assert read_wish(words).chords == chords


def test_every_name_of_the_engine_has_words_in_both_languages() -> None:
    for language in wording.LANGUAGES:
        for kind, names in (("instrument", INSTRUMENTS), ("style", STYLES), ("mood", MOODS), ("mode", SCALES)):
            said = [wording.named(kind, name, language) for name in names]
            assert len(set(said)) == len(said)
            assert language == "en" or not any(str(word).isascii() for word in said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Cb major waltz", "I write C♭ major as B major, which sounds the same."),
        ("Ebb major waltz", "I write E♭♭ major as D major, which sounds the same."),
        ("jazz in F", "I do not know the style “jazz”; what comes nearest is pop."),
        ("blues in A", "I do not know the style “blues”; what comes nearest is pop."),
        ("chords Am7 D7 Gmaj7", "Of the chords I play the plain triads."),
        ("kazoo solo", "I have no kazoo; harmonica stands in for it."),
    ],
)
def test_what_is_done_otherwise_than_asked_is_said(words: str, said: str) -> None:
    ((name, fields),) = read_wish(words).remarks
    assert wording.say(name, "en", **fields) == said
    assert wording.say(name, "zh", **fields).endswith("。")


@pytest.mark.parametrize(
    ("text", "bars", "tempo"),
    [
        ("Bars: 10, tempo: 76", 10, 76),
        ("bars=16, 90-100 bpm", 16, 95),
        ("小节：12，速度90", 12, 90),
        ("a march at 80 to 100 bpm, length: 6 bars", 6, 90),
    ],
)
def test_a_list_of_labels_is_understood(text: str, bars: int, tempo: int) -> None:
    wish = read_wish(text)
    assert (wish.bars, wish.tempo) == (bars, tempo)


def test_no_bass_means_none_of_any_kind() -> None:
    assert read_wish("pop song, no bass").instruments == ("lead", "piano")
    with pytest.raises(UnclearWish):
        read_wish("pop, no bass, but electric bass")
