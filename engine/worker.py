"""The device's sole owner: one thread that runs every step; the only place where blocking meets async.

Callers put a ticket into a bounded inbox and await its slot. The slot holds the newest state only, so a slow reader
skips what it missed and never holds anybody up. All running requests move together, step by step, as `batching` plans
it; who goes away is dropped before the next step. Jobs (loading a voice, a call of the music network) are done one
between two steps, so that neither side waits long for the other.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from engine.batching import Ask, Limits, Prompt, admit, plan, tokens
from engine.errors import Busy, EngineError, GeneratorFailed, RequestCancelled, TooLate
from engine.messages import Queued
from engine.ports import Draft, Generation, TextGenerator, TextRequest

PACE = 0.05
"""Seconds between two looks of a reader at a draft that grows: more often nobody can read, and each costs the step."""

log = logging.getLogger(__name__)
Result = TypeVar("Result")
News = Queued | tuple[Draft, ...]


@dataclass(eq=False, slots=True)
class _Ticket:
    """One request between the event loop, which waits for `news`, and the thread, which fills the slot."""

    request: TextRequest
    loop: asyncio.AbstractEventLoop
    since: float = field(default_factory=time.monotonic)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    slot: News | None = None
    error: EngineError | None = None
    done: bool = False
    dropped: bool = False
    generation: Generation | None = None
    tokens: int | None = None
    told: float = 0.0

    def publish(self, slot: News) -> None:
        """Replace what the reader has not seen yet; called by the thread."""
        if slot != self.slot:
            self.slot = slot
            _ring([self])

    def end(self, error: EngineError | None = None) -> None:
        """Nothing more will come."""
        self.close(error)
        _ring([self])

    def close(self, error: EngineError | None = None) -> None:
        """The same, of which the reader is told later."""
        self.error = error
        self.done = True
        self.release()

    def release(self) -> None:
        """Give back what it holds on the device."""
        if self.generation is not None:
            self.generation.close()
            self.generation = None

    def late(self, now: float) -> bool:
        """Whether nobody wants it any more."""
        return 0 < self.request.within < now - self.since


class Worker:
    """Runs `generator` for many; an async context manager, whose end stops every request with RequestCancelled.

    As many run at once as `limits` and the generator's capacity let, and at most `inbox` wait behind them.
    """

    def __init__(self, generator: TextGenerator, inbox: int = 64, limits: Limits | None = None) -> None:
        self._generator = generator
        self._inbox = inbox
        self._limits = limits or Limits()
        self._waiting: deque[_Ticket] = deque()
        self._running: list[_Ticket] = []
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
        """Requests on the device."""
        with self._changed:  # never held during a step
            return self._on_device()

    async def stream(self, request: TextRequest) -> AsyncIterator[News]:
        """The request's place in the queue while it waits, then its drafts as they grow; the last ones are finished.

        Newest wins: a slow reader sees fewer states, never old ones. Closing the iterator stops the device's work on
        it within one step. Raises Busy at once if the inbox is full, GeneratorFailed if the model breaks, TooLate,
        whatever EngineError the generator has against the request, RequestCancelled when the worker closes.
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

    def check_room(self) -> None:
        """Raise Busy if a request would be refused now, so that whoever asks first stores nothing in vain."""
        with self._changed:
            self._place()

    def _admit(self, ticket: _Ticket) -> None:
        with self._changed:
            if not self._open:
                raise RequestCancelled
            place = self._place()
            self._waiting.append(ticket)
            if place > 0:
                ticket.publish(Queued(place))
            self._changed.notify()

    def _place(self) -> int:
        """The place in the queue that the next request would get; below 1 it need not wait. Raises Busy."""
        place = self._on_device() + len(self._waiting) + 1 - self._limits.requests
        if place > self._inbox:
            raise Busy(waiting=self._inbox)
        return place

    def _on_device(self) -> int:
        return sum(not (ticket.done or ticket.dropped) for ticket in self._running)

    def _drop(self, ticket: _Ticket) -> None:
        with self._changed:
            ticket.dropped = True
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._tell_places()

    # ── on the device's thread ─────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        while self._open:
            try:
                self._serve()
            except BaseException as problem:  # whatever kills it: those who wait have nobody else
                log.exception("the device's thread broke and goes on with those who wait")
                self._abandon(problem)
        self._close()

    def _serve(self) -> None:
        while self._wait():
            if self._jobs:
                self._jobs.popleft()()
            if self._running:
                self._step()

    def _abandon(self, problem: BaseException) -> None:
        """End all that run; what they held is not trusted any more."""
        with self._changed:
            for ticket in self._running:
                with contextlib.suppress(Exception):
                    ticket.release()
                ticket.generation = None
                if not ticket.done:
                    ticket.close(GeneratorFailed.of(problem))
            _ring(self._running)
            self._running.clear()

    def _wait(self) -> bool:
        """Let in whom there is room for, and sleep while there is nothing to do; False when closing."""
        with self._changed:
            while self._open:
                self._rearrange()
                if self._running or self._jobs:
                    return True
                self._changed.wait(self._soonest())
            return False

    def _soonest(self) -> float | None:
        """Seconds until somebody who waits would be too late."""
        ends = [ticket.since + ticket.request.within for ticket in self._waiting if ticket.request.within > 0]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _rearrange(self) -> None:
        now = time.monotonic()
        for ticket in [t for t in (*self._running, *self._waiting) if t.late(now) and not t.done]:
            ticket.end(TooLate(seconds=round(ticket.request.within)))
        for ticket in [t for t in self._running if t.dropped or t.done]:
            ticket.release()
            self._running.remove(ticket)
        for ticket in [t for t in self._waiting if t.tokens is None]:
            self._measure(ticket)
        before = len(self._waiting)
        self._waiting = deque(t for t in self._waiting if not (t.dropped or t.done))
        let_in = self._admitted(now) if self._waiting else []
        for ticket in let_in:
            self._waiting.remove(ticket)
            self._running.append(ticket)
        if len(self._waiting) < before or any(ticket.slot is None for ticket in self._waiting):
            self._tell_places()

    def _admitted(self, now: float) -> list[_Ticket]:
        asks, running = ([self._ask(ticket) for ticket in some] for some in (self._waiting, self._running))
        found = admit(asks, running, self._limits, self._generator.capacity, now)
        return found or ([] if self._running else [self._waiting[0]])  # too large for any room: it will be told so

    def _ask(self, ticket: _Ticket) -> Ask[_Ticket]:
        request = ticket.request
        return Ask(ticket, request.owner, ticket.since, request.drafts, ticket.tokens or 0)

    def _measure(self, ticket: _Ticket) -> None:
        try:
            ticket.tokens = tokens(self._generator, ticket.request)
        except Exception as problem:
            log.exception("the generator failed")
            ticket.end(GeneratorFailed.of(problem))

    def _tell_places(self) -> None:
        for place, ticket in enumerate(self._waiting, 1):
            ticket.publish(Queued(place))

    def _step(self) -> None:
        """One step of all; whatever goes wrong with one is its own."""
        for ticket in self._running:
            if ticket.generation is None:
                self._start(ticket)
        going = [ticket for ticket in self._running if ticket.generation is not None]
        turns = plan((Prompt(t, t.since, t.generation.unread) for t in going if t.generation), self._limits)
        try:
            self._generator.step([(ticket.generation, read) for ticket, read in turns])
        except Exception as problem:  # it promised not to; but nobody else would serve those who wait
            log.exception("the generator failed")
            for ticket, _ in turns:
                ticket.end(GeneratorFailed.of(problem))
            return
        _ring([ticket for ticket, _ in turns if self._shown(ticket)])

    def _start(self, ticket: _Ticket) -> None:
        try:
            ticket.generation = self._generator.start(ticket.request)
        except EngineError as error:
            ticket.end(error)
        except Exception as problem:
            log.exception("the generator failed")
            ticket.end(GeneratorFailed.of(problem))

    def _shown(self, ticket: _Ticket) -> bool:
        """Put what was written into the slot; whether the reader is to be told now."""
        generation, before = ticket.generation, ticket.slot
        if generation is None:
            return False
        if generation.problem is not None:
            ticket.close(generation.problem)
            return True
        drafts = generation.drafts()
        if any(draft.tokens for draft in drafts):
            ticket.slot = drafts
        if generation.over:
            ticket.close()
        now = time.monotonic()
        if not ticket.done and (ticket.slot == before or now - ticket.told < PACE):
            return False
        ticket.told = now
        return True

    def _close(self) -> None:
        with self._changed:
            for ticket in (*self._running, *self._waiting):
                if not ticket.done:
                    ticket.end(RequestCancelled())
            self._running.clear()
            self._waiting.clear()
        while self._jobs:
            self._jobs.popleft()()


def _ring(tickets: Sequence[_Ticket]) -> None:
    """Wake their readers, those of one loop with one call: sixteen calls a step would take half a millisecond."""
    waiting = defaultdict[asyncio.AbstractEventLoop, list[asyncio.Event]](list)
    for ticket in tickets:
        waiting[ticket.loop].append(ticket.news)
    for loop, events in waiting.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(_set, events)


def _set(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        event.set()


def _answer(job: Callable[[], Any], answer: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop) -> None:
    try:
        result = job()
    except Exception as problem:  # noqa: BLE001  # it is the caller's, and is raised there
        _settle(loop, answer, answer.set_exception, problem)
    except BaseException as problem:  # the end of this thread is nothing a caller could raise
        _settle(loop, answer, answer.set_exception, GeneratorFailed.of(problem))
        raise
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
