"""Getting a call through to Telegram, and saying in one line why one did not get through.

Waiting is per chat: a flood limit in one chat must not hold up another, so `AIORateLimiter` only paces (30 calls a
second in all, 20 a minute for a group) and a refused call is waited for here.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.chats.wire import Pace

log = logging.getLogger(__name__)

T = TypeVar("T")
Client = ExtBot[int]
"""The bot; `int` is how often its rate limiter may be told to retry."""

FINAL = (BadRequest, Forbidden, ChatMigrated, Conflict, InvalidToken)
"""Errors that trying again will not mend. Any other of Telegram's is a network or a server that is down."""

os.environ.setdefault("PTB_TIMEDELTA", "true")  # the coming type of `retry_after`; without it each 429 warns


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
            log.debug("Telegram: %s; again in %.1f s", error.message, pause)
            await asyncio.sleep(pause)
            pause = min(30.0, pause * 2)


def seconds(error: RetryAfter) -> float:
    """How long Telegram wants to be left alone, and a moment more."""
    wait = error.retry_after
    return (wait if isinstance(wait, int) else wait.total_seconds()) + 0.1


def refused(what: str, chat: int | str, error: TelegramError) -> None:
    """Note in one line that a call failed for good."""
    log.warning("Telegram: could not %s in chat %s: %s", what, chat, error.message)
