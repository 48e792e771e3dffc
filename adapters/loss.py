"""Losses and held-out measures of a language model, as pure functions of model and rows.

The loss is computed a slice of tokens at a time, with its gradient, so that the table of (tokens x vocabulary) scores
never exists as a whole: on a CPU that table costs more than the transformer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from adapters.passages import Passage

IGNORE = -100
_SLICE = 256


class _TokenLogProbs(torch.autograd.Function):
    """Log-probabilities of n labels for hidden (n, width) through a frozen head (vocabulary, width): (n,), float32."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, labels: Tensor) -> Tensor:
        wanted = ctx.needs_input_grad[0]
        gradient = torch.empty_like(hidden) if wanted else hidden.new_empty(0)
        found = torch.empty(hidden.shape[0], dtype=torch.float32, device=hidden.device)
        for at in range(0, hidden.shape[0], _SLICE):
            here = labels[at : at + _SLICE, None]
            scores = (hidden[at : at + _SLICE] @ head.T).float()
            norm = torch.logsumexp(scores, -1, keepdim=True)
            found[at : at + _SLICE] = (scores.gather(1, here) - norm)[:, 0]
            if wanted:
                share = scores.sub_(norm).exp_().neg_()
                share.scatter_add_(1, here, torch.ones_like(here, dtype=share.dtype))
                gradient[at : at + _SLICE] = share.to(head.dtype) @ head
        ctx.save_for_backward(gradient)
        return found

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer[0][:, None].to(gradient.dtype), None, None


def token_logprobs(hidden: Tensor, head: Tensor, labels: Tensor) -> Tensor:
    """Log-probability of each label, (n,) in nats, for states (n, width) before a frozen head (vocabulary, width)."""
    found: Tensor = _TokenLogProbs.apply(hidden, head, labels)  # type: ignore[no-untyped-call]
    return found


def piece_loss(model: nn.Module, ids: Tensor, labels: Tensor) -> Tensor:
    """Mean nats a token over the labels that are not IGNORE; ids and labels are (rows, length)."""
    body, head = halves(model)
    hidden: Tensor = body(input_ids=ids, use_cache=False).last_hidden_state
    kept = labels != IGNORE
    return -token_logprobs(hidden[kept], head, labels[kept]).mean()


def halves(model: nn.Module) -> tuple[nn.Module, Tensor]:
    """The transformer without its head, and the head's weight."""
    whole: Any = model
    return whole.get_decoder() if hasattr(whole, "model") else whole.transformer, whole.get_output_embeddings().weight


@dataclass(frozen=True)
class Held:
    """What a model makes of held-out texts: nats in all, over how many tokens and characters."""

    nats: float
    tokens: int
    characters: int

    @property
    def bits(self) -> float:
        """Bits a character: comparable between bases, whatever their tokens are."""
        return self.nats / math.log(2) / max(self.characters, 1)

    @property
    def perplexity(self) -> float:
        """Of the next token; comparable on one base only."""
        return math.exp(self.nats / max(self.tokens, 1))


@torch.inference_mode()
def held_out(model: nn.Module, tokenizer: Any, rows: Sequence[Passage]) -> Held:
    """How well the model foretells the rows' texts, given their prompts.

    The end-of-text token is not counted, so that bases which never learnt it compare fairly.
    """
    nats, tokens, characters = 0.0, 0, 0
    place = next(model.parameters()).device
    for row in rows:
        prompt = tokenizer(row.prompt, add_special_tokens=False)["input_ids"] if row.prompt else []
        text = tokenizer(row.text, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([[*prompt, *text]], device=place)
        labels = torch.full_like(ids, IGNORE)
        first = max(len(prompt), 1)
        labels[0, first - 1 : -1] = ids[0, first:]
        count = int((labels != IGNORE).sum())
        if count:
            nats += float(piece_loss(model, ids, labels)) * count
        tokens += count
        characters += len(row.text)
    return Held(nats, tokens, characters)


def bits_per_character(model: nn.Module, tokenizer: Any, rows: Sequence[Passage]) -> float:
    """Bits the model needs for each character of the rows' texts, given their prompts; lower is better."""
    return held_out(model, tokenizer, rows).bits
