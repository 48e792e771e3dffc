"""Ghostnote on Discord: connects, stays connected, and shuts down without losing any reply.

discord.py does the talking. Where it talks to is said by two addresses, for which it has no other place than two class
attributes; they are put back when the block is left.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import wording
from bot.chats.herald import Herald
from bot.discord.client import Ghost
from bot.discord.records import PLATFORM
from bot.discord.sending import ERRORS, ODD
from engine.conversation import Conversation

log = logging.getLogger(__name__)

PUBLIC = "https://discord.com/api/v10"
GATEWAY = "wss://gateway.discord.gg"
GRACE = 4.0  # seconds that replies have to end when the process stops

__all__ = ["GATEWAY", "PUBLIC", "DiscordUnavailable", "serve"]


class DiscordUnavailable(Exception):
    """Discord cannot be served; the message is one sentence for the owner of the machine, without the token."""


@asynccontextmanager
async def serve(
    conversation: Conversation, *, token: str, api: str = PUBLIC, gateway: str = GATEWAY
) -> AsyncIterator[None]:
    """Serve Discord until the block is left.

    `api` is the root of the REST API, `gateway` of the WebSocket; with one of one's own a single shard connects to it,
    otherwise as many as Discord advises. Raises `DiscordUnavailable` when the token is refused. A server that cannot be
    reached is said once in the log and tried again until it can, in the background. Installs no signal handlers. On
    leaving, replies are stopped, shown as far as they came, and stored.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_addressed(api, gateway))
        client = Ghost(conversation, shard_count=None if gateway.rstrip("/") == GATEWAY else 1)
        stack.push_async_callback(client.close)
        stack.push_async_callback(client.desk.intake.close, GRACE)
        connected = await _login(client, token, api)
        source = asyncio.create_task(_run(client, token, connected=connected), name="discord")
        stack.push_async_callback(_end, source)
        stack.push_async_callback(_end, asyncio.create_task(_tell(client), name="discord news"))
        yield


async def _login(client: Ghost, token: str, api: str) -> bool:
    """Ask who we are; False, and a line in the log, when nobody answers."""
    try:
        await client.login(token)
    except discord.LoginFailure:
        raise DiscordUnavailable(wording.say("discord_token_refused", "en")) from None
    except (*ERRORS, *ODD) as error:
        log.warning("%s (%s)", wording.say("discord_unreachable", "en", api=api), error)
        return False
    return True


async def _run(client: Ghost, token: str, *, connected: bool) -> None:
    """Connect, and again whenever discord.py has given up; it outlasts most troubles itself."""
    pause = 1.0
    while True:
        try:
            if not connected:
                await _forget(client)
                await client.login(token)
            connected = False
            await client.connect()
            if client.is_closed():
                return
        except discord.LoginFailure:
            log.error("%s", wording.say("discord_token_refused", "en"))  # noqa: TRY400  # the owner's, not a bug
            return
        except discord.ConnectionClosed as error:
            if error.code in (4004, 4010, 4011, 4012, 4013, 4014):  # it would be refused again
                log.error("Discord closed the connection for good: %s", error)  # noqa: TRY400
                return
            log.warning("Discord closed the connection: %s", error)
        except ERRORS as error:
            log.log(logging.WARNING if pause == 1.0 else logging.DEBUG, "Discord: no connection (%s)", error)
        except Exception:
            log.exception("Discord: no connection; again in %.0f s", pause)
        await asyncio.sleep(pause)
        pause = min(30.0, pause * 2)


async def _tell(client: Ghost) -> None:
    """Say what answers no message, once there is somebody to say it to."""
    await client.listening.wait()
    await Herald(client.desk.replies, PLATFORM, client.desk.opened).run()


async def _forget(client: Ghost) -> None:
    """Put a client that failed back to its beginning; discord.py would leave its session open."""
    await client.http.close()
    client.http.connector = discord.utils.MISSING
    client.clear()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextmanager
def _addressed(api: str, gateway: str) -> Iterator[None]:
    """Let discord.py talk to these addresses."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = api.rstrip("/"), yarl.URL(gateway)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
