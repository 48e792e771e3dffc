"""Starts every update once, each in a task of its own, and knows when it is safe to tell Telegram that it has come.

Telegram forgets an update that is acknowledged and repeats one that is not, so that must wait: at least until the
person's words are stored, better until they are answered. A long passage in one chat must not hold up the others.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from telegram import Update

from bot.telegram.fetching import brings_file
from bot.telegram.receiving import Receiver
from bot.telegram.records import urgent
from bot.telegram.replying import Replies

log = logging.getLogger(__name__)

REMEMBERED = 5000
IN_LINE = 1.0  # seconds an update waits for the one before it in its chat, so that they are stored in order
FETCHING = 30.0  # the same if the one before it brings a file, on which this one may want to go on


@dataclass(frozen=True, slots=True)
class Taken:
    """An update in work: `stored` when none of its words can be lost, `handled` when all of it is done."""

    stored: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    handled: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    since: float = field(default_factory=time.monotonic)
    fetches: bool = False

    def settle(self, *, handled: bool) -> None:
        """The update is stored, or done with."""
        for future in (self.stored, self.handled) if handled else (self.stored,):
            if not future.done():
                future.set_result(None)


class Intake:
    """Takes updates from polling or from the webhook. `ready` is set when Telegram has told who the bot is."""

    def __init__(self, replies: Replies) -> None:
        self.ready = False
        self._replies, self._receiver = replies, Receiver(replies)
        self._known: OrderedDict[int, Taken] = OrderedDict()
        self._latest: dict[int, Taken] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, update: Update) -> Taken:
        """Begin to act on an update, unless it has come before."""
        known = self._known.get(update.update_id)
        if known is not None:
            return known
        taken = Taken(fetches=brings_file(update))
        self._remember(update.update_id, taken)
        previous = None if urgent(update) else self._line_up(update, taken)
        task = asyncio.create_task(self._act(update, taken, previous), name=f"update {update.update_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return taken

    async def close(self, grace: float) -> None:
        """Stop what is being written; what can be shown of it within `grace` seconds is."""
        for key in tuple(self._replies.busy):
            await self._replies.conversation.cancel(key)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _act(self, update: Update, taken: Taken, previous: Taken | None) -> None:
        if previous:
            await asyncio.wait([previous.stored], timeout=FETCHING if previous.fetches else IN_LINE)
        await self._receiver.receive(update, lambda: taken.settle(handled=False))
        taken.settle(handled=True)  # not when this task is cancelled: then the update comes again after the restart

    def _line_up(self, update: Update, taken: Taken) -> Taken | None:
        """Become the last in the line of a chat; who was it before."""
        chat = update.effective_chat.id if update.effective_chat else 0
        previous = self._latest.get(chat)
        self._latest[chat] = taken
        taken.stored.add_done_callback(lambda _: self._latest.pop(chat) if self._latest.get(chat) is taken else None)
        return previous

    def _remember(self, number: int, taken: Taken) -> None:
        self._known[number] = taken
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
