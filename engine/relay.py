"""Carries a reply's events from the task that makes them to whoever reads them, at the reader's own pace.

A slow reader skips: a newer snapshot replaces one that was not read yet, so the maker never waits and nothing piles up.
"""

import asyncio
from collections import deque

from engine.messages import Event, Queued, Snapshot

_PASSING = (Snapshot, Queued)


class Relay:
    """One reader, one maker, one event loop."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._closed = False

    def put(self, event: Event) -> None:
        """Hand an event over; only the newest of several snapshots is kept."""
        if self._events and isinstance(event, _PASSING) and isinstance(self._events[-1], _PASSING):
            self._events.pop()
        self._events.append(event)
        self._news.set()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._news.set()

    async def get(self) -> Event | None:
        """The next event, or None at the end."""
        while not self._events and not self._closed:
            self._news.clear()
            await self._news.wait()
        return self._events.popleft() if self._events else None
