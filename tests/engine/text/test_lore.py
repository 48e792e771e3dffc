"""Which entries fire: compared with the plainest search there is, and at sizes at which that would take minutes."""

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.text.lore import Fired, Index, Withheld, everywhere, folded, scan
from engine.text.task import Passage
from storage.records import LoreRow

WORDS = ["sea", "Mara", "sailor", "sail", "the", "old sea", "O'Neill", "大海", "玛拉", "ice-cold", "Zoë"]
GLUE = [" ", ", ", ".\n", "’s ", "", "-", "！", "«"]
keys = st.sampled_from(WORDS) | st.sampled_from(["sail*", "*ea", "*ail*", "海", "mar"])
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GLUE)), max_size=8).map(
    lambda parts: "".join(word + glue for word, glue in parts)
)


def plainly(key: str, text: str) -> int | None:
    """Where a key stands, by a regular expression of its own."""
    bare = key.strip("*")
    for found in re.finditer(re.escape(folded(bare)), folded(text)):
        start, end = found.span()
        if (key[0] == "*" or not joined(text, start)) and (key[-1] == "*" or not joined(text, end)):
            return start
    # finditer does not overlap; what overlaps with itself is not among the words of this test
    return None


def joined(text: str, place: int) -> bool:
    """Whether one word goes on across a place."""

    def letter(character: str) -> bool:
        return character.isalnum() and not "㐀" <= character <= "鿿"

    return 0 < place < len(text) and letter(text[place - 1]) and letter(text[place])


def person(text: str) -> Passage:
    return Passage("person", "Ann", text)


def model(text: str) -> Passage:
    return Passage("model", "", text)


def fires(entry: LoreRow, *passages: Passage) -> bool:
    return bool(scan([entry], passages)[0])


@given(st.frozensets(keys, min_size=1), texts)
@settings(max_examples=100, deadline=None)
def test_finds_what_a_search_for_each_key_finds(wanted: frozenset[str], text: str) -> None:
    found = Index(wanted).find(text)
    assert found == {key: place for key in wanted if (place := plainly(key, text)) is not None}


entries = st.builds(
    LoreRow,
    st.integers(1, 40),
    st.just("It is so."),
    st.lists(keys, max_size=3).map(tuple),
    st.lists(st.lists(keys, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    st.lists(keys, max_size=1).map(tuple),
    st.booleans(),
    st.sampled_from([1, 100, 100, 200]),
    st.integers(0, 3),
)
stories = st.lists(st.builds(Passage, st.sampled_from(["person", "model"]), st.just(""), texts), max_size=7)


@given(st.lists(entries, max_size=4, unique_by=lambda entry: entry.number), stories)
@settings(max_examples=40, deadline=None)
def test_says_of_each_entry_why_it_is_there_or_not(rows: list[LoreRow], passages: list[Passage]) -> None:
    fired, held = scan(rows, passages)
    order = [(not one.entry.always, one.entry.rank, one.entry.number) for one in fired]
    assert order == sorted(order)
    assert not {one.entry.number for one in fired} & {one.entry.number for one in held}

    def stands(names: tuple[str, ...], end: int) -> bool:
        window = passages[max(0, end - 3) : end]
        return any(plainly(key, passage.text) is not None for key in names for passage in window)

    def holds(row: LoreRow, end: int) -> bool:
        named = row.always or (stands(row.keys, end) and all(stands(group, end) for group in row.also))
        return named and not stands(row.never, end)

    replies = [at for at, passage in enumerate(passages) if passage.kind == "model"][::-1]
    for row in rows:
        now = holds(row, len(passages))
        stays = not row.always and any(holds(row, end) for end in replies[: row.sticky])
        stays = stays and not stands(row.never, len(passages))
        assert (row in [one.entry for one in fired]) == (now or stays)
    for one in fired:
        for hit in one.hits:
            assert plainly(hit.key, passages[len(passages) - 1 - hit.back].text) is not None


def test_a_key_is_a_whole_word_in_any_case() -> None:
    entry = LoreRow(1, "x", ("Mar", "the old sea"))
    assert fires(entry, person("MAR, she said."))
    assert fires(entry, person("By the old\nsea."))
    assert not fires(entry, person("Mara and Marten"))
    assert fires(LoreRow(1, "x", ("Mar*",)), person("Mara"))
    assert not fires(LoreRow(1, "x", ("Mar*",)), person("Omar"))
    assert fires(LoreRow(1, "x", ("*mar*",)), person("tomarrow"))
    assert fires(LoreRow(1, "x", ("O'Neill",)), person("O’Neill’s hat"))


def test_chinese_is_found_where_no_space_is() -> None:
    assert fires(LoreRow(1, "x", ("玛拉",)), person("昨天玛拉走到海边。"))
    assert fires(LoreRow(1, "x", ("玛拉",), (("海",),)), person("昨天玛拉走到海边。"))
    assert not fires(LoreRow(1, "x", ("玛拉",), (), ("海",)), person("昨天玛拉走到海边。"))
    assert fires(LoreRow(1, "x", ("Mara",)), person("昨天Mara走到海边。"))


def test_only_the_last_three_passages_are_scanned() -> None:
    entry = LoreRow(1, "x", ("Mara",))
    told = [person("Mara."), model("Rain."), person("Wind.")]
    (one,), _ = scan([entry], told)
    assert (one.hits[0].back, one.hits[0].quote) == (2, "Mara.")
    assert not fires(entry, *told, model("Snow."))


def test_a_sticky_entry_stays_for_so_many_replies() -> None:
    story = [person("Mara."), model("a"), person("b"), model("c"), person("d"), model("e"), person("f"), model("g")]
    kept = [bool(scan([LoreRow(1, "x", ("Mara",), sticky=2)], story[:end])[0]) for end in range(1, 9)]
    bare = [bool(scan([LoreRow(1, "x", ("Mara",))], story[:end])[0]) for end in range(1, 9)]
    assert (bare, kept) == ([True] * 3 + [False] * 5, [True] * 7 + [False])
    ((one,), _) = scan([LoreRow(1, "x", ("Mara",), sticky=2)], story[:5])
    assert one.since == 1


def test_a_second_key_or_a_forbidden_one_keeps_an_entry_out_and_is_named() -> None:
    story = [person("Mara dreams.")]
    second, never = LoreRow(1, "x", ("Mara",), (("sea", "ship"),)), LoreRow(2, "x", ("Mara",), (), ("dream*",))
    fired, held = scan([second, never, LoreRow(3, "x", (), (), ("dream*",), always=True)], story)
    assert fired == ()
    assert [(one.entry.number, one.lacks, one.by and one.by.key) for one in held] == [
        *((1, ("sea", "ship"), None), (2, (), "dream*"), (3, (), "dream*")),
    ]
    assert isinstance(held[0], Withheld)
    assert all(isinstance(one, Fired) for one in scan([second], [person("Mara at sea.")])[0])


def test_a_key_that_stands_everywhere_is_noticed() -> None:
    entry = LoreRow(1, "x", ("Mara", "the"))
    assert everywhere(entry, ["the sea", "the sky", "the rain"]) == ""
    assert everywhere(entry, ["the sea", "the sky", "the rain", "the end"]) == "the"
    assert everywhere(entry, ["the sea", "the sky", "rain", "the end"]) == ""


def test_ten_thousand_keys_and_ones_that_match_everything_take_no_time() -> None:
    rows = [LoreRow(at, "x", tuple(f"the name {at} {key}" for key in range(50))) for at in range(1, 201)]
    rows += [LoreRow(300 + at, "x", (key,)) for at, key in enumerate(["the", "*e*", "a*", "e"])]
    long = "the name of the sea and all there ever was, " * 350
    started = time.process_time()
    fired, _ = scan(rows, [person(long), model(long), person(long + "the name 77 3")])
    assert [one.entry.number for one in fired] == [77, 300, 301, 302]
    assert time.process_time() - started < 2
