"""One request in the hands of the language model: prefill in chunks, then a token a draft a step (T).

The prompt is read once, a chunk a step so that a long one does not hold up other people's streams; its memory is then
spread over the drafts, which go on as one batch. A draft that ends leaves the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import GeneratorFailed
from engine.messages import Finish
from engine.ports import Draft, TextRequest
from engine.text.detokenize import Detokenizer
from engine.text.network import Network
from engine.text.sampling import NotANumber, Sampler

CHUNK = 256


@dataclass(slots=True)
class _Row:
    """A draft while it grows."""

    words: Detokenizer
    stop: tuple[str, ...]
    tokens: int = 0
    logprob: float = 0.0
    finish: Finish | None = None
    text: str = ""

    def push(self, token: int, logprob: float, ends: frozenset[int], limit: int) -> None:
        self.tokens += 1
        self.logprob += logprob
        if token in ends:
            self.finish = "end"
        elif piece := self.words.push(token):
            self._look_for_stop(piece)
        if self.finish is None and self.tokens >= limit:
            self.finish = "length"
        if self.finish in ("end", "length"):
            self.text = self.words.text

    def _look_for_stop(self, piece: str) -> None:
        whole = self.words.text
        for stop in self.stop:
            at = whole.find(stop, max(0, len(whole) - len(piece) - len(stop) + 1))
            if at >= 0:
                whole = whole[:at]
                self.finish = "stop"
        self.text = whole if self.finish else whole[: len(whole) - _begun(whole, self.stop)]


def _begun(text: str, stops: Sequence[str]) -> int:
    """Characters at the end of `text` that may turn out to be the beginning of a stop string."""
    longest = max((len(stop) for stop in stops), default=1) - 1
    return next((n for n in range(min(longest, len(text)), 0, -1) if any(s.startswith(text[-n:]) for s in stops)), 0)


class Writing:
    """A `Generation`. Every call runs on the worker's thread."""

    def __init__(
        self, network: Network, prompt: list[int], request: TextRequest, words: list[Detokenizer], ends: frozenset[int]
    ) -> None:
        self._network = network
        self._request = request
        self._ends = ends
        self._prompt = torch.tensor([prompt], device=network.device)
        self._read = 0
        self._memory = network.remember(len(prompt) + request.max_tokens)
        self._sampler = Sampler(request.sampling, request.seed, request.drafts)
        self._rows = [_Row(text, request.stop) for text in words]
        self._alive = list(range(request.drafts))
        self._ids = self._prompt

    @property
    def voice(self) -> str:
        """The adapter it is written with; "" for the base."""
        return self._request.adapter

    @property
    def over(self) -> bool:
        """Whether every draft is finished."""
        return not self._alive

    @torch.inference_mode()
    def step(self) -> bool:
        """Read the next chunk of the prompt, or write one token in every draft; False when nothing is left to do."""
        if not self._alive:
            return False
        try:
            if self._read < self._prompt.shape[1]:
                self._read_on()
            else:
                self._write(self._network.forward(self._last, self._memory, self._request.adapter))
        except NotANumber as error:
            raise GeneratorFailed(why="not_a_number") from error
        return bool(self._alive)

    def drafts(self) -> tuple[Draft, ...]:
        """The drafts as they stand; the text of an unfinished one stops before what may become a stop string."""
        return tuple(Draft(row.text, row.tokens, row.logprob / max(row.tokens, 1), row.finish) for row in self._rows)

    def _read_on(self) -> None:
        chunk = self._prompt[:, self._read : self._read + CHUNK]
        self._read += chunk.shape[1]
        logits = self._network.forward(chunk, self._memory, self._request.adapter)
        if self._read == self._prompt.shape[1]:
            drafts = self._request.drafts
            self._memory.spread(drafts)
            self._ids = self._prompt.expand(drafts, -1)
            self._write(logits.expand(drafts, -1))

    def _write(self, logits: Tensor) -> None:
        tokens, logprobs = self._sampler.draw(logits, self._ids, self._alive)
        for row, token, logprob in zip(self._alive, tokens, logprobs, strict=True):
            self._rows[row].push(token, logprob, self._ends, self._request.max_tokens)
        self._last = torch.tensor(tokens, device=self._network.device)[:, None]
        if self._sampler.penalties:
            self._ids = torch.cat([self._ids, self._last], dim=1)
        staying = [place for place, row in enumerate(self._alive) if self._rows[row].finish is None]
        if 0 < len(staying) < len(self._alive):
            self._memory.keep(staying)
            self._ids, self._last = self._ids[staying], self._last[staying]
        self._alive = [self._alive[place] for place in staying]
