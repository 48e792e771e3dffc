"""How long every command takes in a piece that fills a book (`bench_book`), without what the generator itself takes.

Wall clock of this machine, so a number is worth as much as what else runs beside it: the rounds go through all commands
in turn, medians are judged, the load is said, and beside the clock stands the work, which waits for nobody. Text is the
echo generator's, and the time in which it writes is taken off; music stops where the network would begin.
"""

import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.table import Table

from bot import commands
from bot.replies import ReplyEvent
from bot.web.api import PLACE
from deploy.bench_book import CASES, Case, book
from deploy.serve import house
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.errors import EngineError
from engine.messages import Accepted, Person, SentFile, UserMessage
from engine.ports import Generation, TextRequest
from engine.text.echo import EchoGenerator

LIMIT, CARRY_LIMIT = 0.2, 3.0  # seconds; the second for what goes out or comes in as a whole
_ME = Person(PLACE.platform, "me", "me")


class Took(NamedTuple):
    """Seconds of a command without the generator's: by the clock, and of work done by this process."""

    clock: float
    work: float


class Clocked(EchoGenerator):
    """Adds up for how long it had something to write, and how much work that was."""

    def __init__(self) -> None:
        super().__init__()
        self.spent = self.worked = 0.0
        self._since: dict[int, float] = {}

    def start(self, request: TextRequest) -> Generation:
        """See `TextGenerator`."""
        begun = time.perf_counter()
        generation = super().start(request)
        self._since[id(generation)] = begun
        return generation

    def step(self, turns: Sequence[tuple[Any, int]]) -> None:
        """See `TextGenerator`."""
        begun = time.thread_time()
        super().step(turns)
        self.worked += time.thread_time() - begun
        for generation, _ in turns:
            if generation.over:
                self.spent += time.perf_counter() - self._since.pop(id(generation), time.perf_counter())


async def measure(runs: int, cases: Sequence[Case] = CASES) -> dict[Case, list[Took]]:
    """What each command took in each round, which begins with a fresh copy of the book."""
    with tempfile.TemporaryDirectory() as folder:
        generator = Clocked()
        settings = Settings(home=Path(folder), owners="studio:me")
        async with house(settings, generator) as built:
            found: dict[Case, list[Took]] = {case: [] for case in cases}
            for _ in range(runs):
                await _said(built.conversation, Case("/import", brings=True))
                for case in cases:
                    spent, worked = generator.spent, generator.worked
                    clock, work = time.perf_counter(), time.process_time()
                    await _said(built.conversation, case)
                    clock, work = time.perf_counter() - clock, time.process_time() - work
                    found[case].append(Took(clock - generator.spent + spent, work - generator.worked + worked))
                    for said in case.after:
                        await _said(built.conversation, Case(said))
                await _said(built.conversation, Case("/delete"))
    return found


def table(found: dict[Case, list[Took]]) -> Table:
    """The numbers as people read them, the slowest first; what is over its limit in red."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    shown = Table("command", "median ms", "best ms", "work ms", "limit ms", box=None, pad_edge=False)
    shown.title, shown.caption = f"{len(found)} commands in a long piece", f"load of this machine: {load}"
    rows = [(case, [took.clock for took in tooks], [took.work for took in tooks]) for case, tooks in found.items()]
    for case, clock, work in sorted(rows, key=lambda row: -median(row[1])):
        limit = CARRY_LIMIT if case.carries else LIMIT
        numbers = (f"{1000 * each:.0f}" for each in (median(clock), min(clock), median(work), limit))
        shown.add_row(case.said.split("\n")[0], *numbers, style="red" if median(clock) > limit else "")
    return shown


async def _said(conversation: Conversation, case: Case) -> None:
    message = UserMessage(PLACE, _ME, case.said, alone=True)
    if case.brings:
        message = replace(message, file=SentFile("book.json", book()))
    try:
        await _drained(commands.run(conversation, message), case.composes)
    except EngineError:
        return  # a refusal is an answer, too


async def _drained(events: AsyncIterator[ReplyEvent], composes: bool) -> None:
    async with aclosing(events) as answer:  # type: ignore[type-var]  # every answer is an async generator
        async for event in answer:
            if composes and isinstance(event, Accepted):
                return
