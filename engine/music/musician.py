"""From an order to finished music beside a running conversation: the async face of the composer. No torch here.

Composing takes seconds, so it runs in a thread of its own, one piece at a time; only the network's own work is done by
the device's owner, a call at a time, so that text and music take turns and neither waits for the other's end. Sound
and pictures are made from what is stored, when somebody wants them, and the last ones are remembered.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from adapters.registry import Registry
from engine.errors import Busy, RequestCancelled
from engine.messages import Person, Queued, SessionKey, Snapshot
from engine.music import perform
from engine.music.composer import Composer
from engine.music.limits import Effort, Filler, Ids, Limits
from engine.music.orders import Order
from engine.music.score import Score
from engine.music.taste import Taste
from engine.music.wishes import Remark, Wish, read_wish
from engine.tasting import Tasting

T = TypeVar("T")
WAITING = 16
REMEMBERED = 24  # rendered files
NAME = "music"


class Device(Protocol):
    """What the musician needs of `engine.worker.Worker`."""

    async def call(self, job: Callable[[], T]) -> T:
        """Run a job on the device's thread between two steps."""


@dataclass(frozen=True, slots=True)
class MusicTask:
    """An order with the music it is done to. The same task gives the same music; `drafts` 0 leaves it to the words.

    `source` comes with its MIDI file; `other` is what a morph leads to. `taste` chooses among candidates; `taste_of`
    is its reference.
    """

    order: Order
    seed: int
    source: perform.Piece | None = None
    other: Score | None = None
    drafts: int = 1
    language: str = "en"
    taste: Taste | None = None
    taste_of: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """One finished piece: what to say of it, its score and MIDI file, and which of the pieces of which task it is."""

    text: str
    score: Score
    midi: bytes
    task: MusicTask
    pick: int
    model: str = NAME
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    """The end of a task: as many pieces as were asked for, best first."""

    made: tuple[Made, ...]


class Musician:
    """Composes, changes and renders music. `load` brings the composer when it is first needed (and may take seconds);
    `describe` says a wish back in a person's language, `tastes` knows whose taste counts where."""

    def __init__(
        self,
        device: Device,
        load: Callable[[], Composer],
        describe: Callable[[Wish, str], str],
        tastes: Tasting | None = None,
    ) -> None:
        self._device = device
        self._tastes = tastes
        self._load = load
        self._describe = describe
        self._composer: Composer | None = None
        self._threads = ThreadPoolExecutor(1, "ghostnote-music")
        self._benches = ThreadPoolExecutor(1, "ghostnote-render")
        self._jobs: dict[asyncio.Future[Any], threading.Event] = {}
        self._files: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    async def close(self) -> None:
        """Stop what is being composed and wait until it has stopped; while the device is still there to be asked."""
        for stop in self._jobs.values():
            stop.set()
        if self._jobs:
            await asyncio.wait(tuple(self._jobs))
        await asyncio.to_thread(self._benches.shutdown, wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def check_room(self) -> None:
        """Raise Busy if a task would be refused now."""
        if len(self._jobs) > WAITING:
            raise Busy(waiting=WAITING)

    def check(self, task: MusicTask) -> MusicTask:
        """The task with its number of drafts settled; raises a Refused for what cannot be done."""
        asked = perform.check(task.order, _score(task), task.other)
        return replace(task, drafts=task.drafts or asked)

    async def write(self, task: MusicTask) -> AsyncGenerator[Queued | Snapshot | Composed, None]:
        """What was understood, then the music; closing the generator stops the work within one call of the network."""
        if self._jobs:
            yield Queued(len(self._jobs))
        elif task.order.verb == "compose":
            wish = read_wish(task.order.words, task.source[0].wish if task.source else None)
            yield Snapshot(self._describe(replace(wish, variants=task.drafts), task.language))
        elif task.order.verb == "song":
            wish = perform.sung_wish(task.order, task.source[0].wish if task.source else None)
            yield Snapshot(self._describe(replace(wish, bars=perform.bars_of(task.order, wish)), task.language))
        loop = asyncio.get_running_loop()
        stop = threading.Event()
        job = loop.run_in_executor(self._threads, self._perform, task, loop, stop)
        self._jobs[job] = stop
        job.add_done_callback(self._ended)
        try:
            pieces = await asyncio.shield(job)
        finally:
            stop.set()
        yield Composed(tuple(self._made(task, pick, *piece) for pick, piece in enumerate(pieces)))

    def liking(self, task: MusicTask, key: SessionKey, person: Person) -> MusicTask:
        """The task with the taste that counts for this person here."""
        if self._tastes is None:
            return task
        reference, taste = self._tastes.taste(key, person)
        return replace(task, taste=taste, taste_of=reference)

    @property
    def registry(self) -> Registry | None:
        """Every taste there is, and where each counts; None where nothing is learnt."""
        return self._tastes.registry if self._tastes else None

    def saw(self, person: str) -> tuple[str, ...]:
        """The tastes that learnt from the person with this id."""
        return self._tastes.saw(person) if self._tastes else ()

    def hear(self, data: bytes) -> perform.Piece:
        """The music of a file; raises a Refused that says what is wrong with it. Blocks for up to a second."""
        return perform.heard(data)

    def about(self, wish: Wish, language: str) -> str:
        """A wish in words."""
        return self._describe(wish, language)

    async def file(self, turn: str, score: Score, midi: bytes, kind: str) -> bytes:
        """A passage's "ogg" (Opus) or "png" (piano roll)."""
        if (turn, kind) not in self._files:
            loop = asyncio.get_running_loop()
            self._files[turn, kind] = await loop.run_in_executor(self._benches, perform.RENDER[kind], score, midi)
            while len(self._files) > REMEMBERED:
                self._files.popitem(last=False)
        self._files.move_to_end((turn, kind))
        return self._files[turn, kind]

    # ── on the music thread ────────────────────────────────────────────────────────────────────────────────────────

    def _perform(self, task: MusicTask, loop: asyncio.AbstractEventLoop, stop: threading.Event) -> list[perform.Piece]:
        def ask(job: Callable[[], T]) -> T:
            if stop.is_set():
                raise RequestCancelled
            return asyncio.run_coroutine_threadsafe(self._device.call(job), loop).result()

        if self._composer is None:
            self._composer = ask(self._load)
        desk = self._composer.desk
        composer = Composer(replace(desk, filler=_Shared(desk.filler, ask), taste=task.taste))
        return perform.perform(composer, task.order, task.source, task.other, task.seed, task.drafts)

    def _made(self, task: MusicTask, pick: int, score: Score, midi: bytes) -> Made:
        return Made(self.about(score.wish, task.language), score, midi, task, pick, remarks=score.wish.remarks)

    def _ended(self, job: "asyncio.Future[Any]") -> None:
        del self._jobs[job]
        if not job.cancelled():
            job.exception()  # whoever waited has it; nobody else needs to be told


def _score(task: MusicTask) -> Score | None:
    return task.source[0] if task.source else None


class _Shared:
    """The network as the music thread sees it: every call is done by the device's owner."""

    def __init__(self, filler: Filler, ask: Callable[[Callable[[], Any]], Any]) -> None:
        self._filler, self._ask = filler, ask

    def fill(self, ids: Ids, labels: Ids, chords: Ids, limits: Limits, effort: Effort, seed: int) -> Any:
        """See `engine.music.limits.Filler`."""
        return self._ask(lambda: self._filler.fill(ids, labels, chords, limits, effort, seed))
