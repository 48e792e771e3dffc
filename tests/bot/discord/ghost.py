"""Ghostnote on Discord in a process of its own, so that a test can kill it: DATABASE-FILE API GATEWAY TOKEN DELAY."""

import asyncio
import sys
from pathlib import Path

from bot import discord_app
from tests.bot.chats.house import house
from tests.fakes import EchoWriter


async def main(file: str, api: str, gateway: str, token: str, delay: str) -> None:
    async with (
        house(Path(file), EchoWriter(float(delay))) as conversation,
        discord_app.serve(conversation, token=token, api=api, gateway=gateway),
    ):
        await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
