"""Ghostnote on Telegram in a process of its own, so that a test can kill it: DATABASE-FILE API-ROOT TOKEN DELAY."""

import asyncio
import sys
from pathlib import Path

from bot import telegram_app
from tests.bot.chats.house import house
from tests.fakes import EchoWriter


async def main(file: str, api: str, token: str, delay: str) -> None:
    async with (
        house(Path(file), EchoWriter(float(delay))) as conversation,
        telegram_app.serve(conversation, token=token, api=api),
    ):
        await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
