"""Draw the next token of every draft of a request (T).

The rules and their order are those of transformers' `generate`: repetition penalty, no repeated n-gram, temperature,
top-k, top-p, min-p. The last three look only at the most probable tokens: sorting a whole vocabulary of 49,152 and
drawing from it costs more than a tenth of a small model's step, and all but a few hundred tokens fall away anyway.
"""

from typing import Any

import torch
from torch import Tensor
from transformers.generation.logits_process import (
    LogitsProcessorList,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
)

from engine.ports import Sampling

FIRST_LOOK = 256


class NotANumber(ArithmeticError):
    """The model's scores are not numbers."""


class Sampler:
    """Draws for `drafts` rows; each row has its own random stream, so that no row depends on what else is drawn."""

    def __init__(self, sampling: Sampling, seed: int, drafts: int) -> None:
        self.sampling = sampling
        self.streams = [torch.Generator().manual_seed((seed * 1_000_003 + row) % 2**63) for row in range(drafts)]
        self.penalties: Any = LogitsProcessorList()
        if sampling.repetition_penalty != 1.0:
            self.penalties.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
        if sampling.no_repeat_ngram > 0:
            self.penalties.append(NoRepeatNGramLogitsProcessor(sampling.no_repeat_ngram))

    def draw(self, logits: Tensor, ids: Tensor, rows: list[int]) -> tuple[list[int], list[float]]:
        """Tokens and their log-probabilities under the model alone, one for each of `rows`.

        `logits` is float32 of shape (rows, vocabulary), `ids` (rows, tokens so far). Raises NotANumber.
        """
        total = logits.logsumexp(-1)
        if not torch.isfinite(total).all():
            raise NotANumber
        scores = self.penalties(ids, logits) if self.penalties else logits
        if self.sampling.temperature <= 0:
            chosen = scores.argmax(-1)
        else:
            chosen = self._sample(scores / self.sampling.temperature, rows)
        logprobs = logits.gather(1, chosen[:, None])[:, 0] - total
        return chosen.tolist(), logprobs.tolist()

    def _sample(self, scores: Tensor, rows: list[int]) -> Tensor:
        candidates, weights = nucleus(scores, self.sampling)
        heights = weights.cumsum(-1)
        aim = torch.tensor([float(torch.rand((), generator=self.streams[row])) for row in rows], device=scores.device)
        place = torch.searchsorted(heights, (aim * heights[:, -1])[:, None], right=True)
        last = (weights > 0).sum(-1, keepdim=True) - 1
        return candidates.gather(1, place.minimum(last))[:, 0]


def nucleus(scores: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """The tokens that top-k, top-p and min-p leave of `scores`, most probable first, and their weights (0: left out).

    Both of shape (rows, k). The same tokens, in the same proportions, as transformers' three warpers one after another.
    """
    vocabulary = scores.shape[-1]
    size = min(sampling.top_k or FIRST_LOOK, vocabulary)
    while True:
        best, tokens = scores.topk(size, dim=-1)
        if sampling.top_k:
            probabilities = best.softmax(-1)
            break
        probabilities = (best - scores.logsumexp(-1, keepdim=True)).exp()
        if size == vocabulary or _enough(probabilities, sampling):
            break
        size = min(size * 16, vocabulary)
    before = probabilities.cumsum(-1) - probabilities
    weights = probabilities.masked_fill(before >= sampling.top_p, 0.0) if sampling.top_p < 1 else probabilities
    if sampling.min_p > 0:
        weights = weights.masked_fill(probabilities < sampling.min_p * probabilities[:, :1], 0.0)
    return tokens, weights


def _enough(probabilities: Tensor, sampling: Sampling) -> bool:
    """Whether nothing below the last of these could be kept, in any row."""
    if sampling.top_p < 1 and bool((probabilities.sum(-1) >= sampling.top_p).all()):
        return True
    return sampling.min_p > 0 and bool((probabilities[:, -1] < sampling.min_p * probabilities[:, 0]).all())
