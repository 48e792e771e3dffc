"""The studio over a real conversation on a fresh database, for tests: in process, or behind a real uvicorn."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from mido import Message, MetaMessage, MidiFile, MidiTrack  # type: ignore[import-untyped] # ships no types

from bot import wording
from bot.web_app import About, app
from engine.art.painter import Painter
from engine.conversation import Conversation
from engine.makers import Makers
from engine.music.composer import Composer
from engine.music.musician import Musician
from engine.text.echo import EchoGenerator
from engine.text.writer import Writer
from engine.worker import Worker
from storage.db import open_database
from storage.history import History
from storage.preferences import Preferences

Json = dict[str, Any]
Events = list[tuple[str, Json]]


@dataclass
class Studio:
    """A client of the API, with the few calls every test makes."""

    client: httpx.AsyncClient
    conversation: Conversation

    async def create(self, title: str = "", author: str = "me") -> str:
        answer = await self.client.post("/api/sessions", json={"title": title, "author": author})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def say(self, session: str, text: str, author: str = "me") -> Events:
        answer = await self.client.post(f"/api/sessions/{session}/messages", json={"text": text, "author": author})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        return parse(answer.text)

    async def send(self, session: str, data: bytes, text: str = "", name: str = "tune.mid") -> Events:
        """A file, with or without words."""
        files, fields = {"file": (name, data, "audio/midi")}, {"text": text, "author": "me"}
        answer = await self.client.post(f"/api/sessions/{session}/messages", data=fields, files=files)
        assert answer.status_code == 200, answer.text
        return parse(answer.text)

    async def act(self, turn: str, action: str, **more: object) -> Events:
        answer = await self.client.post(f"/api/turns/{turn}/actions", json={"action": action, **more})
        assert answer.status_code == 200, answer.text
        return parse(answer.text)

    async def vote(self, turn: str, value: int, author: str = "me") -> None:
        answer = await self.client.post(f"/api/turns/{turn}/reactions", json={"author": author, "value": value})
        assert (answer.status_code, answer.content) == (204, b"")

    async def piece(self, session: str, author: str = "me") -> Json:
        answer = await self.client.get(f"/api/sessions/{session}", params={"author": author})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def everything(self) -> list[Json]:
        """All pieces with all their turns, to see that nothing changed."""
        return [await self.piece(each["id"]) for each in (await self.client.get("/api/sessions")).json()]


def tune(bars: int = 2, tempo: float = 100.0) -> bytes:
    """A scale in C major as a MIDI file, written with another library than the one under test reads with."""
    song = MidiFile(ticks_per_beat=480)
    track = MidiTrack()
    song.tracks.append(track)
    track.append(MetaMessage("set_tempo", tempo=round(60e6 / tempo)))
    track.append(MetaMessage("time_signature", numerator=4, denominator=4))
    for beat in range(4 * bars):
        pitch = (60, 62, 64, 65, 67, 65, 64, 60)[beat % 8]
        track.append(Message("note_on", note=pitch, velocity=90, time=0))
        track.append(Message("note_off", note=pitch, velocity=0, time=480))
    out = BytesIO()
    song.save(file=out)
    return out.getvalue()


def parse(stream: str) -> Events:
    """The events of a finished stream, checked against what PRODUCT.md promises of every stream."""
    events = []
    for block in stream.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    assert {name for name, _ in events} <= {"draft", "notice", "attachment", "final", "error"}
    assert [name for name, _ in events if name in ("final", "error")] == [events[-1][0]]
    return events


def final(events: Events) -> Json:
    """The data of the `final` event."""
    name, data = events[-1]
    assert name == "final", data
    assert {"turn", "text", "adapter", "model", "seed", "finish"} <= data.keys()
    return data


def error_of(answer: httpx.Response) -> str:
    """The code of an error answer, whose shape is checked; its message is one printable sentence."""
    assert answer.status_code >= 400
    error = answer.json()["error"]
    assert set(error) == {"code", "message"}
    assert error["message"][-1] in ".?。？"
    assert "Traceback" not in error["message"]
    return str(error["code"])


@cache
def load() -> Composer:
    """The shipped weights, read once for all tests."""
    return Composer.load()


@asynccontextmanager
async def conversation(home: Path, delay: float = 0.0) -> AsyncIterator[Conversation]:
    """Everything below the studio as it is served, but for the language model; `delay` is how long a word takes."""
    home.mkdir(parents=True, exist_ok=True)
    async with open_database(f"sqlite:///{home / 'ghostnote.db'}") as database, Worker(EchoGenerator(delay)) as worker:
        musician, painter = Musician(worker, load, wording.describe), Painter(wording.describe_look)
        talk = Conversation(History(database), Preferences(database), Writer(worker), Makers(musician, painter))
        try:
            yield talk
        finally:
            await talk.close()
            await musician.close()
            await painter.close()


@asynccontextmanager
async def studio(
    home: Path, *, token: str = "", about: About | None = None, delay: float = 0.0
) -> AsyncIterator[Studio]:
    """A studio in process."""
    async with conversation(home, delay=delay) as talk:
        transport = httpx.ASGITransport(app(talk, token, about))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
            yield Studio(client, talk)
