"""Log-probabilities of several completions of one prompt, the prompt read once (T).

A pair shares its prompt, and a plain trainer reads it twice and pads the shorter half. Here the prompt and all its
completions are one row; a mask lets each completion see the prompt and itself, and positions start again behind the
prompt, so the numbers are those of separate rows (prefix sharing, arXiv:2410.20305).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from adapters.loss import IGNORE, halves, token_logprobs

Tokens = Sequence[int]


def logprobs(model: nn.Module, prompt: Tokens, completions: Sequence[Tokens]) -> list[Tensor]:
    """For each completion the log-probability of each of its tokens, in nats; prompt and completions are not empty."""
    body, head = halves(model)
    first, sizes = len(prompt), [len(one) for one in completions]
    ids = torch.tensor([[*prompt, *(token for one in completions for token in one)]], device=head.device)
    places = torch.cat([torch.arange(first), *(torch.arange(first, first + size) for size in sizes)])
    mask = _mask(first, sizes, head.dtype)
    state = body(
        input_ids=ids,
        attention_mask=mask[None, None].to(head.device),
        position_ids=places[None].to(head.device),
        use_cache=False,
    ).last_hidden_state[0]
    starts = list(accumulate(sizes, initial=first))[:-1]
    before = [place for at, size in zip(starts, sizes, strict=True) for place in (first - 1, *range(at, at + size - 1))]
    found = token_logprobs(state[torch.tensor(before, device=head.device)], head, ids[0, first:])
    return list(torch.split(found, sizes))


def _mask(first: int, sizes: Sequence[int], dtype: torch.dtype) -> Tensor:
    """(tokens, tokens): 0 where a token may look, the type's least number where not."""
    branch = torch.cat(
        [torch.zeros(first, dtype=torch.long), *(torch.full((n,), 1 + at) for at, n in enumerate(sizes))]
    )
    length = len(branch)
    seen = torch.ones(length, length, dtype=torch.bool).tril() & (
        (branch[None] == 0) | (branch[:, None] == branch[None])
    )
    return torch.zeros(length, length, dtype=dtype).masked_fill_(~seen, torch.finfo(dtype).min)


@dataclass(frozen=True)
class Output:
    """What TRL's losses read of a model's answer; only `log_probs` is computed, the others are for its log."""

    log_probs: Tensor
    entropy: Tensor
    mean_logits: Tensor
    is_top1: Tensor


class Branching:
    """A model as TRL calls one with its fused head, answering by `logprobs`."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model

    def __call__(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, **_: object) -> Output:
        """Rows are (rows, length), padded at the right; log_probs is (rows, length - 1), 0 where no label stands."""
        rows = zip(input_ids.tolist(), attention_mask.sum(1).tolist(), labels.tolist(), strict=True)
        together: dict[tuple[int, ...], list[tuple[int, list[int]]]] = {}
        for at, (ids, size, wanted) in enumerate(rows):
            first = next(place for place, label in enumerate(wanted) if label != IGNORE)
            together.setdefault(tuple(ids[:first]), []).append((at, ids[first:size]))
        blank = torch.zeros(input_ids.shape[0], input_ids.shape[1] - 1, device=input_ids.device)
        filled = [torch.zeros(0)] * len(blank)
        for prompt, members in together.items():
            answers = logprobs(self._model, prompt, [completion for _, completion in members])
            for (at, completion), answer in zip(members, answers, strict=True):
                behind = blank.shape[1] - (len(prompt) - 1) - len(completion)
                filled[at] = nn.functional.pad(answer, (len(prompt) - 1, behind))
        return Output(torch.stack(filled), blank, blank, blank.bool())
