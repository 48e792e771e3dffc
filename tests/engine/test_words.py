"""Words that are looked up and struck out: each once, the longest first, however their letters are drawn."""

import pytest

from engine.words import Words

TABLE = {"sea": 1, "sea green": 2, "kiss": 3, "海": 4, "海绿": 5}


@pytest.mark.parametrize(
    ("text", "meant", "left"),
    [
        ("sea green seas", [2, 1], ""),
        ("kisses by the seaside", [3], "by the seaside"),
        ("海绿的海", [5, 4], "的"),
        ("a KİSS, a kıſs, a Kiss", [3], "a , a , a"),
        ("", [], ""),
    ],
)
def test_each_word_is_found_once_and_struck_out(text: str, meant: list[int], left: str) -> None:
    words = Words(text)
    assert words.meanings(TABLE) == meant
    assert words.text.replace("\0", "").strip() == left
    assert words.meanings(TABLE) == []
