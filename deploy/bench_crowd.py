"""`ghostnote bench crowd`: many chats at once against the field, in interleaved runs with the same prompts (T).

Ours is asked through the worker, as frontends ask it; every peer has a process of its own (`deploy/bench_field`), and
only one computes at a time. Who is measured first moves on from round to round. Ratios are made within a round, where
the prompts are the same, and their median counts: absolute numbers say more about the machine than about the code.
"""

import asyncio
import math
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import takewhile
from pathlib import Path

import torch
from safetensors import safe_open

from deploy.bench import Line, machine, percentile, resident
from deploy.bench_chats import GREEDY, PROMPTS, SAMPLED, Endless, Ours, Prompts, make_voices, prepared
from deploy.bench_field import Field, field_of
from deploy.bench_rounds import WARM_UP, Keep, Results, rounds
from deploy.peers import PEERS, Job
from engine.batching import write_all
from engine.errors import EngineError
from engine.ports import TextRequest
from engine.text.gpt import ROOM, Gpt
from engine.worker import Worker

VOICES = 8
DRAFTS = 4
ALONE = 4  # chats of which each is measured alone
WITHIN = 2.0  # seconds in which chats arrive at random
STORY = 700  # tokens
NEWS = " He put down the lamp and listened, for somebody was coming up the stairs, slowly, as if they counted them."
FEW = 4  # tokens, in the round that warms up
READ = 2**28  # float32 numbers that are read to see how fast memory is: more than any cache holds

Report = Callable[[int, int], None]
Part = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    runs: int = 5
    tokens: int = 64
    chats: int = 16
    curve: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    peers: tuple[str, ...] = tuple(PEERS)


@dataclass
class Round:
    """Measures the parts of a round, again and again, and keeps what came of each."""

    plan: Plan
    ours: Ours
    others: Field
    voices: Sequence[str]
    device: torch.device
    seen: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def parts(self) -> list[Part]:
        """What takes turns."""
        return [self.together, self.arriving, self.alone, self.in_voices, self.in_drafts, self.a_story, self.growing]

    def job(self, lengths: Sequence[int], within: float = 0.0) -> Job:
        """New prompts of these lengths."""
        return self.ours.prompts.job(lengths, self.plan.tokens, within)

    def lengths(self) -> list[int]:
        """Of as many prompts as there are chats."""
        return self.ours.prompts.lengths(self.plan.chats)

    def note(self, what: str, value: float) -> None:
        """One measured number."""
        self.seen[what].append(value)

    async def peer(self, name: str, job: Job) -> float:
        """Seconds that a peer needs, which are noted as its rate too; not a number if it is not there."""
        result = await self.others.run(name, job)
        if result is None:
            return float("nan")
        self.note(f"{name}, {len(job['prompts'])}", len(job["prompts"]) * job["tokens"] / result["seconds"])
        if result["first"]:
            self.note(f"{name}, first", percentile(result["first"], 95))
        return result["seconds"]

    async def together(self) -> None:
        """All chats at once, against who does them one after the other or in a batch."""
        job = self.job(self.lengths())
        mine = await self.ours.run(job)
        self.note("together", mine.rate)
        self.note("together, first", percentile([chat.first for chat in mine.chats], 95))
        self.note("together, step", mine.step)
        for name in ("sequential", "static", "ctranslate2"):
            self.note(f"together / {name}", await self.peer(name, job) / mine.seconds)
        if self.seen["sequential, first"]:
            self.note("first / sequential", self.seen["together, first"][-1] / self.seen["sequential, first"][-1])
        sampled = await self.ours.run(self.job([len(prompt) for prompt in job["prompts"]]), sampling=SAMPLED)
        self.note("together, sampled", sampled.rate)

    async def arriving(self) -> None:
        """All chats within two seconds, against continuous batching."""
        job = self.job(self.lengths(), WITHIN)
        mine = await self.ours.run(job)
        self.note("arriving", mine.rate)
        self.note("arriving / continuous", await self.peer("continuous", job) / mine.seconds)

    async def alone(self) -> None:
        """One chat at a time."""
        mine, theirs, steps = 0.0, 0.0, list[float]()
        for size in self.ours.prompts.lengths(ALONE):
            job = self.job([size])
            run = await self.ours.run(job)
            mine, steps = mine + run.seconds, [*steps, run.step]
            theirs += await self.peer("ctranslate2", job)
        self.note("alone", ALONE * self.plan.tokens / mine)
        self.note("alone, step", statistics.median(steps))
        self.note("alone / ctranslate2", theirs / mine)

    async def in_voices(self) -> None:
        """All chats in one voice, and in several."""
        lengths = self.lengths()
        one = await self.ours.run(self.job(lengths), self.voices[:1])
        many = await self.ours.run(self.job(lengths), self.voices)
        self.note("one voice", one.rate)
        self.note("many voices", many.rate)
        self.note("many / one voice", one.seconds / many.seconds)

    async def in_drafts(self) -> None:
        """One draft of a reply, and several."""
        one = many = 0.0
        for size in self.ours.prompts.lengths(ALONE):
            one += (await self.ours.run(self.job([size]), sampling=SAMPLED)).seconds
            many += (await self.ours.run(self.job([size]), drafts=DRAFTS, sampling=SAMPLED)).seconds
        self.note("one draft", one / ALONE)
        self.note("many drafts / one", many / one)

    async def a_story(self) -> None:
        """The first turn of a long story, and the second."""
        first = self.job([STORY])
        begun = await self.ours.run(first)
        words = self.ours.prompts.words(first["prompts"][0]) + self.ours.prompts.text(self.plan.tokens) + NEWS
        second = first | {"prompts": [self.ours.prompts.ids(words)]}
        went_on = await self.ours.run(second)
        self.note("first turn", begun.chats[0].first)
        self.note("second / first turn", went_on.chats[0].first / begun.chats[0].first)

    async def growing(self) -> None:
        """1, 2, 4 … chats; and how fast memory is."""
        for count in self.plan.curve:
            run = await self.ours.run(self.job(self.ours.prompts.lengths(count)))
            self.note(f"{count} chats", run.rate)
            self.note(f"{count} chats, memory", run.memory)
        self.note("bandwidth", await asyncio.to_thread(bandwidth, self.device))


def crowd(folder: Path, name: str, device: str, plan: Plan, report: Report, keep: Keep | None = None) -> Results:
    """Measure many chats at once; JSON-able. Blocks for several minutes a round, in an event loop of its own.

    `keep` as in `rounds`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        model = Endless(folder, name, device=device, shelf=Path(scratch).joinpath)
        voices = make_voices(folder, Path(scratch), VOICES)
        with field_of(plan.peers, folder, model.device.type) as others:
            return asyncio.run(_crowd(model, folder, voices, others, plan, report, keep))


async def same(folder: Path, device: str, others: Field, tokens: int) -> Sequence[Line]:
    """How much of what a few chats get together, greedily and in float32, is what `generate` writes for each alone."""
    model = Endless(folder, device=device, dtype="float32")
    prompts = Prompts(model, folder, seed=2)
    job = prompts.job(prompts.lengths(ALONE), tokens)
    result = await others.run("sequential", job)
    if result is None:
        return ()
    asked = [TextRequest(prompts.words(ids), tokens, GREEDY) for ids in job["prompts"]]
    ours = ["" if isinstance(answer, EngineError) else answer[0].text for answer in write_all(model, asked)]
    theirs = [prompts.words(ids).rstrip("\ufffd") for ids in result["written"]]  # we never show half a character
    alike = sum(sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(*pair, strict=False)))
                for pair in zip(ours, theirs, strict=True))  # fmt: skip
    return (
        Line(
            f"greedy text of {ALONE} chats in float32, the share that is generate's",
            alike / sum(map(len, theirs)),
            ">= 1",
        ),
    )


async def _crowd(
    model: Gpt, folder: Path, voices: Sequence[str], others: Field, plan: Plan, report: Report, keep: Keep | None
) -> Results:
    loads, alike = [os.getloadavg()[0]], await same(folder, str(model.device), others, plan.tokens)
    async with Worker(model, inbox=max(plan.curve)) as worker:
        await prepared(worker, voices)
        before = resident()
        turn = Round(plan, Ours(worker, Prompts(model, folder)), others, voices, model.device)

        def so_far(done: int) -> Results:
            lines = [*alike, *_lines(turn.seen, plan), *_limits(turn.seen, model, folder, plan), *_curve(turn, before)]
            return {
                "bench": "crowd",
                "model": model.name,
                "machine": machine(model) | {"loads": loads, "memory": before},
                "settings": asdict(plan) | {"prompt_tokens": PROMPTS, "sampling": asdict(GREEDY)},
                "left_out": others.missing,
                "rounds": done,
                "lines": [{**asdict(line), "met": line.met} for line in lines],
                "runs": {what: values for what, values in turn.seen.items() if values},
            }

        for number in rounds(plan.runs, so_far, keep):
            turn.plan = plan if number >= WARM_UP else replace(plan, tokens=FEW, curve=(1,))
            if number == WARM_UP:
                turn.seen.clear()
                turn.ours.delays.clear()
            for place in range(len(turn.parts)):
                await turn.parts[(place + number) % len(turn.parts)]()
                report(number * len(turn.parts) + place + 1, (WARM_UP + plan.runs) * len(turn.parts))
            loads.append(os.getloadavg()[0])
    return so_far(plan.runs)


WANTED = (  # what was measured, in which words, in which unit, what is required
    ("together", "{chats} chats: tokens/s", 1.0, ""),
    ("together, sampled", "{chats} chats, sampled with a repetition penalty: tokens/s", 1.0, ""),
    ("sequential, {chats}", "generate float32, one after the other: tokens/s", 1.0, ""),
    ("together / sequential", "{chats} chats, to generate float32 one after the other", 1.0, ">= 8"),
    ("arriving", "{chats} chats within 2 s: tokens/s", 1.0, ""),
    ("continuous, {chats}", "generate_batch, the same arrivals: tokens/s", 1.0, ""),
    ("arriving / continuous", "{chats} chats within 2 s, to generate_batch", 1.0, ">= 4"),
    ("static, {chats}", "generate bfloat16, one batch: tokens/s", 1.0, ""),
    ("together / static", "{chats} chats, to generate bfloat16 in one batch", 1.0, ">= 1.5"),
    ("ctranslate2, {chats}", "CTranslate2 int8, one batch: tokens/s", 1.0, ""),
    ("together / ctranslate2", "{chats} chats, to CTranslate2 int8 in one batch", 1.0, ">= 1.3"),
    ("alone", "1 chat: tokens/s", 1.0, ""),
    ("ctranslate2, 1", "CTranslate2 int8, 1 chat: tokens/s", 1.0, ""),
    ("alone / ctranslate2", "1 chat, to CTranslate2 int8", 1.0, ">= 0.7"),
    ("one voice", "{chats} chats in one voice: tokens/s", 1.0, ""),
    ("many voices", "{chats} chats in 8 voices: tokens/s", 1.0, ""),
    ("many / one voice", "{chats} chats in 8 voices, to one", 1.0, ">= 0.85"),
    ("many drafts / one", "4 drafts of a reply, time to 1 draft", 1.0, "<= 1.6"),
    ("first turn", "first turn of a 700-token story: ms to the first token", 1e3, ""),
    ("second / first turn", "its second turn: time to the first token, to the first turn", 1.0, "<= 0.35"),
    ("together, first", "{chats} chats, p95 time to the first token: ms", 1e3, ""),
    ("first / sequential", "{chats} chats, p95 time to the first token, to one after the other", 1.0, "<= 0.15"),
)


def _lines(seen: dict[str, list[float]], plan: Plan) -> Iterable[Line]:
    for what, words, unit, wanted in WANTED:
        values = [value for value in seen.get(what.format(chats=plan.chats), []) if not math.isnan(value)]
        if values:
            yield Line(words.format(chats=plan.chats), unit * statistics.median(values), wanted)


def _curve(turn: Round, before: int) -> Iterable[Line]:
    """The event loop's delays, then speed and memory over the number of chats; `before` was held without any."""
    yield Line("event-loop delay in all of it, p99 ms", percentile(turn.ours.delays, 99) * 1e3, "< 50")
    for count in turn.plan.curve:
        yield Line(f"{count} chats: tokens/s", statistics.median(turn.seen[f"{count} chats"]))
    for count in turn.plan.curve:
        held = statistics.median(turn.seen[f"{count} chats, memory"])
        yield Line(f"{count} chats: memory beside the model, MB", (held - before) / 1e6)


def _limits(seen: dict[str, list[float]], model: Gpt, folder: Path, plan: Plan) -> Iterable[Line]:
    """How near a step comes to the time in which memory can be read once: all weights, and what each chat remembers."""
    fast = statistics.median(seen["bandwidth"])
    remembered = (sum(PROMPTS) + plan.tokens) / 2 * ROOM / model.capacity
    yield Line("memory reads, GB/s", fast / 1e9)
    for count, what in ((1, "alone, step"), (plan.chats, "together, step")):
        step = statistics.median(seen[what])
        least = (weights(folder) * model.dtype.itemsize + count * remembered) / fast
        yield Line(f"a step of {count}: ms", step * 1e3)
        yield Line(f"a step of {count}: share of the limit", least / step)


def weights(folder: Path) -> int:
    """How many numbers the model in `folder` has."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            total += sum(torch.Size(file.get_slice(key).get_shape()).numel() for key in file.keys())  # noqa: SIM118
    return total


def bandwidth(device: torch.device) -> float:
    """Bytes a second at which the memory of this device is read, the best of three."""
    numbers = torch.ones(READ, device=device)
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        numbers.sum().item()
        best = min(best, time.perf_counter() - begun)
    return numbers.nbytes / best
