"""What tests use in place of a model: the echo generator (it ships, so it is tested too), and a writer around it.

`EchoWriter` has the shape of `engine.text.writer.Writer` without its prompts, checks and redraws, so that tests of the
conversation can hold it, break it and count what it was asked.
"""

import asyncio
from collections.abc import AsyncGenerator

from engine.errors import UnknownForm
from engine.messages import Queued, Section, Snapshot
from engine.ports import Draft, Sampling, TextRequest
from engine.text.echo import EchoGenerator
from engine.text.task import Begun, Composition, Task, Written

__all__ = ["EchoGenerator", "EchoWriter"]


class EchoWriter:
    """Writes with the echo generator on the event loop, a word a step.

    `gate` holds every task after its first sentence until it is set; `error` is raised there; `tasks` are all it got.
    """

    forms = ("story", "poem", "haiku", "ideas", "scene")

    def __init__(self, delay: float = 0.0) -> None:
        self.generator = EchoGenerator()
        self.delay = delay
        self.tasks: list[Task] = []
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None
        self.closed = 0

    def check_form(self, name: str) -> None:
        """The few that tests ask for."""
        if name not in self.forms:
            raise UnknownForm(form=name, forms=", ".join(self.forms))

    def check_room(self) -> None:
        """There is always room."""

    async def write(self, task: Task) -> AsyncGenerator[Begun | Queued | Snapshot | Written, None]:
        self.tasks.append(task)
        prompt = "\n\n".join(passage.text for passage in task.passages) or task.form
        request = TextRequest(prompt, 200, seed=task.seed, drafts=task.drafts)
        generation = self.generator.start(request)
        yield Begun(_composition(request, Draft("")))
        try:
            while True:
                self.generator.step([(generation, 0)])
                if generation.over:
                    break
                yield Snapshot(generation.drafts()[0].text)
                await asyncio.sleep(self.delay)
                if "." in generation.drafts()[0].text:
                    await self._trouble()
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            raise
        yield Written(tuple(_composition(request, draft) for draft in generation.drafts()))

    async def _trouble(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error


def _composition(request: TextRequest, draft: Draft) -> Composition:
    words = len(request.prompt.split())
    return Composition(
        text=draft.text,
        completion=draft.text,
        prompt=request.prompt,
        model="echo",
        adapter="",
        sampling=Sampling(),
        seed=request.seed,
        finish=draft.finish or "stop",
        tokens=words,
        window=1024,
        reserved=request.max_tokens,
        sections=(Section("story", words, request.prompt),),
    )
