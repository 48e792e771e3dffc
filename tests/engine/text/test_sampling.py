"""Drawing tokens: the same ones in the same proportions as transformers' warpers, cheaper."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.generation import logits_process as theirs

from engine.ports import Sampling
from engine.text.sampling import NotANumber, Sampler, nucleus


def their_weights(scores: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    none: torch.Tensor = torch.zeros(len(scores), 1, dtype=torch.long)
    if sampling.top_k:
        scores = theirs.TopKLogitsWarper(sampling.top_k)(none, scores)
    if sampling.top_p < 1:
        scores = theirs.TopPLogitsWarper(sampling.top_p)(none, scores)
    if sampling.min_p:
        scores = theirs.MinPLogitsWarper(sampling.min_p)(none, scores)  # type: ignore[arg-type]
    return scores.softmax(-1)


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
    tokens, weights = nucleus(scores, sampling)
    ours = torch.zeros_like(scores).scatter(1, tokens, weights / weights.sum(-1, keepdim=True))
    difference = (ours - their_weights(scores, sampling)).abs().sum(-1)
    assert (difference < 2e-3).all()  # a token at the very edge of top-p may fall on either side by rounding


def test_draws_follow_the_proportions() -> None:
    scores = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().repeat(4000, 1)
    sampler = Sampler(Sampling(temperature=1.0, top_p=1.0), seed=1, drafts=4000)
    tokens, logprobs = sampler.draw(scores, torch.zeros(4000, 1, dtype=torch.long), list(range(4000)))
    shares = torch.bincount(torch.tensor(tokens), minlength=4) / 4000
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    assert logprobs[0] == pytest.approx(float(scores[0, tokens[0]]))


def test_a_row_draws_the_same_in_any_company() -> None:
    scores = torch.randn(3, 100, generator=torch.Generator().manual_seed(0))
    ids = torch.zeros(3, 1, dtype=torch.long)
    together, _ = Sampler(Sampling(), 5, 3).draw(scores, ids, [0, 1, 2])
    last, _ = Sampler(Sampling(), 5, 3).draw(scores[2:], ids[2:], [2])
    assert together[2] == last[0]


def test_what_is_not_a_number_is_noticed() -> None:
    for wrong in (float("nan"), float("inf")):
        scores = torch.zeros(1, 10)
        scores[0, 3] = wrong
        with pytest.raises(NotANumber):
            Sampler(Sampling(), 1, 1).draw(scores, torch.zeros(1, 1, dtype=torch.long), [0])
