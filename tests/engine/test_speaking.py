"""Who speaks, on real small bases: the narrowest that is live, from the next message on, and never half of two."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from adapters.registry import POINTER, Registry, Scope
from engine.conversation import Conversation
from engine.messages import Accepted, Done, Event, Person, SessionKey, Snapshot, Turn, UserMessage
from engine.ports import Sampling, TextRequest
from engine.speaking import Speaking
from engine.text.forms.load import load
from engine.text.gpt import Gpt
from engine.worker import Worker
from tests.engine.text.tiny import GPT2, make_llama, write
from tests.engine.voices import BASE, lodging, voice

ANN, BEN = Person("telegram", "7", "Ann"), Person("telegram", "8", "Ben")
WORDS = "Once upon a time there was a king who had three sons, and the youngest of them"


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return GPT2 if request.param == "gpt2" else make_llama(tmp_path_factory.mktemp("llama"))


def reply(talk: Conversation, chat: str = "1", thread: str = "", person: Person = ANN) -> AsyncGenerator[Event, None]:
    return talk.reply(UserMessage(SessionKey("telegram", chat, thread), person, WORDS), "story")


async def finished(events: AsyncGenerator[Event, None]) -> Turn:
    async with aclosing(events) as stream:
        last = [event async for event in stream][-1]
    assert isinstance(last, Done)
    return last.turn


async def test_the_narrowest_adapter_that_is_live_answers(base: Path, tmp_path: Path) -> None:
    scopes = {
        "everyone": Scope(),
        "tales": Scope("form", "story"),
        "room": Scope("channel", "telegram:-5"),
        "corner": Scope("channel", "telegram:-5/3"),
        "bens": Scope("person", "telegram:8"),
    }
    registry = Registry(tmp_path / "home")
    gpt = Gpt(base, BASE, device="cpu", dtype="float32", shelf=registry.whole, most_voices=2)
    async with Worker(gpt) as worker:
        speaking, said = Speaking(worker, registry, {"story": "story"}), set[str]()

        async def heard(expected: str, form: str = "story", thread: str = "", person: Person = BEN) -> None:
            adapter = await speaking.voice(form, SessionKey("telegram", "-5", thread), person)
            assert adapter == expected
            wish = TextRequest(WORDS, 24, Sampling(temperature=0), adapter=adapter)
            said.add([news async for news in worker.stream(wish)][-1][0].text)  # type: ignore[index]

        await heard("")
        for seed, (name, scope) in enumerate(scopes.items()):
            registry.publish(voice(base, tmp_path / name, seed, loud=1.0), name, scope=scope)
            await heard(f"{name}@0001", thread="3")
        assert len(said) == 6
        await heard("corner@0001", thread="3", person=ANN)
        await heard("room@0001", person=ANN)
        registry.rollback(scopes["room"])
        await heard("tales@0001", person=ANN)
        await heard("everyone@0001", form="poem", person=ANN)
        assert len(said) == 6
        assert gpt.voices == {"tales@0001", "everyone@0001"}


async def test_a_message_is_answered_by_who_is_live_now_and_the_turn_names_it(tmp_path: Path) -> None:
    async with lodging(GPT2, tmp_path / "home") as (house, registry):
        talk = house.conversation
        assert (await finished(reply(talk))).adapter == ""
        registry.publish(voice(GPT2, tmp_path / "a", 1), "mine", scope=Scope("person", "telegram:7"))
        assert (await finished(reply(talk))).adapter == "mine@0001"
        assert (await finished(reply(talk, person=BEN))).adapter == ""
        turn = (await talk.piece(SessionKey("telegram", "1"))).turns[3]
        assert (turn.adapter, turn.model) == ("mine@0001", BASE)


async def test_published_while_eight_chats_stream_it_speaks_in_the_next_message_and_no_reply_is_mixed(
    tmp_path: Path,
) -> None:
    """Every stored passage is written again from its own row, by a model of its own, with the adapter it names."""
    weights = {name: voice(GPT2, tmp_path / name, seed) for seed, name in enumerate(("old", "new"))}
    chats = [str(number) for number in range(8)]
    async with lodging(GPT2, tmp_path / "home", most=1) as (house, registry):
        talk = house.conversation
        registry.publish(weights["old"], "old", scope=Scope())
        begun = await asyncio.gather(*(begin(reply(talk, chat)) for chat in chats))
        registry.publish(weights["new"], "new", scope=Scope())
        fresh = asyncio.create_task(finished(reply(talk, "next")))
        first = await asyncio.gather(*map(rest, begun))
        assert {turn.adapter for turn in first} == {"old@0001"}
        assert (await fresh).adapter == "new@0001"
        begun = await asyncio.gather(*(begin(reply(talk, chat)) for chat in chats))
        assert registry.rollback(Scope()) == "old@0001"
        fresh = asyncio.create_task(finished(reply(talk, "next")))
        assert {turn.adapter for turn in await asyncio.gather(*map(rest, begun))} == {"new@0001"}
        assert (await fresh).adapter == "old@0001"
        assert len(house.worker.generator.voices) <= 2
    again(tmp_path / "home" / "ghostnote.db", registry, 18)


async def begin(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Read until there is something to see."""
    assert isinstance(await anext(events), Accepted)
    while not isinstance(await anext(events), Snapshot):
        pass
    return events


async def rest(events: AsyncGenerator[Event, None]) -> Turn:
    return await finished(events)


def again(database: Path, registry: Registry, passages: int) -> None:
    gpt = Gpt(GPT2, BASE, device="cpu", dtype="float32", shelf=registry.whole)
    form = load()["story"]
    with sqlite3.connect(database) as opened:
        rows = opened.execute(
            "SELECT prompt, completion, sampling, reserved, seed, adapter FROM turns WHERE kind = 'model'"
        ).fetchall()
    assert len(rows) == passages
    for number, (prompt, completion, sampling, reserved, seed, adapter) in enumerate(rows):
        other = {"old@0001": "new@0001", "new@0001": "old@0001"}[adapter]
        for speaking in (adapter, other)[: 2 if number < 3 else 1]:  # that the other one says other things is soon seen
            drawn = Sampling(**json.loads(sampling))
            asked = TextRequest(prompt, reserved, drawn, seed, form.drafts, form.stop, speaking)
            said = any(draft.text.startswith(completion) for draft in write(gpt, asked))
            assert said == (speaking == adapter)


async def test_a_damaged_version_gives_way_to_the_next_wider_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with lodging(GPT2, tmp_path / "home") as (house, registry):
        talk = house.conversation
        registry.publish(voice(GPT2, tmp_path / "a", 1), "wide", scope=Scope())
        registry.publish(voice(GPT2, tmp_path / "b", 2), "narrow", scope=Scope("person", "telegram:7"))
        weights = registry.folder("narrow@0001") / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-9])
        with caplog.at_level(logging.ERROR):
            assert [(await finished(reply(talk))).adapter for _ in range(2)] == ["wide@0001"] * 2
        assert [record.getMessage() for record in caplog.records] == [
            "narrow@0001 was passed over: the weights of narrow@0001 have changed since it was published"
        ]
        (tmp_path / "home" / "adapters" / POINTER).write_text("{", encoding="utf-8")
        assert (await finished(reply(talk))).adapter == ""


async def test_what_was_published_for_another_base_is_silent_here(tmp_path: Path) -> None:
    async with lodging(GPT2, tmp_path / "home") as (house, registry):
        registry.publish(voice(GPT2, tmp_path / "a", 1, "another"), "other", scope=Scope("person", "telegram:7"))
        registry.publish(voice(GPT2, tmp_path / "b", 2), "mine", scope=Scope())
        assert (await finished(reply(house.conversation))).adapter == "mine@0001"
