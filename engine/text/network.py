"""What the serving path needs of a language model: the next token's scores, and a memory of what was read (T).

`HubNetwork` runs any causal language model through transformers' own forward.
"""

from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache


class Memory(Protocol):
    """Keys and values of what was read so far, one row a draft."""

    def spread(self, rows: int) -> None:
        """Go on as `rows` equal rows instead of one."""

    def keep(self, rows: list[int]) -> None:
        """Forget all rows but these."""


class Network(Protocol):
    """A model on its device."""

    @property
    def device(self) -> torch.device:
        """Where its ids must be."""

    def remember(self, tokens: int) -> Any:
        """An empty `Memory` with room for so many tokens a row."""

    def forward(self, ids: Tensor, memory: Any, voice: str) -> Tensor:
        """Read `ids` (rows, tokens) after what is in memory; float32 scores (rows, vocabulary) of what comes next."""


class HubMemory:
    """transformers' growing cache."""

    def __init__(self, config: Any) -> None:
        self.cache = DynamicCache(config=config)

    def spread(self, rows: int) -> None:
        """See `Memory`."""
        if rows > 1:
            self.cache.batch_repeat_interleave(rows)

    def keep(self, rows: list[int]) -> None:
        """See `Memory`."""
        self.cache.batch_select_indices(torch.tensor(rows))


class HubNetwork:
    """Any causal language model of transformers."""

    def __init__(self, model: Any, voices: Any) -> None:
        self.model = model
        self.voices = voices

    @property
    def device(self) -> torch.device:
        """See `Network`."""
        return torch.device(self.model.device)

    def remember(self, tokens: int) -> HubMemory:
        """See `Network`; this memory grows by itself."""
        return HubMemory(self.model.config)

    def forward(self, ids: Tensor, memory: HubMemory, voice: str) -> Tensor:
        """See `Network`."""
        with self.voices.speaking(voice):
            out = self.model(input_ids=ids, past_key_values=memory.cache, use_cache=True, logits_to_keep=1)
        scores: Tensor = out.logits[:, -1].float()
        return scores
