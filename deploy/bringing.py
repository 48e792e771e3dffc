"""`ghostnote import`: files as pieces of the studio, without a model."""

import asyncio
from pathlib import Path

from rich.console import Console

from bot import commands
from bot.replies import Notice
from bot.web.api import PLACE
from deploy.serve import house
from deploy.settings import Settings
from engine.messages import Person, SentFile, UserMessage
from engine.text.echo import EchoGenerator


async def bring(settings: Settings, files: list[Path], language: str, out: Console) -> None:
    """Bring in each file and say what came; the first that is no piece ends it."""
    person = Person(PLACE.platform, "me", "me", language)
    async with house(settings, EchoGenerator()) as built:
        for path in files:
            sent = SentFile(path.name, await asyncio.to_thread(path.read_bytes))
            async for event in commands.run(built.conversation, UserMessage(PLACE, person, "/import", file=sent)):
                if isinstance(event, Notice):
                    out.print(event.text, markup=False)
