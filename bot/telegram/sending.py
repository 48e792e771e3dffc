"""Getting a call through to Telegram, and saying in one line why one did not get through.

Waiting is per chat: a flood limit in one chat must not hold up another, so `AIORateLimiter` only paces (30 calls a
second in all, 20 a minute for a group) and a refused call is waited for here.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

log = logging.getLogger(__name__)

T = TypeVar("T")
Client = ExtBot[int]
"""The bot; `int` is how often its rate limiter may be told to retry."""

FINAL = (BadRequest, Forbidden, ChatMigrated, Conflict, InvalidToken)
"""Errors that trying again will not mend. Any other of Telegram's is a network or a server that is down."""

os.environ.setdefault("PTB_TIMEDELTA", "true")  # the coming type of `retry_after`; without it each 429 warns


@dataclass(slots=True, weakref_slot=True)
class Pace:
    """When a chat may be written to again, by `time.monotonic`. `shown` is when something last was."""

    shown: float = -1e9
    blocked: float = -1e9

    def ready(self, interval: float) -> bool:
        """Whether the last message is `interval` seconds ago, and no flood limit holds."""
        return time.monotonic() >= max(self.shown + interval, self.blocked)

    def touch(self) -> None:
        """Something was shown just now."""
        self.shown = time.monotonic()

    def block(self, seconds: float) -> None:
        """Write nothing for so long."""
        self.blocked = max(self.blocked, time.monotonic() + seconds)

    async def rest(self, interval: float = 0.0) -> None:
        """Wait until `ready`."""
        while (left := max(self.shown + interval, self.blocked) - time.monotonic()) > 0:  # noqa: ASYNC110  # it may be prolonged meanwhile
            await asyncio.sleep(left)


async def insist(call: Callable[[], Awaitable[T]], pace: Pace | None = None) -> T:
    """Repeat a call until Telegram has taken it: flood limits are waited for, breakdowns outlasted.

    Raises one of `FINAL` when Telegram refuses it for good.
    """
    pause = 0.5
    while True:
        try:
            if pace:
                await pace.rest()
            return await call()
        except RetryAfter as error:
            wait = seconds(error)
            if pace:
                pace.block(wait)
            else:
                await asyncio.sleep(wait)
        except FINAL:
            raise
        except TelegramError as error:
            log.info("Telegram: %s; again in %.1f s", error.message, pause)
            await asyncio.sleep(pause)
            pause = min(30.0, pause * 2)


def seconds(error: RetryAfter) -> float:
    """How long Telegram wants to be left alone, and a moment more."""
    wait = error.retry_after
    return (wait if isinstance(wait, int) else wait.total_seconds()) + 0.1


def refused(what: str, chat: int | str, error: TelegramError) -> None:
    """Note in one line that a call failed for good."""
    log.warning("Telegram: could not %s in chat %s: %s", what, chat, error.message)
