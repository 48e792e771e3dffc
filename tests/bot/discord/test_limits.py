"""Limits and breakdowns of a real HTTP server: what is limited waits, all else goes on, and no final text is lost."""

import asyncio
import time

import pytest

from engine.conversation import Conversation
from engine.messages import SessionKey
from engine.sessions import WAITING
from tests.bot.discord.conftest import Connect
from tests.bot.discord.server import ATTIC, HALL, PRIVATE, Server, Trouble, serving, until
from tests.fakes import EchoWriter

KEYS = {PRIVATE: SessionKey("discord", "77"), **{each: SessionKey("discord", each) for each in (HALL, ATTIC)}}


async def whole(server: Server, conversation: Conversation, *channels: str) -> None:
    """Each channel shows what its piece holds, once, with buttons."""
    await until(lambda: all(map(server.finished, channels)), 30)
    for channel in channels:
        turns = (await conversation.piece(KEYS[channel])).turns
        assert [each["content"] for each in server.shown(channel)] == [turns[1].text]
        assert server.finished(channel) == [turns[1].text]


async def test_a_limit_in_one_channel_holds_up_no_other(connect: Connect) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter(0.02)) as conversation:
        server.limit(f"/channels/{HALL}/messages", 3.0, times=2)
        began = time.monotonic()
        await server.say(501, "It rained.", HALL)
        await server.say(502, "It snowed.", ATTIC)
        await server.say(503, "It thawed.")
        await whole(server, conversation, ATTIC, PRIVATE)
        assert not server.finished(HALL)
        assert time.monotonic() - began < 6
        await whole(server, conversation, HALL)
        assert time.monotonic() - began > 6


async def test_a_global_limit_is_kept_by_all_and_costs_no_text(connect: Connect) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter(0.02)) as conversation:
        server.limit(f"/channels/{HALL}/messages", 1.5, everywhere=True)
        await server.say(501, "It rained.", HALL)
        await until(lambda: any(each.status == 429 for each in server.calls))
        await server.say(502, "It snowed.", ATTIC)
        await whole(server, conversation, HALL, ATTIC)
        limited = next(each.at for each in server.calls if each.status == 429)
        early = [each for each in server.calls if limited < each.at < limited + 1.3 and "/channels/" in each.path]
        assert not [each for each in early if each.at > limited + 0.2], (
            "what was under way when it came may come through"
        )


async def test_drafts_keep_to_what_a_channel_takes(connect: Connect) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter(0.1)) as conversation:
        server.rate = 3
        await server.say(501, "It rained.", HALL)
        await server.slash(502, "story", "It snowed.", ATTIC)
        await whole(server, conversation, HALL, ATTIC)
        assert len(server.made("PATCH", f"/channels/{HALL}/")) >= 2
        assert not [each for each in server.calls if each.status == 429]


async def test_a_rate_that_is_lower_than_expected_loses_nothing(connect: Connect) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter(0.05)) as conversation:
        server.rate = 1
        await server.say(501, "It rained.", HALL)
        await server.slash(502, "story", "It snowed.", ATTIC)
        await whole(server, conversation, HALL, ATTIC)


BROKEN = {
    "a gateway that is down": Trouble("PATCH|POST", "/messages", 502, {"message": "Bad Gateway"}, times=3),
    "a server that fails": Trouble("PATCH|POST", "/messages", 500, {"message": "oops", "code": 0}, times=2),
    "a proxy that limits": Trouble("PATCH|POST", "/messages", 429, {"message": "blocked"}, times=3),
}


@pytest.mark.parametrize("trouble", BROKEN.values(), ids=BROKEN)
async def test_a_breakdown_is_outlasted(connect: Connect, trouble: Trouble) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter()) as conversation:
        server.troubles.append(trouble)
        await server.say(501, "It rained.", HALL)
        await whole(server, conversation, HALL)
        assert trouble.times == 0


@pytest.mark.parametrize("status", [500, 429])
async def test_an_interaction_outlasts_them_too(connect: Connect, status: int) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter()) as conversation:
        body = {"message": "no", "code": 0, "retry_after": 0.3}
        server.trouble("PATCH|POST", "/webhooks/", status, body, times=2)
        await server.slash(501, "story", "It rained.", HALL)
        await whole(server, conversation, HALL)
        assert [each.status for each in server.calls].count(status) == 2


async def test_25_commands_a_second_are_each_answered_and_stop_nobody_else(connect: Connect) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter(0.01)) as conversation:
        server.rate = 5
        await server.say(500, "It rained.", HALL)
        await until(lambda: server.finished(HALL))
        for number in range(25):
            await server.slash(501 + number, ("continue", "list", "undo", "like", "help")[number % 5])
        await server.say(600, "It snowed.", ATTIC)
        await whole(server, conversation, ATTIC)
        asked = [str(501 + number) for number in range(25)]
        await until(lambda: all(server.messages.get(each, {}).get("content") for each in asked))
        assert len(server.made("POST", "/interactions/")) == 25
        answers = [server.messages[each]["content"] for each in asked]
        assert sum("👍 is kept" in each for each in answers) == 5
        assert await conversation.cancel(KEYS[HALL]) is False


async def test_who_asks_for_more_than_waits_is_told_at_once(connect: Connect) -> None:
    writer = EchoWriter()
    writer.gate = asyncio.Event()
    async with serving(Server()) as server, connect(server, writer) as conversation:
        asked = [str(501 + number) for number in range(40)]
        for each in asked:
            await server.slash(int(each), "story", "It rained.")
        await until(lambda: sum(bool(each["content"]) for each in server.shown(HALL)) >= 40 - WAITING)
        busy = [each["content"] for each in server.shown(HALL) if "👍" not in each["content"]]
        writer.gate.set()
        await until(lambda: all(server.messages.get(each, {}).get("content") for each in asked), 40)
        turns = (await conversation.piece(KEYS[HALL])).turns
        assert len(turns) == 2 * (WAITING + 1)
        assert len(busy) >= 40 - WAITING - 1
