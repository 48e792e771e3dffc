"""The tree alone, without a database."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import story
from engine.errors import Impossible, NotFound
from engine.story import Tree, Wish
from storage.records import Move, PieceRow, Place, TurnRow

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def row(
    number: int, parent: int | None, kind: str = "model", form: str = "story", starts: bool = False, shown: int = 0
) -> TurnRow:
    name, above = f"t{number}", None if parent is None else f"t{parent}"
    return TurnRow(
        name, "p", number, shown, number, above, 0, kind, "", form, starts, False, WHEN, "m", "", 1, "end", name
    )


def piece(name: str, title: str) -> PieceRow:
    return PieceRow(name, Place("studio", "1"), title, "", "", None, 0, 0, WHEN, WHEN)


# Once ─ a ─ b ─ c        t1 person, t2 and t5 versions, t3 person, t4 model; t6 a poem begun beside t3
TREE = Tree(
    [
        row(1, None, "person", starts=True),
        row(2, 1),
        row(3, 2, "person"),
        row(4, 3, shown=7),
        row(5, 1, shown=6),
        row(6, 2, form="poem", starts=True),
    ]
)


def test_a_branch_is_the_way_from_the_first_passage() -> None:
    assert [one.id for one in TREE.branch("t4")] == ["t1", "t2", "t3", "t4"]
    assert TREE.branch(None) == ()


def test_a_section_begins_where_a_form_was_chosen() -> None:
    assert [one.id for one in TREE.section("t6")] == ["t6"]
    assert [one.id for one in TREE.section("t4")] == ["t1", "t2", "t3", "t4"]


def test_versions_are_of_the_model_at_the_same_place_in_the_same_form() -> None:
    assert [one.id for one in TREE.versions(TREE.find("t5"))] == ["t2", "t5"]
    assert [one.id for one in TREE.versions(TREE.find("t6"))] == ["t6"]
    assert TREE.beside(TREE.find("t2"), 1).id == "t5"
    with pytest.raises(Impossible, match="last_version"):
        TREE.beside(TREE.find("t5"), 1)
    with pytest.raises(Impossible, match="not_a_model_passage"):
        TREE.beside(TREE.find("t3"), 1)
    seen = TREE.view(TREE.find("t5"))
    assert (seen.version, seen.versions) == (2, 2)


def test_coming_back_goes_to_where_the_story_last_stood() -> None:
    assert TREE.last_shown("t2") == "t4"
    assert TREE.last_shown("t5") == "t5"


def test_the_live_end_is_a_branch_even_in_the_middle() -> None:
    assert [(view.number, view.turn, view.live) for view in story.branches(TREE, "t2")] == [
        (1, "t2", True),
        (2, "t4", False),
        (3, "t5", False),
        (4, "t6", False),
    ]
    assert [view.turn for view in story.branches(TREE, "t4")] == ["t4", "t5", "t6"]
    assert story.branches(Tree([]), None) == ()


def test_a_wish_finds_its_place() -> None:
    words = story.plan(TREE, "t4", Wish("reply", "and then"))
    assert (words.parent, words.form, words.starts, len(words.before)) == ("t4", "story", False, 4)
    poem = story.plan(TREE, "t4", Wish("reply", "rain", "poem"))
    assert (poem.parent, poem.form, poem.starts, poem.before) == ("t4", "poem", True, ())
    again = story.plan(TREE, "t4", Wish("retry", turn="t2"))
    assert (again.parent, again.avoid, again.retried) == ("t1", ("t2", "t5"), "t2")
    more = story.plan(TREE, "t4", Wish("alternatives", turn="t2", drafts=3))
    assert (more.parent, more.retried) == ("t1", "")
    missing = story.plan(TREE, "t3", Wish("retry"))
    assert (missing.parent, missing.retried) == ("t3", "")
    assert story.plan(TREE, "t6", Wish("retry")).before == ()
    for wish, head in ((Wish("continue"), None), (Wish("retry"), None), (Wish("retry", turn="t3"), "t4")):
        with pytest.raises(Impossible):
            story.plan(TREE, head, wish)
    with pytest.raises(NotFound):
        story.plan(TREE, "t4", Wish("retry", turn="t9"))


def test_only_edits_on_the_way_to_the_last_step_are_in_force() -> None:
    moves = [
        Move(1, 0, "reply", None, "t2"),
        Move(2, 1, "edit", "t2", "t2", "e1"),
        Move(3, 1, "edit", "t2", "t2", "e2"),
        Move(4, 3, "reply", "t2", "t4"),
    ]
    assert story.in_force(moves, 4) == {"e2"}
    assert story.in_force(moves, 2) == {"e1"}
    assert story.in_force(moves, 0) == frozenset()


def test_a_piece_is_named_by_id_number_title_or_how_it_begins() -> None:
    rows = (piece("a" * 16, "The Sea"), piece("b" * 16, "The Seagull"), piece("c" * 16, "2"))
    for name, place in (("the sea", 0), ("THE SEAG", 1), ("1", 0), ("2", 1), ("b" * 16, 1), (" the  s ", 1)):
        assert story.named(rows, name) == rows[place]
    for name in ("", "0", "4", "9" * 30, "sea", "²"):
        assert story.named(rows, name) is None


@given(st.data())
def test_in_any_tree_every_end_is_reached_and_views_agree(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 25))
    kinds = st.sampled_from(["model", "model", "person"])
    rows = [
        row(number, data.draw(st.none() | st.integers(1, number - 1)) if number > 1 else None, data.draw(kinds))
        for number in range(1, size + 1)
    ]
    tree = Tree(rows)
    reached = {one.id for end in tree.ends(None) for one in tree.branch(end.id)}
    assert reached == {one.id for one in rows}
    for one in rows:
        versions = tree.versions(one)
        assert one in versions
        assert [tree.versions(other) for other in versions] == [versions] * len(versions)
        assert one.id in {step.id for step in tree.branch(tree.last_shown(one.id))}
