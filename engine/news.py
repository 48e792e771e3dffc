"""What happened in pieces and is to be said in their chats, platform by platform.

It comes from the database, so neither a restart nor a platform that is away loses any of it. What was posted in this
process is there at once; for what another one posted, it is looked every few seconds.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta

from engine.messages import MessageRef, News, SessionKey
from storage.outbox import Outbox
from storage.records import NewsRow, Place

log = logging.getLogger(__name__)

LOOK = 2.0  # seconds between two looks
PATIENCE, BREATH = 20.0, 0.05  # seconds for which an answer lets older news go first, and between two looks at those
LEASE = timedelta(seconds=30)  # after which what came with a reply is said by itself, should that have come to nothing
CLAIM = timedelta(seconds=4)  # after which what a dead process was saying is said by another; a living one renews it

Clock = Callable[[], datetime]


class Newsroom:
    """Hands out what is to be said. `before` is done before each look: what is due by the clock may make news."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self.before: Callable[[], Awaitable[None]] | None = None
        self._outbox = outbox
        self.clock = clock
        self._wake = asyncio.Event()
        self._held: set[int] = set()  # in this process's hands

    def stir(self) -> None:
        """Look at once: something was posted, or the clock was put forward."""
        self._wake.set()
        self._wake = asyncio.Event()

    async def of(self, platform: str) -> AsyncGenerator[News, None]:
        """News of a platform's chats as it comes, without an end; close it (`aclosing`) to give back what is unsaid."""
        mine: set[int] = set()
        try:
            while True:
                wake = self._wake
                rows = await self._look(platform)
                fresh = [row for row in rows if row.number not in self._held]  # others are being said, only slowly
                self._held |= {row.number for row in fresh}
                mine |= {row.number for row in fresh}
                for row in fresh:
                    yield news_of(row)
                if not rows:
                    await _until(wake)
        finally:
            await self._give_back(mine & self._held)

    async def _look(self, platform: str) -> tuple[NewsRow, ...]:
        """What is due now; nothing where the database does not answer, which ends no frontend."""
        try:
            if self.before:
                await self.before()
        except Exception:
            log.exception("what is due by the clock could not be done")
        try:
            moment = self.clock()
            await self._outbox.hold(self._held, moment + CLAIM)
            return await self._outbox.claim(platform, moment, moment + CLAIM)
        except Exception:
            log.exception("it could not be looked what is to be said on %s", platform)
            return ()

    async def told(self, news: News, refs: tuple[MessageRef, ...] = ()) -> None:
        """It was said, in these messages."""
        messages = [(ref.platform, ref.chat, ref.message) for ref in refs]
        await self._outbox.told(news.number, self.clock(), messages)
        self._held.discard(news.number)
        self.stir()  # the next one in its chat may be said

    async def messages(self, place: Place, piece: str, name: str) -> tuple[MessageRef, ...]:
        """The messages in which the last news of that name about a piece was said in a place."""
        return tuple(MessageRef(*each) for each in await self._outbox.said(place, piece, name))

    async def caught_up(self, place: Place, before: datetime | None = None) -> None:
        """Wait until a chat has heard what was done in the other chats of its piece, though not for long."""
        last = await self._outbox.waiting(place, before)
        try:
            async with asyncio.timeout(PATIENCE):
                while last is not None:
                    self.stir()
                    await asyncio.sleep(BREATH)
                    last = await self._outbox.waiting(place, before, last)
        except TimeoutError:
            log.info("%s:%s: an answer does not wait any longer for news", place.platform, place.chat)

    async def _give_back(self, numbers: set[int]) -> None:
        self._held -= numbers
        await self._outbox.hold(numbers, self.clock())


async def _until(wake: asyncio.Event) -> None:
    """Wait for the next look."""
    try:
        async with asyncio.timeout(LOOK):
            await wake.wait()
    except TimeoutError:
        pass


def news_of(row: NewsRow) -> News:
    """A row as the frontends get it."""
    place = row.place
    key = SessionKey(place.platform, place.chat, place.thread, row.piece)
    return News(row.number, key, row.name, row.fields, row.language, row.turn or "")
