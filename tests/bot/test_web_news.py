"""What happens without anybody having asked reaches every open page of the studio, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import web_app, wording
from engine import news
from storage.records import Place
from tests.bot.chats.posting import post
from tests.bot.studio import conversation

HERE = Place("studio", "local")


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOK", 0.05)


@asynccontextmanager
async def page(address: str, language: str = "en") -> AsyncIterator[asyncio.Queue[tuple[str, dict[str, Any]]]]:
    """An open page: its events as they come."""
    events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
    listening = asyncio.Event()

    async def listen(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/api/news", headers={"accept-language": language}) as answer:
            name = ""
            async for line in answer.aiter_lines():
                if line.startswith(":"):
                    listening.set()
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                if line.startswith("data: "):
                    events.put_nowait((name, json.loads(line.removeprefix("data: "))))

    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        task = asyncio.create_task(listen(client))
        await asyncio.wait_for(listening.wait(), 10)
        yield events
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_every_page_gets_all_news_in_its_language_and_what_came_before_it(tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk, web_app.serve(talk, port=0) as address:
        await post(tmp_path / "ghostnote.db", HERE, "Ann")
        async with page(address) as first, page(address, "zh") as second:
            assert (await asyncio.wait_for(first.get(), 10))[1]["text"] == wording.say("news_joined", "en", name="Ann")
            await post(tmp_path / "ghostnote.db", HERE, "Ben")
            for events, language in ((first, "en"), (second, "zh")):
                found = [await asyncio.wait_for(events.get(), 10)]
                if "Ann" in found[-1][1]["text"]:
                    found.append(await asyncio.wait_for(events.get(), 10))
                name, data = found[-1]
                assert (name, data["name"], data["turn"]) == ("news", "turns", None)
                assert data["text"] == wording.say("news_joined", language, name="Ben")
        async with page(address) as third:
            await asyncio.sleep(0.2)
            assert third.empty()


async def test_an_open_page_does_not_keep_the_studio_from_ending(tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk:
        async with asyncio.timeout(5), web_app.serve(talk, port=0) as address:
            stack = page(address)
            await stack.__aenter__()
        await stack.__aexit__(None, None, None)
