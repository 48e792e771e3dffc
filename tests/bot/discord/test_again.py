"""Processes that are killed in mid-stream: what was stored is answered after the restart, once, where it belongs."""

import asyncio
import base64
import functools
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from bot.discord.resuming import OWED
from engine.messages import SessionKey
from tests.bot.chats.house import house
from tests.bot.discord.server import ATTIC, HALL, PRIVATE, TOKEN, Server, serving, until
from tests.fakes import EchoWriter

STORY = "A lighthouse keeper finds a letter addressed to no one."
KEYS = {PRIVATE: SessionKey("discord", "77"), **{each: SessionKey("discord", each) for each in (HALL, ATTIC)}}


@asynccontextmanager
async def ghost(server: Server, folder: Path, delay: float = 0.0) -> AsyncIterator[None]:
    """Ghostnote in a process of its own, killed with SIGKILL at the end."""
    where = (str(folder / "g.db"), server.api, server.line, TOKEN, str(delay))
    server.lines.clear()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bot.discord.ghost", *where)
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


def noted(folder: Path, message: str, kind: str = "") -> bool:
    """Whether it is written down what a message shows; killed just before that, it would be answered in another.

    While it grows it shows the words that it answers (kind "person"), and only then the answer ("model").
    """
    query = "SELECT kind FROM deliveries JOIN turns ON turns.id = turn WHERE message = ?"
    with closing(sqlite3.connect(folder / "g.db")) as database:
        return any(kind in found for (found,) in database.execute(query, (message,)))


async def test_killed_in_mid_stream_it_answers_after_all_in_the_same_messages(tmp_path: Path) -> None:
    async with serving(Server()) as server:
        for start in range(2):
            async with ghost(server, tmp_path, delay=0.08):
                await until(lambda: server.lines)
                if not start:
                    await server.say(501, STORY)
                    await server.say(502, STORY, HALL)
                    await server.slash(503, "story", STORY, ATTIC)
                await until(
                    lambda: len(server.messages) == 3 and all(noted(tmp_path, each) for each in server.messages)
                )
                if start:
                    for channel in KEYS:
                        await until(functools.partial(server.made, "PATCH", f"/channels/{channel}/"))
            server.calls.clear()
            assert not any(map(server.finished, KEYS))
        async with ghost(server, tmp_path):
            await until(lambda: all(map(server.finished, KEYS)))
            await server.say(504, "And then?", HALL)
            await until(
                lambda: (
                    len(server.finished(HALL)) == 2 and all(noted(tmp_path, each, "model") for each in server.messages)
                )
            )
        async with house(tmp_path / "g.db", EchoWriter()) as conversation:
            for channel, key in KEYS.items():
                turns = (await conversation.piece(key)).turns
                assert [turn.kind for turn in turns] == ["person", "model"] * (1 + (channel == HALL))
                assert turns[0].text == STORY
                written = [turn.text for turn in turns if turn.kind == "model"]
                assert [each["content"] for each in server.shown(channel)] == written
            assert await conversation.unanswered("discord", OWED) == ()


async def test_killed_while_people_wait_in_line_it_hears_them_again(tmp_path: Path) -> None:
    def waiting() -> set[tuple[str, str]]:
        with closing(sqlite3.connect(tmp_path / "g.db")) as database:
            return set(database.execute("SELECT chat, message FROM arrivals").fetchall())

    said = {HALL: [(501, STORY), (502, "Then it rained."), (503, "And gone?")], PRIVATE: [(511, STORY), (512, "Oh.")]}
    async with serving(Server()) as server:
        async with ghost(server, tmp_path, delay=3.0):
            await until(lambda: server.lines)
            for channel, lines in said.items():
                for number, words in lines:
                    await server.say(number, words, channel)
            await until(lambda: waiting() == {(HALL, "502"), (HALL, "503"), (PRIVATE, "512")})
        del server.said["503"]  # its author took it back meanwhile
        async with ghost(server, tmp_path):
            await until(lambda: len(server.finished(HALL)) == 2)
            await until(lambda: len(server.finished(PRIVATE)) == 2)
            await until(lambda: not waiting())
        async with house(tmp_path / "g.db", EchoWriter()) as conversation:
            for channel, lines in said.items():
                turns = (await conversation.piece(KEYS[channel])).turns
                assert [turn.kind for turn in turns] == ["person", "model"] * 2
                assert [turn.text for turn in turns if turn.kind == "person"] == [words for _, words in lines[:2]]


async def test_killed_while_it_composes_it_sends_music_after_all(tmp_path: Path) -> None:
    async with serving(Server()) as server:
        async with ghost(server, tmp_path):
            await until(lambda: server.lines)
            await server.slash(501, "music", "2 variants of a 1 bar folk air", ATTIC)
            await until(lambda: noted(tmp_path, "501"))
        assert not server.finished(ATTIC)
        async with ghost(server, tmp_path):
            await until(lambda: len(server.shown(ATTIC)) == 4, 40)
        text, picture, sound, midi = server.shown(ATTIC)
        assert "1/2" in json.dumps(text["components"])
        assert [each["attachments"][0]["filename"].rpartition(".")[2] for each in (picture, midi)] == ["png", "mid"]
        assert sound["flags"] == 8192
        assert sound["attachments"][0]["duration_secs"] > 0
        assert base64.b64decode(sound["attachments"][0]["waveform"])
        assert sound["files"] == ["files[0]"]
