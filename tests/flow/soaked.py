"""A whole Ghostnote on one platform, with the echo generator, in a process of its own that watches itself.

HOME PLATFORM TOKEN API [GATEWAY], or HOME idle. At SIGTERM it ends as it would anywhere, and prints what it saw as
JSON: how late its event loop was, every 10 ms, and how much memory it held, every second.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from bot import discord_app, telegram_app
from deploy.serve import house
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.text.echo import EchoGenerator

BEAT = 0.01


@asynccontextmanager
async def connected(home: str, platform: str, *where: str) -> AsyncIterator[None]:
    """A whole house on a platform; nothing at all for `idle`, which shows what the machine itself does to a loop."""
    if platform == "idle":
        yield
        return
    async with (
        house(Settings(home=Path(home)), EchoGenerator()) as built,
        _serve(built.conversation, platform, *where),
    ):
        yield


def _serve(talk: Conversation, platform: str, token: str, *where: str) -> AbstractAsyncContextManager[None]:
    if platform == "telegram":
        return telegram_app.serve(talk, token=token, api=where[0])
    return discord_app.serve(talk, token=token, api=where[0], gateway=where[1])


async def watch(late: list[float], memory: list[int]) -> None:
    """Until it is cancelled."""
    page, second = os.sysconf("SC_PAGE_SIZE"), time.perf_counter()
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        late.append(max(0.0, time.perf_counter() - due))
        if time.perf_counter() - second >= 1:
            second = time.perf_counter()
            memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * page >> 10)


async def main(*what: str) -> None:
    stop, late, memory = asyncio.Event(), list[float](), list[int]()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with connected(*what):
        watcher = asyncio.create_task(watch(late, memory))
        await stop.wait()
        watcher.cancel()
    sys.stdout.write(json.dumps({"late": late, "memory": memory, "cpu": time.process_time()}))


asyncio.run(main(*sys.argv[1:]))
