"""What Prometheus is told, in a registry of this application's own so that two studios in one process never collide."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BEAT = 0.05
_DELAYS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counters of the studio, and gauges read when somebody asks."""

    def __init__(self, waiting: Callable[[], int], running: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "ghostnote_http_requests", "Answers by route", ["method", "route", "status"], registry=registry
        )
        self.turns = Counter("ghostnote_turns", "Passages written, by how they ended", ["finish"], registry=registry)
        self.votes = Counter("ghostnote_votes", "Votes cast (1, -1) and taken back (0)", ["value"], registry=registry)
        self.tokens = Counter("ghostnote_tokens", "Tokens written, as the model counts them", registry=registry)
        self.streams = Gauge("ghostnote_streams", "Replies being streamed", registry=registry)
        self.loop = Histogram(
            "ghostnote_event_loop_delay_seconds", "How late the event loop is", buckets=_DELAYS, registry=registry
        )
        Gauge("ghostnote_queue_waiting", "Requests in line", registry=registry).set_function(waiting)
        Gauge("ghostnote_queue_running", "Requests being written", registry=registry).set_function(running)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Measure the event loop's delay meanwhile."""
        task = asyncio.create_task(self._watch(), name="event-loop delay")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            due = time.perf_counter() + BEAT
            await asyncio.sleep(BEAT)
            self.loop.observe(max(0.0, time.perf_counter() - due))


class Counting:
    """ASGI middleware: counts every answer under its route's pattern, never under the address itself."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and look at the status as it passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception:
            self._count(scope, 500)
            raise

    def _count(self, scope: Scope, status: int) -> None:
        route = getattr(scope.get("route"), "path", "")
        self._metrics.requests.labels(_known(scope["method"]), route, str(status)).inc()


def _known(method: str) -> str:
    return method if method in ("GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS") else "other"
