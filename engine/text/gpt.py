"""The language model: any causal model of transformers from a local folder, with many LoRA voices (T).

`count` and `chat` only read the tokenizer, so the event loop may call them while the worker's thread runs a step.
"""

import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from engine.errors import BadValue
from engine.ports import TextRequest
from engine.text.detokenize import Detokenizer
from engine.text.generation import Writing
from engine.text.lean import lean
from engine.text.network import HubNetwork, Network
from engine.text.voices import read_peft

log = logging.getLogger(__name__)
MOST_DRAFTS = 16
CONTEXT_FOR_SPACES = 4


class Gpt:
    """A `TextGenerator` over the safetensors in `folder`.

    `device` is "auto" (a GPU if there is one), "cpu", "cuda" …; `dtype` is "auto" (see `best_dtype`), "float32" or
    "bfloat16"; `window` caps the tokens the model may see (0: as many as it was trained for). Raises OSError or
    ValueError, from transformers, for a folder that holds no such model, and VoiceError for a voice that does not fit.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "",
        *,
        device: str = "auto",
        dtype: str = "auto",
        window: int = 0,
        voices: Mapping[str, Path] | None = None,
    ) -> None:
        self._name = name or folder.name
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        where = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
        kind = best_dtype(where) if dtype == "auto" else getattr(torch, dtype)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=kind, use_safetensors=True)
        model.to(where).eval().requires_grad_(False)
        trained = int(model.config.max_position_embeddings)
        self._window = min(window or trained, trained)
        self._network: Network = lean(model) or HubNetwork(model)
        self._voices: set[str] = set()
        self._ends = _ends(model, self._tokenizer)
        self._markup = re.compile("|".join(map(re.escape, self._tokenizer.all_special_tokens)) or r"(?!)")
        self._opening = _opening(self._tokenizer)
        self._count = lru_cache(4096)(lambda text: len(self._encode(text)))
        for voice, place in (voices or {}).items():
            self.load_voice(voice, place)

    @property
    def name(self) -> str:
        """See `TextGenerator`."""
        return self._name

    @property
    def window(self) -> int:
        """See `TextGenerator`."""
        return self._window

    @property
    def voices(self) -> frozenset[str]:
        """See `TextGenerator`."""
        return frozenset(self._voices)

    def load_voice(self, name: str, folder: Path) -> None:
        """Add or replace a voice from a PEFT folder; call it on the thread that runs steps. Raises VoiceError."""
        self._network.load_voice(name, read_peft(folder))
        self._voices.add(name)

    def drop_voice(self, name: str) -> None:
        """Forget a voice; requests that use it go on as the base."""
        self._voices.discard(name)
        self._network.drop_voice(name)

    def count(self, text: str) -> int:
        """See `TextGenerator`; remembers the latest few thousand texts."""
        return self._count(text)

    def chat(self, system: str, user: str, assistant: str) -> str | None:
        """See `TextGenerator`. Markup inside the words is broken up, so that nobody can write in another role."""
        if not self._opening:
            return None
        return _chat(self._tokenizer, self._harmless(system), self._harmless(user)) + self._harmless(assistant)

    def start(self, request: TextRequest) -> Writing:
        """See `TextGenerator`; BadValue for an empty or too long prompt, unknown adapter, or numbers out of range."""
        self._check(request)
        prompt = self._encode(request.prompt)
        if not prompt:
            raise BadValue(name="prompt", value="", allowed="at least one token")
        if len(prompt) > self._window - request.max_tokens:
            raise BadValue(name="prompt", value=len(prompt), allowed=f"{self._window - request.max_tokens} tokens")
        tail = prompt[-CONTEXT_FOR_SPACES:]
        words = [Detokenizer(self._decode, tail) for _ in range(request.drafts)]
        return Writing(self._network, prompt, request, words, self._ends)

    def _check(self, request: TextRequest) -> None:
        if not 1 <= request.max_tokens < self._window:
            raise BadValue(name="max_tokens", value=request.max_tokens, allowed=f"1-{self._window - 1}")
        if not 1 <= request.drafts <= MOST_DRAFTS:
            raise BadValue(name="drafts", value=request.drafts, allowed=f"1-{MOST_DRAFTS}")
        if request.adapter and request.adapter not in self._voices:
            raise BadValue(name="adapter", value=request.adapter, allowed=", ".join(sorted(self._voices)) or "-")

    def _encode(self, text: str) -> list[int]:
        """Ids of a prompt. Only in a prompt made by `chat` does markup count as markup; elsewhere it is mere text."""
        encode = self._tokenizer.backend_tokenizer.encode
        if not (self._opening and text.startswith(self._opening)):
            text = self._harmless(text)
        ids: list[int] = encode(text).ids
        return ids

    def _harmless(self, text: str) -> str:
        return self._markup.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def _decode(self, ids: list[int]) -> str:
        text: str = self._tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=True)
        return text


def best_dtype(device: torch.device) -> torch.dtype:
    """The type in which one chat is fastest."""
    if device.type == "cpu" and not torch.cpu._is_avx512_bf16_supported():
        return torch.float32  # bfloat16 would be emulated
    return torch.bfloat16


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Ids after which nothing follows: the model's own, and any markup, which no story contains."""
    own = model.generation_config.eos_token_id
    ids = {*(own if isinstance(own, list) else [own]), tokenizer.eos_token_id, *tokenizer.all_special_ids}
    return frozenset(i for i in ids if i is not None)


def _chat(tokenizer: Any, system: str, user: str) -> str:
    said = [{"role": "system", "content": system}] if system else []
    said.append({"role": "user", "content": user})
    prompt: str = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    return prompt


def _opening(tokenizer: Any) -> str:
    """The markup every chat prompt begins with; "" for a model without a chat template."""
    if not tokenizer.chat_template:
        return ""
    begun = _chat(tokenizer, "a", "b")
    return begun[: begun.index("a")] if begun.startswith(tuple(tokenizer.all_special_tokens)) else ""
