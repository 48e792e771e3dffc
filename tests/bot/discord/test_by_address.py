"""Connected by its two addresses to a real HTTP and WebSocket server: log in, hear, answer, lose the line, resume."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from bot import discord_app, wording
from engine.messages import SessionKey
from tests.bot.chats.house import house
from tests.fakes import EchoWriter

ME = {"id": "42", "username": "ghostnote", "discriminator": "0", "avatar": None, "bot": True}
ANN = {"id": "77", "username": "ann", "discriminator": "0", "avatar": None, "global_name": "Ann"}
APPLICATION: dict[str, Any] = {
    "id": "42",
    "name": "g",
    "icon": None,
    "description": "",
    "flags": 0,
    "verify_key": "",
    "rpc_origins": [],
    "bot_public": True,
    "bot_require_code_grant": False,
    "owner": {**ANN, "id": "1"},
    "summary": "",
}
TOKEN = "right.token"


@dataclass
class Server:
    """A Discord that knows one private chat."""

    address: str = ""
    lines: list[web.WebSocketResponse] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    limit_next: bool = False
    away: int = 0
    sequence: int = 0

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}, "s": None, "t": None})
        async for message in line:
            if message.type is not WSMsgType.TEXT:
                break
            asked = json.loads(message.data)
            self.asked.append(asked)
            if asked["op"] == 1:
                await line.send_json({"op": 11, "d": None, "s": None, "t": None})
            elif asked["op"] == 2:
                self.lines.append(line)
                address = self.address.replace("http", "ws") + "/gateway"
                ready = {"v": 10, "user": ME, "guilds": [], "session_id": "s", "resume_gateway_url": address}
                await self.tell("READY", {**ready, "shard": [0, 1], "application": {"id": "42", "flags": 0}})
            elif asked["op"] == 6:
                self.lines.append(line)
                await self.tell("RESUMED", {})
        return line

    async def tell(self, event: str, data: dict[str, Any]) -> None:
        self.sequence += 1
        await self.lines[-1].send_json({"op": 0, "t": event, "s": self.sequence, "d": data})

    async def say(self, number: int, words: str) -> None:
        await self.tell("MESSAGE_CREATE", message(str(number), words, ANN))

    async def rest(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return answer({"code": 0, "message": "401: Unauthorized"}, status=401)
        path, method = request.path.removeprefix("/api/v10"), request.method
        if self.away:
            self.away -= 1
            return answer({"code": 0, "message": "not here"}, status=418)
        if path == "/users/@me":
            return answer(ME)
        if path.endswith("/applications/@me"):
            return answer(APPLICATION)
        if path.endswith("/commands"):
            return answer([])
        if path.endswith("/typing"):
            return web.Response(status=204)
        if self.limit_next:
            self.limit_next = False
            return answer({"retry_after": 0.2, "global": False}, status=429, headers={"Retry-After": "0.2"})
        body = await request.json()
        number = str(1000 + len(self.messages)) if method == "POST" else path.rpartition("/")[2]
        self.messages[number] = {**self.messages.get(number, {}), **body}
        return answer(message(number, self.messages[number]["content"], ME))


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: discord.py does not know it by any other name, such as one with a charset."""
    return web.Response(body=json.dumps(data).encode(), status=status, headers=headers, content_type="application/json")


def message(number: str, words: str, author: dict[str, Any]) -> dict[str, Any]:
    """A message in the private chat."""
    empty: dict[str, Any] = {name: [] for name in ("attachments", "embeds", "mentions", "mention_roles", "components")}
    return {
        **empty,
        "id": number,
        "channel_id": "9",
        "author": author,
        "content": words,
        "type": 0,
        "edited_timestamp": None,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "tts": False,
        "pinned": False,
        "mention_everyone": False,
    }


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server, app = Server(), web.Application()
    app.router.add_get("/gateway/", server.gateway)
    app.router.add_get("/gateway", server.gateway)
    app.router.add_route("*", "/api/v10/{rest:.*}", server.rest)
    async with TestServer(app) as http:
        server.address = str(http.make_url("")).rstrip("/")
        yield server


async def until(done: Any) -> None:
    async with asyncio.timeout(15):
        while not done():  # noqa: ASYNC110  # the server has no one event for all of it
            await asyncio.sleep(0.02)


async def test_it_hears_answers_and_resumes(tmp_path: Path) -> None:
    async with serving() as server, house(tmp_path / "g.db", EchoWriter()) as conversation:
        api, gateway = server.address + "/api/v10", server.address.replace("http", "ws") + "/gateway"
        async with discord_app.serve(conversation, token=TOKEN, api=api, gateway=gateway):
            await until(lambda: server.lines)
            server.limit_next = True
            await server.say(501, "It rained.")
            await until(lambda: any("👍" in str(each.get("components")) for each in server.messages.values()))
            await server.lines[-1].close(code=1001)
            await until(lambda: len(server.lines) == 2)
            assert [each["op"] for each in server.asked if each["op"] in (2, 6)] == [2, 6]
            await server.say(502, "Then it stopped.")
            await until(lambda: sum("👍" in str(each.get("components")) for each in server.messages.values()) == 2)
            turns = (await conversation.piece(SessionKey("discord", "77"))).turns
            assert [turn.kind for turn in turns] == ["person", "model"] * 2
            shown = [each["content"] for each in server.messages.values()]
            assert shown == [turn.text for turn in turns if turn.kind == "model"]


async def test_a_refused_token_is_one_sentence(tmp_path: Path) -> None:
    async with serving() as server, house(tmp_path / "g.db", EchoWriter()) as conversation:
        with pytest.raises(discord_app.DiscordUnavailable) as refusal:
            async with discord_app.serve(conversation, token="wrong", api=server.address + "/api/v10"):
                pass
    assert str(refusal.value) == wording.say("discord_token_refused", "en")


async def test_a_server_that_comes_up_late_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server, house(tmp_path / "g.db", EchoWriter()) as conversation:
        server.away = 2
        api, gateway = server.address + "/api/v10", server.address.replace("http", "ws") + "/gateway"
        async with discord_app.serve(conversation, token=TOKEN, api=api, gateway=gateway):
            await until(lambda: server.lines)
            await server.say(501, "It rained.")
            await until(lambda: any("👍" in str(each.get("components")) for each in server.messages.values()))
    assert TOKEN not in caplog.text
    assert wording.say("discord_unreachable", "en", api=api) in caplog.text
