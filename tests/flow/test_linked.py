"""One piece written from Telegram and from Discord at once, while the process is killed again and again.

Both chats show the same passages in the same order, each once. 16 messages and 2 kills in the suite; `LINKED=200` makes
it the 200 messages with 15 kills. The seed is printed (`pytest -s`), and may be given as `SEED`.

One thing is allowed: a message on Telegram that was the last before a kill, so that nobody could write down that it was
sent, may stand there twice. How often that happened is printed.
"""

import asyncio
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiogram.types import Message

from tests.bot.discord.server import HALL, TOKEN, Server, serving, until
from tests.bot.telegram.bot_api import BotApi
from tests.bot.telegram.conftest import Desk
from tests.bot.telegram.world import World
from tests.flow.served import ROOT

MESSAGES = int(os.environ.get("LINKED", "16"))
KILLS = int(os.environ.get("KILLS", "2" if MESSAGES < 100 else "15"))
SEED = int(os.environ.get("SEED", random.randrange(10**6)))
TORN = 0.5  # seconds before a kill
LONG = 60.0  # seconds that anything may take


class Timed(World):
    """A World that knows when each message of the bot first stood in it."""

    times: dict[int, float]

    def _store(self, what: str, message: Message) -> None:
        super()._store(what, message)
        if message.from_user == self.bot:
            self.times.setdefault(message.message_id, time.monotonic())


@dataclass
class Stage:
    """Mara's private chat on Telegram, Ann's room on Discord, and the process between them."""

    home: Path
    world: Timed
    desk: Desk
    room: Server
    process: asyncio.subprocess.Process | None = None
    kills: list[float] = field(default_factory=list)
    numbers: int = 10_000

    async def start(self) -> None:
        self.room.lines.clear()
        api, server = self.desk.api, self.room
        where = (str(self.home), api.token, api.root, TOKEN, server.api, server.line)
        self.process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.flow.linked", *where, cwd=ROOT)
        await until(lambda: server.lines, LONG)

    async def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        self.kills.append(time.monotonic())

    async def say(self, words: str, *, there: bool) -> None:
        """On Telegram, which repeats what nobody took; or on Discord, which does not, so that it must be stored."""
        if not there:
            self.desk.say(words)
            return
        self.numbers += 1
        await self.room.say(self.numbers, words, HALL)
        await until(lambda: self.stored(words), LONG)

    def stored(self, words: str) -> bool:
        return any(text == words for _, text in self.written())

    def written(self) -> list[tuple[str, str]]:
        """The live branch: the name on each passage ("" for Ghostnote's), and its text."""
        with closing(sqlite3.connect(f"file:{self.home / 'ghostnote.db'}?mode=ro", uri=True)) as database:
            (end,) = database.execute(HEAD).fetchone() or ("",)
            turns = {row[0]: row[1:] for row in database.execute(TURNS)}
        found = []
        while end:
            end, name, text = turns[end]
            found.append((name, text))
        return found[::-1]

    def on_telegram(self) -> list[str]:
        return [text for _, text in self.told()]

    def told(self) -> list[tuple[int, str]]:
        """The number and the text of each message of the bot on Telegram."""
        shown = self.desk.world.from_bot(self.desk.chat)
        return [(each.message_id, each.text or "") for each in shown if not _aside(each.text or "")]

    def on_discord(self) -> list[str]:
        return [each["content"] for each in self.room.shown(HALL) if not _aside(each["content"])]

    def torn(self) -> set[int]:
        """Messages on Telegram of which nobody could write down that they were sent: the last one before each kill."""
        sent = sorted(self.world.times.items(), key=lambda each: each[1])
        before = [[number for number, when in sent if 0 < kill - when < TORN][-1:] for kill in self.kills]
        return {number for found in before for number in found}


HEAD = "SELECT head FROM pieces WHERE id IN (SELECT piece FROM links)"
TURNS = (
    "SELECT turns.id, parent, coalesce(members.pen, people.name, ''), text FROM turns "
    "LEFT JOIN people ON people.id = turns.person "
    "LEFT JOIN members ON members.person = turns.person AND members.piece = turns.piece"
)


def _aside(text: str) -> bool:
    """Whether it is only said to whoever asked, beside the answer."""
    return text.startswith("To fit the model")


def dropped(shown: list[tuple[int, str]], expected: list[str], torn: set[int]) -> int | None:
    """How many torn messages must be left out to see what is expected, once and in its order; None if it cannot be."""
    found = {0: 0}
    for number, text in shown:
        after: dict[int, int] = {}
        for place, count in found.items():
            if place < len(expected) and expected[place] == text:
                after[place + 1] = min(count, after.get(place + 1, count))
            if number in torn:
                after[place] = min(count + 1, after.get(place, count + 1))
        found = after
    return found.get(len(expected))


def expected_of(written: list[tuple[str, str]], own: str) -> list[str]:
    """What the bot shows of a piece in the chat of somebody whose own words stand there anyway."""
    return [f"{name}: {text}" if name else text for name, text in written if name != own]


@asynccontextmanager
async def staged(home: Path) -> AsyncIterator[Stage]:
    world = Timed()
    world.times = {}
    async with BotApi(world).serving() as api, serving(Server()) as room:
        person = api.world.person(77, "Mara")
        stage = Stage(home, world, Desk(api, api.world.private(person), person), room)
        await stage.start()
        try:
            yield stage
        finally:
            await stage.kill()


async def linked(stage: Stage) -> None:
    """The room is linked to the private chat's piece, in which a little stands already."""
    await stage.say("/story A lighthouse keeper finds a letter.", there=False)
    await stage.desk.reply()
    await stage.say("/link", there=False)
    offer = (await stage.desk.said("/link ")).text or ""
    code = re.search(r"/link (\S+)", offer)
    assert code
    await stage.room.slash(501, "link", code[1], HALL)
    await until(lambda: len(stage.room.shown(HALL)) == 2, LONG)
    assert "2" in stage.on_discord()[0]
    assert stage.on_discord()[1] == stage.on_telegram()[0]
    await stage.desk.said("Ann has linked a Discord chat")


async def test_both_sides_show_the_same_whatever_is_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(SEED)
    fatal = set(dice.sample(range(MESSAGES), KILLS))
    begun = time.monotonic()
    async with staged(tmp_path) as stage:
        await linked(stage)
        before = len(stage.on_telegram()), len(stage.on_discord())
        start = len(stage.written())
        for number in range(MESSAGES):
            there = bool(number % 2)
            words = f"Line {number} came from {'the room' if there else 'the sea'}."
            killing = asyncio.create_task(asyncio.sleep(dice.uniform(0, 0.4))) if number in fatal else None
            await stage.say(words, there=there)
            if killing:
                await killing
                await stage.kill()
                await stage.start()
            count = number + 1
            await shown(stage, start, before, there=there, count=count, both=dice.random() < 0.8)
        await until(lambda: _same(stage, start, before), LONG)
        texts = stage.written()[start:]
        own = [name for name, _ in texts if name]
        assert own == ["Mara", "Ann"] * (MESSAGES // 2)
        assert [text for name, text in texts if name] == [
            f"Line {number} came from {'the room' if number % 2 else 'the sea'}." for number in range(MESSAGES)
        ]
        assert [bool(name) for name, _ in texts] == [True, False] * MESSAGES
        torn = dropped(stage.told()[before[0] :], expected_of(texts, "Mara"), stage.torn())
        if torn is None:
            assert stage.on_telegram()[before[0] :] == expected_of(texts, "Mara")
        assert stage.on_discord()[before[1] :] == expected_of(texts, "Ann")
    with capsys.disabled():
        sys.stdout.write(
            f"\nlinked: {MESSAGES} messages, {KILLS} kills, of which {torn} tore a message on Telegram from the note "
            f"that it was sent; seed {SEED}, {time.monotonic() - begun:.0f} s\n"
        )


async def shown(stage: Stage, start: int, before: tuple[int, int], *, there: bool, count: int, both: bool) -> None:
    """Wait for the answer in the chat of whoever wrote; with `both`, until the other chat shows it, too."""

    def done() -> bool:
        texts = stage.written()[start:]
        if len(texts) < 2 * count:
            return False
        sides = {True: stage.on_discord()[before[1] :], False: stage.on_telegram()[before[0] :]}
        return all(texts[-1][1] in sides[side] for side in ({True, False} if both else {there}))

    await until(done, LONG)


def _same(stage: Stage, start: int, before: tuple[int, int]) -> bool:
    texts = stage.written()[start:]
    sides = stage.on_telegram()[before[0] :], stage.on_discord()[before[1] :]
    return all(len(side) >= len(expected_of(texts, own)) for side, own in zip(sides, ("Mara", "Ann"), strict=True))
