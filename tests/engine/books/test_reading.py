"""Files read back: ours as they were, anybody's as passages, and what is no piece refused with a reason."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import lorebook, safety
from engine.books.formats import writer
from engine.books.reading import BYTES, PASSAGES, read
from engine.errors import BadFile, EngineError
from storage.records import LoreRow
from tests.engine.books.library import NASTY, book, long_one

FORMS = ("story", "poem")


def piece(**changes: object) -> bytes:
    turns = [{"id": "a", "kind": "person", "text": "It rained.", "author": "Mara"}]
    return json.dumps({"ghostnote": 2, "title": "T", "turns": turns} | changes).encode()


def entry(name: str, parent: str | None, **changes: object) -> dict[str, object]:
    return {"id": name, "parent": parent, "kind": "person", "text": name} | changes


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.exe", b"MZ", "kind"),
        ("noending", b"text", "kind"),
        ("a.txt", b" " * (BYTES + 1), "bytes"),
        ("a.txt", b"\x80\x81 not text", "encoding"),
        ("a.md", b"  \n\n \x00\x01", "empty"),
        ("a.txt", b"", "empty"),
        ("a.json", b"{", "json"),
        ("a.json", b'{"ghostnote": NaN}', "json"),
        ("a.json", b"[" * 200_000, "json"),
        ("a.json", b'["a", "list"]', "foreign"),
        ("a.json", b'{"name": "package", "version": "1.0"}', "foreign"),
        ("a.json", b'{"ghostnote": true}', "foreign"),
        ("a.json", piece(ghostnote=99), "newer"),
        ("a.json", piece(turns=[]), "empty"),
        ("a.json", piece(turns={}), "broken"),
        ("a.json", piece(turns=["words"]), "broken"),
        ("a.json", piece(turns=[{"id": "a", "kind": "ghost", "text": "x"}]), "broken"),
        ("a.json", piece(turns=[{"kind": "person", "text": "x"}]), "broken"),
        ("a.json", piece(turns=[entry("a", "b"), entry("b", "a")]), "broken"),
        ("a.json", piece(turns=[entry("a", "a")]), "broken"),
        ("a.json", piece(turns=[entry("a", None), entry("b", "nowhere")]), "broken"),
        ("a.json", piece(turns=[entry("a", None), entry("a", "a")]), "broken"),
        ("a.json", piece(turns=[entry("a", None, midi="not base64!")]), "broken"),
        ("a.json", piece(turns=[entry(str(n), str(n - 1) if n else None) for n in range(PASSAGES + 1)]), "many"),
    ],
)
def test_what_is_no_piece_is_refused_with_a_reason(name: str, data: bytes, why: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(name, data, FORMS)
    assert caught.value.fields["why"] == why


@pytest.mark.parametrize("text", NASTY)
def test_our_own_json_comes_back_as_it_was(text: str) -> None:
    made = book((text, "It rained."))
    found = read("a.json", writer("json")(made)[2], FORMS)
    assert [one.text for one in found.passages] == [safety.storable(text), "It rained."]
    assert [(one.kind, one.author) for one in found.passages] == [("person", "Mara"), ("model", None)]
    assert (found.title, found.memory, found.head) == ("The Harbour", "She is left-handed.", "0000000000000002")
    recipe, change = found.passages[1].recipe, found.passages[1].changes[0]
    assert (recipe["model"], recipe["adapter"], recipe["prompt"]) == ("embedded", "story@1.0", "prompt")
    assert (change.by, change.before) == ("Ben", "before")


def test_a_file_of_the_first_version_is_one_branch() -> None:
    found = read("a.json", piece(ghostnote=1, turns=[entry("a", None), entry("b", None)]), FORMS)
    assert [one.parent for one in found.passages] == [None, "a"]


@pytest.mark.parametrize("name", ["md", "txt"])
def test_our_own_texts_come_back_without_what_they_say_of_themselves(name: str) -> None:
    texts = ("1. Waves & <b>wind</b>", "# not a heading\n- nor a list", "It *ended*.")
    found = read(f"x.{name}", writer(name)(book(texts))[2], FORMS)
    assert found.title == "The Harbour"
    whole = "\n\n".join(one.text for one in found.passages)
    assert whole == "\n\n".join(texts)


def test_a_long_text_becomes_passages_that_hold_all_of_it() -> None:
    whole = "\n\n".join(turn.text for turn in long_one().piece.turns)
    for text in (whole, whole.replace("\n\n", " ")):
        found = read("Über the sea.txt", text.encode(), FORMS)
        assert found.title == "Über the sea"
        assert "".join(one.text for one in found.passages).split() != []
        assert "".join("".join(one.text.split()) for one in found.passages) == "".join(text.split())
        assert max(len(one.text) for one in found.passages) <= safety.MESSAGE
    assert read("a.txt", "灯塔".encode("utf-16"), FORMS).passages[0].text == "灯塔"


@given(st.binary(max_size=400), st.sampled_from(["a.json", "a.md", "a.txt"]))
@settings(max_examples=60)
def test_no_bytes_do_more_than_be_refused(data: bytes, name: str) -> None:
    try:
        found = read(name, data, FORMS)
    except EngineError:
        return
    assert all(one.text for one in found.passages)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["id", "kind", "text", "author", "parent", "recipe", "edits", "midi", "created"]), values)
@settings(max_examples=80)
def test_no_value_in_a_file_does_more_than_be_refused(slot: str, value: object) -> None:
    turns = [entry("a", None, kind="model", recipe={"seed": 1}), entry("b", "a") | {slot: value}]
    try:
        found = read("a.json", piece(turns=turns), FORMS)
    except EngineError:
        return
    assert len(found.passages) == 2


@given(st.sampled_from(["keys", "second", "never", "always", "order", "sticky", "text"]), values)
@settings(max_examples=40)
def test_no_lore_in_a_file_does_more_than_be_refused(slot: str, value: object) -> None:
    row = lorebook.plain(LoreRow(1, "She is ten.", ("Mara",)))
    try:
        found = read("a.json", piece(turns=[entry("a", None)], lore=[row | {slot: value}]), FORMS)
    except EngineError:
        return
    assert len(found.lore) == 1


@given(st.sampled_from(["genre", "mood", "voice"]), values)
@settings(max_examples=40)
def test_nothing_a_piece_is_to_be_like_does_more_than_be_refused(slot: str, value: object) -> None:
    try:
        found = read("a.json", piece(turns=[entry("a", None)], **{slot: value}), FORMS)
    except EngineError:
        return
    assert len(found.passages) == 1
