"""Starts every update once, each in a task of its own, and knows when it is safe to tell Telegram that it has come.

Telegram forgets an update that is acknowledged, so that must wait until the person's words are stored; but a chat in
which a long passage is being written must not hold up the others meanwhile.
"""

import asyncio
import logging
from collections import OrderedDict

from telegram import Update

from bot.telegram.receiving import Receiver
from engine.conversation import Conversation

log = logging.getLogger(__name__)

REMEMBERED = 5000
IN_LINE = 1.0  # seconds an update waits for the one before it in its chat, so that they are stored in order

Safe = asyncio.Future[None]


class Intake:
    """Takes updates from polling or from the webhook. `ready` is set when Telegram has told who the bot is."""

    def __init__(self, receiver: Receiver) -> None:
        self.ready = False
        self._receiver = receiver
        self._known: OrderedDict[int, Safe] = OrderedDict()
        self._latest: dict[int, Safe] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, update: Update) -> Safe:
        """Begin to act on an update, unless it has come before; done when acknowledging it can lose nothing."""
        known = self._known.get(update.update_id)
        if known is not None:
            return known
        safe: Safe = asyncio.get_running_loop().create_future()
        self._remember(update.update_id, safe)
        chat = update.effective_chat.id if update.effective_chat else 0
        task = asyncio.create_task(self._act(update, safe, self._latest.get(chat)), name=f"update {update.update_id}")
        self._latest[chat] = safe
        safe.add_done_callback(lambda _: self._latest.pop(chat) if self._latest.get(chat) is safe else None)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return safe

    async def close(self, conversation: Conversation, grace: float) -> None:
        """Stop what is being written; what can be shown of it within `grace` seconds is."""
        for key in tuple(self._receiver.busy):
            await conversation.cancel(key)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _act(self, update: Update, safe: Safe, previous: Safe | None) -> None:
        try:
            if previous:
                await asyncio.wait([previous], timeout=IN_LINE)
            await self._receiver.receive(update, lambda: _settle(safe))
        finally:
            _settle(safe)

    def _remember(self, number: int, safe: Safe) -> None:
        self._known[number] = safe
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _settle(safe: Safe) -> None:
    if not safe.done():
        safe.set_result(None)
