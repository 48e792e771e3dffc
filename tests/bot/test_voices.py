"""Commands about voices, on a real small base with real adapters and a real registry."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.registry import Registry, Scope
from adapters.runs import Runs
from adapters.verdict import REASONS
from bot import commands
from bot.replies import Notice, ReplyEvent
from engine.conversation import Conversation
from engine.errors import BadValue, Impossible, NotOwner, UnknownAdapter
from engine.messages import Done, Person, SessionKey, UserMessage
from tests.engine.text.tiny import GPT2
from tests.engine.voices import lodging, voice

KEY = SessionKey("telegram", "5")
ANN, OWNER = Person("telegram", "7", "Ann"), Person("telegram", "1", "Olga")
WORDS = "/story Once upon a time there was a king who had three sons"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[tuple[Conversation, Registry]]:
    """A chat in which `new` speaks, made from `old`, which speaks for everyone."""
    async with lodging(GPT2, tmp_path / "home", owners="telegram:1, discord:2") as (house, registry):
        registry.publish(voice(GPT2, tmp_path / "old", 1), "old", scope=Scope(), data={"votes": 0})
        data, metrics = {"votes": 212, "voters": 5}, {"wins": 0.64, "wins_low": 0.58}
        folder = voice(GPT2, tmp_path / "new", 2)
        where = Scope("channel", "telegram:5")
        registry.publish(folder, "new", scope=where, data=data, metrics=metrics, parents=("old@0001",))
        yield house.conversation, registry


async def said(talk: Conversation, text: str, person: Person = ANN, delivery: str = "") -> list[ReplyEvent]:
    return [event async for event in commands.run(talk, UserMessage(KEY, person, text, delivery=delivery))]


async def notice(talk: Conversation, text: str, person: Person = ANN) -> str:
    last = (await said(talk, text, person))[-1]
    assert isinstance(last, Notice)
    return last.text


async def test_what_speaks_here_says_what_it_learnt_from(room: tuple[Conversation, Registry]) -> None:
    talk, registry = room
    heard = await notice(talk, "/learning")
    for part in (
        "new@0001",
        "212 votes of 5 people",
        "channel:telegram:5",
        "against old@0001 it won 64 %",
        "at least 58 %",
    ):
        assert part in heard
    registry.rollback(Scope("channel", "telegram:5"))
    heard = await notice(talk, "/learning")
    assert "old@0001" in heard
    assert "published books" in heard
    registry.rollback(Scope())
    assert "the base model" in await notice(talk, "/learning")


async def test_what_was_tried_last_and_refused_is_told(room: tuple[Conversation, Registry], tmp_path: Path) -> None:
    talk, _ = room
    runs = Runs(tmp_path / "home" / "learning" / "reports")
    run = {"scope": "channel:telegram:5", "at": "2026-11-22T10:00:00+00:00", "votes": 60}
    for reasons in ([], list(REASONS)):
        runs.keep({**run, "verdict": {"promoted": not reasons, "reasons": reasons}})
        heard = await notice(talk, "/learning")
        assert ("The last attempt (2026-11-22, 60 votes)" in heard) == bool(reasons)
    assert "it lost fluency, " in heard
    runs.keep({**run, "verdict": {"promoted": False, "reasons": ["it did not win"]}})  # as an older version wrote
    assert "The last attempt" not in await notice(talk, "/learning")
    runs.keep({**run, "verdict": {"promoted": False, "reasons": list(REASONS)}})
    runs.keep({**run, "scope": "channel:telegram:6", "verdict": {"promoted": True, "reasons": []}})  # of another chat
    assert "60 votes" in await notice(talk, "/learning")
    assert "最近一次尝试" in await notice(talk, "/learning", replace(ANN, language="zh"))


async def test_a_blind_comparison_writes_a_version_by_each_and_tells_who_after_the_pick(
    room: tuple[Conversation, Registry],
) -> None:
    talk, _ = room
    await said(talk, WORDS)
    *_, done, asked = await said(talk, "/compare")
    assert isinstance(done, Done)
    assert isinstance(asked, Notice)
    found = await talk.voicing.compared(KEY)
    assert {found.one.adapter, found.two.adapter} == {"new@0001", "old@0001"}
    assert done.turn.id == found.one.id
    assert found.two.text in asked.text
    assert "@" not in asked.text.replace(found.two.text, "")
    told = await notice(talk, "/pick 2")
    assert f"written by {found.two.adapter}, the other one by {found.one.adapter}" in told
    assert "1 to 0" in told
    assert (await talk.piece(KEY)).turns[-1].id == found.two.id
    # The last word wins, and another person's pick counts beside it.
    await said(talk, "/pick 1", OWNER)
    assert (await talk.piece(KEY)).turns[-1].id == found.one.id
    after = await talk.voicing.compared(KEY)
    assert (after.wins, after.losses) == (1, 1)


async def test_the_same_update_twice_compares_and_picks_once(room: tuple[Conversation, Registry]) -> None:
    talk, _ = room
    await said(talk, WORDS)
    for _ in range(2):
        await said(talk, "/compare", delivery="update-1")
    assert len((await talk.piece(KEY)).turns) == 3
    for _ in range(2):
        await said(talk, "/pick 2", delivery="update-2")
    found = await talk.voicing.compared(KEY)
    assert found.wins + found.losses == 1


async def test_a_pick_of_what_is_there_is_no_step_to_undo(room: tuple[Conversation, Registry]) -> None:
    talk, _ = room
    await said(talk, WORDS)
    before = (await talk.piece(KEY)).turns
    await said(talk, "/compare")
    await said(talk, "/pick 1")
    await said(talk, "/undo")
    assert [turn.id for turn in (await talk.piece(KEY)).turns] == [turn.id for turn in before]


async def test_owners_name_what_is_compared(room: tuple[Conversation, Registry]) -> None:
    talk, _ = room
    await said(talk, WORDS)
    with pytest.raises(NotOwner):
        await said(talk, "/compare new base")
    await said(talk, "/compare new base", OWNER)
    found = await talk.voicing.compared(KEY)
    assert {found.one.adapter, found.two.adapter} == {"new@0001", ""}
    with pytest.raises(UnknownAdapter):
        await said(talk, "/compare new nobody", OWNER)
    with pytest.raises(Impossible):
        await said(talk, "/compare new new", OWNER)
    with pytest.raises(BadValue):
        await said(talk, "/compare new", OWNER)


async def test_owners_see_every_voice_and_roll_back(room: tuple[Conversation, Registry]) -> None:
    talk, registry = room
    with pytest.raises(NotOwner) as refused:
        await said(talk, "/adapters")
    assert refused.value.fields["you"] == "telegram:7"
    with pytest.raises(NotOwner):
        await said(talk, "/rollback")
    assert registry.live(channel="telegram:5") == "new@0001"
    listed = await notice(talk, "/adapters", OWNER)
    assert "212 votes, speaks for channel:telegram:5" in listed
    assert "story@shipped" in listed
    assert "channel:telegram:5" in await notice(talk, "/rollback", OWNER)
    assert registry.live(channel="telegram:5") == "old@0001"
    await said(talk, "/rollback global", OWNER)
    with pytest.raises(Impossible):
        await said(talk, "/rollback global", OWNER)
    for wrong in ("everyone", "channel:", "form"):
        with pytest.raises(BadValue):
            await said(talk, f"/rollback {wrong}", OWNER)


async def test_with_one_voice_or_nothing_written_there_is_nothing_to_compare(
    room: tuple[Conversation, Registry], tmp_path: Path
) -> None:
    talk, registry = room
    with pytest.raises(Impossible) as refused:
        await said(talk, "/compare")
    assert refused.value.fields["why"] == "nothing_written"
    with pytest.raises(Impossible):
        await said(talk, "/pick 1")
    registry.rollback(Scope("channel", "telegram:5"))
    registry.rollback(Scope())
    await said(talk, WORDS)
    with pytest.raises(Impossible) as refused:
        await said(talk, "/compare")
    assert refused.value.fields["why"] == "nothing_to_compare"
    for wrong in ("0", "3", "two", "-1"):
        with pytest.raises(BadValue):
            await said(talk, f"/pick {wrong}")
