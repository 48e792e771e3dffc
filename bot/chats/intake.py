"""Starts everything that comes from a chat platform once, each in a task of its own, in the order of each chat.

A long passage in one chat must not hold up the others; in one chat, words are stored in the order they were sent.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.chats.replies import Replies, Stored
from engine.messages import MessageRef

log = logging.getLogger(__name__)

REMEMBERED = 5000
IN_LINE = 1.0  # seconds an update waits for the one before it in its chat, so that they are stored in order
FETCHING = 30.0  # the same if the one before it brings a file, on which this one may want to go on
PROMPT = 0.25  # seconds after which an update that is not stored is one that waits


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
    """Begins and ends the work on updates."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._known: OrderedDict[int, Taken] = OrderedDict()
        self._latest: dict[int, Taken] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(
        self,
        number: int,
        chat: int,
        act: Callable[[Stored], Awaitable[None]],
        *,
        urgent: bool = False,
        fetches: bool = False,
        once: MessageRef | None = None,
    ) -> Taken:
        """Begin to act on the update of this number, unless it has come before; after those of its chat, or at once.

        `act` never raises; it is given what to call as soon as nothing of the update can be lost. `fetches`: a file
        must come first, for which others wait longer. `once`: the message of a platform that tells of it once, so that
        it is written down if it has to wait.
        """
        known = self._known.get(number)
        if known is not None:
            return known
        taken = Taken(fetches=fetches)
        self._remember(number, taken)
        previous = None if urgent else self._line_up(chat, taken)
        self._start(self._act(act, taken, previous), f"update {number}")
        if once:
            self._start(self._keep(once, taken), f"update {number} waits")
        return taken

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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

    async def _act(self, act: Callable[[Stored], Awaitable[None]], taken: Taken, previous: Taken | None) -> None:
        if previous:
            await asyncio.wait([previous.stored], timeout=FETCHING if previous.fetches else IN_LINE)
        await act(lambda: taken.settle(handled=False))
        taken.settle(handled=True)  # not when this task is cancelled: then the update may come again after the restart

    async def _keep(self, message: MessageRef, taken: Taken) -> None:
        """While it waits, a message is written down. If this process ends meanwhile, the next one asks for it."""
        arriving = self._replies.conversation.arriving
        if (await asyncio.wait([taken.stored], timeout=PROMPT))[0]:
            return
        try:
            await arriving.waits(message)
            await asyncio.wait([taken.stored])
            await arriving.entered(message)
        except Exception:
            log.exception("%s: a message that waits could not be written down", message.platform)

    def _line_up(self, chat: int, taken: Taken) -> Taken | None:
        """Become the last in the line of a chat; who was it before."""
        previous = self._latest.get(chat)
        self._latest[chat] = taken
        taken.stored.add_done_callback(lambda _: self._latest.pop(chat) if self._latest.get(chat) is taken else None)
        return previous

    def _remember(self, number: int, taken: Taken) -> None:
        self._known[number] = taken
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
