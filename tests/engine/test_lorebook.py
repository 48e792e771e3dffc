"""Lore as it is typed: what each line means, and what is refused before anything changes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import lorebook
from engine.errors import BadLore, EngineError, NotFound, TextTooLong
from engine.lorebook import Drop, Put, Rows, Show, drop, find, line, put, read
from storage.records import LoreRow


def after(*lines: str, rows: Rows = ()) -> Rows:
    for each in lines:
        asked = read(each)
        assert isinstance(asked, Put | Drop), each
        rows = put(rows, asked) if isinstance(asked, Put) else drop(rows, asked)
    return rows


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("Mara, the keeper: She is ten.", LoreRow(1, "She is ten.", ("Mara", "the keeper"))),
        ("Mara\nShe is ten.\nAnd tall.", LoreRow(1, "She is ten.\nAnd tall.", ("Mara",))),
        ("Mara = ten", LoreRow(1, "ten", ("Mara",))),
        ("Mara + sea, harbour + night: x", LoreRow(1, "x", ("Mara",), (("sea", "harbour"), ("night",)))),
        ("Mara - dream, storm: x", LoreRow(1, "x", ("Mara",), (), ("dream", "storm"))),
        ("Mara !dream +sea: x", LoreRow(1, "x", ("Mara",), (("sea",),), ("dream",))),
        ("Jean-Luc, C++: x: y", LoreRow(1, "x: y", ("Jean-Luc", "C++"))),
        ("Mara; sticky 3; order 10: x", LoreRow(1, "x", ("Mara",), rank=10, sticky=3)),
        ("Mara sticky 3 (order 10): x", LoreRow(1, "x", ("Mara",), rank=10, sticky=3)),
        ("always: x", LoreRow(1, "x", always=True)),
        ("Mara; always - dream: x", LoreRow(1, "x", ("Mara",), (), ("dream",), always=True)),
        ("玛拉、守塔人＋海－梦：她十岁。", LoreRow(1, "她十岁。", ("玛拉", "守塔人"), (("海",),), ("梦",))),
        ("玛拉；持续3；顺序 5：她十岁。", LoreRow(1, "她十岁。", ("玛拉",), rank=5, sticky=3)),
        ("常驻：没有人说出名字。", LoreRow(1, "没有人说出名字。", always=True)),
        ("“1984”, 'order 66': x", LoreRow(1, "x", ("1984", "order 66"))),
        ("3 musketeers: x", LoreRow(1, "x", ("3 musketeers",))),
        ("Mara , , mara,Mara: x", LoreRow(1, "x", ("Mara", "mara"))),
        ("sail*: x", LoreRow(1, "x", ("sail*",))),
    ],
)  # fmt: skip
def test_a_line_is_an_entry(said: str, row: LoreRow) -> None:
    assert after(said) == (row,)
    assert after(f"{line(row)}: {row.text}") == (replace(row, keys=row.keys),), "what is shown can be said again"


def test_the_same_keys_are_the_same_entry_and_a_number_is_its_name() -> None:
    rows = after("Mara: one", "Ben: two", "Mara + sea: three")
    assert after("MARA: other", rows=rows) == (replace(rows[0], text="other", keys=("MARA",)), *rows[1:])
    assert after("2: other", rows=rows)[1] == replace(rows[1], text="other")
    assert after("#2 Ben, Benedict: other", rows=rows)[1] == LoreRow(2, "other", ("Ben", "Benedict"))
    assert after("2 sticky 4", rows=rows)[1] == replace(rows[1], sticky=4)
    assert after("2 + sea", rows=rows)[1] == replace(rows[1], also=(("sea",),))
    assert after("3 always", "3 not always", rows=rows) == rows
    assert after("delete 2", rows=rows) == (rows[0], rows[2])
    assert after("delete ben", "Ann: four", rows=rows)[-1].number == 4, "the numbers of others stay"
    assert after("删除 2", rows=rows) == after("2 delete", rows=rows) == after("remove #2", rows=rows)


def test_what_is_no_entry_is_looked_up() -> None:
    rows = after("Mara, the keeper: one", "Marten: two")
    assert (read(""), read(" 2 "), read("the keeper")) == (Show(""), Show("2"), Show("the keeper"))
    assert find(rows, "the Keeper") == (rows[0],)
    assert find(rows, "mar") == rows
    assert find(rows, "#2") == (rows[1],)


FULL = tuple(LoreRow(at, "x", (f"key {at}",)) for at in range(1, lorebook.ENTRIES + 1))


@pytest.mark.parametrize(
    ("rows", "said", "why"),
    [
        ((), ", ".join(f"k{at}" for at in range(10_000)) + ": x", "keys"),
        ((), ", ".join(f"k{at}" for at in range(51)) + ": x", "keys"),
        ((), ", ".join(f"k{at}" for at in range(30)) + " - " + ", ".join(f"n{at}" for at in range(30)) + ": x", "keys"),
        ((), "*: x", "key_all"),
        ((), ".*: x", "key_all"),
        ((), "…, Mara: x", "key_all"),
        ((), "a*b: x", "key_all"),
        ((), "k" * 81 + ": x", "key_long"),
        ((), ": x", "no_keys"),
        ((), "+ sea: x", "no_keys"),
        ((), "Mara:", "text"),
        ((), "Mara: \u200b \n", "text"),
        ((LoreRow(1, "x", ("Mara",)),), "1:", "text"),
        ((LoreRow(1, "x", always=True),), "1 not always", "no_keys"),
        ((), "Mara; order 1000: x", "order"),
        ((), "Mara; sticky 99999999: x", "sticky"),
        (FULL, "one more: x", "entries"),
        (FULL, "delete key", "several"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(rows: Rows, said: str, why: str) -> None:
    with pytest.raises(BadLore) as caught:
        after(said, rows=rows)
    assert caught.value.fields["why"] == why
    assert why in BadLore.WHYS


@pytest.mark.parametrize("said", ["7: x", "delete 7", "7 sticky 2", "delete Ann"])
def test_what_is_not_there_is_not_found(said: str) -> None:
    with pytest.raises(NotFound) as caught:
        after(said, rows=after("Mara: x"))
    assert caught.value.fields["what"] == "lore"


def test_a_text_longer_than_an_entry_is_refused() -> None:
    with pytest.raises(TextTooLong):
        read("Mara: " + "x" * 2_001)


@given(st.text(alphabet=st.sampled_from("aM1玛 ,;:=+-!#*\n.sticky 3 order delete\x00\ud800“"), max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_line_is_understood_or_refused(said: str) -> None:
    try:
        asked = read(said)
        rows = put((), asked) if isinstance(asked, Put) else ()
    except EngineError:
        return
    for row in rows:
        assert row.text
        assert row.keys or row.always
        assert all(key.encode() and key == key.strip() for key in row.keys)
