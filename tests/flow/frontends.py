"""One person who writes the same through Telegram, Discord, studio or terminal, and what the database then holds.

A transcript is a list of lines as they would be typed. A line `*retry` presses the button of that name under the last
passage (where there are no buttons the command is typed), `@mine.mid` sends a file.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from rich.console import Console

from bot import telegram_app, terminal_app, web_app
from bot.discord.client import Ghost
from engine.conversation import Conversation
from storage import schema
from storage.db import open_database
from tests.bot.chats.tunes import tune
from tests.bot.discord.conftest import button, labels, simulated
from tests.bot.studio import parse
from tests.bot.telegram.bot_api import BotApi
from tests.bot.telegram.conftest import Desk

Player = Callable[[Conversation, Sequence[str], Path], Awaitable[None]]

SIGNS = {"like": "👍", "dislike": "👎", "retry": "🔁", "previous": "◀", "next": "▶", "continue": "➡", "undo": "↩"}
OPTIONS = {"alternatives": "count", "context": "passage", "pick": "version"}
OPTIONS |= dict.fromkeys(("branches", "consent", "corpse", "export", "forgetme", "mood"), "choice")
OPTIONS |= dict.fromkeys(("beside", "delete", "give", "kick", "open", "switch"), "which") | {"choose": "number"}
"""What Discord calls the words behind a command, where that is not `text`."""

PASSING = {"id", "created", "updated", "piece", "turn", "person", "account", "platform", "name", "chat", "thread"}
"""What differs from one run to the next (ids, times) or belongs to the platform (accounts, places)."""


async def terminal(talk: Conversation, lines: Sequence[str], folder: Path) -> None:
    """Typed into a pipe that the terminal's chat reads."""
    (folder / "mine.mid").write_bytes(tune())
    typed = [line.replace("*", "/", 1) if line[0] == "*" else line for line in lines]
    typed = [str(folder / line[1:]) if line[0] == "@" else line for line in typed]
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as end:
        end.write("".join(f"{line}\n" for line in typed))
    with os.fdopen(reading, encoding="utf-8") as source:
        await terminal_app.chat(talk, source, Console(file=StringIO(), width=100), "en")


async def studio(talk: Conversation, lines: Sequence[str], folder: Path) -> None:
    """Posted to the studio's API over HTTP."""
    async with web_app.serve(talk, port=0) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        session = (await client.post("/api/sessions", json={"author": "Mara"})).json()["id"]
        for line in lines:
            where = f"/api/sessions/{session}/messages"
            if line[0] == "*":
                last = (await client.get(f"/api/sessions/{session}")).json()["turns"][-1]["id"]
                where, body = _pressed(last, line[1:])
                answer = await client.post(where, json=body)
            elif line[0] == "@":
                files = {"file": (line[1:], tune(), "audio/midi")}
                answer = await client.post(where, data={"text": "", "author": "Mara"}, files=files)
            else:
                answer = await client.post(where, json={"text": line, "author": "Mara"})
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                session = parse(answer.text)[-1][1].get("session", session)


def _pressed(turn: str, name: str) -> tuple[str, dict[str, Any]]:
    if name in ("like", "dislike"):
        return f"/api/turns/{turn}/reactions", {"author": "Mara", "value": 1 if name == "like" else -1}
    return f"/api/turns/{turn}/actions", {"author": "Mara", "action": name}


async def telegram(talk: Conversation, lines: Sequence[str], folder: Path) -> None:
    """Sent to the bot in a private chat, through a Bot API server."""
    async with BotApi().serving() as api:
        person = api.world.person(77, "Mara")
        desk = Desk(api, api.world.private(person), person)
        async with telegram_app.serve(talk, token=api.token, api=api.root):
            for line in lines:
                if line[0] == "*":
                    desk.world.press(desk.chat, desk.replies()[-1].message_id, SIGNS[line[1:]], person)
                elif line[0] == "@":
                    desk.send(line[1:], tune())
                else:
                    desk.say(line)
                await api.until(lambda: not api.world.updates)  # an update is acknowledged when it is answered


async def discord(talk: Conversation, lines: Sequence[str], folder: Path) -> None:
    """Written in a channel: slash commands where there are such, otherwise with the bot's name."""
    async with simulated(Ghost(talk, shard_count=1), 60.0) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("writing")
        mara = guild.add_member(env.create_user("mara", global_name="Mara"))
        assert env.bot.user
        for line in lines:
            name, _, words = line[1:].partition(" ")
            if line[0] == "*":
                shown = [each for each in channel.history() if any("👍" in label for label in labels(each))]
                last = max(shown, key=lambda each: each.id)
                await mara.click(last, custom_id=button(last, SIGNS[name]))
            elif line[0] == "/":
                await mara.slash(channel, name, **_options(name, words))
            else:
                held = [(name, tune())] if line[0] == "@" else []
                said = "" if line[0] == "@" else line
                await mara.send(channel, f"{env.bot.user.mention} {said}", attachments=held)


def _options(name: str, words: str) -> dict[str, Any]:
    """The words behind a command as a slash command takes them."""
    if not words:
        return {}
    if name == "turns":
        mode, _, details = words.partition(" ")
        return {"mode": mode} | ({"details": details} if details else {})
    if name == "lore":
        keys, _, text = words.partition(": ")
        return {"keys": keys} | ({"text": text} if text else {})
    option = OPTIONS.get(name, "text")
    return {option: int(words) if option in ("count", "number", "passage", "version") else words}


PLAYERS: Mapping[str, Player] = {"terminal": terminal, "studio": studio, "telegram": telegram, "discord": discord}


async def rows(file: Path) -> dict[str, Any]:
    """What the database holds, with positions in place of ids."""
    async with open_database(f"sqlite:///{file}") as database:
        return await database.read(_rows)


def _rows(connection: sa.Connection) -> dict[str, Any]:
    def everything(table: sa.Table, *order: str) -> list[dict[str, Any]]:
        ordered = sa.select(table).order_by(*(table.c[name] for name in order))
        return [dict(row) for row in connection.execute(ordered).mappings()]

    pieces = everything(schema.pieces, "created", "id")
    place = {piece["id"]: number for number, piece in enumerate(pieces)}
    turns = sorted(everything(schema.turns, "number"), key=lambda turn: place[turn["piece"]])
    place |= {turn["id"]: number for number, turn in enumerate(turns)}
    edits = everything(schema.edits, "created")
    place |= {edit["id"]: number for number, edit in enumerate(edits)}
    place |= {person["id"]: 0 for person in everything(schema.people, "id")}

    def placed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: placed(each) for name, each in value.items()}
        return place.get(value, value) if isinstance(value, str) else value

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        kept = {name: placed(value) for name, value in row.items() if name not in PASSING}
        return kept | {name: place.get(row[name]) for name in ("piece", "turn", "person") if name in row}

    return {
        "pieces": [plain(piece) | {"deleted": piece["deleted"] is not None} for piece in pieces],
        "open": [place.get(row["piece"]) for row in everything(schema.places, "piece")],
        "turns": [plain(turn) for turn in turns],
        "music": sorted(place[row["turn"]] for row in everything(schema.scores, "turn")),
        "moves": [plain(move) for move in everything(schema.moves, "created", "number")],
        "edits": [plain(edit) for edit in edits],
        "votes": [plain(vote) for vote in everything(schema.preferences, "created")],
        "picks": [plain(pick) for pick in everything(schema.picks, "created")],
        "retries": [plain(retry) for retry in everything(schema.retries, "created")],
        "consents": [plain(consent) for consent in everything(schema.consents, "person")],
        "motifs": [plain(row) for row in everything(schema.motifs, "piece", "key")],
        "together": [
            {name: row["state"][name] for name in ("rules", "corpse", "written")}
            for row in everything(schema.gatherings, "piece")
        ],
        "members": [plain(member) for member in everything(schema.members, "seat")],
        "people": len(everything(schema.people, "id")),
    }
