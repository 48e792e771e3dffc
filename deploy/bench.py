"""How fast it is: the numbers behind `ghostnote bench`, as ratios to a peer measured in the same run (T).

Absolute numbers say more about the machine and its other guests than about the code; so ours and the peer's runs take
turns, in one process with the same weights, type, threads, prompt and sampling, and medians are compared.
"""

import asyncio
import operator
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.table import Table
from transformers import AutoModelForCausalLM

from deploy.bench_rounds import WARM_UP, Keep, Results, rounds
from deploy.peers import Clock
from deploy.serve import house
from deploy.settings import Settings
from engine.messages import Done, Person, SessionKey, UserMessage
from engine.ports import Generation, Sampling, TextRequest
from engine.text.echo import EchoGenerator
from engine.text.gpt import Gpt, best_dtype
from engine.worker import Worker

SAMPLING = Sampling(temperature=0.8, top_p=0.95, repetition_penalty=1.1)
PROMPT = (
    "The keeper of the lighthouse had lived alone for eleven winters when the letter came. There was no name on it and "
    "no street, only a drawing of the tower and, under it, in green ink, the words: to whoever is still awake. "
) * 3
TICK = 0.005
SIGNS: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True, slots=True)
class Speed:
    """One run: seconds to the first token, and tokens a second from there on."""

    first: float
    rate: float


@dataclass(frozen=True, slots=True)
class Line:
    """A measured number against what it must be; `wanted` reads ">= 0.9" or "< 50"."""

    what: str
    value: float
    wanted: str = ""

    @property
    def met(self) -> bool | None:
        """None where nothing is required."""
        if not self.wanted:
            return None
        sign, _, limit = self.wanted.partition(" ")
        return SIGNS[sign](self.value, float(limit))


def chat(
    folder: Path,
    name: str,
    device: str = "auto",
    runs: int = 5,
    tokens: int = 64,
    messages: int = 200,
    keep: Keep | None = None,
) -> Results:
    """Measure one chat and four, and what a message costs besides generation; JSON-able. Blocks for a minute or two.

    Starts an event loop of its own, so it must not be called from one. `keep` as in `rounds`.
    """
    return asyncio.run(_chat(folder, name, device, runs, tokens, messages, keep))


async def _chat(
    folder: Path, name: str, device: str, runs: int, tokens: int, messages: int, keep: Keep | None
) -> Results:
    overhead = await overheads(messages)
    idle = await loop_delays(lambda: asyncio.sleep(1))
    model = await asyncio.to_thread(Gpt, folder, name, device=device)
    async with Worker(model) as worker:
        await ours(worker, 0, 8)
        memory = resident()
        busy = await loop_delays(lambda: _four(worker, tokens))
        once = [
            Line("own overhead a message, p50 ms", percentile(overhead, 50) * 1e3),
            Line("own overhead a message, p95 ms", percentile(overhead, 95) * 1e3, "< 15"),
            Line("event-loop delay, idle, p99 ms", percentile(idle, 99) * 1e3),
            Line("event-loop delay, four chats, p99 ms", percentile(busy, 99) * 1e3, "< 50"),
            Line("memory with the model, MB", memory / 1e6, "< 1500"),
        ]
        peer = await asyncio.to_thread(Peer, model, folder)
        taken: dict[str, list[Speed]] = {"ours": [], "generate": []}
        asked = {"runs": runs, "tokens": tokens, "messages": messages, "prompt_tokens": model.count(PROMPT)}

        def so_far(done: int) -> Results:
            counted = {who: some[WARM_UP:] for who, some in taken.items()}
            lines = [*_compared(counted["ours"], counted["generate"]), *once]
            return {
                "bench": "chat",
                "model": name,
                "machine": machine(model),
                "settings": asked,
                "sampling": asdict(SAMPLING),
                "rounds": done,
                "lines": [{**asdict(line), "met": line.met} for line in lines],
                "runs": {who: [asdict(run) for run in some] for who, some in counted.items()},
            }

        for number in rounds(runs, so_far, keep):
            taken["ours"].append(await ours(worker, number, tokens))
            taken["generate"].append(await asyncio.to_thread(peer.write, number, tokens))
    return so_far(runs)


def _compared(mine: Sequence[Speed], theirs: Sequence[Speed]) -> list[Line]:
    first, peer_first = (statistics.median(run.first for run in some) for some in (mine, theirs))
    rate, peer_rate = (statistics.median(run.rate for run in some) for some in (mine, theirs))
    return [
        Line("one chat: tokens/s", rate),
        Line("generate: tokens/s", peer_rate),
        Line("tokens/s, ours / generate", rate / peer_rate, ">= 0.9"),
        Line("one chat: time to first token, ms", first * 1e3),
        Line("generate: time to first token, ms", peer_first * 1e3),
        Line("speed to first token, ours / generate", peer_first / first, ">= 0.9"),
    ]


def table(results: Results) -> Table:
    """The results of a benchmark for a terminal."""
    drawn = Table(title=f"{results['bench']}: {results['model']}, {results['machine']['type']}", title_justify="left")
    for column, justify in (("measured", "left"), ("value", "right"), ("required", "right"), ("", "left")):
        drawn.add_column(column, justify=justify)  # type: ignore[arg-type]
    for line in results["lines"]:
        drawn.add_row(
            line["what"], f"{line['value']:.2f}", line["wanted"], {True: "✓", False: "✗", None: ""}[line["met"]]
        )
    return drawn


def machine(model: Gpt) -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "device": str(model.device),
        "type": str(model.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def percentile(values: list[float], percent: int) -> float:
    """Nearest rank."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def resident() -> int:
    """Bytes of memory this process holds now (its peak where the system does not say)."""
    status = Path("/proc/self/statm")
    if status.is_file():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# ── one chat against transformers.generate ─────────────────────────────────────────────────────────────────────────


async def ours(worker: Worker, seed: int, tokens: int) -> Speed:
    """One reply through the worker, timed where a frontend would see it."""
    begun = time.perf_counter()
    seen: list[tuple[float, int]] = []
    async with aclosing(worker.stream(TextRequest(PROMPT, tokens, SAMPLING, seed))) as stream:  # type: ignore[type-var]
        async for news in stream:
            if isinstance(news, tuple):
                seen.append((time.perf_counter(), news[0].tokens))
    return _speed(begun, seen)


class Peer:
    """Bare transformers.generate with the same weights."""

    def __init__(self, model: Gpt, folder: Path) -> None:
        self.ids = torch.tensor([model.encode(PROMPT)], device=model.device)
        loaded: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=best_dtype(model.device))
        self.model = loaded.to(model.device).eval()

    def write(self, seed: int, tokens: int) -> Speed:
        """One reply; blocks."""
        clock = Clock()
        torch.manual_seed(seed)
        begun = time.perf_counter()
        with torch.inference_mode():
            self.model.generate(
                self.ids, attention_mask=torch.ones_like(self.ids), max_new_tokens=tokens, pad_token_id=0,
                streamer=clock, do_sample=True, temperature=SAMPLING.temperature, top_p=SAMPLING.top_p, top_k=0,
                repetition_penalty=SAMPLING.repetition_penalty,
            )  # fmt: skip
        return _speed(begun, [(at, number) for number, at in enumerate(clock.times[1:], 1)])


def _speed(begun: float, seen: list[tuple[float, int]]) -> Speed:
    (first, had), (last, have) = seen[0], seen[-1]
    return Speed(first - begun, (have - had) / (last - first) if last > first else 0.0)


# ── the event loop ─────────────────────────────────────────────────────────────────────────────────────────────────


async def loop_delays(work: Callable[[], Coroutine[Any, Any, Any]]) -> list[float]:
    """How much later than asked for, in seconds, the event loop comes back every 5 ms while `work` runs."""
    delays: list[float] = []

    async def tick() -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(TICK)
            delays.append(time.perf_counter() - asked - TICK)

    ticking = asyncio.create_task(tick(), name="bench-tick")
    try:
        await work()
    finally:
        ticking.cancel()
    return delays


async def _four(worker: Worker, tokens: int) -> None:
    await asyncio.gather(*(ours(worker, seed, tokens) for seed in range(4)))


# ── what a message costs besides generation ────────────────────────────────────────────────────────────────────────


class Timed(EchoGenerator):
    """The echo generator, adding up the seconds spent in it."""

    spent = 0.0

    def start(self, request: TextRequest) -> Generation:
        """See `TextGenerator`."""
        begun = time.perf_counter()
        generation = super().start(request)
        self.spent += time.perf_counter() - begun
        return generation

    def step(self, turns: Sequence[tuple[Any, int]]) -> None:
        """See `TextGenerator`."""
        begun = time.perf_counter()
        super().step(turns)
        self.spent += time.perf_counter() - begun


async def overheads(messages: int) -> list[float]:
    """Seconds from a message to its stored reply, less those inside the generator, for each of so many messages."""
    generator = Timed()
    person = Person("bench", "1", "Mara")
    taken = []
    with tempfile.TemporaryDirectory() as home:
        async with house(Settings(home=Path(home), text_model="echo"), generator) as built:
            for number in range(messages):
                key = SessionKey("bench", f"chat {number % 10}")
                message = UserMessage(key, person, f"The door opened for the {number}th time that winter.")
                spent, begun = generator.spent, time.perf_counter()
                async with aclosing(built.conversation.reply(message)) as reply:
                    events = [event async for event in reply]
                taken.append(time.perf_counter() - begun - (generator.spent - spent))
                if not isinstance(events[-1], Done):
                    raise TypeError(f"a reply ended with {events[-1]}")
    return taken
