"""Lore over a real database: kept, shared, exported, handed out, forgotten; and who may reach it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import wording
from engine import lorebook
from engine.errors import BadLore, NotFound
from engine.lorebook import Show
from engine.messages import Person, SessionKey
from engine.remembering import Changed
from storage.schema import lore, turns
from tests.engine.desk import BEN, KEY, MARA, Desk, opened

ROOM = SessionKey("discord", "21")
DORA = Person("discord", "70", "Dora")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(f"sqlite:///{tmp_path}/ghostnote.db") as ready:
        yield ready


async def tell(desk: Desk, words: str, person: Person = MARA, key: SessionKey = KEY, delivery: str = "") -> Changed:
    asked = lorebook.read(words)
    assert not isinstance(asked, Show)
    return await desk.talk.remembering.change(key, person, asked, delivery)


async def lines(desk: Desk, key: SessionKey = KEY) -> list[str]:
    return [f"{row.number} {lorebook.line(row)}: {row.text}" for row in await desk.talk.remembering.lore(key)]


async def test_lore_survives_a_restart_and_goes_to_the_writer_and_into_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ghostnote.db"
    async with opened(url) as desk:
        await tell(desk, "Mara, the keeper + sea - dream; sticky 3; order 10: She is ten.")
        await tell(desk, "always: It rains.")
        said = await lines(desk)
    async with opened(url) as desk:
        assert await lines(desk) == said == [
            "1 Mara, the keeper + sea - dream; order 10; sticky 3: She is ten.", "2 always: It rains."
        ]  # fmt: skip
        await desk.say("Once")
        assert desk.writer.tasks[-1].lore == (await desk.talk.piece(KEY)).lore
        _, _, data = await desk.talk.carrying.export(KEY, "json", wording.sayer("en"))
        assert [entry["text"] for entry in json.loads(data)["lore"]] == ["She is ten.", "It rains."]
        await desk.talk.create(KEY, MARA)
        assert await lines(desk) == []


async def test_an_update_that_comes_twice_acts_once(desk: Desk) -> None:
    await tell(desk, "Mara: one", delivery="u1")
    await tell(desk, "Ben: two", delivery="u2")
    await tell(desk, "delete 1", delivery="u3")
    await tell(desk, "Ann: three", delivery="u4")
    before = await lines(desk)
    for number, words in enumerate(("Mara: one", "Ben: two", "delete 2", "Ann: other"), 1):
        assert await tell(desk, words, delivery=f"u{number}") == Changed(None, None)
    assert await lines(desk) == before == ["2 Ben: two", "3 Ann: three"]


async def test_what_is_refused_changes_nothing(desk: Desk) -> None:
    await tell(desk, "Mara: one")
    before = await desk.rows(lore)
    for words in ("1; sticky 99: x", "Ann:", "*: x", ",".join(f"k{at}" for at in range(10_000)) + ": x", "delete 9"):
        with pytest.raises((BadLore, NotFound)):
            await tell(desk, words, delivery="u9")
    assert await desk.rows(lore) == before
    await tell(desk, "Ann: two", delivery="u9")  # what was refused was not taken for done
    assert await lines(desk) == ["1 Mara: one", "2 Ann: two"]


async def test_another_chat_neither_sees_nor_changes_it(desk: Desk) -> None:
    await tell(desk, "Mara: one")
    piece = (await desk.talk.piece(KEY)).id
    there = SessionKey("telegram", "2", piece=piece)
    with pytest.raises(NotFound):
        await desk.talk.remembering.lore(there)
    with pytest.raises(NotFound):
        await tell(desk, "1: other", BEN, there)
    assert await lines(desk) == ["1 Mara: one"]


async def test_a_linked_chat_has_the_same_lore(desk: Desk) -> None:
    await tell(desk, "Mara: one")
    offer = await desk.talk.linking.offer(desk.message())
    await desk.talk.linking.join(desk.message(key=ROOM, person=DORA), offer.code)
    await tell(desk, "Ben: two", DORA, ROOM)
    assert await lines(desk) == await lines(desk, ROOM) == ["1 Mara: one", "2 Ben: two"]


async def test_ones_own_lore_is_handed_out_and_forgotten_and_others_stays(desk: Desk) -> None:
    await desk.say("Mara came.")
    await tell(desk, "Mara: mara wrote this")
    await tell(desk, "Ben: ben wrote this", BEN)
    await tell(desk, "1 sticky 2", BEN)  # who turns a knob has not written the words
    found = json.loads((await desk.talk.privacy.data(MARA))[2])
    assert [(row["number"], row["text"], row["keys"]) for row in found["lore"]] == [(1, "mara wrote this", ["Mara"])]
    await desk.talk.privacy.forget(MARA)
    assert await lines(desk) == ["2 Ben: ben wrote this"]
    await desk.talk.privacy.forget(BEN)
    assert await desk.rows(lore) == await desk.rows(turns) == []


async def test_a_key_that_stands_everywhere_is_told_of(desk: Desk) -> None:
    for words in ("The rain.", "The sea."):
        await desk.say(words)
    assert (await tell(desk, "*e*: x")).everywhere == "*e*"
    assert (await tell(desk, "nowhere: x")).everywhere == ""
