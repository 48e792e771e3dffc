"""What a generator must be able to do, and the records it is asked with. No torch here.

A generator is driven one step at a time by its sole owner, `engine/worker`: `start` admits a request, and a `step`
moves many of them together. `count` and `chat` are called from the event loop and must be quick and thread-safe.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.errors import EngineError
from engine.messages import Finish

READ_TOGETHER = 64
"""Tokens of a prompt that go through the device together, always cut at the same places."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn; names and meanings are those of transformers' GenerationConfig.

    `mood`, one that `engine.text.mood.aim` reads, makes words that have it likelier, by at most `pull` nats, until they
    have been said.
    """

    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    mood: str = ""
    pull: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of verse: `least` to `most` syllables.

    `rhymes`: words that its last word shall rhyme with; where there are none, one that at least `partners` others
    rhyme with. `avoid`: words that it shall not end with.
    """

    least: int
    most: int
    rhymes: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    partners: int = 0


@dataclass(frozen=True, slots=True)
class TextRequest:
    """One prompt, `drafts` independent continuations of at most `max_tokens` tokens each.

    A draft ends at the model's end-of-text token ("end"), when its text contains one of `stop` (which is cut off,
    "stop"), or at `max_tokens` ("length"). The same request gives the same drafts, whatever else is running.

    `owner` is for whom it is written; those with little running go first. `within`: after so many seconds nobody wants
    it any more; 0 for as long as it takes. Neither changes the drafts. `line`: they are drafts of such a line; a
    generator that cannot see to it writes as always, so whoever asks looks at what came.
    """

    prompt: str
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    drafts: int = 1
    stop: tuple[str, ...] = ()
    adapter: str = ""
    owner: str = ""
    within: float = 0.0
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole text so far of one draft (never half a character), and its mean log-probability in nats a token.

    `lowest` is the log-probability of its least likely token, of one that a rule forced upon the model, say.
    """

    text: str
    tokens: int = 0
    logprob: float = 0.0
    finish: Finish | None = None
    lowest: float = 0.0


class Generation(Protocol):
    """A request in the hands of a generator."""

    @property
    def unread(self) -> int:
        """Tokens of the prompt that are still to be read."""

    @property
    def over(self) -> bool:
        """Whether no draft grows any more."""

    @property
    def problem(self) -> EngineError | None:
        """Why it ended before its drafts were finished, if it did."""

    def drafts(self) -> tuple[Draft, ...]:
        """The drafts as they stand."""

    def close(self) -> None:
        """Nobody wants more of it: give back what it holds on the device."""


class TextGenerator(Protocol):
    """A language model, or something that behaves like one."""

    @property
    def name(self) -> str:
        """The base model's name, as it is written into every turn."""

    @property
    def window(self) -> int:
        """Tokens the model can see, prompt and completion together."""

    @property
    def capacity(self) -> int:
        """Tokens, of prompts and drafts, that it can hold at once; more are not let in together."""

    @property
    def voices(self) -> frozenset[str]:
        """The LoRA adapters in memory now; a request may name any that `prepare` can have."""

    def count(self, text: str) -> int:
        """Tokens of a prompt, special tokens of its own included."""

    def chat(self, system: str, user: str, assistant: str) -> str | None:
        """The prompt in the model's chat template, ending inside the assistant's words; None for a plain model."""

    def prepare(self, adapter: str) -> None:
        """Have this adapter in memory; called where `start` is. Raises BadValue, which says why, if it cannot be."""

    def start(self, request: TextRequest) -> Generation:
        """Admit a request; raises `engine.errors.EngineError` if it cannot be served."""

    def step(self, turns: Sequence[tuple[Any, int]]) -> None:
        """Let each of these generations read so many tokens of its prompt, or add one to every draft if it is read.

        A number smaller than `unread` is a multiple of `READ_TOGETHER`. Never raises: who fails says so in `problem`.
        """
