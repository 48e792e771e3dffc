"""A prompt read once gives the numbers of separate rows, on both kinds of base."""

import pytest
import torch
from torch import Tensor, nn

from adapters.branches import Branching, logprobs
from tests.adapters.models import gpt2, llama


def alone(model: nn.Module, prompt: list[int], completion: list[int]) -> Tensor:
    ids = torch.tensor([[*prompt, *completion]])
    scores = model(input_ids=ids).logits[0].log_softmax(-1)
    found: Tensor = scores[len(prompt) - 1 : -1].gather(1, ids[0, len(prompt) :, None])[:, 0]
    return found


@pytest.mark.parametrize("make", [llama, gpt2])
def test_numbers_and_gradients_are_those_of_separate_rows(make: object) -> None:
    model = make()  # type: ignore[operator]
    prompt, completions = [5, 9, 13, 4], [[7, 8, 3], [21, 6, 6, 30, 11], [2]]
    for weights in model.parameters():
        weights.requires_grad_(requires_grad=False)
    layer = model.get_input_embeddings()
    layer.weight.requires_grad_(requires_grad=True)
    together = logprobs(model, prompt, completions)
    for found, completion in zip(together, completions, strict=True):
        torch.testing.assert_close(found, alone(model, prompt, completion), atol=2e-5, rtol=1e-4)
    if model.config.tie_word_embeddings:
        return  # the head is taken as frozen, so through a tied one gradients differ on purpose
    (got,) = torch.autograd.grad(together[1].sum(), layer.weight)
    (want,) = torch.autograd.grad(alone(model, prompt, completions[1]).sum(), layer.weight)
    torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-3)


def test_it_answers_as_trls_fused_head_does() -> None:
    model = llama()
    rows = [([5, 9, 13], [7, 8]), ([5, 9, 13], [21, 6, 4, 4]), ([3, 3], [11])]
    longest = max(len(prompt) + len(completion) for prompt, completion in rows)
    ids, labels = torch.zeros(3, longest, dtype=torch.long), torch.full((3, longest), -100)
    mask = torch.zeros(3, longest, dtype=torch.long)
    for at, (prompt, completion) in enumerate(rows):
        ids[at, : len(prompt + completion)] = torch.tensor(prompt + completion)
        labels[at, len(prompt) : len(prompt + completion)] = torch.tensor(completion)
        mask[at, : len(prompt + completion)] = 1
    found = Branching(model)(ids, mask, labels=labels, fused_lm_head=True).log_probs
    assert found.shape == (3, longest - 1)
    for at, (prompt, completion) in enumerate(rows):
        kept = found[at][labels[at, 1:] != -100]
        torch.testing.assert_close(kept, alone(model, prompt, completion), atol=2e-5, rtol=1e-4)
        assert found[at][labels[at, 1:] == -100].abs().sum() == 0
