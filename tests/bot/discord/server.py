"""A Discord on loopback, over real HTTP and WebSocket: one private chat, one server, and whatever trouble is ordered.

Simcord has no sockets; this one has them and little else. What the bot sent is in `calls` and `messages`.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import discord
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

ME = {"id": "42", "username": "ghostnote", "discriminator": "0", "avatar": None, "bot": True}
ANN = {"id": "77", "username": "ann", "discriminator": "0", "avatar": None, "global_name": "Ann"}
APPLICATION: dict[str, Any] = {
    "id": "42", "name": "g", "icon": None, "description": "", "flags": 0, "verify_key": "", "rpc_origins": [],
    "bot_public": True, "bot_require_code_grant": False, "owner": {**ANN, "id": "1"}, "summary": "",
}  # fmt: skip
TOKEN = "right.token"
PRIVATE, GUILD, HALL, ATTIC = "9", str(5 << 22), "21", "22"
SPAN = 2.0  # seconds
LONG = 40  # seconds a test may wait for something


@dataclass
class Call:
    """A request, and what it was answered."""

    method: str
    path: str
    body: dict[str, Any]
    status: int
    at: float = field(default_factory=time.monotonic)


@dataclass
class Trouble:
    """What the next `times` requests of this method to paths like this are answered."""

    method: str
    path: str
    status: int
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass
class Server:
    """What it knows. `lines` are the gateway's, by shard; `asked` is what came over them.

    With a `rate` each channel (or interaction) takes so many messages and edits in two seconds, and no more.
    """

    address: str = ""
    rooms: dict[str, str] = field(default_factory=lambda: {HALL: "hall", ATTIC: "attic"})
    shards: int = 1
    lines: dict[int, web.WebSocketResponse] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    refuse_resume: bool = False
    rate: int = 0
    spent: dict[str, list[float]] = field(default_factory=dict)
    away: int = 0
    sequence: int = 0

    @property
    def api(self) -> str:
        return self.address + "/api/v10"

    @property
    def line(self) -> str:
        return self.address.replace("http", "ws") + "/gateway"

    def opened(self, op: int) -> int:
        """How often a line was begun (2) or resumed (6)."""
        return sum(each["op"] == op for each in self.asked)

    async def drop(self) -> None:
        """Lose the line, and wait until it is resumed."""
        await self.lines.pop(0).close(code=1001)
        await until(lambda: self.lines)

    async def reconnect(self) -> None:
        """Ask the bot to come again."""
        await self.lines.pop(0).send_json({"op": 7, "d": None, "s": None, "t": None})
        await until(lambda: self.lines)

    async def invalid(self) -> None:
        """Lose the line, and forget what it was about."""
        self.refuse_resume = True
        await self.drop()

    async def garbled(self) -> None:
        """Say what no library can read; discord.py gives up the whole connection then."""
        line = self.lines.pop(0)
        await line.send_json({"op": 0, "t": "GUILD_CREATE", "s": 99, "d": {"id": "nobody"}})
        await until(lambda: self.lines)

    def trouble(self, method: str, path: str, status: int, body: dict[str, Any], times: int = 1) -> None:
        """Answer the next requests like this in this way."""
        self.troubles.append(Trouble(method, path, status, body, {"Via": "1.1 google"}, times))

    def limit(self, path: str, seconds: float, times: int = 1, *, everywhere: bool = False) -> None:
        """Answer the next edits and messages there with a 429."""
        headers = {"Retry-After": str(seconds), "Via": "1.1 google", "X-RateLimit-Scope": "user"}
        if everywhere:
            headers["X-RateLimit-Global"] = "true"
        body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
        self.troubles.append(Trouble(r"PATCH|POST", path, 429, body, headers, times))

    def made(self, method: str, path: str) -> list[Call]:
        """The requests that were taken, by method and path."""
        return [
            each for each in self.calls if each.method == method and re.search(path, each.path) and each.status < 400
        ]

    def shown(self, channel: str) -> list[dict[str, Any]]:
        """The messages of the bot in a channel, oldest first."""
        return [each for each in self.messages.values() if each["channel_id"] == channel]

    def finished(self, channel: str) -> list[str]:
        """The texts of those that have their buttons."""
        return [
            each["content"]
            for each in self.shown(channel)
            if "👍" in json.dumps(each["components"], ensure_ascii=False)
        ]

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}, "s": None, "t": None})
        async for each in line:
            if each.type is not WSMsgType.TEXT:
                break
            asked = json.loads(each.data)
            self.asked.append(asked)
            if asked["op"] == 1:
                await line.send_json({"op": 11, "d": None, "s": None, "t": None})
            elif asked["op"] == 2:
                await self._ready(line, asked["d"].get("shard", [0, 1]))
            elif asked["op"] == 6 and self.refuse_resume:
                self.refuse_resume = False
                await line.send_json({"op": 9, "d": False, "s": None, "t": None})
            elif asked["op"] == 6:
                self.lines[0] = line
                await self.tell("RESUMED", {})
        return line

    async def _ready(self, line: web.WebSocketResponse, shard: list[int]) -> None:
        self.lines[shard[0]] = line
        mine = (int(GUILD) >> 22) % shard[1] == shard[0]
        ready = {
            "v": 10, "user": ME, "guilds": [{"id": GUILD, "unavailable": True}] if mine else [], "session_id": "s",
            "resume_gateway_url": self.line, "shard": shard, "application": {"id": "42", "flags": 0},
        }  # fmt: skip
        await self.tell("READY", ready, shard[0])
        if mine:
            await self.tell("GUILD_CREATE", guild(self.rooms), shard[0])

    async def tell(self, event: str, data: dict[str, Any], shard: int = 0) -> None:
        """Tell the bot of something."""
        self.sequence += 1
        await self.lines[shard].send_json({"op": 0, "t": event, "s": self.sequence, "d": data})

    async def say(self, number: int, words: str, channel: str = PRIVATE, shard: int = 0) -> None:
        """Ann speaks, in private or with a mention."""
        self.said[str(number)] = message(str(number), channel, words, ANN)
        await self.tell("MESSAGE_CREATE", self.said[str(number)], shard)

    async def slash(self, number: int, name: str, text: str = "", channel: str = HALL, shard: int = 0) -> None:
        """Ann uses a command."""
        self.places[str(number)] = channel
        options = [{"name": "text", "type": 3, "value": text}] if text else []
        place: dict[str, Any] = {"id": channel, "type": 0, "guild_id": GUILD, "name": "hall"}
        moment = discord.utils.time_snowflake(discord.utils.utcnow())  # it may be answered for fifteen minutes after
        data = {
            "id": str(moment + number), "application_id": "42", "type": 2, "token": f"t{number}", "version": 1,
            "guild_id": GUILD, "channel_id": channel, "channel": place, "member": member(), "locale": "en-US",
            "guild_locale": "en-US", "entitlements": [], "attachment_size_limit": 10485760,
            "app_permissions": str(1 << 46),
            "authorizing_integration_owners": {}, "data": {"id": "1", "name": name, "type": 1, "options": options},
        }  # fmt: skip
        await self.tell("INTERACTION_CREATE", data, shard)

    async def rest(self, request: web.Request) -> web.Response:
        path, method = request.path.removeprefix("/api/v10"), request.method
        body = await _body(request)
        reply = self._answered(request, method, path, body)
        self.calls.append(Call(method, path, body, reply.status))
        return reply

    def _answered(self, request: web.Request, method: str, path: str, body: dict[str, Any]) -> web.Response:
        own = path.startswith(("/webhooks/", "/interactions/"))
        if not own and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return answer({"code": 0, "message": "401: Unauthorized"}, status=401)
        if self.away:
            self.away -= 1
            return answer({"code": 0, "message": "not here"}, status=418)
        if self.rate and re.search(r"/messages", path):
            refused = self._rated(path.split("/")[2])
            if refused:
                return refused
        for trouble in self.troubles:
            if trouble.times and re.fullmatch(trouble.method, method) and re.search(trouble.path, path):
                trouble.times -= 1
                return answer(trouble.body, trouble.status, trouble.headers)
        known: dict[str, Any] = {
            "/users/@me": ME,
            "/oauth2/applications/@me": APPLICATION,
            "/applications/@me": APPLICATION,
            "/applications/42/commands": [],
            "/users/@me/channels": {"id": PRIVATE, "type": 1, "recipients": [ANN], "last_message_id": None},
            "/gateway/bot": {"url": self.line, "shards": self.shards, "session_start_limit": {"max_concurrency": 1}},
        }
        if path in known:
            return answer(known[path])
        if method == "GET":
            return self._read(path.split("/")[2], path.rpartition("/")[2])
        if path.endswith(("/typing", "/callback")):
            return web.Response(status=204)
        return self._written(method, path, body)

    def _read(self, channel: str, number: str) -> web.Response:
        """A channel, or a message that a person wrote there, which names neither the server nor its members."""
        if number == channel == PRIVATE:
            return answer({"id": PRIVATE, "type": 1, "recipients": [ANN], "last_message_id": None})
        said = self.said.get(number)
        if said is None or said["channel_id"] != channel:
            return answer({"code": 10008, "message": "Unknown Message"}, status=404)
        return answer({name: value for name, value in said.items() if name not in ("guild_id", "member")})

    def _rated(self, channel: str) -> web.Response | None:
        now = time.monotonic()
        spent = self.spent[channel] = [each for each in self.spent.get(channel, []) if now - each < SPAN]
        left = SPAN - (now - spent[0]) if spent else SPAN
        if len(spent) < self.rate:
            spent.append(now)
            return None
        headers = {"Via": "1.1 google", "X-RateLimit-Bucket": "messages", "X-RateLimit-Scope": "user"}
        return answer({"message": "slow down", "retry_after": left, "global": False}, 429, headers)

    def _written(self, method: str, path: str, body: dict[str, Any]) -> web.Response:
        """A message is sent or changed, by the bot or through an interaction."""
        hook = re.match(r"/webhooks/42/t(\d+)", path)
        number = path.rpartition("/")[2]
        if number == "@original" and hook:
            number = hook[1]
        elif method == "POST":
            number = str(1000 + len(self.messages))
        channel = self.places[hook[1]] if hook else path.split("/")[2]
        if method == "POST" and body.get("enforce_nonce"):  # the same message again is the one that is there
            number = next((name for name, each in self.messages.items() if same(each, body, channel)), number)
        before = self.messages.get(number, {"channel_id": channel, "content": "", "components": []})
        if method == "DELETE":
            self.messages.pop(number, None)
            return web.Response(status=204)
        self.messages[number] = {**before, **body}
        return answer(message(number, channel, self.messages[number]["content"], ME))


def same(known: dict[str, Any], body: dict[str, Any], channel: str) -> bool:
    return (known.get("nonce"), known["channel_id"]) == (body["nonce"], channel)


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        return {**json.loads(str(form["payload_json"])), "files": [name for name in form if name.startswith("files")]}
    found = await request.json() if request.can_read_body and request.content_length else {}
    return found if isinstance(found, dict) else {}


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: discord.py does not know it by any other name, such as one with a charset."""
    return web.Response(body=json.dumps(data).encode(), status=status, headers=headers, content_type="application/json")


def guild(rooms: dict[str, str]) -> dict[str, Any]:
    """A server with these channels in which everybody may do everything."""
    empty: dict[str, Any] = {name: [] for name in ("emojis", "features", "threads", "presences", "voice_states")}
    role = {"id": GUILD, "name": "@everyone", "permissions": str((1 << 50) - 1), "position": 0, "color": 0,
            "colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False}  # fmt: skip
    channels = [
        {"id": number, "type": 0, "name": name, "position": 0, "permission_overwrites": [], "nsfw": False}
        for number, name in rooms.items()
    ]
    members = [{**member(), "user": ME}]
    return {**empty, "id": GUILD, "name": "House", "owner_id": "1", "roles": [role], "channels": channels,
            "members": members, "member_count": 2, "stickers": [], "stage_instances": [],
            "guild_scheduled_events": [], "soundboard_sounds": [], "preferred_locale": "en-US"}  # fmt: skip


def member() -> dict[str, Any]:
    """Ann in the server."""
    plain = {"roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
    return {**plain, "user": ANN, "permissions": str((1 << 50) - 1)}


def message(number: str, channel: str, words: str, author: dict[str, Any]) -> dict[str, Any]:
    """A message; Ann's in the server mention the bot."""
    empty: dict[str, Any] = {name: [] for name in ("attachments", "embeds", "mentions", "mention_roles", "components")}
    if channel != PRIVATE and author is ANN:
        plain = {name: value for name, value in member().items() if name not in ("user", "permissions")}
        empty |= {"guild_id": GUILD, "mentions": [ME], "member": plain}
        words = f"<@42> {words}"
    return {
        **empty, "id": number, "channel_id": channel, "author": author, "content": words, "type": 0,
        "edited_timestamp": None, "timestamp": "2026-01-01T00:00:00+00:00", "tts": False, "pinned": False,
        "mention_everyone": False,
    }  # fmt: skip


Kind = TypeVar("Kind", bound=Server)


@asynccontextmanager
async def serving(server: Kind) -> AsyncIterator[Kind]:
    """Open it."""
    app = web.Application()
    app.router.add_get("/gateway/", server.gateway)
    app.router.add_get("/gateway", server.gateway)
    app.router.add_route("*", "/api/v10/{rest:.*}", server.rest)
    async with TestServer(app) as http:
        server.address = str(http.make_url("")).rstrip("/")
        yield server


async def until(done: Callable[[], object], seconds: float = LONG) -> None:
    """Wait for something of which there is no one event."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
