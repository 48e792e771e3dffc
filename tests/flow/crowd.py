"""Channels full of people who write to a bot and wait for its answer, and the two servers they do it through.

A server runs beside the test; the bot is in a process of its own. A line is answered when the bot's message in answer
to it carries the buttons of a finished passage.
"""

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiogram.types import Message
from aiohttp import web

from tests.bot.discord.server import GUILD, ME, TOKEN, Server, member, message, serving
from tests.bot.telegram.bot_api import BotApi
from tests.bot.telegram.world import World

CHANNELS, PEOPLE = 20, 5
THINKING = (2.0, 8.0)  # seconds between an answer and the next line of the same person
DONE = "👍"


@dataclass
class Record:
    """What was written and shown: lines by channel in their order, and how often and how late each was answered."""

    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    waits: list[float] = field(default_factory=list)
    waiting: dict[int, "asyncio.Future[None]"] = field(default_factory=dict)

    def expect(self, number: int) -> "asyncio.Future[None]":
        return self.waiting.setdefault(number, asyncio.get_running_loop().create_future())

    def finished(self, number: int) -> None:
        """The message of this number has been answered for good."""
        self.answers[number] += 1
        future = self.expect(number)
        if not future.done():
            future.set_result(None)


@dataclass
class Stage:
    """A platform as the crowd sees it. `say` writes a line of a person in a channel and tells its number."""

    platform: str
    arguments: tuple[str, ...]
    record: Record
    say: Callable[[str, int, str], Awaitable[int]]
    ready: Callable[[], bool]


async def write(stage: Stage, seconds: float) -> None:
    """Everybody writes for so long, each waiting for an answer before the next line."""
    end = time.monotonic() + seconds
    people = [
        _person(stage, str(channel), person, end)
        for channel in range(1, CHANNELS + 1)
        for person in range(1, PEOPLE + 1)
    ]
    await asyncio.gather(*people)


async def _person(stage: Stage, channel: str, person: int, end: float) -> None:
    dice = random.Random(f"{channel} {person}")
    await asyncio.sleep(dice.uniform(0, THINKING[1]))
    count = 0
    while time.monotonic() < end:
        count += 1
        line = f"Person {person} of channel {channel} wrote line {count}."
        stage.record.lines[channel].append(line)
        begun = time.monotonic()
        number = await stage.say(channel, person, line)
        async with asyncio.timeout(120):
            await stage.record.expect(number)
        stage.record.waits.append(time.monotonic() - begun)
        await asyncio.sleep(dice.uniform(*THINKING))


# ── Telegram ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Crowd(World):
    """A World that tells when a message is answered for good."""

    record: Record

    def _store(self, what: str, message: Message) -> None:
        super()._store(what, message)
        self.history.clear()  # three minutes of it are not needed
        said = message.reply_to_message
        rows = message.reply_markup.inline_keyboard if message.reply_markup else []
        if said and message.from_user == self.bot and any(DONE in each.text for row in rows for each in row):
            self.record.finished(said.message_id)


@asynccontextmanager
async def telegram() -> AsyncIterator[Stage]:
    """20 groups with 5 people each on a Bot API server."""
    world = Crowd()
    world.record = record = Record()
    people = {number: world.person(number) for number in range(1, CHANNELS * PEOPLE + 1)}
    groups = {str(number): world.group(-1000 - number) for number in range(1, CHANNELS + 1)}

    async def say(channel: str, person: int, line: str) -> int:
        writer = people[(int(channel) - 1) * PEOPLE + person]
        return world.say(groups[channel], writer, f"@{world.bot.username} {line}").message_id

    async with BotApi(world).serving() as api:
        yield Stage("telegram", (api.token, api.root), record, say, lambda: bool(world.allowed))


# ── Discord ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Discord(Server):
    """The Discord of the other tests with many channels and people, which notes what was answered."""

    record: Record = field(default_factory=Record)
    numbers: int = 10_000
    answered: dict[str, int] = field(default_factory=dict)

    async def speak(self, channel: str, person: int, line: str) -> int:
        """Somebody writes a line, with a mention; its number."""
        self.numbers += 1
        number = self.numbers
        account = {"id": str(100 + (int(channel) - 1) * PEOPLE + person), "username": f"p{person}"}
        author = {**account, "discriminator": "0", "avatar": None, "global_name": f"Person {person}"}
        told = message(str(number), channel, f"<@{ME['id']}> {line}", author)
        plain = {name: value for name, value in member().items() if name not in ("user", "permissions")}
        await self.tell("MESSAGE_CREATE", {**told, "guild_id": GUILD, "mentions": [ME], "member": plain})
        return number

    def _written(self, method: str, path: str, body: dict[str, Any]) -> web.Response:
        reply = super()._written(method, path, body)
        number = json.loads(reply.text or "{}").get("id", "")
        if method == "POST":
            self.answered[number] = int((body.get("message_reference") or {}).get("message_id", 0))
        if DONE in str(body.get("components")):
            self.record.finished(self.answered[number])
        return reply


@asynccontextmanager
async def discord() -> AsyncIterator[Stage]:
    """20 channels with 5 people each on a Discord server."""
    rooms = {str(number): f"c{number}" for number in range(1, CHANNELS + 1)}
    async with serving(Discord(rooms=rooms)) as server:
        yield Stage(
            "discord", (TOKEN, server.api, server.line), server.record, server.speak, lambda: bool(server.lines)
        )


STAGES: dict[str, Callable[[], AbstractAsyncContextManager[Stage]]] = {"telegram": telegram, "discord": discord}
