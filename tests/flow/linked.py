"""A whole Ghostnote on Telegram and on Discord at once, with the echo generator, in a process that a test kills.

HOME TELEGRAM-TOKEN TELEGRAM-API DISCORD-TOKEN DISCORD-API DISCORD-GATEWAY
"""

import asyncio
import sys
from pathlib import Path

from bot import discord_app, telegram_app
from deploy.serve import house
from deploy.settings import Settings
from engine.text.echo import EchoGenerator


async def main(home: str, *where: str) -> None:
    telegram, api, discord, rest, gateway = where
    async with (
        house(Settings(home=Path(home)), EchoGenerator()) as built,
        telegram_app.serve(built.conversation, token=telegram, api=api),
        discord_app.serve(built.conversation, token=discord, api=rest, gateway=gateway),
    ):
        await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
