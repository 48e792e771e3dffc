"""A channel on Discord that writes together: turns, a vote with buttons by two people, who may not."""

import asyncio
from collections.abc import AsyncIterator, Callable

import discord
import pytest
from simcord import MemberActor

from bot import wording
from engine import news
from tests.bot.discord.conftest import Desk, Open, labels
from tests.engine.clock import Clock


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOK", 0.05)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def table(opened: Open, clock: Clock) -> AsyncIterator[Desk]:
    async with opened(clock=clock) as desk:
        yield desk


def said(desk: Desk) -> list[str]:
    return [message.content for message in desk.channel.history() if message.author.bot]


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("not within 8 s")


def ben_of(desk: Desk) -> MemberActor:
    return desk.guild.add_member(desk.env.create_user("ben", global_name="Ben"))


async def test_turns_with_a_reminder_and_a_missed_one(table: Desk, clock: Clock) -> None:
    ben = ben_of(table)
    await table.mara.slash(table.channel, "turns", mode="round-robin", details="10m ghost off")
    result = await ben.slash(table.channel, "join", text="Benny")
    assert result.response
    assert result.response.content == "Benny writes along now."
    await ben.send(table.channel, f"{table.mention} Me first!")
    assert table.last().content == "It is Mara’s turn; nothing was changed."
    assert (await table.say("It rained.")).content == "Benny, it is your turn. You have 10 min."
    clock.forward(minutes=5)
    await until(lambda: "Benny, it is your turn, and there is 5 min left." in said(table))
    clock.forward(minutes=5)
    await until(lambda: "Benny’s time is over.\nMara, it is your turn. You have 10 min." in said(table))
    await table.restart()
    clock.forward(minutes=1)
    await asyncio.sleep(0.3)
    assert sum("time is over" in text for text in said(table)) == 1
    assert [turn.text for turn in (await table.piece()).turns] == ["It rained."]


async def test_a_vote_by_two_people_one_of_whom_changes_their_mind(table: Desk, clock: Clock) -> None:
    ben, dora = ben_of(table), table.guild.add_member(table.env.create_user("dora"))
    await table.mara.slash(table.channel, "turns", mode="vote", details="drafts 2")
    await ben.slash(table.channel, "join")
    vote = await table.say("It rained")
    assert vote.content.startswith("How does it go on?")
    assert labels(vote) == ["1", "2"]
    result = await table.click(vote, "1")
    assert [each.content for each in result.followups] == [wording.say("chosen", "en", number=1)]
    assert labels(table.now(vote)) == ["1 · 1", "2"]
    await table.click(vote, "2")
    assert labels(table.now(vote)) == ["1", "2 · 1"]
    result = await table.click(vote, "1", dora)
    assert "not write along here yet" in result.followups[0].content
    await table.restart()
    await table.click(vote, "2", ben)
    await until(lambda: any("👍" in "".join(labels(message)) for message in table.channel.history()))
    assert any("Number 2 is written, with votes: 2" in text for text in said(table))
    passage: discord.Message = table.last()
    assert (await table.turn()).text == passage.content
    assert labels(table.now(vote)) == []
    assert len((await table.piece()).turns) == 2


async def test_the_host_gives_turns_and_sends_away_and_others_come_late(table: Desk, clock: Clock) -> None:
    ben = ben_of(table)
    await table.mara.slash(table.channel, "turns", mode="host")
    await ben.slash(table.channel, "join")
    result = await ben.slash(table.channel, "give", which="ben")
    assert result.response
    assert result.response.content == "Only the host of this piece may do that: Mara."
    await table.mara.slash(table.channel, "give", which="ben")
    await ben.send(table.channel, f"{table.mention} It rained.")
    assert table.last().content == "Mara, it is your turn."
    await table.mara.slash(table.channel, "turns", mode="round-robin", details="ghost off")
    await table.mara.slash(table.channel, "pass")
    assert table.last().content == "Mara passes.\nBen, it is your turn."
    await table.mara.slash(table.channel, "kick", which="ben")
    assert table.last().content == "Ben was sent away by the host.\nMara, it is your turn."
    await ben.slash(table.channel, "join")
    await ben.send(table.channel, f"{table.mention} Me again.")
    assert table.last().content.startswith("You read along here; Mara can make you a writer")
    await table.mara.slash(table.channel, "leave")
    assert "Ben hosts this piece." in table.last().content
    assert [turn.text for turn in (await table.piece()).turns] == ["It rained."]
