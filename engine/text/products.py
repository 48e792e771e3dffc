"""Linear layers with many voices beside them (T).

Projections that read the same input are one product. A voice is a pair of narrow matrices beside it; those of all the
voices that speak in a step stand side by side, and every token keeps only what its own voice made of it. So a step
costs two narrow products whether one voice speaks or eight, and what a token gets is what it gets alone (the other
voices' columns are exact zeros).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adapters.files import Pair

Linear = Callable[[Tensor], Tensor]
MOST_TOGETHER = 16
PACKED = "_linear_pointwise"  # what torch's own compiler calls on such CPUs


@dataclass(frozen=True, slots=True)
class Mix:
    """Which of the `voices` each token has: `whose` is (tokens,), -1 for none."""

    voices: tuple[str, ...]
    whose: Tensor
    masks: dict[tuple[int, ...], Tensor] = field(default_factory=dict)

    def others(self, ranks: tuple[int, ...], columns: Tensor) -> Tensor:
        """(tokens, columns): which columns are not of the token's own voice.

        `ranks` are how many columns each voice has, `columns` says whose each is.
        """
        if ranks not in self.masks:
            self.masks[ranks] = self.whose[:, None] != columns
        return self.masks[ranks]


class Company:
    """The voices that stand side by side: those that speak, and those that spoke lately.

    To put others together takes as long as several steps, while a few columns more cost next to nothing; so who pauses
    keeps their place, and chats that come and go rarely change anything.
    """

    def __init__(self, most: int = MOST_TOGETHER) -> None:
        self._most = most
        self.voices: tuple[str, ...] = ()

    def mixed(self, voices: Sequence[tuple[str, int]], device: torch.device) -> Mix | None:
        """The mix of a step in which each voice, "" for none, speaks so many tokens, in this order."""
        whose = self.whose(voices)
        return Mix(self.voices, torch.tensor(whose, device=device)) if whose else None

    def whose(self, voices: Sequence[tuple[str, int]]) -> list[int]:
        """Of each token which of `voices` it is said in, -1 for none; empty if nobody speaks in one."""
        names = {voice for voice, _ in voices if voice}
        if not names:
            return []
        if not names <= {*self.voices}:
            everybody = names | {*self.voices}
            self.voices = tuple(sorted(everybody if len(everybody) <= self._most else names))
        place = {voice: at for at, voice in enumerate(self.voices)}
        return [place.get(voice, -1) for voice, count in voices for _ in range(count)]

    def drop(self, voice: str) -> None:
        """It is no longer there."""
        self.voices = tuple(one for one in self.voices if one != voice)


class Product:
    """A linear layer made of the named ones that read the same input, with the voices' narrow products beside it."""

    _base: Linear

    def __init__(self, prefix: str, **layers: Any) -> None:
        """GPT-2's Conv1D keeps its weight the other way round."""
        weights = [layer.weight if isinstance(layer, nn.Linear) else layer.weight.t() for layer in layers.values()]
        biases = [layer.bias for layer in layers.values() if layer.bias is not None]
        self.weight = torch.cat(weights).contiguous()
        self.bias = torch.cat(biases) if biases else None
        self.names = tuple(prefix + name for name in layers)
        self.sizes = tuple(w.shape[0] for w in weights)
        self.like = self.weight.new_empty(0, self.weight.shape[1])
        self._voices: dict[str, Pair] = {}
        self._joined = _Joined()

    def settle(self, packed: bool) -> None:
        """Let the plain weights go; `packed`: keep them packed, to be called."""
        if packed:
            self._base = linear(self.weight, self.bias)
        self.weight, self.bias = self.like, None

    def __call__(self, x: Tensor, mix: Mix | None) -> Tensor:
        """The outputs of all the layers side by side; `x` is (tokens, width)."""
        out = self._base(x)
        if mix is None:
            return out
        beside = self._beside(mix.voices)
        if not any(beside.ranks):
            return out
        return out + beside.up(beside.down(x).masked_fill(mix.others(beside.ranks, beside.columns), 0.0))

    def load(self, voice: str, pair: Pair) -> None:
        """Have a voice beside it."""
        self._voices[voice] = (pair[0].to(self.like), pair[1].to(self.like))
        self._joined = _Joined()

    def drop(self, voice: str) -> None:
        """Forget a voice, if it is there."""
        self._voices.pop(voice, None)
        self._joined = _Joined()

    def _beside(self, voices: tuple[str, ...]) -> "_Joined":
        """These voices side by side; kept until others speak."""
        if self._joined.voices != voices:
            pairs = [self._voices.get(voice) for voice in voices]
            ranks = tuple(pair[0].shape[0] if pair else 0 for pair in pairs)
            present = [pair for pair in pairs if pair]
            columns = [at for at, rank in enumerate(ranks) for _ in range(rank)]
            self._joined = _Joined(voices, ranks, torch.tensor(columns, device=self.like.device))
            if present:
                self._joined.down = linear(torch.cat([a for a, _ in present]))
                self._joined.up = linear(torch.cat([b for _, b in present], 1))
        return self._joined


@dataclass(slots=True)
class _Joined:
    """The narrow products of all voices that speak, how many columns each has, and whose each column is."""

    voices: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    columns: Tensor = field(default_factory=lambda: torch.empty(0))
    down: Linear = torch.clone
    up: Linear = torch.clone


def linear(weight: Tensor, bias: Tensor | None = None) -> Linear:
    """x -> x W' + b for x (tokens, width).

    On a CPU the weight is packed once, which halves the time of a product of few rows in bfloat16; and what a row comes
    to does not depend on how many there are. In float32 that holds from two rows on, so a lone one is doubled.
    """
    known = hasattr(torch.ops.mkldnn, PACKED)
    if known and weight.dtype == torch.bfloat16:
        known = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if weight.device.type != "cpu" or not known:
        return lambda x: F.linear(x, weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, 1)
    product = getattr(torch.ops.mkldnn, PACKED)

    def run(x: Tensor) -> Tensor:
        return cast(Tensor, product(x, packed, bias, "none", [], ""))

    if weight.dtype == torch.bfloat16:
        return run
    return lambda x: run(x) if len(x) != 1 else run(x.expand(2, -1))[:1]
