"""32 people on one device, coming, going, leaving in the middle, in voices that are swapped all the time, and music.

Everybody asks for something of which it is known what is written alone: so each piece of news is a canary. A few
seconds in the suite; `SOAK=1800` makes it the half hour for which stalls and memory are asserted as well. What was
measured is printed (`pytest -s`).
"""

import asyncio
import os
import random
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean

import pytest

from bot import wording
from deploy.bench import loop_delays, percentile, resident
from engine.messages import Queued
from engine.music.composer import Composer
from engine.music.musician import Composed, Musician, MusicTask
from engine.music.orders import Order
from engine.ports import Draft, Sampling, TextRequest
from engine.text.gpt import Gpt
from engine.worker import Worker
from tests.engine.text.tiny import GPT2, write
from tests.engine.voices import voice

SECONDS = float(os.environ.get("SOAK", "5"))
LONG = SECONDS >= 120
PEOPLE = 32
VOICES = "abcdef"  # twice as many as are kept in memory
STALL = 2.0  # seconds
LATE = 0.050
GROWTH = 1.05  # of the memory held in the second quarter
RULES = (Sampling(temperature=0), Sampling(temperature=1.0), Sampling(temperature=0.9, repetition_penalty=1.2))
NAMES = "Mara Tom Ann Boris Chloe Dima Elsa Finn Greta Hugo Ida Jan Kira Leo Mina Nils".split()  # noqa: SIM905


@dataclass
class Soak:
    """What is asked for, what must come, and what was seen."""

    worker: Worker
    known: dict[TextRequest, tuple[Draft, ...]]
    end: float
    finished: int = 0
    left: int = 0
    pieces: int = 0
    gaps: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    async def person(self, number: int) -> None:
        dice = random.Random(number)
        while time.monotonic() < self.end:
            await asyncio.sleep(dice.uniform(0, 0.3))
            request = dice.choice(list(self.known))
            await self.chat(replace(request, owner=f"person {number}"), self.known[request], dice)

    async def chat(self, request: TextRequest, known: tuple[Draft, ...], dice: random.Random) -> None:
        """Read to the end, or leave after some news; whatever comes must be one's own."""
        patience = dice.choice([1000, 1000, dice.randint(1, 20)])
        drafts, last = tuple[Draft, ...](), time.monotonic()
        async with aclosing(self.worker.stream(request)) as stream:  # type: ignore[type-var]
            async for news in stream:
                self.gaps.append(time.monotonic() - last)
                last = time.monotonic()
                if isinstance(news, Queued):
                    continue
                drafts = news
                assert all(mine.text.startswith(draft.text) for draft, mine in zip(drafts, known, strict=True))
                patience -= 1
                if not patience:
                    self.left += 1
                    return
        assert drafts == known
        self.finished += 1

    async def music(self) -> None:
        """One piece after the other; two of the same words and seed are the same."""
        musician, midi = Musician(self.worker, Composer.load, wording.describe), dict[int, bytes]()
        try:
            while time.monotonic() < self.end:
                task = MusicTask(Order("compose", words="4 bars waltz in D minor"), seed=self.pieces % 3)
                async with aclosing(musician.write(task)) as music:
                    async for news in music:
                        if isinstance(news, Composed):
                            assert midi.setdefault(task.seed, news.made[0].midi) == news.made[0].midi
                            self.pieces += 1
        finally:
            await musician.close()

    async def watch(self) -> None:
        while time.monotonic() < self.end:
            self.memory.append(resident())
            await asyncio.sleep(min(1.0, SECONDS / 20))

    async def everybody(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(PEOPLE):
                tasks.create_task(self.person(number))
            tasks.create_task(self.music())
            tasks.create_task(self.watch())


def requests() -> list[TextRequest]:
    dice = random.Random(4)
    return [
        TextRequest(
            f"{name} went into the wood. " * dice.randint(1, 20), dice.randint(5, 60), dice.choice(RULES), number,
            dice.choice([1, 1, 3]), (), dice.choice(["", *VOICES]),
        )
        for number, name in enumerate(NAMES)
    ]  # fmt: skip


async def test_a_crowd_on_one_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shelf = {name: voice(GPT2, tmp_path / name, seed) for seed, name in enumerate(VOICES)}
    gpt = Gpt(GPT2, device="cpu", dtype="auto", shelf=shelf.__getitem__, most_voices=len(VOICES) // 2)
    known = {request: write(gpt, request) for request in requests()}
    async with Worker(gpt) as worker:
        soak = Soak(worker, known, time.monotonic() + SECONDS)
        late = await loop_delays(soak.everybody)
        async with asyncio.timeout(20):
            while worker.running or worker.waiting:  # noqa: ASYNC110  # it has no event for it
                await asyncio.sleep(0.01)
        await worker.call(lambda: None)  # a step later the device has let go of who left
    assert not any(slab.rows for slab in gpt._network.pool._slabs.values())  # type: ignore[attr-defined]
    assert soak.finished > 0
    assert soak.pieces > 0
    quarter = max(1, len(soak.memory) // 4)
    before, after = mean(soak.memory[quarter : 2 * quarter]), mean(soak.memory[-quarter:])
    with capsys.disabled():
        sys.stdout.write(
            f"\n{soak.finished} texts, {soak.left} left, {soak.pieces} pieces in {SECONDS:.0f} s; nothing for at most "
            f"{max(soak.gaps):.2f} s, p99 {percentile(soak.gaps, 99):.2f}; loop late p99 "
            f"{percentile(late, 99) * 1e3:.1f} ms; memory {before / 1e6:.1f} -> {after / 1e6:.1f} MB; "
            f"load {os.getloadavg()[0]:.1f}\n"
        )
    if LONG:
        assert max(soak.gaps) < STALL
        assert percentile(late, 99) < LATE
        assert after < before * GROWTH
