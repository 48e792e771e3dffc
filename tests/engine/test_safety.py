import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import safety
from engine.errors import BadValue, EmptyText, NotFound, TextTooLong
from engine.messages import Person, SessionKey


@given(st.text(st.characters(codec=None), max_size=300))
def test_whatever_comes_in_can_be_stored_and_seen_or_is_nothing(text: str) -> None:
    clean = safety.words(text)
    assert "\x00" not in clean
    assert clean.encode().decode() == clean
    assert len(clean) <= len(text)
    assert clean == "" or any(character.isprintable() and not character.isspace() for character in clean)
    assert safety.words(clean) == clean


@pytest.mark.parametrize(
    "text", ["שלום עולם", "👩‍👩‍👧 family", "a\n\n  indented\ttab", "« … »", "中文。", "e\u0301", "**bold**"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert safety.words(text) == text


def test_line_ends_become_one_kind_and_controls_go() -> None:
    assert safety.words("\r\na\r\nb\rc\u2028d\x1b[0m\x00 \n") == "a\nb\nc\nd[0m"


def test_a_text_may_be_as_long_as_the_limit() -> None:
    assert len(safety.words("x" * 16_000)) == 16_000
    with pytest.raises(TextTooLong) as caught:
        safety.words("x" * 100_000)
    assert caught.value.fields == {"limit": 16_000, "length": 100_000}


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "\x00\x01", "\n\n", "\u3000"])
def test_a_passage_must_have_words(text: str) -> None:
    with pytest.raises(EmptyText):
        safety.passage(text)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("The sea", "The sea"),
        ("The  sea\nand the sky", "The sea and the sky"),
        ("When the mountains were young, " + "and " * 20, "When the mountains were young, and and and and and and and"),
        ("x" * 70, "x" * 60),
        ("海" * 70, "海" * 60),
        ("\u202ereversed", "reversed"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_title_is_made_of_whole_first_words(words: str, title: str) -> None:
    assert safety.title_from(words) == title


@given(st.text(max_size=400))
def test_a_made_title_always_fits(words: str) -> None:
    assert len(safety.title_from(safety.words(words))) <= 60


def test_a_name_is_shortened_and_an_identity_is_not() -> None:
    person = safety.person(Person("telegram", "7", "  Mara\n\x00M. " + "x" * 500))
    assert person.name.startswith("Mara M. xxx")
    assert len(person.name) == 80
    for bad in (Person("telegram", "7\x00"), Person("telegram", "7" * 201), Person("a\x1fb", "7")):
        with pytest.raises(BadValue):
            safety.person(bad)
    with pytest.raises(BadValue):
        safety.place(SessionKey("studio", "\ud800"))


@pytest.mark.parametrize("name", ["", "0" * 15, "0" * 17, "G" * 16, "A" * 16, "\x00" * 16, "０" * 16])
def test_what_cannot_be_an_id_is_not_found(name: str) -> None:
    with pytest.raises(NotFound):
        safety.known_id(name, "passage")
    assert safety.known_id("0123456789abcdef", "passage") == "0123456789abcdef"
