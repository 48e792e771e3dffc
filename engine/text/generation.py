"""Requests in the hands of the language model: prompts read in pieces, then a token a draft a step, all together (T).

A prompt is read once; its memory is then spread over the drafts, which go on as rows of their own. A draft that ends
leaves the step.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import EngineError, GeneratorFailed
from engine.messages import Finish
from engine.ports import Draft, TextRequest
from engine.text.detokenize import Detokenizer
from engine.text.network import Network, Part
from engine.text.sampling import NOT_A_NUMBER, Dice, Leaning, draw

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Row:
    """A draft while it grows."""

    words: Detokenizer
    dice: Dice
    stop: tuple[str, ...]
    guide: Callable[[str], Tensor] | None = None
    tokens: int = 0
    last: int = 0
    logprob: float = 0.0
    lowest: float = 0.0
    finish: Finish | None = None
    text: str = ""

    def push(self, token: int, logprob: float, ends: frozenset[int], limit: int) -> None:
        self.tokens += 1
        self.last = token
        self.logprob += logprob
        self.lowest = min(self.lowest, logprob)
        self.dice.push(token)
        if token in ends:
            self.finish = "end"
        elif piece := self.words.push(token):
            self._look_for_stop(piece)
        if self.finish is None and self.tokens >= limit:
            self.finish = "length"
        if self.finish in ("end", "length"):
            self.text = self.words.text
        elif self.finish is None:
            self.lean()

    def lean(self) -> None:
        """Where a line is to be held: what its next token may be."""
        if self.guide:
            allowed, steady = self.guide(self.words.text), self.dice.steady
            self.dice.leaning = allowed if steady is None else allowed + steady

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
        self,
        network: Network,
        prompt: list[int],
        request: TextRequest,
        words: list[Detokenizer],
        ends: frozenset[int],
        guide: Callable[[str], Tensor] | None = None,
        leaning: Leaning | None = None,
    ) -> None:
        self._request = request
        self._ends = ends
        self._prompt = prompt
        self._memory = network.open(prompt, len(prompt) + request.max_tokens, request.adapter)
        self._rows = [
            _Row(text, Dice(request.sampling, request.seed, number, prompt, leaning), request.stop, guide)
            for number, text in enumerate(words)
        ]
        for row in self._rows:
            row.lean()
        self._alive = list(self._rows)
        self.problem: EngineError | None = None

    @property
    def voice(self) -> str:
        """The adapter it is written with; "" for the base."""
        return self._request.adapter

    @property
    def unread(self) -> int:
        """See `Generation`."""
        return max(0, len(self._prompt) - int(self._memory.filled))

    @property
    def over(self) -> bool:
        """See `Generation`."""
        return not self._alive

    def drafts(self) -> tuple[Draft, ...]:
        """The drafts as they stand; the text of an unfinished one stops before what may become a stop string."""
        return tuple(
            Draft(row.text, row.tokens, row.logprob / max(row.tokens, 1), row.finish, row.lowest) for row in self._rows
        )

    @torch.inference_mode()  # as the tensors were made in
    def close(self) -> None:
        """See `Generation`."""
        self._alive = []
        self._memory.keep([])

    def fail(self, problem: EngineError) -> None:
        """End with this."""
        self.problem = problem
        self.close()

    def part(self, read: int) -> Part:
        """What it does in a step in which it may read so many tokens of its prompt."""
        if not self.unread:
            return Part(self._memory, self.voice, [row.last for row in self._alive], reads=False)
        ids = self._prompt[self._memory.filled : self._memory.filled + read]
        return Part(self._memory, self.voice, ids, reads=True, scored=read >= self.unread)

    @property
    def dice(self) -> list[Dice]:
        """Of the rows that are growing, or will when the prompt is read."""
        return [row.dice for row in self._alive]

    def take(self, part: Part, tokens: Sequence[int], logprobs: Sequence[float]) -> None:
        """What was drawn for its rows in its part of a step, where anything was."""
        if NOT_A_NUMBER in tokens:
            self.fail(GeneratorFailed(why="not_a_number"))
            return
        if not part.scored:
            return
        if part.reads:
            self._memory.spread(len(self._rows))
            self._memory.remember()
        for row, token, logprob in zip(self._alive, tokens, logprobs, strict=True):
            row.push(token, logprob, self._ends, self._request.max_tokens)
        staying = [place for place, row in enumerate(self._alive) if row.finish is None]
        if len(staying) < len(self._alive):
            self._memory.keep(staying)
            self._alive = [self._alive[place] for place in staying]


@torch.inference_mode()
def advance(network: Network, turns: Sequence[tuple[Writing, int]]) -> None:
    """One step of all these together: each reads so many tokens of its prompt, or writes one in every draft.

    Raises what the device raises; then nothing has moved. Who cannot keep what came of it fails alone.
    """
    parts = [writing.part(read) for writing, read in turns]
    scores = network.forward(parts)
    rows: list[int] = []
    shares: list[list[Dice]] = []
    at = 0
    for (writing, _), part in zip(turns, parts, strict=True):
        mine = writing.dice if part.scored else []
        rows += [at] * len(mine) if part.reads else range(at, at + len(mine))  # drafts begin with the same scores
        at += part.scored if part.reads else len(mine)
        shares.append(mine)
    dice = [one for mine in shares for one in mine]
    tokens, logprobs = draw(scores if rows == list(range(at)) else scores[rows], dice) if dice else ([], [])
    for part in parts:  # before any row is given up, whose place another takes
        part.memory.count(len(part.ids) if part.reads else 1)
    begin = 0
    for (writing, _), part, mine in zip(turns, parts, shares, strict=True):
        end = begin + len(mine)
        try:
            writing.take(part, tokens[begin:end], logprobs[begin:end])
        except Exception as problem:
            log.exception("there is no room for what was written")
            writing.fail(GeneratorFailed.of(problem))
        begin = end
