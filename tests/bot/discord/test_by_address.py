"""Connected by its two addresses to a real HTTP and WebSocket server: it hears, answers, loses the line, comes back."""

import asyncio
from pathlib import Path

import pytest

from bot import discord_app, wording
from engine.messages import SessionKey
from tests.bot.chats.house import house
from tests.bot.discord.conftest import Connect
from tests.bot.discord.server import ATTIC, GUILD, HALL, PRIVATE, TOKEN, Server, serving, until
from tests.fakes import EchoWriter


async def test_it_hears_answers_and_resumes(connect: Connect) -> None:
    async with serving(Server()) as server, connect(server, EchoWriter()) as conversation:
        await server.say(501, "It rained.")
        await until(lambda: server.finished(PRIVATE))
        await server.drop()
        assert (server.opened(2), server.opened(6)) == (1, 1)
        await server.say(502, "Then it stopped.")
        await until(lambda: len(server.finished(PRIVATE)) == 2)
        turns = (await conversation.piece(SessionKey("discord", "77"))).turns
        assert [turn.kind for turn in turns] == ["person", "model"] * 2
        assert server.finished(PRIVATE) == [turn.text for turn in turns if turn.kind == "model"]


@pytest.mark.parametrize("how", ["drop", "reconnect", "invalid", "garbled"])
async def test_a_line_that_is_lost_in_mid_stream_costs_no_text(connect: Connect, how: str) -> None:
    writer = EchoWriter()
    writer.gate = asyncio.Event()
    async with serving(Server()) as server, connect(server, writer) as conversation:
        await server.say(501, "It rained.")
        await server.slash(502, "story", "It snowed.")
        await until(lambda: len(server.messages) == 2)
        await getattr(server, how)()
        writer.gate.set()
        await until(lambda: server.finished(PRIVATE) and server.finished(HALL))
        assert (server.opened(2), server.opened(6)) == (
            (1, 1) if how in ("drop", "reconnect") else (2, how == "invalid")
        )
        await server.say(503, "Then it stopped.")
        await until(lambda: len(server.finished(PRIVATE)) == 2)
        for key, channel in ((SessionKey("discord", "77"), PRIVATE), (SessionKey("discord", HALL), HALL)):
            turns = (await conversation.piece(key)).turns
            assert server.finished(channel) == [turn.text for turn in turns if turn.kind == "model"]


async def test_a_server_that_puts_it_out_stops_nothing_else(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    writer = EchoWriter()
    writer.gate = asyncio.Event()
    async with serving(Server()) as server, connect(server, writer) as conversation:
        await server.say(501, "It rained.", HALL)
        await until(lambda: server.messages)
        server.trouble("PATCH|POST", f"/channels/{HALL}/", 403, {"code": 50001, "message": "Missing Access"}, times=99)
        await server.tell("GUILD_DELETE", {"id": GUILD})
        writer.gate.set()
        await server.say(502, "It snowed.")
        await until(lambda: server.finished(PRIVATE))
        key = SessionKey("discord", HALL)
        await until(lambda: "could not show" in caplog.text)
        assert [turn.kind for turn in (await conversation.piece(key)).turns] == ["person", "model"]
        assert len([each for each in server.calls if each.status == 403]) <= 2


async def test_every_shard_is_connected_and_heard(tmp_path: Path) -> None:
    async with serving(Server()) as server, house(tmp_path / "g.db", EchoWriter()) as conversation:
        server.shards = 2
        async with discord_app.serve(conversation, token=TOKEN, api=server.api):
            await until(lambda: len(server.lines) == 2, 30)
            assert sorted(each["d"]["shard"] for each in server.asked if each["op"] == 2) == [[0, 2], [1, 2]]
            home = (int(GUILD) >> 22) % 2
            await server.say(501, "It rained.", HALL, shard=home)
            await server.slash(502, "story", "It snowed.", ATTIC, shard=home)
            await server.say(503, "It thawed.", PRIVATE, shard=0)
            await until(lambda: all(map(server.finished, (HALL, ATTIC, PRIVATE))))


async def test_a_refused_token_is_one_sentence(tmp_path: Path) -> None:
    async with serving(Server()) as server, house(tmp_path / "g.db", EchoWriter()) as conversation:
        with pytest.raises(discord_app.DiscordUnavailable) as refusal:
            async with discord_app.serve(conversation, token="wrong", api=server.api):
                pass
    assert str(refusal.value) == wording.say("discord_token_refused", "en")


async def test_a_server_that_comes_up_late_is_found(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(Server()) as server:
        server.away = 2
        async with connect(server, EchoWriter()):
            await server.say(501, "It rained.")
            await until(lambda: server.finished(PRIVATE))
        assert TOKEN not in caplog.text
        assert wording.say("discord_unreachable", "en", api=server.api) in caplog.text
