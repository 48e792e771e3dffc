"""A Bot API server, and Ghostnote with its real conversation (SQLite, echo generator) connected to it by address."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiogram.types import Chat, Message, User

from bot import telegram_app
from engine.conversation import Conversation
from engine.news import Clock
from storage.db import now
from tests.bot.chats.house import house
from tests.bot.telegram.bot_api import BotApi
from tests.bot.telegram.world import World
from tests.fakes import EchoWriter

Start = Callable[..., AbstractAsyncContextManager[Conversation]]


@dataclass
class Desk:
    """One person in a private chat with the bot, and the server both talk through."""

    api: BotApi
    chat: Chat
    person: User

    @property
    def world(self) -> World:
        return self.api.world

    def say(self, text: str) -> Message:
        return self.world.say(self.chat, self.person, text)

    def replies(self) -> list[Message]:
        """The bot's messages that carry finished passages."""
        return [each for each in self.world.from_bot(self.chat) if "👍" in "".join(self.labels(each))]

    def labels(self, message: Message) -> list[str]:
        return self.world.labels(self.chat, message.message_id)

    async def reply(self, count: int = 1) -> Message:
        """The `count`-th finished passage in the chat."""
        await self.api.until(lambda: len(self.replies()) >= count)
        return self.replies()[count - 1]

    async def press(self, message: Message, label: str, person: User | None = None) -> str:
        """Press a button and wait for the words that answer it."""
        query = self.world.press(self.chat, message.message_id, label, person or self.person)
        await self.api.until(lambda: query in self.world.answers)
        return self.world.answers[query]

    def send(self, name: str, data: bytes, caption: str | None = None, **more: Any) -> Message:
        """Send a file."""
        return self.world.send_file(self.chat, self.person, name, data, caption, **more)

    async def files(self, count: int, chat: Chat | None = None) -> list[Message]:
        """The bot's messages that hold files, once there are so many."""

        def found() -> list[Message]:
            return [
                each for each in self.world.from_bot(chat or self.chat) if each.photo or each.voice or each.document
            ]

        await self.api.until(lambda: len(found()) >= count)
        return found()

    def data(self, message: Message) -> bytes:
        """The content of the file in a message."""
        held = message.voice or message.document or (message.photo[-1] if message.photo else None)
        return self.world.files[held.file_id][1] if held else b""

    async def said(self, words: str) -> Message:
        """The bot's message that has these words in it."""

        def found() -> list[Message]:
            return [each for each in self.world.from_bot(self.chat) if words in (each.text or "")]

        await self.api.until(found)
        return found()[-1]

    def now(self, message: Message) -> Message:
        """A message as it stands now."""
        return self.world.chats[self.chat.id][message.message_id]


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi().serving() as server:
        yield server


@pytest.fixture
def desk(api: BotApi) -> Desk:
    person = api.world.person(77, "Mara")
    return Desk(api, api.world.private(person), person)


@pytest.fixture
def start(api: BotApi, tmp_path: Path) -> Start:
    """Starts Ghostnote on one database file; entered again, it is the same house after a restart."""

    @asynccontextmanager
    async def run(
        delay: float = 0.0,
        webhook: telegram_app.WebhookSettings | None = None,
        token: str = "",
        writer: EchoWriter | None = None,
        clock: Clock = now,
    ) -> AsyncIterator[Conversation]:
        async with AsyncExitStack() as stack:
            conversation = await stack.enter_async_context(
                house(tmp_path / "ghostnote.db", writer or EchoWriter(delay), clock)
            )
            await stack.enter_async_context(
                telegram_app.serve(conversation, token=token or api.token, api=api.root, webhook=webhook)
            )
            yield conversation

    return run


@asynccontextmanager
async def ghost(desk: Desk, folder: Path, delay: float = 0.0) -> AsyncIterator[None]:
    """Ghostnote on the database of `start`, in a process of its own, killed with SIGKILL at the end."""
    file = str(folder / "ghostnote.db")
    arguments = ("-m", "tests.bot.telegram.ghost", file, desk.api.root, desk.api.token, str(delay))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
