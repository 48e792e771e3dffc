"""One turn at a time in each piece, in the order people asked, and none of it shared between pieces.

A session is a line of people and a word about who holds the piece. It exists only while somebody is in it: the
dictionaries are weak, so nothing has to be cleaned up and no global lock is needed. Finding out which piece somebody
means takes a moment, so each place has a line at its door, too; without it a quick second message could overtake.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

from engine.errors import Busy

T = TypeVar("T")
WAITING = 32


class Stoppable(Protocol):
    """Something long that is going on in a session."""

    def cancel(self) -> bool:
        """Stop it because a person asked; False if it is too late."""


class Line:
    """People in the order they came; the first has their turn."""

    def __init__(self) -> None:
        self._places: deque[asyncio.Future[None]] = deque()
        self.departures = 0  # turns that ended, in whichever piece behind this door

    def __len__(self) -> int:
        return len(self._places)

    def join(self) -> asyncio.Future[None]:
        """Take the last place; it is done when the turn has come."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._places.append(place)
        self._call_first()
        return place

    def leave(self, place: asyncio.Future[None]) -> None:
        """Give up a place, whether its turn has come or not."""
        self._places.remove(place)
        self._call_first()

    def _call_first(self) -> None:
        if self._places and not self._places[0].done():
            self._places[0].set_result(None)


class Session(Line):
    """The line of one piece. `running` is the reply being written in it, if there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.running: Stoppable | None = None


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """Somebody's turn in a piece. `waited`: others may have been in it since `found` was found."""

    session: Session
    piece: str
    found: T
    waited: bool


class Sessions:
    """The sessions of the pieces somebody is working on now; belongs to one event loop."""

    def __init__(self, limit: int = WAITING) -> None:
        self._limit = limit
        self._doors: WeakValueDictionary[Hashable, Line] = WeakValueDictionary()
        self._sessions: WeakValueDictionary[str, Session] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, door: Hashable, find: Callable[[], Awaitable[tuple[str, T]]]) -> AsyncIterator[Turn[T]]:
        """Have a piece to oneself, after everyone who came through this door before.

        `find` says which piece, and whatever else it found on the way. Raises Busy at once if too many wait already.
        """
        line = self._doors.setdefault(door, Line())
        entered = line.join()
        try:
            await entered
            before = line.departures
            piece, found = await find()
            session = self._sessions.setdefault(piece, Session())
            if len(session) > self._limit:
                raise Busy(waiting=len(session) - 1)
            place = session.join()
        finally:
            line.leave(entered)
        waits = not place.done() or line.departures > before
        try:
            await place
            yield Turn(session, piece, found, waits)
        finally:
            line.departures += 1
            session.leave(place)

    def cancel(self, piece: str) -> bool:
        """Stop the reply that is being written in this piece; False if there is none."""
        session = self._sessions.get(piece)
        return session is not None and session.running is not None and session.running.cancel()

    def writing(self, piece: str) -> bool:
        """Whether a reply is being written in this piece, in this process."""
        session = self._sessions.get(piece)
        return session is not None and session.running is not None

    def __len__(self) -> int:
        return len(self._sessions)
