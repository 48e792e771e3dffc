"""A reply as server-sent events.

The reply is carried by a task of its own, the response reads from it: a reader as slow as can be holds up no piece,
since drafts wait in a slot where the newest wins. A reader who goes away ends the task, which closes the reply.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.replies import Attachment, Notice, ReplyEvent
from engine.errors import EngineError, GeneratorFailed
from engine.messages import MessageRef, Turn

QUIET = 10.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
Json = dict[str, Any]


class EventStream:
    """An outlet (see bot/streaming) that is read as the bytes of an event stream."""

    def __init__(self, address: Callable[[Attachment, Turn | None], Json], quiet: float = QUIET) -> None:
        self._address = address
        self._quiet = quiet
        self._events: deque[tuple[str, Json]] = deque()
        self._draft: str | None = None
        self._shown = ""
        self._wake = asyncio.Event()
        self._ended = False
        self.turn: Turn | None = None
        self.notices: list[Notice] = []
        self.error: Json | None = None

    async def draft(self, text: str) -> None:
        """Show the newest text; whoever reads slowly never sees the ones between."""
        self._draft = text
        self._wake.set()

    async def notice(self, notice: Notice) -> tuple[MessageRef, ...]:
        """A sentence beside the piece."""
        self.notices.append(notice)
        choices = [{"label": label, "turn": turn} for label, turn in notice.choices]
        self._push("notice", {"text": notice.text, "name": notice.name} | ({"choices": choices} if choices else {}))
        return ()

    async def attach(self, attachment: Attachment) -> tuple[MessageRef, ...]:
        """Say where the file can be fetched; files come after the passage they belong to."""
        self._push("attachment", self._address(attachment, self.turn))
        return ()

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Keep the turn for the last event: remarks may still come, and nothing comes after `final`."""
        self.turn = turn
        return ()

    async def relay(self, turn: Turn, text: str, before: tuple[MessageRef, ...]) -> tuple[MessageRef, ...]:
        """The page has the piece with it, and names beside its passages."""
        return await self.finish(turn)

    async def settle(self, messages: tuple[MessageRef, ...]) -> None:
        """A page shows how the vote stands as it is now."""

    async def withdraw(self, messages: tuple[str, ...]) -> None:
        """A page shows the piece as it is now."""

    async def fail(self, sentence: str, error: EngineError) -> None:
        """Keep the error for the last event."""
        self.error = {"code": error.code, "message": sentence}

    def end(self, name: str, data: Json) -> None:
        """Say the last word."""
        self._push(name, data)
        self._ended = True

    async def read(self) -> AsyncIterator[bytes]:
        """Every event, until the last. The newest draft is said again where there is nothing new for long.

        That keeps proxies and impatient clients from hanging up, and asks nothing of a client that knows the drafts.
        """
        while not (self._ended and not self._events):
            try:
                async with asyncio.timeout(self._quiet):
                    await self._wake.wait()
            except TimeoutError:
                yield encode("draft", {"text": self._shown})
                continue
            self._wake.clear()
            self._flush()
            while self._events:
                yield encode(*self._events.popleft())

    def _push(self, name: str, data: Json) -> None:
        self._flush()
        self._events.append((name, data))
        self._wake.set()

    def _flush(self) -> None:
        if self._draft is not None:
            self._events.append(("draft", {"text": self._draft}))
            self._shown, self._draft = self._draft, None


def encode(name: str, data: Json) -> bytes:
    """One event on the wire; JSON leaves no line break in the data."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


async def announced(events: AsyncIterator[ReplyEvent], begun: asyncio.Future[None]) -> AsyncIterator[ReplyEvent]:
    """The same events; `begun` is resolved by the first one, or gets the error that came instead of it."""
    async with aclosing(events) as rest:  # type: ignore[type-var]  # every reply is an async generator
        try:
            first = await anext(rest, None)
        except Exception as error:
            if not begun.done():
                begun.set_exception(error if isinstance(error, EngineError) else GeneratorFailed())
            raise
        if not begun.done():
            begun.set_result(None)
        if first is not None:
            yield first
            async for event in rest:
                yield event


class StreamedReply(StreamingResponse):
    """The response. However it ends, early or late, its carrier has put everything away when it is over."""

    def __init__(self, stream: EventStream, carrier: asyncio.Task[None]) -> None:
        super().__init__(stream.read(), media_type="text/event-stream", headers=HEADERS)
        self._carrier = carrier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what the stream says until it ends or nobody listens."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await stop(self._carrier)


async def stop(carrier: asyncio.Task[None]) -> None:
    """End a task and wait for it."""
    carrier.cancel()
    await asyncio.wait([carrier])
