"""Many chats at once, as the benchmarks of the serving path ask for them: prompts, voices, and what is timed (T).

Prompts are stretches of books that never begin at the same place, so that nothing of one is known from another.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters import lora
from adapters.judge import NEUTRAL
from deploy.bench import loop_delays, resident
from deploy.peers import Job
from engine.ports import Sampling, TextRequest
from engine.text.gpt import Gpt
from engine.worker import Worker

GREEDY = Sampling(temperature=0.0)
SAMPLED = Sampling(temperature=0.8, top_p=0.95, repetition_penalty=1.1)
PROMPTS = (64, 512)  # tokens
RANK = 4
LOUDNESS = 0.01


class Endless(Gpt):
    """A model for which no text ends before it is as long as was asked for."""

    def __init__(self, *folders: Any, **wishes: Any) -> None:
        super().__init__(*folders, **wishes)
        self._ends = frozenset()


@dataclass(frozen=True, slots=True)
class Chat:
    """What one chat saw: seconds from its arrival, and tokens written by then, at each piece of news."""

    at: float
    seen: tuple[tuple[float, int], ...]

    @property
    def first(self) -> float:
        """Seconds to the first token."""
        return self.seen[0][0]


@dataclass(frozen=True, slots=True)
class Run:
    """What several chats saw, in how many seconds in all, and how many bytes the process held at most."""

    seconds: float
    chats: tuple[Chat, ...]
    memory: int

    @property
    def rate(self) -> float:
        """Tokens a second, all together."""
        return sum(chat.seen[-1][1] for chat in self.chats) / self.seconds

    @property
    def step(self) -> float:
        """Seconds a token of each chat took once all were writing; for chats that came together."""
        begun = max(chat.first for chat in self.chats)
        late = [[(when, count) for when, count in chat.seen if when >= begun] for chat in self.chats]
        spans = [(some[-1][0] - some[0][0], some[-1][1] - some[0][1]) for some in late if len(some) > 1]
        return sum(span for span, _ in spans) / max(sum(count for _, count in spans), 1)


class Prompts:
    """Jobs to be done: stretches of books."""

    def __init__(self, model: Gpt, folder: Path, seed: int = 1) -> None:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._decode: Callable[[Sequence[int]], str] = tokenizer.decode
        self.ids = model.encode
        self._ids = self.ids(NEUTRAL.read_text(encoding="utf-8"))
        self._dice = random.Random(seed)
        self._begins: list[int] = []

    def lengths(self, count: int) -> list[int]:
        """How long so many prompts are to be."""
        return [self._dice.randint(*PROMPTS) for _ in range(count)]

    def job(self, lengths: Sequence[int], tokens: int, within: float = 0.0) -> Job:
        """New prompts, of these lengths give or take a token, arriving at once or at random within so many seconds."""
        at = sorted(self._dice.uniform(0, within) for _ in lengths) if within else [0.0] * len(lengths)
        return {"prompts": [self.ids(self.text(size)) for size in lengths], "tokens": tokens, "at": at}

    def text(self, size: int) -> str:
        """A stretch of so many tokens, from a place where none began for a long time."""
        if not self._begins:
            self._begins = self._dice.sample(range(len(self._ids)), len(self._ids))
        begin = self._begins.pop()
        return self._decode((self._ids[begin:] + self._ids * (1 + size // len(self._ids)))[:size])

    def words(self, prompt: Sequence[int]) -> str:
        """A prompt as a frontend would send it."""
        return self._decode(prompt)


@dataclass
class Ours:
    """The model behind its worker, asked as frontends ask it; `delays` are those of the event loop meanwhile."""

    worker: Worker
    prompts: Prompts
    delays: list[float] = field(default_factory=list)
    asked: int = 0

    async def run(self, job: Job, voices: Sequence[str] = ("",), drafts: int = 1, sampling: Sampling = GREEDY) -> Run:
        """All chats of a job, each from its arrival on, in one of the voices by turns."""
        requests = []
        for number, prompt in enumerate(job["prompts"]):
            self.asked += 1
            words, voice = self.prompts.words(prompt), voices[number % len(voices)]
            requests.append(TextRequest(words, job["tokens"], sampling, self.asked, drafts, (), voice, str(self.asked)))
        found: list[Run] = []

        async def all_of_them() -> None:
            begun = time.perf_counter()
            chats = await asyncio.gather(*(self._chat(one, at) for one, at in zip(requests, job["at"], strict=True)))
            memory = max(held for _, held in chats)
            found.append(Run(time.perf_counter() - begun, tuple(chat for chat, _ in chats), memory))

        self.delays += await loop_delays(all_of_them)
        return found[0]

    async def _chat(self, request: TextRequest, at: float) -> tuple[Chat, int]:
        await asyncio.sleep(at)
        begun, seen, memory = time.perf_counter(), list[tuple[float, int]](), 0
        async with aclosing(self.worker.stream(request)) as stream:  # type: ignore[type-var]
            async for news in stream:
                if isinstance(news, tuple):
                    seen.append((time.perf_counter() - begun, sum(draft.tokens for draft in news)))
                    memory = max(memory, resident())
        return Chat(at, tuple(seen)), memory


def make_voices(folder: Path, into: Path, count: int) -> list[str]:
    """Names of so many voices for the base in `folder`, written there; they say little and cost what any other does."""
    kinds: Any = AutoModelForCausalLM
    model = kinds.from_pretrained(folder, dtype=torch.float32)
    layers = lora.insert(model, RANK, float(RANK)).values()
    names = [f"voice{number}@1" for number in range(count)]
    for number, name in enumerate(names):
        torch.manual_seed(number)
        for layer in layers:
            nn.init.normal_(layer.lora_a, std=LOUDNESS)
            nn.init.normal_(layer.lora_b, std=LOUDNESS)
        lora.save(model, into / name, "bench")
    return names


async def prepared(worker: Worker, voices: Sequence[str]) -> None:
    """Have these voices in memory, as whoever speaks in them has."""
    for voice in voices:
        await worker.call(partial(worker.generator.prepare, voice))
