from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dataset import REASONS, Rules, build, ceiling, tunes
from adapters.registry import Scope
from storage.opinions import Change, Choice, Opinions, Rated, Vote
from tests.adapters.opinions import chose, opinions, rated, rater, vote, when

A, B = rated("a"), rated("b")
PLAIN = Rules(reader=1.0)


def test_a_pair_is_what_was_seen_begun_as_the_model_began_it() -> None:
    found = build(opinions([A, B], vote("a", "ann", 1), vote("b", "ann", -1)))
    (pair,) = found.examples.pairs
    assert (pair.prompt, pair.chosen, pair.rejected) == (A.prompt, " Text of a.", " Text of b.")
    assert (pair.weight, pair.conversation, pair.people) == (1.0, "piece", ("ann",))
    assert (pair.form, pair.source, pair.adapter) == ("story", "vote", "story@shipped")
    assert found.examples.thumbs == ()
    assert (found.votes, found.weights, found.left) == (1, {"ann": 1.0}, {})


def test_lone_thumbs_stay_single() -> None:
    found = build(opinions([A, B], vote("a", "ann", 1), vote("b", "ben", -1)))
    assert found.examples.pairs == ()
    assert [(one.completion, one.label, one.people) for one in found.examples.thumbs] == [
        (" Text of a.", True, ("ann",)),
        (" Text of b.", False, ("ben",)),
    ]


def test_an_edit_gives_the_persons_words_over_the_models() -> None:
    edited = rated("a", text="My words.")
    found = build(opinions([edited], Change("a", "ann", A.text, "My words.", when(0))))
    (pair,) = found.examples.pairs
    assert (pair.chosen, pair.rejected, pair.source) == (" My words.", " Text of a.", "edit")


def test_a_vote_is_about_the_words_that_stood_there_then() -> None:
    edited = rated("a", text="My words.")
    change = Change("a", "ann", A.text, "My words.", when(5))
    found = build(opinions([edited], change, vote("a", "ben", -1, 1), vote("a", "cid", 1, 9)))
    assert [(one.completion, one.label, one.people) for one in found.examples.thumbs] == [
        (" Text of a.", False, ("ben",)),
        (" My words.", True, ("cid", "ann")),
    ]


@pytest.mark.parametrize(
    ("consent", "assumed", "learnt"),
    [(True, (), True), (None, (), False), (False, ("telegram",), False), (None, ("telegram",), True)],
)
def test_only_who_agreed_is_learnt_from(consent: bool | None, assumed: tuple[str, ...], learnt: bool) -> None:
    found = build(opinions([A], vote("a", "x", 1), people=[rater("x", consent)]), Rules(assumed=frozenset(assumed)))
    assert len(found.examples) == learnt
    assert found.left == ({} if learnt else {"no_consent": 1})


def test_words_of_who_did_not_agree_are_in_no_example() -> None:
    people = [rater("ann"), rater("no", False)]
    around = rated("a", seen=frozenset({"no"}))
    found = build(opinions([around], vote("a", "ann", 1), people=people))
    assert (len(found.examples), found.left) == (0, {"others_words": 1})
    changed = rated("a", text="Words of no.")
    edit = Change("a", "no", A.text, "Words of no.", when(0))
    found = build(opinions([changed], edit, vote("a", "ann", 1, 1), people=people))
    assert (len(found.examples), found.left) == (0, {"no_consent": 1, "others_words": 1})


def test_what_people_see_oppositely_counts_by_the_difference() -> None:
    everyone = vote("a", "ann", 1), vote("a", "ben", 1), vote("a", "cid", -1)
    (thumb,) = build(opinions([A], *everyone)).examples.thumbs
    assert (thumb.label, thumb.weight, thumb.people) == (True, 1.0, ("ann", "ben", "cid"))
    found = build(opinions([A], *everyone[1:]))
    assert (len(found.examples), found.left) == (0, {"disagreement": 2})


def test_the_same_text_in_two_places_counts_once_for_a_person() -> None:
    twin = replace(A, id="twin", parent="elsewhere")
    found = build(opinions([A, twin], vote("a", "ann", 1), vote("twin", "ann", 1)))
    assert (len(found.examples), found.left) == (1, {"duplicate": 1})


@pytest.mark.parametrize("change", [{"prompt": ""}, {"written": " ", "text": " "}])
def test_what_was_erased_or_is_empty_is_left_out(change: dict[str, str]) -> None:
    found = build(opinions([rated("a", **change)], vote("a", "ann", 1)))
    assert (len(found.examples), sum(found.left.values())) == (0, 1)


def test_roles_weigh_as_the_owner_set_them() -> None:
    rules = Rules(reviewers=frozenset({"telegram:account-ben"}), author=1.0, reviewer=3.0, reader=0.25)
    found = build(
        opinions(
            [A, B, rated("c", parent="x")],
            *(vote(turn, person, 1) for turn, person in (("a", "ann"), ("b", "ben"), ("c", "cid"))),
            writers={"piece": frozenset({"ann"})},
        ),
        rules,
    )
    assert found.weights == {"ann": 1.0, "ben": 3.0, "cid": 0.25}
    assert build(opinions([A], vote("a", "ann", 1)), Rules(author=0.0)).left == {"weightless": 1}


@pytest.mark.parametrize(
    ("scope", "turns"),
    [
        (Scope(), {"here", "topic", "there", "poem"}),
        (Scope("channel", "telegram:1"), {"here", "topic", "poem"}),
        (Scope("channel", "telegram:1/topic"), {"topic"}),
        (Scope("form", "poem"), {"poem"}),
        (Scope("person", "telegram:account-ben"), {"there"}),
    ],
)
def test_a_scope_takes_its_own(scope: Scope, turns: set[str]) -> None:
    places = [
        rated("here"),
        rated("topic", piece="2", thread="topic"),
        rated("there", piece="3", chat="2"),
        rated("poem", piece="4", form="poem"),
    ]
    votes = [vote(one.id, "ben" if one.id == "there" else "ann", 1) for one in places]
    found = build(opinions(places, *votes), replace(PLAIN, scope=scope))
    assert {one.completion for one in found.examples.thumbs} == {f" Text of {name}." for name in turns}


def test_texts_of_another_base_are_left_out_on_request() -> None:
    found = build(opinions([A, rated("b", model="gpt2")], vote("a", "ann", 1), vote("b", "ann", 1)), Rules(base="gpt2"))
    assert [one.completion for one in found.examples.thumbs] == [" Text of b."]


def test_music_is_kept_apart() -> None:
    first, second = (rated(name, form="music", prompt="") for name in ("m", "n"))
    said = opinions(
        [A, first, second],
        vote("a", "ann", 1),
        chose("pick", "n", "m", "ann"),
        vote("m", "ben", 1),
        vote("n", "cid", -1),
    )
    assert len(build(said).examples) == 1
    found = tunes(said)
    assert {(one.turn, one.over, one.liked) for one in found.tunes} == {
        ("n", "m", True),
        ("m", "", True),
        ("n", "", False),
    }
    assert not found.examples


def test_nobody_owns_the_voice() -> None:
    assert ceiling([200.0], 0.25, 20) == 200
    assert ceiling([200.0, 1.0], 0.25, 20) == pytest.approx(20)
    assert ceiling([200.0] * 5, 0.25, 20) == 200
    assert ceiling([1000.0, *[50.0] * 9], 0.25, 20) == pytest.approx(150, rel=0.01)


# ── random histories ───────────────────────────────────────────────────────────────────────────────────────────────

PEOPLE = [rater("yes"), rater("also"), rater("no", False), rater("silent", None), rater("desk", None, "studio")]
NAMES = [one.id for one in PEOPLE]
AGREE = {"yes", "also", "desk"}
HISTORIES = settings(max_examples=40)
RULES = Rules(assumed=frozenset({"studio"}), least=2.0, share=0.4)
TURNS = [f"{piece}{place}{version}" for piece in "pq" for place in "12" for version in "abc"]


@st.composite
def histories(draw: st.DrawFn) -> Opinions:
    def passage(name: str) -> Rated:
        seen = draw(st.frozensets(st.sampled_from(NAMES), max_size=2))
        base = rated(name, piece=name[0], parent=name[:2], seen=seen, went_on=draw(st.booleans()))
        if draw(st.integers(0, 9)) == 0:
            base = replace(base, written="", text="")
        return replace(base, text="New words.") if draw(st.integers(0, 4)) == 0 else base

    passages = {name: passage(name) for name in TURNS}
    turn, person, minute = st.sampled_from(TURNS), st.sampled_from(NAMES), st.integers(0, 500)
    votes: dict[tuple[str, str], Vote] = {}
    for one in draw(st.lists(st.builds(vote, turn, person, st.sampled_from([1, -1]), minute), max_size=40)):
        votes[one.turn, one.person] = one
    choices: list[Choice] = []
    for name, other, who, kind, at in draw(
        st.lists(st.tuples(turn, st.sampled_from("abc"), person, st.sampled_from(["pick", "retry", "undo"]), minute))
    ):
        if name[:2] + other != name and (kind == "pick" or name[2] > other):
            choices.append(chose(kind, name, name[:2] + other, who, at))
    changes = [
        Change(name, draw(person), passages[name].written, passages[name].text, when(draw(minute)))
        for name in TURNS
        if passages[name].text != passages[name].written
    ]
    people = [one for one in PEOPLE if one.id in NAMES]
    return opinions(passages.values(), *votes.values(), *choices, *changes, people=people)


@HISTORIES
@given(histories())
def test_nobody_without_consent_is_inside(said: Opinions) -> None:
    found = build(said, RULES)
    assert set(found.examples.people) <= AGREE
    assert set(found.weights) <= AGREE
    assert all(one.people and one.weight > 0 for one in found.examples.pairs)
    assert all(one.people and one.weight > 0 for one in found.examples.thumbs)
    assert set(found.left) <= set(REASONS)


@HISTORIES
@given(histories())
def test_nobody_weighs_more_than_their_share(said: Opinions) -> None:
    found = build(said, RULES)
    total, people = sum(found.weights.values()), max(1, len(found.weights))
    for weight in found.weights.values():
        assert weight <= max(RULES.least, max(RULES.share, 1 / people) * total) * 1.001
    everything = [one.weight for one in found.examples.pairs] + [one.weight for one in found.examples.thumbs]
    assert sum(everything) <= total + 1e-6


@HISTORIES
@given(histories())
def test_a_text_is_said_one_thing_about_and_never_preferred_to_itself(said: Opinions) -> None:
    found = build(said, RULES).examples
    assert all(pair.chosen.strip() != pair.rejected.strip() for pair in found.pairs)
    assert all(one.completion.strip() for one in found.thumbs)
    sides = [(pair.prompt, frozenset({pair.chosen, pair.rejected})) for pair in found.pairs]
    assert len(sides) == len(set(sides))
    alone = [(one.prompt, one.completion) for one in found.thumbs]
    assert len(alone) == len(set(alone))


@HISTORIES
@given(histories(), st.integers(0, 5), st.floats(0.1, 0.9))
def test_no_conversation_is_learnt_from_and_judged_on(said: Opinions, seed: int, share: float) -> None:
    training, held = build(said, RULES).examples.split(share, seed)
    assert not set(training.conversations) & set(held.conversations)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([1, -1])), min_size=1, max_size=12))
def test_the_last_word_wins(words: list[tuple[str, int]]) -> None:
    said = {turn: vote(turn, "ann", value, minute) for minute, (turn, value) in enumerate(words)}
    found = build(opinions([A, B], *said.values())).examples
    last = {turn: value for turn, value in words}  # noqa: C416  # the last of each
    if len(last) == 2 and len(set(last.values())) == 2:
        (pair,) = found.pairs
        assert last[pair.chosen[-2]] == 1
        assert last[pair.rejected[-2]] == -1
    else:
        assert {(one.completion[-2], 1 if one.label else -1) for one in found.thumbs} == set(last.items())


@HISTORIES
@given(histories())
def test_opinions_give_the_same_examples_each_time(said: Opinions) -> None:
    assert build(said, RULES) == build(said, RULES)
