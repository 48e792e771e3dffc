"""What answers no message reaches the chats on Telegram, also after a restart, and once."""

import asyncio
from pathlib import Path

import pytest
from aiogram.types import Chat

from bot import wording
from engine import news
from storage.records import Place
from tests.bot.chats.posting import post
from tests.bot.telegram.conftest import Desk, Start


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOK", 0.05)


def said(desk: Desk, chat: Chat) -> list[str]:
    return [message.text or "" for message in desk.world.from_bot(chat)]


async def test_news_are_said_in_their_chat_and_topic_in_order(desk: Desk, start: Start, tmp_path: Path) -> None:
    forum, file = desk.world.group(-1001, forum=True), tmp_path / "ghostnote.db"
    desk.world.topics[forum.id].add(5)
    names = [f"Writer {number}" for number in range(5)]
    wanted = [wording.say("news_joined", "en", name=name) for name in names]
    async with start():
        await post(file, Place("telegram", "-1001", "5"), *names)
        await post(file, Place("telegram", str(desk.chat.id)), *names)
        await desk.api.until(lambda: len(said(desk, forum)) == len(said(desk, desk.chat)) == 5)
        assert said(desk, forum) == said(desk, desk.chat) == wanted
        assert all(message.message_thread_id == 5 for message in desk.world.from_bot(forum))
    async with start():
        await asyncio.sleep(0.3)
        assert len(said(desk, forum)) == 5


async def test_what_happened_while_telegram_was_down_is_said_when_it_is_back(
    desk: Desk, start: Start, tmp_path: Path
) -> None:
    place = Place("telegram", str(desk.chat.id))
    async with start():
        desk.api.fail("sendMessage", 500, times=1000)
        await post(tmp_path / "ghostnote.db", place, "Ben")
        await desk.api.until(lambda: desk.api.refused)
    desk.api.troubles.clear()
    async with start():
        await desk.api.until(lambda: said(desk, desk.chat))
        await asyncio.sleep(0.2)
        assert said(desk, desk.chat) == [wording.say("news_joined", "en", name="Ben")]


async def test_a_chat_that_is_closed_holds_up_no_other(desk: Desk, start: Start, tmp_path: Path) -> None:
    file = tmp_path / "ghostnote.db"
    async with start():
        desk.world.blocked.add(desk.chat.id)
        await post(file, Place("telegram", str(desk.chat.id)), "Nobody hears this")
        await post(file, Place("telegram", "no number"), "Nor this")
        group = desk.world.group(-1002)
        await post(file, Place("telegram", "-1002"), "Ben")
        await desk.api.until(lambda: said(desk, group))
