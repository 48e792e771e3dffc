from contextlib import suppress

import pytest

from engine.errors import BadValue, EmptyText, Refused
from engine.music.orders import STRENGTH, Order, Verb, loaded, read_order


@pytest.mark.parametrize(
    ("verb", "words", "order"),
    [
        ("compose", " 8 bars waltz ", Order("compose", words="8 bars waltz")),
        ("extend", "", Order("extend")),
        ("extend", "by 4 bars", Order("extend", bars=4)),
        ("extend", "8 小节", Order("extend", bars=8)),
        ("vary", "", Order("vary", strength=STRENGTH)),
        ("vary", "0.7", Order("vary", strength=0.7)),
        ("vary", "70 %", Order("vary", strength=0.7)),
        ("vary", "a little, keep the bass", Order("vary", strength=0.15, keep=(-1,))),
        ("vary", "strong; keep bass", Order("vary", strength=0.8, keep=(-1,))),
        ("vary", "强烈 保留旋律", Order("vary", strength=0.8, keep=(0,))),
        ("accompany", "with guitar and drums", Order("accompany", words="with guitar and drums")),
        ("harmonize", "", Order("harmonize")),
        ("redraw", "5-8 sparser", Order("redraw", first=5, last=8, change="sparser")),
        ("redraw", "bars 3 to 4 busier, keep melody and bass",
         Order("redraw", first=3, last=4, change="denser", keep=(0, -1))),
        ("redraw", "第3小节 稀疏", Order("redraw", first=3, last=3, change="sparser")),
        ("redraw", "7", Order("redraw", first=7, last=7, change="other")),
        ("morph", "12 bars", Order("morph", bars=12)),
    ],
)  # fmt: skip
def test_words_become_one_exact_order(verb: Verb, words: str, order: Order) -> None:
    assert read_order(verb, words) == order


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("extend", "0"),
        ("extend", "900 bars"),
        ("extend", "a lot of love"),
        ("vary", "-1"),
        ("vary", "120 %"),
        ("vary", "purple"),
        ("vary", "keep the harp"),
        ("vary", "keep 9"),
        ("redraw", "sparser"),
        ("redraw", "5-8 purple"),
        ("harmonize", "in fifths"),
        ("morph", "1000000"),
    ],
)
def test_what_nobody_understands_is_refused(verb: Verb, words: str) -> None:
    with pytest.raises(BadValue):
        read_order(verb, words)


def test_bars_must_be_named() -> None:
    with pytest.raises(EmptyText):
        read_order("redraw", " ")


@pytest.mark.parametrize("words", ["1" * 500, "\x00", "保留" * 50, "5-" * 99, "٣-٤", "²", "keep " * 9])
@pytest.mark.parametrize("verb", ["extend", "vary", "redraw", "morph", "harmonize"])
def test_any_words_give_an_order_or_one_refusal(verb: Verb, words: str) -> None:
    with suppress(Refused):
        assert read_order(verb, words).verb == verb


def test_a_stored_order_is_the_same_order() -> None:
    order = Order("redraw", first=5, last=8, change="sparser", keep=(0, -1), source="a" * 16)
    assert (
        loaded({**{name: getattr(order, name) for name in Order.__dataclass_fields__}, "keep": [0, -1], "new": 1})
        == order
    )
