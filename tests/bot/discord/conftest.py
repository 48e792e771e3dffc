"""A simulated Discord, and Ghostnote with its real conversation (SQLite, echo generator) connected to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord import ChannelHandle, Env, GuildHandle, InteractionResult, MemberActor, UserHandle

from bot import discord_app
from bot.chats.herald import Herald
from bot.chats.outlet import ChatOutlet
from bot.discord.client import Ghost
from engine.conversation import Conversation
from engine.messages import Piece, SessionKey, Turn
from engine.news import Clock
from storage.db import now
from tests.bot.chats.house import house
from tests.bot.discord.server import TOKEN, Server, until
from tests.fakes import EchoWriter

Connect = Callable[[Server, EchoWriter], AbstractAsyncContextManager[Conversation]]
Open = Callable[..., AbstractAsyncContextManager["Desk"]]


@dataclass
class Desk:
    """A person in a channel of a server, and the bot."""

    env: Env
    conversation: Conversation
    guild: GuildHandle
    channel: ChannelHandle
    mara: MemberActor
    writer: EchoWriter

    @property
    def key(self) -> SessionKey:
        return SessionKey("discord", str(self.channel.id))

    @property
    def mention(self) -> str:
        assert self.env.bot.user
        return self.env.bot.user.mention

    async def say(self, words: str) -> discord.Message:
        """Speak to the bot in the channel; its answer."""
        await self.mara.send(self.channel, f"{self.mention} {words}")
        return self.last()

    def last(self, channel: ChannelHandle | None = None) -> discord.Message:
        """The newest message."""
        message = (channel or self.channel).last_message
        assert message
        return message

    def now(self, message: discord.Message) -> discord.Message:
        """A message as it stands now."""
        return next(each for each in self.channel.history() if each.id == message.id)

    async def send_file(self, user: UserHandle, words: str, name: str, data: bytes) -> discord.Message:
        """Send the bot a file in private; its answer."""
        await user.send_dm(words, attachments=self.env.backend.store_attachments(user.dm_channel.id, [(name, data)]))
        return self.last(user.dm_channel)

    async def click(self, message: discord.Message, sign: str, member: MemberActor | None = None) -> InteractionResult:
        """Press the button with this sign that stands under the message now."""
        return await (member or self.mara).click(message, custom_id=button(self.now(message), sign))

    async def piece(self) -> Piece:
        return await self.conversation.piece(self.key)

    async def turn(self) -> Turn:
        """The last passage."""
        return (await self.piece()).turns[-1]

    async def restart(self) -> None:
        """Another process with the same conversation."""
        await self.env.restart_bot(Ghost(self.conversation, shard_count=1))


def labels(message: discord.Message) -> list[str]:
    """What stands on the buttons under a message."""
    return [
        str(child.label)
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
        if isinstance(child, discord.Button)
    ]


def button(message: discord.Message, sign: str) -> str:
    """The id of the button with this sign."""
    return next(
        str(child.custom_id)
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
        if isinstance(child, discord.Button) and sign in str(child.label)
    )


def sent(desk: Desk, event: str) -> list[Any]:
    """What Discord has told the bot of."""
    return [payload for kind, name, payload in desk.env.backend.transcript if (kind, name) == ("GATEWAY", event)]


async def again(desk: Desk, event: str, payload: Any) -> None:
    """Tell the bot once more."""
    desk.env.backend.emit(event, payload)
    await desk.env.settle()


@asynccontextmanager
async def simulated(client: Ghost, settle: float) -> AsyncIterator[Env]:
    """A Discord with this client on it; as `simcord.run`, which cannot be used in a fixture.

    Whatever people do waits up to `settle` seconds until the bot is done.
    """
    env = Env(client, settle_timeout=settle)
    await env.start()
    try:
        yield env
    finally:
        await env.shutdown()
    env.raise_errors()


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Opens the house and connects it to a Discord of its own."""

    @asynccontextmanager
    async def run(writer: EchoWriter | None = None, settle: float = 20.0, clock: Clock = now) -> AsyncIterator[Desk]:
        async with AsyncExitStack() as stack:
            writing = writer or EchoWriter()
            conversation = await stack.enter_async_context(house(tmp_path / "ghostnote.db", writing, clock))
            ghost = Ghost(conversation, shard_count=1)
            env = await stack.enter_async_context(simulated(ghost, settle))

            async def chat(key: SessionKey, language: str) -> ChatOutlet:  # the bot changes with each restart
                assert isinstance(env.bot, Ghost)
                return await env.bot.desk.opened(key, language)

            herald = Herald(ghost.desk.replies, "discord", chat)
            stack.push_async_callback(ended, asyncio.create_task(herald.run()))  # as discord_app does
            guild = env.create_guild()
            channel = guild.create_text_channel("writing")
            mara = guild.add_member(env.create_user("mara", global_name="Mara"))
            yield Desk(env, conversation, guild, channel, mara, writing)

    return run


@pytest.fixture
async def desk(opened: Open) -> AsyncIterator[Desk]:
    async with opened() as found:
        yield found


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    """Connects the house to a server by its addresses."""

    @asynccontextmanager
    async def run(server: Server, writer: EchoWriter) -> AsyncIterator[Conversation]:
        async with (
            house(tmp_path / "ghostnote.db", writer) as conversation,
            discord_app.serve(conversation, token=TOKEN, api=server.api, gateway=server.line),
        ):
            await until(lambda: server.lines)
            yield conversation

    return run
