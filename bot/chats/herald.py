"""Says in the chats of a platform what answers no message: reminders, results, passages from elsewhere.

One chat that is slow or closed holds up no other; within a chat, news is said in the order in which it happened.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from bot.chats.outlet import ChatOutlet
from bot.chats.replies import Replies
from bot.telling import tell
from engine.messages import News, SessionKey

log = logging.getLogger(__name__)

GRACE = 2.0  # seconds that what is being said has to end when the process stops

Opens = Callable[[SessionKey, str], Awaitable[ChatOutlet]]
"""Opens an outlet in the chat of a key, for somebody who reads this language."""


class Herald:
    """Tells the news of one platform."""

    def __init__(self, replies: Replies, platform: str, opens: Opens) -> None:
        self._replies, self._conversation = replies, replies.conversation
        self._platform = platform
        self._opens = opens
        self._latest: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Tell news until cancelled."""
        async with aclosing(self._conversation.news(self._platform)) as news:
            try:
                async for each in news:
                    self._begin(each)
            finally:
                await self._end()

    def _begin(self, news: News) -> None:
        chat = news.key.chat, news.key.thread
        task = asyncio.create_task(self._tell(news, self._latest.get(chat)), name=f"news {news.number}")
        self._latest[chat] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: self._latest.pop(chat) if self._latest.get(chat) is done else None)

    async def _tell(self, news: News, previous: asyncio.Task[None] | None) -> None:
        if previous:
            await asyncio.wait([previous])
        try:
            outlet = await self._opens(news.key, news.language)
            outlet.name(f"n{news.number}", news=True)
            try:
                with self._replies.saying(news.key):
                    await tell(news, outlet, self._conversation, news.language)
            finally:
                await outlet.close()
        except Exception:
            log.exception("%s: a news could not be said", self._platform)
            await self._conversation.told(news)  # again and again would be worse

    async def _end(self) -> None:
        tasks = tuple(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
