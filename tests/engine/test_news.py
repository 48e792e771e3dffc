"""News are said at least once, by one process at a time, and not again once they were said."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

from engine.messages import MessageRef, News
from engine.news import LEASE, Newsroom
from storage.db import Database, open_database
from storage.history import History
from storage.outbox import Outbox
from storage.records import NewsRow, Place
from storage.schema import outbox
from tests.engine.clock import Clock
from tests.engine.desk import opened

HERE, ELSEWHERE = Place("telegram", "1"), Place("discord", "2", "3")


async def posted(database: Database, clock: Clock, *names: str, place: Place = HERE) -> None:
    piece = (await History(database).ensure(place)).id
    await Outbox(database).post([NewsRow(place, piece, name, {"who": "Ben"}) for name in names], clock())


async def heard(room: Newsroom, count: int, platform: str = "telegram") -> list[News]:
    found: list[News] = []
    async with aclosing(room.of(platform)) as news:
        while len(found) < count:
            found.append(await asyncio.wait_for(anext(news), 10))
    return found


async def silent(room: Newsroom, platform: str = "telegram") -> bool:
    async with aclosing(room.of(platform)) as news:
        try:
            await asyncio.wait_for(anext(news), 0.1)
        except TimeoutError:
            return True
    return False


async def test_news_come_in_order_to_their_platform_and_not_again_once_said(database_url: str) -> None:
    clock = Clock()
    async with open_database(database_url) as database:
        await posted(database, clock, "one", "two")
        await posted(database, clock, "three", place=ELSEWHERE)
        room = Newsroom(Outbox(database), clock)
        async with aclosing(room.of("telegram")) as news:
            for name in ("one", "two"):
                each = await anext(news)
                assert (each.name, each.key.chat, dict(each.fields)) == (name, "1", {"who": "Ben"})
                await room.told(each, (MessageRef("telegram", "1", "77"),))
        (other,) = await heard(room, 1, "discord")
        assert (other.name, other.key.thread) == ("three", "3")
        clock.forward(days=1)
        assert await silent(Newsroom(Outbox(database), clock))


async def test_what_a_process_has_not_said_is_said_by_the_next(database_url: str) -> None:
    clock = Clock()
    async with open_database(database_url) as database:
        await posted(database, clock, "one", "two")
        (first,) = await heard(Newsroom(Outbox(database), clock), 1)  # it ends without having said anything
        assert [each.name for each in await heard(Newsroom(Outbox(database), clock), 2)] == ["one", "two"]
        assert first.name == "one"


async def test_a_killed_process_leaves_nothing_unsaid(database_url: str) -> None:
    clock = Clock()
    async with open_database(database_url) as database:
        await posted(database, clock, "one")
        killed = Outbox(database)
        assert len(await killed.claim("telegram", clock(), clock() + LEASE)) == 1
        room = Newsroom(Outbox(database), clock)
        assert await silent(room)  # the other one may be about to say it
        clock.forward(seconds=LEASE.total_seconds())
        assert [each.name for each in await heard(room, 1)] == ["one"]


async def test_two_processes_never_have_the_same_news(database_url: str) -> None:
    clock = Clock()
    async with open_database(database_url) as one, open_database(database_url) as two:
        await posted(one, clock, *map(str, range(60)))
        boxes = Outbox(one), Outbox(two)
        claims = await asyncio.gather(
            *(boxes[turn % 2].claim("telegram", clock(), clock() + LEASE) for turn in range(6))
        )
        numbers = [row.number for rows in claims for row in rows]
        assert len(numbers) == len(set(numbers)) == 60


async def test_what_is_being_said_slowly_is_not_said_twice(database_url: str) -> None:
    clock = Clock()
    async with open_database(database_url) as database:
        await posted(database, clock, "one")
        room = Newsroom(Outbox(database), clock)
        async with aclosing(room.of("telegram")) as news:
            slow = await anext(news)
            clock.forward(minutes=10)
            assert await silent(room)
            await room.told(slow)


async def test_where_and_that_it_was_said_is_kept_for_a_week(database_url: str) -> None:
    async with opened(database_url) as desk:
        clock = Clock()
        await posted(desk.database, clock, "one")
        room = Newsroom(Outbox(desk.database), clock)
        async with aclosing(room.of("telegram")) as news:
            each = await anext(news)
            await room.told(each, (MessageRef("telegram", "1", "77"),))
            assert (await desk.rows(outbox))[0]["messages"] == [["telegram", "1", "77"]]
            clock.moment += timedelta(days=8)
            await posted(desk.database, clock, "two")
            room.stir()
            await room.told(await anext(news))
        assert [row["name"] for row in await desk.rows(outbox)] == ["two"]
