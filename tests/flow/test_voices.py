"""A voice goes live and back beside a running `ghostnote run`, by commands in processes of their own."""

import asyncio
import os
import sys
from pathlib import Path

from tests.engine.text.tiny import GPT2
from tests.engine.voices import voice
from tests.flow.served import ROOT, Served, served

WORDS = "Once upon a time there was a king who had three sons, and the youngest of them"


async def ghostnote(home: Path, *words: str) -> str:
    environment = os.environ | {"GHOSTNOTE_HOME": str(home), "GHOSTNOTE_TEXT_MODEL": str(GPT2)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy", "adapters", *words, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def speaker(house: Served, session: str, author: str = "ann") -> str:
    events = await house.say(session, WORDS, author)
    name, final = events[-1]
    assert name == "final", events[-1]
    assert final["text"]
    return str(final["adapter"])


async def test_published_and_rolled_back_beside_a_running_house(tmp_path: Path) -> None:
    sea = voice(GPT2, tmp_path / "sea", 1)
    home = tmp_path / "home"
    async with served(home, text_model=str(GPT2), device="cpu") as house:
        session = await house.create()
        assert await speaker(house, session) == ""
        await ghostnote(home, "publish", str(sea), "--scope", "person:studio:ann")
        assert await speaker(house, session) == "sea@0001"
        assert await speaker(house, session, "ben") == ""
        await ghostnote(home, "rollback", "--scope", "person:studio:ann")
        assert await speaker(house, session) == ""
