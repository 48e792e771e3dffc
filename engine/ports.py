"""What a generator must be able to do, and the records it is asked with. No torch here.

A generator is driven one step at a time by its sole owner, `engine/worker`: `start` admits a request, every `step` adds
at most one token to each of its drafts. `count` and `chat` are called from the event loop and must be quick and
thread-safe.
"""

from dataclasses import dataclass, field
from typing import Protocol

from engine.messages import Finish


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn; names and meanings are those of transformers' GenerationConfig."""

    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0


@dataclass(frozen=True, slots=True)
class TextRequest:
    """One prompt, `drafts` independent continuations of at most `max_tokens` tokens each.

    A draft ends at the model's end-of-text token ("end"), when its text contains one of `stop` (which is cut off,
    "stop"), or at `max_tokens` ("length"). The same request gives the same drafts, whatever else is running.
    """

    prompt: str
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    drafts: int = 1
    stop: tuple[str, ...] = ()
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole text so far of one draft (never half a character), and its mean log-probability in nats a token."""

    text: str
    tokens: int = 0
    logprob: float = 0.0
    finish: Finish | None = None


class Generation(Protocol):
    """A request in the hands of a generator."""

    def step(self) -> bool:
        """Add at most one token to every unfinished draft; False when all are finished."""

    def drafts(self) -> tuple[Draft, ...]:
        """The drafts as they stand."""


class TextGenerator(Protocol):
    """A language model, or something that behaves like one."""

    @property
    def name(self) -> str:
        """The base model's name, as it is written into every turn."""

    @property
    def window(self) -> int:
        """Tokens the model can see, prompt and completion together."""

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
