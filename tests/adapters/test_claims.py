from collections import Counter

from adapters.claims import LIKELY, SURE, gather
from storage.opinions import Change, Opinions
from tests.adapters.opinions import chose, opinions, rated, vote, when

A, B, C, D = (rated(name) for name in "abcd")
ELSEWHERE = rated("e", parent="other words")


def said(found: Opinions) -> set[tuple[str, str, str, str, float]]:
    return {(one.person, one.better, one.worse, one.source, one.strength) for one in gather(found)[0]}


def left(found: Opinions) -> Counter[str]:
    return gather(found)[2]


def test_a_liked_version_beats_a_disliked_one_of_the_same_place_and_person_only() -> None:
    found = opinions([A, B, ELSEWHERE], vote("a", "ann", 1), vote("b", "ann", -1), vote("e", "ann", -1))
    assert said(found) == {("ann", "a", "b", "vote", SURE)}
    assert [(one.turn, one.value) for one in gather(found)[1]] == [("e", -1)]
    assert said(opinions([A, B], vote("a", "ann", 1), vote("b", "ben", -1))) == set()


def test_where_somebody_stops_looking_is_chosen_over_all_they_left() -> None:
    steps = [("b", "a"), ("c", "b"), ("b", "c")]
    way = [chose("pick", one, other, "ann", minute) for minute, (one, other) in enumerate(steps)]
    found = opinions([A, B, C], *way)
    assert said(found) == {("ann", "b", "a", "pick", SURE), ("ann", "b", "c", "pick", SURE)}
    assert left(found) == {"changed_mind": 1}


def test_coming_back_to_the_first_version_chooses_it() -> None:
    found = opinions([A, B], chose("pick", "b", "a", "ann", 0), chose("pick", "a", "b", "ann", 1))
    assert said(found) == {("ann", "a", "b", "pick", SURE)}


def test_a_retry_says_something_only_if_the_new_one_was_liked_or_kept() -> None:
    retry = chose("retry", "b", "a", "ann")
    kept, dropped = rated("b", went_on=True), B
    assert said(opinions([A, dropped], retry)) == set()
    assert left(opinions([A, dropped], retry)) == {"undecided": 1}
    assert said(opinions([A, B], retry, vote("b", "ann", 1, 1))) == {("ann", "b", "a", "retry", SURE)}
    assert said(opinions([A, kept], retry)) == {("ann", "b", "a", "retry", LIKELY)}
    assert said(opinions([A, kept], retry, vote("b", "ann", -1, 1))) == set()
    assert said(opinions([A, kept], retry, vote("b", "ben", -1, 1))) == {("ann", "b", "a", "retry", LIKELY)}
    assert said(opinions([A, kept], retry, vote("a", "ann", 1, 1))) == set()


def test_after_several_retries_the_last_one_beats_all_before() -> None:
    steps = [("b", "a"), ("c", "b"), ("d", "c")]
    retries = [chose("retry", new, old, "ann", minute) for minute, (new, old) in enumerate(steps)]
    found = opinions([A, B, C, rated("d", went_on=True)], *retries)
    assert said(found) == {("ann", "d", old, "retry", LIKELY) for old in "abc"}


def test_a_passage_taken_back_loses_to_the_one_written_in_its_place_for_the_same_words() -> None:
    again = rated("z", parent="the same words sent anew", prompt=A.prompt, went_on=True)
    others = rated("y", parent="other words", went_on=True)
    assert said(opinions([A, again], chose("undo", "z", "a", "ann"))) == {("ann", "z", "a", "undo", LIKELY)}
    assert said(opinions([A, others], chose("undo", "y", "a", "ann"))) == set()


def test_an_edit_that_stands_beats_what_was_written() -> None:
    edited = rated("a", text="Better words.")
    first, second = (
        Change("a", "ann", A.text, "Worse.", when(1)),
        Change("a", "ben", "Worse.", "Better words.", when(2)),
    )
    found = opinions([edited], first, second)
    assert said(found) == {("ben", "a", "a", "edit", SURE)}
    assert left(found) == {"undone": 1}
    assert said(opinions([A], first)) == set()  # taken back


def test_the_last_word_about_two_passages_wins_whatever_kind_it_is() -> None:
    votes = vote("a", "ann", 1, 1), vote("b", "ann", -1, 2)
    later, earlier = chose("pick", "b", "a", "ann", 3), chose("pick", "b", "a", "ann", 0)
    assert said(opinions([A, B], *votes, later)) == {("ann", "b", "a", "pick", SURE)}
    assert said(opinions([A, B], *votes, earlier)) == {("ann", "a", "b", "vote", SURE)}
    found = opinions([A, B], *votes, later)
    assert gather(found)[1] == []  # what a later word went against says nothing alone either
    assert left(found) == {"changed_mind": 1}


def test_a_vote_that_a_pair_tells_already_is_not_told_again() -> None:
    found = opinions([A, B, ELSEWHERE], chose("pick", "b", "a", "ann"), vote("b", "ann", 1), vote("e", "ann", 1))
    assert [one.turn for one in gather(found)[1]] == ["e"]
