"""A full house says so before anything is stored."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from engine.batching import Limits
from engine.conversation import Conversation
from engine.errors import Busy
from engine.messages import Event, Person, Queued, SessionKey, Snapshot, UserMessage
from engine.text.echo import EchoGenerator
from engine.text.writer import Writer
from engine.worker import Worker
from storage.db import open_database
from storage.history import History
from storage.preferences import Preferences

ANN = Person("test", "ann", "Ann")


def message(chat: str) -> UserMessage:
    return UserMessage(SessionKey("test", chat), ANN, "A fox went out on a chilly night.")


async def until(events: AsyncGenerator[Event, None], kind: type[Event]) -> None:
    async with asyncio.timeout(20):
        async for event in events:
            if isinstance(event, kind):
                return
    raise AssertionError(f"the reply ended without {kind}")


async def test_who_finds_it_full_has_stored_nothing_and_the_others_go_on(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(f"sqlite:///{tmp_path / 'ghostnote.db'}"))
        worker = await stack.enter_async_context(Worker(EchoGenerator(delay=0.05), inbox=1, limits=Limits(1)))
        talk = Conversation(History(database), Preferences(database), Writer(worker))
        stack.push_async_callback(talk.close)
        writing = await stack.enter_async_context(aclosing(talk.reply(message("one"), "story")))
        await until(writing, Snapshot)
        queued = await stack.enter_async_context(aclosing(talk.reply(message("two"), "story")))
        await until(queued, Queued)

        with pytest.raises(Busy) as busy:
            await until(talk.reply(message("three"), "story"), Snapshot)

        assert busy.value.fields == {"waiting": 1}
        assert (await talk.piece(SessionKey("test", "three"))).turns == ()
        assert len((await talk.piece(SessionKey("test", "two"))).turns) == 1
