"""What answers no message reaches channels, threads and private chats on Discord."""

import asyncio
from pathlib import Path

import discord
import pytest

from bot import wording
from engine import news
from storage.records import Place
from tests.bot.chats.posting import post
from tests.bot.discord.conftest import Desk, Open


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOK", 0.05)


async def until_last(desk: Desk, channel: object, words: str) -> None:
    for _ in range(200):
        message: discord.Message | None = channel.last_message  # type: ignore[attr-defined]
        if message and message.content == words:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(words)


async def test_news_are_said_where_they_belong(opened: Open, tmp_path: Path) -> None:
    file = tmp_path / "ghostnote.db"
    words = wording.say("news_joined", "en", name="Ben")
    async with opened() as desk:
        await desk.say("It rained.")
        await post(file, Place("discord", desk.key.chat), "Ben")
        await until_last(desk, desk.channel, words)
        user = desk.env.create_user("ben", global_name="Ben")
        await user.send_dm("It snowed.")
        await post(file, Place("discord", str(user.id)), "Ben")
        await until_last(desk, user.dm_channel, words)
        count = len([message for message in desk.channel.history() if message.content == words])
        await desk.restart()
        await asyncio.sleep(0.3)
        assert len([message for message in desk.channel.history() if message.content == words]) == count == 1
