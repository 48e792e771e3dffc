"""What happens in the studio's pieces without anybody having asked, told to every open page.

There is one reader of news for all pages, so that each page gets all of it. Without a page there is no reader: what
happens meanwhile waits in the outbox for the next one. A page that shows a piece is also told who sits around it, each
time that has changed, by whichever process.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from bot.telling import notice_of
from bot.web.sse import encode
from bot.web.table import table
from engine.conversation import Conversation
from engine.messages import News, SessionKey

LOOK = 1.0  # seconds between two looks at the piece a page shows
QUIET = 10  # looks after which a comment keeps proxies from hanging up
Json = dict[str, Any]


class Page:
    """One open page, which reads its events in its own language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.events: deque[bytes] = deque(maxlen=500)  # a page that does not read loses the oldest
        self.wake = asyncio.Event()
        self.open = True

    def put(self, name: str, data: Json) -> None:
        """An event for this page."""
        self.events.append(encode(name, data))
        self.wake.set()

    async def wait(self) -> None:
        """Until there is something, or it is time to look at the piece again."""
        try:
            async with asyncio.timeout(LOOK):
                await self.wake.wait()
        except TimeoutError:
            pass
        self.wake.clear()

    def shut(self) -> None:
        """No more events."""
        self.open = False
        self.wake.set()


class Newsstand:
    """Tells every page what happens on `platform`."""

    def __init__(self, conversation: Conversation, platform: str) -> None:
        self._conversation = conversation
        self._platform = platform
        self._pages: set[Page] = set()
        self._reader: asyncio.Task[None] | None = None

    async def read(self, language: str, key: SessionKey | None = None) -> AsyncIterator[bytes]:
        """The events for one page, which may show the piece of `key`, until it goes away or the stand closes."""
        page = Page(language)
        self._pages.add(page)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._run(), name="studio news")
        try:
            yield b": listening\n\n"
            seen, quiet = None, 0
            while page.open:
                found = await table(self._conversation, key) if key else None
                if found and found != seen:
                    page.put("table", found)
                    seen = found
                quiet = 0 if page.events else quiet + 1
                while page.events:
                    yield page.events.popleft()
                if quiet >= QUIET:
                    quiet = 0
                    yield b": still here\n\n"
                await page.wait()
        finally:
            self._pages.discard(page)
            if not self._pages and self._reader:
                self._reader.cancel()

    async def close(self) -> None:
        """End every page's stream."""
        for page in tuple(self._pages):
            page.shut()
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _run(self) -> None:
        async with aclosing(self._conversation.news(self._platform)) as news:
            async for each in news:
                for page in tuple(self._pages):
                    page.put("news", await self._shown(each, page.language))
                await self._conversation.told(each)

    async def _shown(self, news: News, language: str) -> Json:
        notice = await notice_of(news, self._conversation, language)
        choices = [{"label": label, "turn": turn} for label, turn in notice.choices]
        return {
            "session": news.key.piece,
            "name": news.name,
            "text": notice.text,
            "turn": news.turn or None,
            "choices": choices,
        }
