"""Channels full of people who write to a bot and wait for its answer, and the two servers they do it through.

A server runs beside the test; the bot is in a process of its own. A line is answered when the bot's message in answer
to it carries the buttons of a finished passage.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiogram.types import Message
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.bot.discord.server import APPLICATION, ME, TOKEN, answer, message
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

GUILD = "5"


@dataclass
class Discord:
    """A Discord with one server of many channels: a gateway that tells, and as much of the API as a reply needs."""

    record: Record
    address: str = ""
    line: web.WebSocketResponse | None = None
    sequence: int = 0
    numbers: int = 10_000
    answered: dict[str, int] = field(default_factory=dict)

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}, "s": None, "t": None})
        async for told in line:
            asked = told.json()
            if asked["op"] == 1:
                await line.send_json({"op": 11, "d": None, "s": None, "t": None})
            elif asked["op"] == 2:
                address = self.address.replace("http", "ws") + "/gateway"
                ready = {"v": 10, "user": ME, "guilds": [{"id": GUILD, "unavailable": True}], "session_id": "s"}
                application = {"id": "42", "flags": 0}
                self.line = line
                await self.tell(
                    "READY", {**ready, "resume_gateway_url": address, "shard": [0, 1], "application": application}
                )
                await self.tell("GUILD_CREATE", _guild())
        return line

    async def tell(self, event: str, data: dict[str, Any]) -> None:
        assert self.line
        self.sequence += 1
        await self.line.send_json({"op": 0, "t": event, "s": self.sequence, "d": data})

    async def say(self, channel: str, person: int, line: str) -> int:
        self.numbers += 1
        account = {"id": str(100 + (int(channel) - 1) * PEOPLE + person), "username": f"p{person}"}
        author = {**account, "discriminator": "0", "avatar": None, "global_name": f"Person {person}"}
        told = message(str(self.numbers), channel, f"<@{ME['id']}> {line}", author)
        place = {"guild_id": GUILD, "mentions": [ME], "member": _member()}
        number = self.numbers
        await self.tell("MESSAGE_CREATE", told | place)
        return number

    async def rest(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/api/v10")
        if path == "/users/@me":
            return answer(ME)
        if path.endswith("/applications/@me"):
            return answer(APPLICATION)
        if path.endswith("/commands"):
            return answer([])
        if path.endswith("/typing"):
            return web.Response(status=204)
        body = await request.json()
        channel, number = path.split("/")[2], path.rpartition("/")[2]
        if request.method == "POST":
            self.numbers += 1
            number = str(self.numbers)
            self.answered[number] = int((body.get("message_reference") or {}).get("message_id", 0))
        if DONE in str(body.get("components")):
            self.record.finished(self.answered[number])
        return answer(message(number, channel, body["content"], ME))


def _member() -> dict[str, Any]:
    return {"roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}


def _guild() -> dict[str, Any]:
    everything = str((1 << 46) - 1)
    role = {"id": GUILD, "name": "@everyone", "permissions": everything, "position": 0, "color": 0, "hoist": False}
    role |= {"managed": False, "mentionable": False, "flags": 0, "colors": {"primary_color": 0}}
    channels = [
        {"id": str(number), "type": 0, "name": f"c{number}", "position": number, "permission_overwrites": []}
        for number in range(1, CHANNELS + 1)
    ]
    empty: dict[str, Any] = {name: [] for name in ("emojis", "stickers", "threads", "stage_instances", "features")}
    about = {"id": GUILD, "name": "The writers", "owner_id": "101", "preferred_locale": "en-US", "member_count": 101}
    members = [{**_member(), "user": ME}]
    return {**empty, **about, "roles": [role], "channels": channels, "members": members, "voice_states": []}


@asynccontextmanager
async def discord() -> AsyncIterator[Stage]:
    """20 channels with 5 people each on a Discord server."""
    server, app = Discord(Record()), web.Application()
    app.router.add_get("/gateway", server.gateway)
    app.router.add_get("/gateway/", server.gateway)
    app.router.add_route("*", "/api/v10/{rest:.*}", server.rest)
    async with TestServer(app) as http:
        server.address = str(http.make_url("")).rstrip("/")
        where = server.address + "/api/v10", server.address.replace("http", "ws") + "/gateway"
        yield Stage("discord", (TOKEN, *where), server.record, server.say, lambda: server.line is not None)


STAGES: dict[str, Callable[[], AbstractAsyncContextManager[Stage]]] = {"telegram": telegram, "discord": discord}
