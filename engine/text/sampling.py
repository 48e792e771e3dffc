"""Draw the next token of every row of a step, each by the rules of its own request (T).

The rules and their order are those of transformers' `generate`: repetition penalty, no repeated n-gram, temperature,
top-k, top-p, min-p. The last three look only at the most probable tokens: sorting a whole vocabulary of 49,152 and
drawing from it costs more than a tenth of a small model's step, and all but a few hundred tokens fall away anyway.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.ports import Sampling

LOOKS = (64, 512, 4096)  # most probable tokens looked at first, then; after that at all of them
RUN = 64  # neighbours in the vocabulary whose best is compared first
NOT_A_NUMBER = -1
_GREEDY = Sampling(temperature=0.0, top_p=1.0, top_k=1)


class Leaning(NamedTuple):
    """What each token is likelier by, in nats, shape (vocabulary,); of a word that counts once only, all its forms."""

    weights: Tensor
    forms: Mapping[int, Tensor]


class Dice:
    """A row's own random stream, so that it does not depend on what else is drawn, and what it has said so far."""

    def __init__(
        self, sampling: Sampling, seed: int, row: int, prompt: Sequence[int], leaning: Leaning | None = None
    ) -> None:
        self.sampling = sampling if sampling.temperature > 0 else _greedy(sampling)
        self._forms: Mapping[int, Tensor] = leaning.forms if leaning else {}
        self.steady = self.leaning = leaning.weights if leaning else None  # what tokens are likelier by: always, next
        for token in self._forms.keys() & set(prompt):
            self._spend(token)
        self._stream = torch.Generator().manual_seed((seed * 1_000_003 + row) % 2**63)
        self._said = dict.fromkeys(prompt) if sampling.repetition_penalty != 1.0 else {}
        self._last: tuple[int, ...] = ()
        self._after: dict[tuple[int, ...], list[int]] = {}  # what has followed these n - 1 tokens
        if sampling.no_repeat_ngram > 0:
            for token in prompt:
                self._note(token)

    def aim(self) -> float:
        """The next number of its stream, from 0 to 1."""
        return float(torch.rand((), generator=self._stream))

    def said(self) -> list[int]:
        """Tokens that the repetition penalty is for."""
        return list(self._said)

    def banned(self) -> list[int]:
        """Tokens that would repeat an n-gram."""
        return self._after.get(self._last, []) if self.sampling.no_repeat_ngram else []

    def push(self, token: int) -> None:
        """This was drawn."""
        if token in self._forms:
            self._spend(token)
        if self.sampling.repetition_penalty != 1.0:
            self._said[token] = None
        if self.sampling.no_repeat_ngram > 0:
            self._note(token)

    def _spend(self, token: int) -> None:
        """Lean on a word until it was said: leant on for ever, "dead" comes in each sentence, and nothing else does."""
        if self.steady is not None:
            self.steady = self.leaning = self.steady.index_fill(0, self._forms[token], 0.0)

    def _note(self, token: int) -> None:
        before = self.sampling.no_repeat_ngram - 1
        if len(self._last) == before:
            self._after.setdefault(self._last, []).append(token)
        self._last = (*self._last, token)[-before:] if before else ()


def _greedy(sampling: Sampling) -> Sampling:
    """The most probable token, after the same penalties."""
    return Sampling(1.0, 1.0, 1, 0.0, sampling.repetition_penalty, sampling.no_repeat_ngram)


def draw(logits: Tensor, dice: Sequence[Dice]) -> tuple[list[int], list[float]]:
    """A token for each row, and its log-probability under the model alone; `NOT_A_NUMBER` where scores are none.

    `logits` is float32 of shape (rows, vocabulary).
    """
    total = _total(logits)
    sound = torch.isfinite(total)
    if not sound.all():
        logits = logits.masked_fill(~sound[:, None], 0.0)
    samplings = [one.sampling for one in dice]
    aims = torch.tensor([one.aim() for one in dice], device=logits.device)
    chosen = torch.empty(len(dice), dtype=torch.long, device=logits.device)
    for rows, tokens, weights in nucleus(_prepared(logits, dice), samplings):
        heights = weights.cumsum(-1)
        place = torch.searchsorted(heights, (aims[rows] * heights[:, -1])[:, None], right=True)
        last = (weights > 0).sum(-1, keepdim=True) - 1
        chosen[rows] = tokens.gather(1, place.minimum(last))[:, 0]
    logprobs = logits.gather(1, chosen[:, None])[:, 0] - total
    return chosen.masked_fill(~sound, NOT_A_NUMBER).tolist(), logprobs.tolist()


def _prepared(logits: Tensor, dice: Sequence[Dice]) -> Tensor:
    """Penalties and temperatures, for all rows at once; the logits stay as they are."""
    temperatures = torch.tensor([[one.sampling.temperature] for one in dice], device=logits.device)
    scores = logits / temperatures if bool((temperatures != 1).any()) else logits.clone()
    said = [one.said() for one in dice]
    longest = max(map(len, said))
    if longest:
        ids = [[*some, *[some[0] if some else 0] * (longest - len(some))] for some in said]
        penalty = torch.tensor([[one.sampling.repetition_penalty] for one in dice], device=logits.device)
        index = torch.tensor(ids, device=logits.device)
        before = scores.gather(1, index)
        scores.scatter_(1, index, torch.where(before < 0, before * penalty, before / penalty))
    leaning = [row for row, one in enumerate(dice) if one.leaning is not None]
    if leaning:
        scores[leaning] += torch.stack([one.leaning for one in dice if one.leaning is not None])
    banned = [(row, token) for row, one in enumerate(dice) for token in one.banned()]
    if banned:
        rows, tokens = torch.tensor(banned, device=logits.device).T
        scores[rows, tokens] = -torch.inf
    return scores


def nucleus(scores: Tensor, samplings: Sequence[Sampling]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The tokens that top-k, top-p and min-p leave of each row, most probable first, and their weights (0: left out).

    Yields groups of rows: their numbers, tokens and weights, (n,), (n, k), (n, k). The same tokens, in the same
    proportions, as transformers' three warpers one after another.
    """
    rules = torch.tensor([[one.top_k or scores.shape[-1], one.top_p, one.min_p] for one in samplings]).to(scores)
    rows = torch.arange(len(samplings), device=scores.device)
    for size in (*(look for look in LOOKS if look < scores.shape[-1]), scores.shape[-1]):
        mine = scores[rows] if len(rows) < len(samplings) else scores
        best, tokens = _top(mine, size)
        weights, enough = _weighed(best, mine, rules[rows])
        if size == scores.shape[-1]:
            enough |= True
        if enough.any():
            yield rows[enough], tokens[enough], weights[enough]
        rows = rows[~enough]
        if not len(rows):
            return


def _top(scores: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """As `Tensor.topk`: the best `size` of a row lie in the `size` runs whose best are best."""
    if size * RUN * 2 > scores.shape[-1]:
        return scores.topk(size, dim=-1)
    runs = F.pad(scores, (0, -scores.shape[-1] % RUN), value=-torch.inf).view(len(scores), -1, RUN)
    found = runs.amax(-1).topk(size, dim=-1).indices
    best, place = runs.gather(1, found[..., None].expand(-1, -1, RUN)).flatten(1).topk(size, dim=-1)
    return best, found.gather(1, place // RUN) * RUN + place % RUN


def _weighed(best: Tensor, scores: Tensor, rules: Tensor) -> tuple[Tensor, Tensor]:
    """Weights of the best tokens, and for which rows nothing below them could be kept."""
    top_k, top_p, min_p = (rule[:, None] for rule in rules.unbind(-1))
    rank = torch.arange(best.shape[1], device=best.device)
    limited = top_k < scores.shape[-1]
    kept = best.masked_fill(rank >= top_k, -torch.inf)
    total = kept.logsumexp(-1, keepdim=True)
    if not limited.all():
        total = torch.where(limited, total, _total(scores)[:, None])
    probabilities = (kept - total).exp()
    sums = probabilities.cumsum(-1)
    weights = probabilities.masked_fill((sums - probabilities >= top_p) & (top_p < 1), 0.0)
    weights = weights.masked_fill(probabilities < min_p * probabilities[:, :1], 0.0)
    enough = limited & (top_k <= best.shape[1])
    enough |= (top_p < 1) & (sums[:, -1:] >= top_p) & ~limited
    enough |= (min_p > 0) & (probabilities[:, -1:] < min_p * probabilities[:, :1]) & ~limited
    return weights, enough[:, 0]


def _total(scores: Tensor) -> Tensor:
    """Logsumexp of each row, in half of torch's time; not a number where one score is none, or none is finite."""
    return scores.amax(-1) - scores.log_softmax(-1).amax(-1)
