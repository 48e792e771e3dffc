"""What the judge is made of: intervals, tastes, counts and rules, each alone."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import chances, measures, taste
from adapters.chances import Estimate, Value, estimate
from adapters.examples import Examples, Pair, Thumb
from adapters.verdict import REASONS, Evidence, Samples, decide, untried
from engine.text import rhyme

DICE = random.Random(1)
WORDS = re.findall(r"\w+", "the old king went down to a house by water and found three silver coins under his bed")
GOOD = Samples(0.4, 0.8, 0.3, 0.05, 60, 0.0, 0.0)
SURE, DOUBT = Estimate(0.7, 0.6, 0.8, 40, 20), Estimate(0.55, 0.49, 0.61, 40, 20)
EVIDENCE = Evidence(SURE, SURE, 1.0, 1.0, GOOD, GOOD)


def text(long: bool) -> str:
    size = 22 if long else 6
    return " ".join(" ".join(DICE.choices(WORDS, k=size)).capitalize() + "." for _ in range(60 // size))


def votes(count: int, noise: float) -> Examples:
    """Short sentences are liked, with so much noise; a conversation for each two pairs."""
    found = []
    for at in range(count):
        short, long = text(long=False), text(long=True)
        chosen, rejected = (long, short) if DICE.random() < noise else (short, long)
        found.append(Pair("", chosen, rejected, 1.0, f"c{at // 2}", ("ann",), "story", "vote", ""))
    return Examples(tuple(found))


def test_a_plain_taste_is_found_through_noise_and_says_what_it_is() -> None:
    guess = taste.fit(votes(120, 0.15))
    assert estimate(guess.trust).low > 0.6
    assert "less: longer sentences" in guess.likes() or "less: one very long sentence" in guess.likes()
    assert guess.score(text(long=False)) > guess.score(text(long=True))
    unseen = votes(40, 0.0).pairs
    assert np.mean([guess.score(one.chosen) > guess.score(one.rejected) for one in unseen]) > 0.9


def test_lone_thumbs_show_a_taste_too() -> None:
    lone = tuple(
        Thumb("", text(long=at % 2 == 0), at % 2 == 1, 1.0, f"c{at // 3}", ("ann",), "story", "") for at in range(90)
    )
    guess = taste.fit(Examples((), lone))
    assert guess.score(text(long=False)) > guess.score(text(long=True))


def test_a_rhyme_is_heard_by_whoever_can_hear() -> None:
    verse = "The ship has gone to sea,\nAnd left the land to me.\nThe night was cold,\nThe moon was full."
    assert taste.rhyming(verse) == 0
    assert taste.rhyming(verse, rhyme.rhymes) == 0.5
    assert taste.rhyming("A day\nA day\nA way\nNo more") == 0.75  # a word and itself are no rhyme
    assert taste.rhyming("") == 0


def test_what_is_seldom_seen_is_believed_where_it_is() -> None:
    """Four of five pairs differ in nothing that matters, and there the votes are coins."""
    found = list[Pair]()
    for at in range(150):
        tells = at % 5 == 0
        short, other = text(long=False), text(long=tells)
        good, bad = (short, other) if DICE.random() < (0.9 if tells else 0.5) else (other, short)
        found.append(Pair("", good, bad, 1.0, f"c{at // 3}", ("ann",), "story", "vote", ""))
    values = taste.fit(Examples(tuple(found))).trust
    plain = [Value(one.conversation, one.value) for one in values]
    assert estimate(values).low > 0.5
    assert estimate(values).mean > estimate(plain).mean + 0.05


def test_coins_show_no_taste() -> None:
    sure = [estimate(taste.fit(votes(count, 0.5)).trust).low > 0.5 for count in (20, 60) for _ in range(10)]
    assert sum(sure) <= 3


def test_many_votes_give_the_weights_that_few_would() -> None:
    """Both ways of solving, of which the number of votes chooses one."""
    draw = np.random.default_rng(1)
    rows, weight = draw.normal(0.3, 1.0, (40, 12)), draw.uniform(0.5, 1.5, 40)
    wide = np.concatenate([rows, np.zeros((40, 60))], 1)
    assert np.allclose(taste._weights(rows, weight), taste._weights(wide, weight)[:12], atol=1e-6)


def test_too_few_votes_are_refused() -> None:
    with pytest.raises(ValueError, match="too few votes"):
        taste.fit(votes(3, 0.0))
    with pytest.raises(ValueError, match="no votes"):
        taste.fit(Examples())


def test_the_interval_covers_what_it_should() -> None:
    """Conversations differ by more than votes within them do: the bound over conversations still holds 95 of 100."""
    missed = 0
    for seed in range(200):
        dice = np.random.default_rng(seed)
        values = [
            Value(str(c), float(dice.random() < share))
            for c, share in enumerate(dice.uniform(0.2, 0.8, 20))
            for _ in range(10)
        ]
        missed += estimate(values).low > 0.5
    assert missed <= 22


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1), st.floats(0.1, 5)), max_size=30))
def test_an_interval_is_in_order_and_within_shares(rows: list[tuple[str, float, float]]) -> None:
    found = estimate([Value(*row) for row in rows])
    assert -1e-9 <= found.low <= found.high <= 1 + 1e-9
    assert found.count == len(rows)
    if len({row[0] for row in rows}) < chances.FEW and len(rows) < chances.FEW:
        assert (found.low, found.high) == (0.0, 1.0)


def test_variety_repetition_and_likeness() -> None:
    same, different = ["the king rode to the sea at dawn"] * 5, [text(long=True) for _ in range(5)]
    assert measures.self_bleu(same) == pytest.approx(1.0)
    assert measures.self_bleu(different) < 0.7
    assert measures.distinct(same, 2) < measures.distinct(different, 2)
    assert measures.repetition(["and so on and so on and so on and so on"]) > 0.5
    assert measures.repetition(["one two three four five six"]) == 0
    assert measures.distinct([], 2) == measures.length([]) == measures.self_bleu([""]) == 0


def test_copies_are_runs_of_thirteen_words_or_two_lines_of_verse() -> None:
    source = " ".join(f"word{at}" for at in range(40))
    known = measures.known_runs([source, "The sea is wide and grey tonight,\nThe ships are gone to sea,"])
    assert measures.copied([source[30:150]], known) == 1
    assert measures.copied([" ".join(f"word{at}" for at in range(12))], known) == 0
    assert measures.copied(["And then!\nthe sea is wide and grey tonight\nthe ships are gone to sea"], known) == 1
    assert measures.copied(["The sea is wide and grey tonight,\nAnd nobody comes back"], known) == 0


def test_who_wins_and_breaks_nothing_is_promoted() -> None:
    verdict = decide(SURE, EVIDENCE)
    assert verdict.promoted
    assert verdict.words.startswith("Promoted")
    assert verdict.as_json()["wins"]["low"] == 0.6


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"wins": DOUBT}, "not_won"),
        ({"accuracy": Estimate(0.4, 0.31, 0.49, 40, 20)}, "disagrees"),
        ({"perplexity_neutral": 1.04}, "fluency"),
        ({"perplexity_liked": 1.04}, "fluency"),
        ({"candidate": replace(GOOD, distinct_2=0.6)}, "variety"),
        ({"candidate": replace(GOOD, self_bleu=0.5)}, "alike"),
        ({"candidate": replace(GOOD, repetition=0.2)}, "repeats"),
        ({"candidate": replace(GOOD, words=20)}, "length"),
        ({"candidate": replace(GOOD, unsafe=0.1)}, "unsafe"),
        ({"candidate": replace(GOOD, copied=0.1)}, "recites"),
    ],
)
def test_whoever_breaks_something_is_rejected_for_just_that(change: dict[str, object], reason: str) -> None:
    verdict = decide(SURE, replace(EVIDENCE, **change))  # type: ignore[arg-type]
    assert not verdict.promoted
    assert verdict.reasons == (reason,)
    assert REASONS[reason] in verdict.words
    assert verdict.too_far == (reason not in ("not_won", "disagrees"))


def test_held_out_votes_that_say_neither_yes_nor_no_refuse_nobody() -> None:
    assert decide(SURE, replace(EVIDENCE, accuracy=Estimate(0.48, 0.35, 0.61, 114, 11))).promoted


def test_where_nobody_can_judge_nobody_is_promoted() -> None:
    assert decide(DOUBT, EVIDENCE).reasons == ("untold",)
    verdict = untried(DOUBT)
    assert not verdict.promoted
    assert "nothing was trained" in verdict.words
    assert verdict.as_json()["trust"]["low"] == 0.49
    assert "wins" not in verdict.as_json()
