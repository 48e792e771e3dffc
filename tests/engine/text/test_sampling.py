"""Drawing tokens: the same ones in the same proportions as transformers' warpers, cheaper."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.generation import logits_process as theirs

from engine.ports import Sampling
from engine.text.sampling import NOT_A_NUMBER, Dice, Leaning, draw, nucleus


def their_weights(scores: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    none: torch.Tensor = torch.zeros(len(scores), 1, dtype=torch.long)
    if sampling.top_k:
        scores = theirs.TopKLogitsWarper(sampling.top_k)(none, scores)
    if sampling.top_p < 1:
        scores = theirs.TopPLogitsWarper(sampling.top_p)(none, scores)
    if sampling.min_p:
        scores = theirs.MinPLogitsWarper(sampling.min_p)(none, scores)  # type: ignore[arg-type]
    return scores.softmax(-1)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    spread=st.floats(0.01, 8),
    top_k=st.sampled_from([0, 1, 5, 300, 5000]),
    top_p=st.sampled_from([0.1, 0.5, 0.9, 0.99, 1.0]),
    min_p=st.sampled_from([0.0, 0.02, 0.3]),
)
def test_the_nucleus_is_that_of_transformers(seed: int, spread: float, top_k: int, top_p: float, min_p: float) -> None:
    sampling = Sampling(top_k=top_k, top_p=top_p, min_p=min_p)
    scores = torch.randn(2, 1500, generator=torch.Generator().manual_seed(seed)) * spread
    ours = torch.zeros_like(scores)
    for rows, tokens, weights in nucleus(scores, [sampling] * 2):
        ours[rows] = ours[rows].scatter(1, tokens, weights / weights.sum(-1, keepdim=True))
    difference = (ours - their_weights(scores, sampling)).abs().sum(-1)
    assert (difference < 2e-3).all()  # a token at the very edge of top-p may fall on either side by rounding


def test_draws_follow_the_proportions() -> None:
    scores = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().repeat(4000, 1)
    tokens, logprobs = draw(scores, dice(4000, Sampling(temperature=1.0, top_p=1.0)))
    shares = torch.bincount(torch.tensor(tokens), minlength=4) / 4000
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    assert logprobs[0] == pytest.approx(float(scores[0, tokens[0]]))


def dice(rows: int, sampling: Sampling, prompt: tuple[int, ...] = ()) -> list[Dice]:
    return [Dice(sampling, 5, row, prompt) for row in range(rows)]


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    rules=st.lists(
        st.builds(
            Sampling,
            temperature=st.sampled_from([0.0, 0.3, 1.0, 1.7]),
            top_k=st.sampled_from([0, 1, 5, 300]),
            top_p=st.sampled_from([0.1, 0.9, 1.0]),
            min_p=st.sampled_from([0.0, 0.3]),
            repetition_penalty=st.sampled_from([1.0, 1.4]),
            no_repeat_ngram=st.sampled_from([0, 1, 2]),
        ),
        min_size=2,
        max_size=5,
    ),
)
def test_a_row_draws_the_same_in_any_company(seed: int, rules: list[Sampling]) -> None:
    prompt = (3, 7, 3, 9)
    scores = torch.randn(len(rules), 9000, generator=torch.Generator().manual_seed(seed)) * 4
    together = draw(scores, [Dice(rule, seed, row, prompt) for row, rule in enumerate(rules)])
    alone = [draw(scores[row : row + 1], [Dice(rule, seed, row, prompt)]) for row, rule in enumerate(rules)]
    assert together == ([token for (token,), _ in alone], [logprob for _, (logprob,) in alone])


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    said=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    penalty=st.sampled_from([1.0, 1.3, 2.0]),
    size=st.integers(0, 3),
)
def test_penalties_are_those_of_transformers(seed: int, said: list[int], penalty: float, size: int) -> None:
    scores = torch.randn(1, 10, generator=torch.Generator().manual_seed(seed)) * 4
    one = Dice(Sampling(temperature=0.0, repetition_penalty=penalty, no_repeat_ngram=size), 1, 0, said[:1])
    for token in said[1:]:
        one.push(token)
    ids: torch.Tensor = torch.tensor([said])
    wanted = theirs.RepetitionPenaltyLogitsProcessor(penalty)(ids, scores.clone())
    if size:
        wanted = theirs.NoRepeatNGramLogitsProcessor(size)(ids, wanted)
    if torch.isfinite(wanted).any():
        assert draw(scores, [one])[0] == [int(wanted.argmax())]


def test_what_is_not_a_number_is_noticed_in_its_row_only() -> None:
    for wrong in (float("nan"), float("inf")):
        scores = torch.zeros(2, 10)
        scores[0, 3] = wrong
        tokens, _ = draw(scores, dice(2, Sampling()))
        assert tokens[0] == NOT_A_NUMBER
        assert tokens[1] == draw(scores[1:], dice(2, Sampling())[1:])[0][0]


def test_a_leaning_moves_only_its_own_row_and_not_the_logprob() -> None:
    scores = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().repeat(4000, 1)
    plain = Sampling(temperature=1.0, top_p=1.0)
    leaning = Leaning(torch.tensor([0.0, 0.0, 0.0, 2.0]), {3: torch.tensor([3])})
    mixed = [Dice(plain, seed, 0, (), leaning if seed % 2 else None) for seed in range(4000)]
    tokens, logprobs = draw(scores, mixed)
    leant, left = ([token for seed, token in enumerate(tokens) if seed % 2 == odd] for odd in (1, 0))
    heavy = 0.05 * 2.718281828**2
    assert leant.count(3) / 2000 == pytest.approx(heavy / (0.95 + heavy), abs=0.04)
    assert left.count(3) / 2000 == pytest.approx(0.05, abs=0.03)
    assert logprobs == pytest.approx([float(scores[0, token]) for token in tokens])


def test_a_word_is_leant_on_until_it_was_said_in_any_form() -> None:
    both, alone = torch.tensor([1, 2]), torch.tensor([3])
    leaning = Leaning(torch.tensor([0.0, 1.0, 1.5, 2.0]), {1: both, 2: both, 3: alone})

    def leant(prompt: tuple[int, ...], said: tuple[int, ...]) -> list[float]:
        one = Dice(Sampling(), 1, 0, prompt, leaning)
        for token in said:
            one.push(token)
        assert one.leaning is not None
        return one.leaning.tolist()

    assert leant((0,), (0,)) == [0, 1, 1.5, 2]
    assert leant((0, 3), ()) == [0, 1, 1.5, 0], "the prompt said it"
    assert leant((0,), (2, 0)) == [0, 0, 0, 2]
    assert leaning.weights.tolist() == [0, 1, 1.5, 2], "it is that of other rows too"
