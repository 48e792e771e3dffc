"""Getting a call through to Discord, and saying in one line why one did not get through.

discord.py keeps the limits that Discord announces, each for its own channel, and waits when it is told to. What is left
to do here is to outlast a server that is down, and a 429 that did not come from Discord itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from bot.chats.wire import Delay, Pace, Refusal

log = logging.getLogger(__name__)

T = TypeVar("T")

ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
ODD = (TypeError, KeyError, ValueError)  # what discord.py raises over an answer that is not quite Discord's
CLOSED = frozenset({10003, 10004, 50001, 50007, 50013, 50083, 50278})
"""No such channel or server, no access, no private messages, a thread that is shut."""
UNKNOWN_MESSAGE = 10008
TOO_LARGE = 40005
EXPIRED = frozenset({10015, 10062, 50027})  # an interaction that is over: unknown webhook, interaction, token
CANNOT_ANSWER = frozenset({50035, 160002})  # the message to be answered cannot be: gone, or its history is hidden


def trouble(error: BaseException) -> Delay | Refusal:
    """What an error means for the call that raised it."""
    if isinstance(error, discord.RateLimited):
        return Delay(error.retry_after + 0.1)
    if isinstance(error, discord.HTTPException):
        if error.status == 429:
            return Delay(_seconds(error))
        if error.status < 500:
            return Refusal(f"{error.status} (code {error.code}): {error.text}", closed=error.code in CLOSED)
    elif isinstance(error, discord.DiscordException):
        return Refusal(str(error))
    if isinstance(error, RuntimeError) and not between(error):
        raise error
    return Delay(1.0)


def between(error: BaseException) -> bool:
    """Whether a call came between two connections: discord.py closes the one before it opens the next."""
    return isinstance(error, RuntimeError) and "closed" in str(error)


def over(error: BaseException) -> bool:
    """Whether an interaction cannot be answered (any more), by itself or because its connection is closed for good."""
    return between(error) or code_of(error) in EXPIRED or getattr(error, "status", 0) == 401


async def insist(call: Callable[[], Awaitable[T]], pace: Pace) -> T:
    """Repeat a call until Discord has taken it. Raises `Refusal` when it never will, or what `call` raises itself."""
    pause = 0.5
    while True:
        try:
            await pace.rest()
            return await call()
        except (*ERRORS, RuntimeError) as error:
            found = trouble(error)
            if isinstance(found, Refusal):
                raise found from None
            limited = isinstance(error, discord.RateLimited) or getattr(error, "status", 0) == 429
            log.debug("Discord: %s; again", error)
            if limited:
                pace.block(found.seconds)
            else:
                await asyncio.sleep(pause)
                pause = min(30.0, pause * 2)


def code_of(error: BaseException) -> int:
    """Discord's own number for an error, 0 where it gave none."""
    return error.code if isinstance(error, discord.HTTPException) else 0


def _seconds(error: discord.HTTPException) -> float:
    try:
        return float(error.response.headers.get("Retry-After", 1.0)) + 0.1
    except ValueError:
        return 1.0
