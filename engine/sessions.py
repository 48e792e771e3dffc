"""One turn at a time in each piece, in the order people asked, and none of it shared between pieces.

A session is a lock and a word about who holds it. It exists only while somebody is in it: the dictionary is weak, so
nothing has to be cleaned up and no global lock is needed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from weakref import WeakValueDictionary

from engine.errors import Busy

WAITING = 32


class Stoppable(Protocol):
    """Something long that is going on in a session."""

    def cancel(self) -> bool:
        """Stop it because a person asked; False if it is too late."""


class Session:
    """The turn order of one piece. `running` is the reply being written in it, if there is one."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.running: Stoppable | None = None


class Sessions:
    """The sessions of the pieces somebody is working on now; belongs to one event loop."""

    def __init__(self, limit: int = WAITING) -> None:
        self._limit = limit
        self._sessions: WeakValueDictionary[str, Session] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, piece: str) -> AsyncIterator[Session]:
        """Have the piece to oneself, after everyone who asked before; raises Busy at once if too many wait already."""
        session = self._sessions.get(piece)
        if session is None:
            session = self._sessions[piece] = Session()
        if session.waiting >= self._limit:
            raise Busy(waiting=session.waiting)
        session.waiting += 1
        try:
            await session.lock.acquire()
        finally:
            session.waiting -= 1
        try:
            yield session
        finally:
            session.lock.release()

    def cancel(self, piece: str) -> bool:
        """Stop the reply that is being written in this piece; False if there is none."""
        session = self._sessions.get(piece)
        return session is not None and session.running is not None and session.running.cancel()

    def __len__(self) -> int:
        return len(self._sessions)
