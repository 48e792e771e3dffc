"""A piece goes from one frontend to the next as a file, and is the same in each."""

import json
import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from rich.console import Console

from bot import telegram_app, terminal_app, web_app, wording
from bot.discord.client import Ghost
from engine.conversation import Conversation
from engine.messages import Person, SessionKey, UserMessage
from storage.db import open_database
from storage.schema import pieces
from tests.bot.chats.house import house
from tests.bot.discord.conftest import simulated
from tests.bot.telegram.bot_api import BotApi
from tests.bot.telegram.conftest import Desk
from tests.engine.desk import done
from tests.fakes import EchoWriter

SAY = wording.sayer("en")
MARA = Person("terminal", "me", "Mara")


async def terminal(talk: Conversation, data: bytes, folder: Path) -> None:
    (folder / "the lamp.json").write_bytes(data)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as end:
        end.write(f"/import {folder / 'the lamp.json'}\n")
    with os.fdopen(reading, encoding="utf-8") as source:
        await terminal_app.chat(talk, source, Console(file=StringIO(), width=100), "en")


async def studio(talk: Conversation, data: bytes, folder: Path) -> None:
    async with web_app.serve(talk, port=0) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        session = (await client.post("/api/sessions", json={"author": "Mara"})).json()["id"]
        files = {"file": ("the lamp.json", data, "application/json")}
        answer = await client.post(f"/api/sessions/{session}/messages", data={"text": "/import"}, files=files)
        assert "is here and open" in answer.text
        refused = await client.post(f"/api/sessions/{session}/messages", data={"text": "words"}, files=files)
        assert refused.status_code == 415


async def telegram(talk: Conversation, data: bytes, folder: Path) -> None:
    async with BotApi().serving() as api:
        person = api.world.person(77, "Mara")
        desk = Desk(api, api.world.private(person), person)
        async with telegram_app.serve(talk, token=api.token, api=api.root):
            desk.send("the lamp.json", data, caption="/import")
            await api.until(lambda: not api.world.updates)


async def discord(talk: Conversation, data: bytes, folder: Path) -> None:
    async with simulated(Ghost(talk, shard_count=1), 60.0) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("writing")
        mara = guild.add_member(env.create_user("mara", global_name="Mara"))
        result = await mara.slash(channel, "import", file=("the lamp.json", data))
        assert result.response
        assert "is here and open" in result.response.content


ROADS: Mapping[str, Any] = {"terminal": terminal, "studio": studio, "telegram": telegram, "discord": discord}


def told(data: bytes) -> list[Any]:
    content = json.loads(data)
    slots = ("kind", "author", "text", "form")
    return [content["title"], [[turn[slot] for slot in slots] for turn in content["turns"] + content["others"]]]


async def test_a_piece_goes_from_one_frontend_to_the_next(tmp_path: Path) -> None:
    async with house(tmp_path / "first.db", EchoWriter()) as talk:
        key = SessionKey("terminal", "local")
        await done(talk.reply(UserMessage(key, MARA, "A lamp."), "story"))
        await done(talk.retry(UserMessage(key, MARA)))
        _, _, data = await talk.carrying.export(key, "json", SAY)
    for frontend, road in ROADS.items():
        file = tmp_path / f"{frontend}.db"
        async with house(file, EchoWriter()) as talk:
            await road(talk, data, tmp_path)
            [came] = [await talk.carrying.export(where, "json", SAY) for where in await brought(file)]
        assert told(came[2]) == told(data), frontend
        assert len(json.loads(came[2])["others"]) == 1
        data = came[2]


async def brought(file: Path) -> list[SessionKey]:
    """Where pieces with a title are."""
    async with open_database(f"sqlite:///{file}") as database:
        return await database.read(_titled)


def _titled(connection: sa.Connection) -> list[SessionKey]:
    rows = connection.execute(sa.select(pieces).where(pieces.c.title != ""))
    return [SessionKey(row.platform, row.chat, row.thread, row.id) for row in rows]
