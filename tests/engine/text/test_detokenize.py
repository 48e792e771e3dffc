"""Ids to text, one at a time: always a beginning of the whole, never half a character, in constant time."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.text.detokenize import HALF, Detokenizer
from tests.engine.text.tiny import gpt2


def pushed(ids: list[int], before: list[int]) -> tuple[str, list[str]]:
    words = Detokenizer(gpt2()._decode, before)
    pieces = [words.push(token) for token in ids]
    return words.text, pieces


@settings(deadline=None)
@given(before=st.text(max_size=8), text=st.text(max_size=60))
@example(before="", text="👩‍👩‍👧‍👦 你好 é مرحبا \u0000 🏳️‍🌈")
@example(before="a ", text=" spaces  and\n\n\tlines")
def test_any_text_comes_back_whole(before: str, text: str) -> None:
    prompt = gpt2().encode(before + "x") if before else []
    whole, pieces = pushed(gpt2().encode(text), prompt[-4:])
    expected = text.rstrip(HALF)  # which cannot be told from half a character
    assert whole.rstrip(HALF) == gpt2()._harmless(expected)
    assert "".join(pieces) == whole


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 300), max_size=60))
def test_any_ids_give_text_that_only_grows_and_never_ends_in_half_a_character(ids: list[int]) -> None:
    words = Detokenizer(gpt2()._decode)
    for token in ids:
        words.push(token)
        assert not words.text.endswith(HALF)


def test_a_token_costs_the_same_however_long_the_text_is() -> None:
    decoded: list[int] = []

    def decode(ids: list[int]) -> str:
        decoded.append(len(ids))
        return gpt2()._decode(ids)

    words = Detokenizer(decode)
    for token in gpt2().encode("The old king said nothing. " * 200):
        words.push(token)
    assert max(decoded) <= 12
