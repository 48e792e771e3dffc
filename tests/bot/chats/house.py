"""The real conversation on an SQLite file, the echo writer and the shipped composer; for tests and what they kill."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path

from bot import wording
from engine.art.painter import Painter
from engine.conversation import Conversation
from engine.makers import Makers
from engine.music.composer import Composer
from engine.music.musician import Musician
from engine.news import Clock
from engine.worker import Worker
from storage.db import now, open_database
from storage.history import History
from storage.preferences import Preferences
from tests.fakes import EchoGenerator, EchoWriter

composer = cache(Composer.load)  # the shipped weights, loaded once a process


@asynccontextmanager
async def house(file: Path, writer: EchoWriter, clock: Clock = now) -> AsyncIterator[Conversation]:
    """The real conversation with the echo generator, and the network that writes music."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(f"sqlite:///{file}"))
        worker = await stack.enter_async_context(Worker(EchoGenerator()))
        musician = Musician(worker, composer, wording.describe)
        painter = Painter(wording.describe_look)
        for maker in (musician, painter):
            stack.push_async_callback(maker.close)
        makers = Makers(musician, painter)
        conversation = Conversation(History(database), Preferences(database), writer, makers, clock=clock)
        stack.push_async_callback(conversation.close)
        yield conversation
