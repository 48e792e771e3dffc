"""From a look to a finished picture beside a running conversation: the async face of drawing. No torch here.

A palette takes a tenth of a second, a cover one or two; both in a thread of its own. What is stored is the sketch; its
picture is painted when somebody wants to see it, and the last ones are remembered.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engine.art.palette import named
from engine.art.picture import png
from engine.art.sketch import Sketch, sketched
from engine.art.wishes import Look
from engine.errors import Busy
from engine.messages import Queued

WAITING = 16
REMEMBERED = 24  # pictures
NAME = "looks"
Describe = Callable[[Look, tuple[str, ...], tuple[str, ...], str], str]
"""A look, its hex colours, what these are called, and a language, as the words of a passage."""


@dataclass(frozen=True, slots=True)
class LookTask:
    """A look to be drawn. The same task gives the same sketches."""

    look: Look
    seed: int
    drafts: int = 1
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One finished sketch: what to say of it, and which of the sketches of which task it is."""

    text: str
    sketch: Sketch
    task: LookTask
    pick: int
    model: str = NAME
    remarks: tuple[tuple[str, dict[str, str | int]], ...] = ()


@dataclass(frozen=True, slots=True)
class Sketched:
    """The end of a task: as many sketches as were asked for."""

    made: tuple[Drawn, ...]


class Painter:
    """Draws looks and paints what was drawn. `describe` says a look in a person's language."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._thread = ThreadPoolExecutor(1, "ghostnote-looks")
        self._jobs = 0
        self._files: OrderedDict[Sketch, bytes] = OrderedDict()

    async def close(self) -> None:
        """Wait until nothing is drawn any more."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)

    def check_room(self) -> None:
        """Raise Busy if a task would be refused now."""
        if self._jobs > WAITING:
            raise Busy(waiting=WAITING)

    async def write(self, task: LookTask) -> AsyncGenerator[Queued | Sketched, None]:
        """The sketches, when all are drawn."""
        if self._jobs:
            yield Queued(self._jobs)
        loop = asyncio.get_running_loop()
        made = list[Drawn]()
        self._jobs += 1
        try:
            for pick in range(task.drafts):
                sketch = await loop.run_in_executor(self._thread, sketched, task.look, task.seed + pick)
                text = self._describe(task.look, sketch.colours, named(sketch.colours), task.language)
                made.append(Drawn(text, sketch, task, pick, remarks=() if task.look.heard else (("look_unclear", {}),)))
        finally:
            self._jobs -= 1
        yield Sketched(tuple(made))

    async def file(self, sketch: Sketch) -> bytes:
        """The picture of a sketch as PNG."""
        if sketch not in self._files:
            self._files[sketch] = await asyncio.get_running_loop().run_in_executor(self._thread, png, sketch)
            while len(self._files) > REMEMBERED:
                self._files.popitem(last=False)
        self._files.move_to_end(sketch)
        return self._files[sketch]
