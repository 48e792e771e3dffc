"""The device's sole owner: one thread that runs every step of every request; the only place where blocking meets async.

Callers put a ticket into a bounded inbox and await its slot. The slot holds the newest state only, so a slow reader
skips what it missed and never holds anybody up. Running requests take turns step by step; who goes away is dropped
before the next step.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from engine.errors import Busy, EngineError, GeneratorFailed, RequestCancelled
from engine.messages import Queued
from engine.ports import Draft, Generation, TextGenerator, TextRequest

log = logging.getLogger(__name__)
Result = TypeVar("Result")
News = Queued | tuple[Draft, ...]


@dataclass(eq=False, slots=True)
class _Ticket:
    """One request between the event loop, which waits for `news`, and the thread, which fills the slot."""

    request: TextRequest
    loop: asyncio.AbstractEventLoop
    news: asyncio.Event = field(default_factory=asyncio.Event)
    slot: News | None = None
    error: EngineError | None = None
    done: bool = False
    dropped: bool = False
    generation: Generation | None = None

    def publish(self, slot: News) -> None:
        """Replace what the reader has not seen yet; called by the thread."""
        if slot != self.slot:
            self.slot = slot
            self._ring()

    def end(self, error: EngineError | None = None) -> None:
        """Nothing more will come."""
        self.error = error
        self.done = True
        self.generation = None
        self._ring()

    def _ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # the reader's loop is closed, so nobody waits
            self.loop.call_soon_threadsafe(self.news.set)


class Worker:
    """Runs `generator` for many; an async context manager, whose end stops every request with RequestCancelled.

    At most `running` requests take turns and at most `inbox` wait behind them.
    """

    def __init__(self, generator: TextGenerator, inbox: int = 64, running: int = 8) -> None:
        self._generator = generator
        self._inbox = inbox
        self._most = running
        self._waiting: deque[_Ticket] = deque()
        self._running: deque[_Ticket] = deque()
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._open = False
        self._thread = threading.Thread(target=self._work, name="ghostnote-device", daemon=True)

    async def __aenter__(self) -> Self:
        self._open = True
        self._thread.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        with self._changed:
            self._open = False
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)

    @property
    def generator(self) -> TextGenerator:
        """Whose `count`, `chat`, `window`, `name` and `voices` anyone may ask."""
        return self._generator

    @property
    def waiting(self) -> int:
        """Requests in the inbox."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Requests that take turns on the device."""
        with self._changed:  # never held during a step
            return self._taking_turns()

    async def stream(self, request: TextRequest) -> AsyncIterator[News]:
        """The request's place in the queue while it waits, then its drafts as they grow; the last ones are finished.

        Newest wins: a slow reader sees fewer states, never old ones. Closing the iterator stops the device's work on
        it within one step. Raises Busy at once if the inbox is full, GeneratorFailed if the model breaks, whatever
        EngineError the generator has against the request, RequestCancelled when the worker closes.
        """
        ticket = _Ticket(request, asyncio.get_running_loop())
        self._admit(ticket)
        seen: News | None = None
        try:
            while True:
                await ticket.news.wait()
                ticket.news.clear()
                done, slot = ticket.done, ticket.slot  # in this order: the thread writes them in the other one
                if slot is not None and slot is not seen:
                    seen = slot
                    yield slot
                if done:
                    if ticket.error is not None:
                        raise ticket.error
                    return
        finally:
            self._drop(ticket)

    async def call(self, job: Callable[[], Result]) -> Result:
        """Run `job` on the device's thread between two steps (to load a voice, say); its result or its exception."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        with self._changed:
            if not self._open:
                raise RequestCancelled
            self._jobs.append(lambda: _answer(job, answer, loop))
            self._changed.notify()
        return await answer

    # ── on the event loop ──────────────────────────────────────────────────────────────────────────────────────────

    def _admit(self, ticket: _Ticket) -> None:
        with self._changed:
            if not self._open:
                raise RequestCancelled
            place = self._taking_turns() + len(self._waiting) + 1 - self._most
            if place > self._inbox:
                raise Busy(waiting=self._inbox)
            self._waiting.append(ticket)
            if place > 0:
                ticket.publish(Queued(place))
            self._changed.notify()

    def _taking_turns(self) -> int:
        return sum(not (ticket.done or ticket.dropped) for ticket in self._running)

    def _drop(self, ticket: _Ticket) -> None:
        with self._changed:
            ticket.dropped = True
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._tell_places()

    # ── on the device's thread ─────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        while self._wait():
            while self._jobs:
                self._jobs.popleft()()
            if self._running:
                self._turn(self._running[-1])
        self._close()

    def _wait(self) -> bool:
        """Let in whom there is room for, sleep while there is nothing to do, and put the next one last in the round.

        False when closing.
        """
        with self._changed:
            while self._open:
                self._rearrange()
                if self._running or self._jobs:
                    self._running.rotate(-1)
                    return True
                self._changed.wait()
            return False

    def _rearrange(self) -> None:
        for ticket in [t for t in self._running if t.dropped or t.done]:
            ticket.generation = None
            self._running.remove(ticket)
        let_in = False
        while self._waiting and len(self._running) < self._most:
            self._running.append(self._waiting.popleft())
            let_in = True
        if let_in:
            self._tell_places()

    def _tell_places(self) -> None:
        for place, ticket in enumerate(self._waiting, 1):
            if ticket.slot is not None or len(self._running) >= self._most:
                ticket.publish(Queued(place))

    def _turn(self, ticket: _Ticket) -> None:
        """One step of one request; whatever goes wrong is its own."""
        try:
            if ticket.generation is None:
                ticket.generation = self._generator.start(ticket.request)
            going_on = ticket.generation.step()
            drafts = ticket.generation.drafts()
        except EngineError as error:
            ticket.end(error)
        except Exception as problem:
            log.exception("the generator failed")
            failure = GeneratorFailed()
            failure.__cause__ = problem.with_traceback(None)  # its frames would keep the device's memory
            ticket.end(failure)
        else:
            if any(draft.tokens for draft in drafts):
                ticket.publish(drafts)
            if not going_on:
                ticket.end()

    def _close(self) -> None:
        with self._changed:
            for ticket in (*self._running, *self._waiting):
                if not ticket.done:
                    ticket.end(RequestCancelled())
            self._running.clear()
            self._waiting.clear()
        while self._jobs:
            self._jobs.popleft()()


def _answer(job: Callable[[], Any], answer: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop) -> None:
    try:
        result = job()
    except Exception as problem:  # noqa: BLE001  # it is the caller's, and is raised there
        _settle(loop, answer, answer.set_exception, problem)
    else:
        _settle(loop, answer, answer.set_result, result)


def _settle(
    loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[Any]", settle: Callable[[Any], None], value: object
) -> None:
    def settle_if_awaited() -> None:
        if not answer.done():
            settle(value)

    with contextlib.suppress(RuntimeError):  # the caller's loop is closed
        loop.call_soon_threadsafe(settle_if_awaited)
