"""The language model: any causal model of transformers from a local folder, with many LoRA voices (T).

`count` and `chat` only read the tokenizer, so the event loop may call them while the worker's thread runs a step. A
voice, named `name@version`, is read from disk when it is first asked for and stays as long as it is much in use.
"""

import ctypes
import logging
import os
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from adapters import files, lora
from adapters.manifest import BadAdapter, RegistryError
from engine.errors import BadValue, GeneratorFailed
from engine.ports import Sampling, TextRequest
from engine.text import mood
from engine.text.detokenize import Detokenizer
from engine.text.generation import Writing, advance
from engine.text.guidance import Guidance, pieces_of
from engine.text.lean import lean
from engine.text.network import HubNetwork, Network
from engine.text.repertoire import Repertoire
from engine.text.sampling import Leaning

log = logging.getLogger(__name__)
MOST_DRAFTS = 16
ROOM = 1_500_000_000  # bytes of keys and values: 65,000 tokens of the embedded base in bfloat16
MOST_VOICES = 16  # at rank 4 the embedded base has 5 MB of each
CONTEXT_FOR_SPACES = 4
SPACE = "Ġ"  # how byte-level vocabularies, GPT-2's and its heirs', write the space before a word


class Gpt:
    """A `TextGenerator` over the safetensors in `folder`.

    `device` is "auto" (a GPU if there is one), "cpu", "cuda" …; `dtype` is "float32", "bfloat16", "int8" (weights on a
    CPU, of models that `lean` knows) or "auto" (int8 where it can be, else `best_dtype`); `window` caps the tokens the
    model may see (0: as many as it was trained for). `shelf` says in which folder a voice lies, or raises
    RegistryError; `most_voices` are kept beside those that are speaking. Raises OSError or ValueError, from
    transformers, for a folder that holds no such model.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "",
        *,
        device: str = "auto",
        dtype: str = "auto",
        window: int = 2048,
        shelf: Callable[[str], Path] | None = None,
        most_voices: int = MOST_VOICES,
    ) -> None:
        self._name = name or folder.name
        where = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
        narrow = dtype in ("auto", "int8")
        wide = best_dtype(where) if narrow else getattr(torch, dtype)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        model = _whole_model(folder, wide)
        model.to(where).eval().requires_grad_(False)
        trained = int(model.config.max_position_embeddings)
        self._window = min(window or trained, trained)
        self._base = lora.fingerprint(model)
        network = lean(model, compact=narrow and where.type == "cpu")
        self._network: Network = network or HubNetwork(model)
        self._dtype: torch.dtype = torch.int8 if network and network.compact else wide
        self._shelf = shelf
        self._repertoire = Repertoire(self._learn, self._forget, most_voices)
        self._writings: WeakSet[Writing] = WeakSet()
        self._ends = _ends(model, self._tokenizer)
        self._markup = re.compile("|".join(map(re.escape, self._tokenizer.all_special_tokens)) or r"(?!)")
        self._opening = _opening(self._tokenizer)
        self._vocabulary = int(model.config.vocab_size)
        self._leanings: dict[str, Leaning] = {}
        self._count = lru_cache(4096)(lambda text: len(self.encode(text)))
        del model, network
        _give_back()

    @property
    def name(self) -> str:
        """See `TextGenerator`."""
        return self._name

    @property
    def window(self) -> int:
        """See `TextGenerator`."""
        return self._window

    @property
    def capacity(self) -> int:
        """See `TextGenerator`."""
        return ROOM // self._network.bytes_a_token

    @property
    def voices(self) -> frozenset[str]:
        """See `TextGenerator`."""
        return self._repertoire.known

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self._network.device

    @property
    def dtype(self) -> torch.dtype:
        """The type its weights are kept in."""
        return self._dtype

    def prepare(self, adapter: str) -> None:
        """See `TextGenerator`."""
        try:
            self._repertoire.have(adapter, {writing.voice for writing in self._writings if not writing.over})
        except (BadAdapter, RegistryError, OSError, RuntimeError) as unfit:
            raise BadValue(name="adapter", value=adapter, allowed=str(unfit)) from unfit

    def _learn(self, adapter: str) -> None:
        if self._shelf is None:
            raise RegistryError("there are no adapters here")
        voice = files.read(self._shelf(adapter))
        if voice.fingerprint and voice.fingerprint != self._base:
            raise BadAdapter(f"this adapter was made for another base ({voice.base}) of the same shape")
        try:
            self._network.load_voice(adapter, voice.pairs())
        except RuntimeError:  # the device is full: leave no half of a voice behind
            self._network.drop_voice(adapter)
            raise

    def _forget(self, adapter: str) -> None:
        self._network.drop_voice(adapter)

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
        prompt = self.encode(request.prompt)
        if not prompt:
            raise BadValue(name="prompt", value="", allowed="at least one token")
        if len(prompt) > self._window - request.max_tokens:
            raise BadValue(name="prompt", value=len(prompt), allowed=f"{self._window - request.max_tokens} tokens")
        if request.adapter:
            self.prepare(request.adapter)
        tail = prompt[-CONTEXT_FOR_SPACES:]
        words = [Detokenizer(self._decode, tail) for _ in range(request.drafts)]
        line, leaning = request.line, self._leaning(request.sampling)
        guide = partial(self._guidance.row, line=line) if line else None
        writing = Writing(self._network, prompt, request, words, self._ends, guide, leaning)
        self._writings.add(writing)
        return writing

    @cached_property
    def _guidance(self) -> Guidance:
        pieces = pieces_of(self._tokenizer, self._vocabulary)
        return Guidance(pieces, self._ends, self.device)

    def _leaning(self, sampling: Sampling) -> Leaning | None:
        """What each token is likelier by; only tokens that are whole words are leant upon (or against, for good)."""
        if not sampling.mood or not sampling.pull:
            return None
        if sampling.mood not in self._leanings:
            self._leanings[sampling.mood] = self._leant(sampling.mood)
        weights, forms = self._leanings[sampling.mood]
        return Leaning(weights * sampling.pull, forms)

    def _leant(self, name: str) -> Leaning:
        worth, weights, words = mood.weights(name), torch.zeros(self._vocabulary), defaultdict[str, list[int]](list)
        for piece, token in self._tokenizer.get_vocab().items():
            if piece.startswith(SPACE) and (weight := worth(piece[1:])):
                weights[token] = weight
                if weight > 0:
                    words[mood.root(piece[1:])].append(token)
        together = {word: torch.tensor(tokens, device=self.device) for word, tokens in words.items()}
        forms = {token: together[word] for word, tokens in words.items() for token in tokens}
        return Leaning(weights.to(self.device), forms)

    def step(self, turns: Sequence[tuple[Writing, int]]) -> None:
        """See `TextGenerator`. If the device refuses the step, each is tried alone, and only who fails alone ends."""
        turns = [turn for turn in turns if not turn[0].over]
        if not turns:
            return
        try:
            advance(self._network, turns)
        except Exception as problem:
            if len(turns) > 1:
                for turn in turns:
                    self.step([turn])
                return
            log.exception("the model failed")
            turns[0][0].fail(GeneratorFailed.of(problem))

    def _check(self, request: TextRequest) -> None:
        if not 1 <= request.max_tokens < self._window:
            raise BadValue(name="max_tokens", value=request.max_tokens, allowed=f"1-{self._window - 1}")
        if not 1 <= request.drafts <= MOST_DRAFTS:
            raise BadValue(name="drafts", value=request.drafts, allowed=f"1-{MOST_DRAFTS}")

    def encode(self, text: str) -> list[int]:
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


def _whole_model(folder: Path, dtype: torch.dtype) -> Any:
    """The model, only if every weight was in the folder: transformers would fill the others with random numbers."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity(logging.CRITICAL)  # a report of forty lines; ours is a sentence
    kinds: Any = AutoModelForCausalLM
    model, loaded = kinds.from_pretrained(folder, dtype=dtype, use_safetensors=True, output_loading_info=True)
    if missing := sorted(loaded["missing_keys"]):
        raise ValueError(f"{len(missing)} of its weights are missing, {missing[0]} for one")
    return model


def _give_back() -> None:
    """What loading took and nobody holds; glibc would keep 700 MB of it for the embedded model."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim:
        trim(0)


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
