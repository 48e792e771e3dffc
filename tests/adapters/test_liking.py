import numpy as np
import pytest

from adapters.liking import Model, Opinion, fit, judge

WIDTH = 12
PIECES, VOTES = 40, 5


def likings(seed: int, sure: float, *, pairs: bool = False) -> list[Opinion]:
    """Somebody who likes the first measure and dislikes the second; `sure` 0 is a coin."""
    dice = np.random.default_rng(seed)
    found = []
    for number in range(PIECES * VOTES):
        row, other = dice.normal(size=(2, WIDTH))
        gain = (row - other if pairs else row) @ np.array([1.0, -1.0, *[0.0] * (WIDTH - 2)])
        liked = bool(dice.random() < 1 / (1 + np.exp(-sure * gain)))
        found.append(Opinion(row, liked, 1.0, f"piece {number // VOTES}", other if pairs else None))
    return found


@pytest.mark.parametrize("pairs", [False, True])
def test_what_is_liked_is_found_and_believed(pairs: bool) -> None:
    opinions = likings(1, 2.0, pairs=pairs)
    weights = fit(opinions).weights
    assert weights[0] > 0.5 > -0.5 > weights[1]
    assert np.abs(weights[2:]).max() < 0.35
    verdict = judge(opinions, None, 1)
    assert verdict.won
    assert 0.5 < verdict.low < verdict.right < verdict.high


def test_of_twenty_coins_at_most_one_is_believed() -> None:
    assert sum(judge(likings(seed, 0.0), None, seed).won for seed in range(20)) <= 1


def test_the_opposite_of_a_taste_does_not_replace_it_and_the_same_is_no_better() -> None:
    opinions = likings(2, 2.0)
    good = fit(opinions)
    inverted = [Opinion(one.row, not one.liked, one.weight, one.conversation) for one in opinions]
    assert judge(opinions, Model(good.mean, good.scale, -good.weights), 2).won
    assert judge(opinions, fit(likings(3, 2.0)), 2).why == "no_better"
    # Votes turned round teach the opposite, which the other people's votes then contradict.
    assert judge(opinions, fit(inverted), 2).before < 0.5


def test_too_few_votes_and_only_thumbs_up_are_not_believed() -> None:
    few = likings(4, 5.0)[:10]
    assert judge(few, None, 1).why == "few"
    pleased = [Opinion(one.row, liked=True, weight=1.0, conversation=one.conversation) for one in likings(5, 2.0)]
    assert judge(pleased, None, 1).why == "few"
    assert judge([], None, 1).why == "few"


def test_a_weight_counts_as_so_many_votes() -> None:
    opinions = likings(6, 2.0)[:60]
    heavy = [Opinion(one.row, one.liked, 3.0, one.conversation) for one in opinions]
    assert np.allclose(fit(heavy, ridge=24.0).weights, fit(opinions, ridge=8.0).weights, atol=2e-3)
    assert np.allclose(fit(heavy).weights, fit(opinions * 3).weights, atol=1e-6)


def test_a_measure_that_never_varies_does_no_harm() -> None:
    still = [Opinion(np.append(one.row, 7.0), one.liked, 1.0, one.conversation) for one in likings(7, 2.0)]
    model = fit(still)
    assert abs(model.weights[-1]) < 1e-6
    assert np.isfinite(model.score(np.stack([one.row for one in still]))).all()
