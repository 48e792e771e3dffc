"""The real conversation on an SQLite file and the echo writer; quick to import, for processes that are killed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from engine.conversation import Conversation
from storage.db import open_database
from storage.history import History
from storage.preferences import Preferences
from tests.fakes import EchoWriter


@asynccontextmanager
async def house(file: Path, writer: EchoWriter) -> AsyncIterator[Conversation]:
    """The real conversation with the echo generator."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(f"sqlite:///{file}"))
        conversation = Conversation(History(database), Preferences(database), writer)
        stack.push_async_callback(conversation.close)
        yield conversation
