"""What the serving path needs of a language model: many requests read and written in one step, each in its voice (T).

`HubNetwork` runs any causal language model through transformers' own forward, one request after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import DynamicCache
from transformers.pytorch_utils import Conv1D

from adapters.files import Pair
from adapters.manifest import BadAdapter
from engine.text.voices import check_shape


class Memory(Protocol):
    """Keys and values of what one request has read, one row a draft once it writes."""

    filled: int
    """Tokens of the prompt that are in it."""

    def count(self, tokens: int) -> None:
        """The step went well: so many tokens more of each row are in it. Until then it may be done again."""

    def spread(self, rows: int) -> None:
        """The prompt is read: go on as so many equal rows."""

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these."""

    def remember(self) -> None:
        """What was read is sound, and may serve others."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one request does in a step: read the next tokens of its prompt (`reads`), or write on in every row.

    `ids` are the tokens read, or each row's latest. `scored`: the scores after the last of them are wanted.
    """

    memory: Any
    voice: str
    ids: Sequence[int]
    reads: bool
    scored: bool = True

    @property
    def wanted(self) -> int:
        """How many rows of scores: of a prompt that of its last token, of what is written one each."""
        return int(self.scored) if self.reads else len(self.ids)


class Network(Protocol):
    """A model on its device."""

    @property
    def device(self) -> torch.device:
        """Where it runs."""

    @property
    def bytes_a_token(self) -> int:
        """What remembering a token takes."""

    def open(self, prompt: Sequence[int], tokens: int, voice: str) -> Any:
        """A `Memory` for a prompt and what follows, `tokens` in all; it may know how the prompt begins already."""

    def forward(self, parts: Sequence[Part]) -> Tensor:
        """One step of all these: float32 scores (rows, vocabulary) of what comes next, of the scored parts in order.

        It may be repeated, with others, until `Memory.count` is told.
        """

    def load_voice(self, name: str, pairs: Mapping[str, Pair]) -> None:
        """Add or replace a voice; BadAdapter, and nothing changed, if it does not fit this model."""

    def drop_voice(self, name: str) -> None:
        """Forget a voice, if it is there."""


class HubMemory:
    """transformers' growing cache."""

    def __init__(self, config: Any) -> None:
        self._config = config
        self.cache = DynamicCache(config=config)
        self.filled = 0
        self._writes = False
        self._length = 0

    def count(self, tokens: int) -> None:
        """See `Memory`."""
        self._length += tokens
        self.filled += 0 if self._writes else tokens

    def again(self) -> None:
        """Forget what a step that failed has left."""
        left = self.cache.get_seq_length() - self._length
        if left > 0:
            self.cache.crop(-left)

    def spread(self, rows: int) -> None:
        """See `Memory`."""
        self._writes = True
        if rows > 1:
            self.cache.batch_repeat_interleave(rows)

    def keep(self, rows: Sequence[int]) -> None:
        """See `Memory`."""
        if rows:
            self.cache.batch_select_indices(torch.tensor(rows))
        else:
            self.cache = DynamicCache(config=self._config)

    def remember(self) -> None:
        """See `Memory`; nothing is kept."""


class HubNetwork:
    """Any causal language model of transformers. A layer that some voice changes is wrapped once."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.now = _Now()

    @property
    def device(self) -> torch.device:
        """See `Network`."""
        return torch.device(self.model.device)

    @property
    def bytes_a_token(self) -> int:
        """See `Network`; at most, because heads may share keys."""
        config = self.model.config
        return 2 * int(config.num_hidden_layers) * int(config.hidden_size) * int(self.model.dtype.itemsize)

    def open(self, prompt: Sequence[int], tokens: int, voice: str) -> HubMemory:
        """See `Network`; this memory grows by itself."""
        return HubMemory(self.model.config)

    def forward(self, parts: Sequence[Part]) -> Tensor:
        """See `Network`."""
        scores = [self._forward(part) for part in parts]
        none = torch.empty(0, self.model.config.vocab_size, device=self.device)
        return torch.cat([none, *(some for some, part in zip(scores, parts, strict=True) if part.scored)])

    def _forward(self, part: Part) -> Tensor:
        self.now.voice = part.voice
        ids = torch.tensor([part.ids] if part.reads else [[one] for one in part.ids], device=self.device)
        part.memory.again()
        out = self.model(input_ids=ids, past_key_values=part.memory.cache, use_cache=True, logits_to_keep=1)
        scores: Tensor = out.logits[:, -1].float()
        return scores

    def load_voice(self, name: str, pairs: Mapping[str, Pair]) -> None:
        """See `Network`."""
        layers = {layer: self._layer(layer) for layer in pairs}
        for layer, pair in pairs.items():
            check_shape(layer, pair, *_sizes(layers[layer].base))
        self.drop_voice(name)
        for layer, (down, up) in pairs.items():
            wrapped = layers[layer]
            parent, _, leaf = layer.rpartition(".")
            setattr(self.model.get_submodule(parent), leaf, wrapped)
            wrapped.voices[name] = (down.to(wrapped.base.weight), up.to(wrapped.base.weight))

    def drop_voice(self, name: str) -> None:
        """See `Network`."""
        for module in self.model.modules():
            if isinstance(module, VoicedLayer):
                module.voices.pop(name, None)

    def _layer(self, layer: str) -> "VoicedLayer":
        try:
            module = self.model.get_submodule(layer)
        except AttributeError as error:
            raise BadAdapter(f"this adapter was made for another base: there is no layer {layer} here") from error
        return module if isinstance(module, VoicedLayer) else VoicedLayer(module, self.now)


@dataclass(slots=True)
class _Now:
    """Whose step it is; shared by all wrapped layers."""

    voice: str = ""


class VoicedLayer(nn.Module):
    """A linear layer, plus up(down(x)) of the voice that is speaking."""

    def __init__(self, base: Any, now: _Now) -> None:
        super().__init__()
        self.base = base
        self.now = now
        self.voices: dict[str, Pair] = {}

    def forward(self, x: Tensor) -> Tensor:
        """The layer's own output shape and type."""
        out: Tensor = self.base(x)
        pair = self.voices.get(self.now.voice)
        return out if pair is None else out + F.linear(F.linear(x, pair[0]), pair[1])


def _sizes(module: nn.Module) -> tuple[int, int]:
    """(in, out) of a linear layer; GPT-2's Conv1D keeps its weight the other way round."""
    if isinstance(module, Conv1D):
        return module.weight.shape[0], module.weight.shape[1]
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    raise BadAdapter(f"a {type(module).__name__} layer cannot carry an adapter")
