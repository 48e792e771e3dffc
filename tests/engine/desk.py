"""A conversation over a real database with the quick echo writer, and short ways to talk to it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from bot import wording
from engine.conversation import Conversation
from engine.messages import Accepted, Done, Event, Person, SessionKey, Turn, UserMessage
from engine.news import Clock
from storage.db import Database, now, open_database
from storage.history import History
from storage.preferences import Preferences
from tests.fakes import EchoWriter

KEY = SessionKey("telegram", "1")
MARA = Person("telegram", "7", "Mara")
BEN = Person("telegram", "8", "Ben")
SAY = wording.sayer("en")


class Desk:
    """Mara's desk in one chat."""

    def __init__(self, database: Database, clock: Clock = now) -> None:
        self.database = database
        self.writer = EchoWriter()
        self.preferences = Preferences(database)
        self.talk = Conversation(History(database), self.preferences, self.writer, clock=clock)

    def message(self, text: str = "", delivery: str = "", key: SessionKey = KEY, person: Person = MARA) -> UserMessage:
        return UserMessage(key, person, text, delivery=delivery)

    async def say(self, text: str, form: str = "", delivery: str = "", key: SessionKey = KEY) -> Turn:
        return await done(self.talk.reply(self.message(text, delivery, key), form))

    async def proceed(self, delivery: str = "") -> Turn:
        return await done(self.talk.proceed(self.message(delivery=delivery)))

    async def retry(self, turn: str = "", delivery: str = "") -> Turn:
        return await done(self.talk.retry(self.message(delivery=delivery), turn))

    async def texts(self, key: SessionKey = KEY) -> list[str]:
        return [turn.text for turn in (await self.talk.piece(key)).turns]

    async def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        """Every row of a table, to see what really is in the database."""

        def read(connection: sa.Connection) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(sa.select(table)).mappings()]

        return await self.database.read(read)


@asynccontextmanager
async def opened(url: str, clock: Clock = now) -> AsyncIterator[Desk]:
    async with open_database(url) as database:
        desk = Desk(database, clock)
        yield desk
        await desk.talk.close()


async def events(stream: AsyncGenerator[Event, None]) -> list[Event]:
    """All events, which always begin with Accepted and end with Done."""
    found = await collect(stream)
    assert isinstance(found[0], Accepted)
    assert isinstance(found[-1], Done)
    return found


async def collect(stream: AsyncGenerator[Event, None]) -> list[Event]:
    """Whatever events there are."""
    async with aclosing(stream) as reply:
        return [event async for event in reply]


async def done(stream: AsyncGenerator[Event, None]) -> Turn:
    last = (await events(stream))[-1]
    assert isinstance(last, Done)
    return last.turn


def other(key: SessionKey = KEY, **changes: str) -> SessionKey:
    return replace(key, **changes)
