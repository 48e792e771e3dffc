"""Who is forgotten leaves no word behind, and takes nobody else's along."""

import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.dataset import Rules, build
from adapters.registry import Registry, Scope
from engine.conversation import Conversation
from engine.errors import EngineError
from engine.messages import Person, Reaction, Section, SessionKey, UserMessage
from engine.ports import Sampling
from engine.speaking import Speaking
from engine.text.task import Begun, Composition, Task, Written
from engine.worker import Worker
from storage import erasure
from storage.db import Database, open_database
from storage.history import History
from storage.preferences import Preferences
from storage.schema import metadata
from tests.engine.desk import BEN, KEY, MARA, collect, other
from tests.fakes import EchoGenerator, EchoWriter

ALONE = other(chat="7")


class Plain(EchoWriter):
    """Sees every word in its prompt, and writes none of them."""

    async def write(self, task: Task) -> AsyncGenerator[Any, None]:
        self.tasks.append(task)
        prompt = f"{task.memory} {task.note} " + "\n\n".join(passage.text for passage in task.passages)
        sections = tuple(_section(name, text) for name, text in (("memory", task.memory), ("note", task.note)) if text)
        made = [
            Composition(f"Machine {len(self.tasks)}.{number}.", " Machine", prompt, "plain", "", Sampling(), task.seed,
                        "stop", 9, 99, 9, sections)
            for number in range(task.drafts)
        ]  # fmt: skip
        yield Begun(made[0])
        yield Written(tuple(made))


def _section(name: str, text: str) -> Section:
    return Section(name, 3, text)


class Room:
    """Mara and Ben in one chat; everything Mara says has `mara` in it, everything of Ben's `ben`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.preferences = Preferences(database)
        self.talk = self.another()
        self.count = 0

    def another(self) -> Conversation:
        """One more process on the same database."""
        return Conversation(History(self.database), self.preferences, Plain(), assumed=frozenset({"studio"}))

    def words(self, who: Person) -> str:
        self.count += 1
        return f"Words of {'mara' if who is MARA else 'ben'} {self.count}."

    async def say(self, who: Person, key: SessionKey = KEY) -> None:
        await collect(self.talk.reply(UserMessage(key, who, self.words(who))))

    async def retry(self, who: Person, key: SessionKey = KEY) -> None:
        await collect(self.talk.retry(UserMessage(key, who)))

    async def last(self, key: SessionKey = KEY) -> str:
        turns = reversed((await self.talk.piece(key)).turns)
        return next((turn.id for turn in turns if turn.kind == "model"), "0" * 16)

    async def vote(self, who: Person, key: SessionKey = KEY) -> None:
        await self.talk.react(Reaction(key, who, 1, await self.last(key)))

    async def act(self, draw: random.Random, who: Person) -> None:
        """Something that anybody may do; what cannot be done right now is not done."""
        turn = draw.choice((await self.talk.piece(KEY)).turns or (None,))
        name = turn.id if turn else ""
        doings: list[Callable[[], Awaitable[object]]] = [
            lambda: self.say(who), lambda: self.say(who), lambda: self.retry(who), lambda: self.vote(who),
            lambda: self.talk.edit(KEY, who, self.words(who), name), lambda: self.talk.swipe(KEY, who, -1),
            lambda: self.talk.undo(KEY, who), lambda: self.talk.redo(KEY, who),
            lambda: self.talk.branch(KEY, who, name), lambda: self.talk.privacy.agree(who, given=True),
            lambda: self.talk.remember(KEY, who, self.words(who)),
            lambda: self.talk.annotate(KEY, who, self.words(who)),
        ]  # fmt: skip
        with suppress(EngineError):
            await draw.choice(doings)()

    async def holding(self, *words: str) -> list[str]:
        """Where in the database one of these words stands: table, column and value."""

        def read(connection: sa.Connection) -> list[str]:
            return [
                f"{table.name}.{name}: {value!r}"
                for table in metadata.sorted_tables
                for row in connection.execute(sa.select(table)).mappings()
                for name, value in row.items()
                if any(word in json.dumps(value, default=str).lower() for word in words)
            ]

        return await self.database.read(read)


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Room]:
    async with open_database(database_url) as database:
        room = Room(database)
        yield room
        await room.talk.close()


@pytest.mark.parametrize("seed", range(6))
async def test_nothing_of_a_forgotten_person_is_left_and_all_of_the_others_is(room: Room, seed: int) -> None:
    draw, witness = random.Random(seed), room.another()
    await room.say(MARA)
    await room.say(BEN)
    for _ in range(40):
        await room.act(draw, draw.choice([MARA, BEN]))
    before = await room.talk.piece(KEY)
    await witness.piece(KEY)  # another process that has it all in memory
    if seed % 2:  # a try before was killed on the way
        mara = await room.preferences.person("telegram", "7")
        await room.database.write(erasure.leave, before.id, str(mara))
    kept = await room.talk.privacy.forget(MARA)
    assert kept.known
    assert await room.holding("mara", '"7"') == []
    for talk in (room.talk, witness):
        piece = await talk.piece(KEY)
        assert [(turn.id, turn.parent, turn.kind) for turn in piece.turns] == [
            (turn.id, turn.parent, turn.kind) for turn in before.turns
        ]
        for now, then in zip(piece.turns, before.turns, strict=True):
            assert now.text == then.text or "mara" in then.text
            assert now.author != "Mara"
    found = build(await room.preferences.opinions(), Rules(assumed=frozenset({"telegram"})))
    assert "mara" not in str(found).lower()
    for who in (MARA, BEN):  # and life goes on
        for _ in range(8):
            await room.act(draw, who)
        await room.say(who)
    assert (await room.talk.piece(KEY)).turns


async def test_a_piece_of_theirs_alone_goes_as_a_whole_and_another_opens(room: Room) -> None:
    first = await room.talk.create(ALONE, MARA, "mara's own")
    await room.say(MARA, ALONE)
    await room.vote(MARA, ALONE)
    await room.talk.create(ALONE, MARA, "mara's other")
    await room.say(MARA, ALONE)
    await room.talk.delete(ALONE, MARA, first.id)
    await room.talk.create(ALONE, MARA, "mara's empty one")
    await room.say(MARA)
    await room.say(BEN)
    assert (await room.talk.privacy.kept(MARA)).traces.alone == 3
    assert (await room.talk.privacy.forget(MARA)).traces.alone == 3
    assert await room.talk.pieces(ALONE) == ()
    assert await room.holding("mara") == []
    assert len((await room.talk.piece(KEY)).turns) == 4
    await room.say(MARA, ALONE)
    assert len((await room.talk.piece(ALONE)).turns) == 2


async def test_a_vote_of_another_keeps_a_piece(room: Room) -> None:
    await room.say(MARA)
    await room.vote(BEN)
    await room.talk.privacy.forget(MARA)
    (said, answer) = (await room.talk.piece(KEY)).turns
    assert (said.text, said.author, answer.text, answer.likes) == ("", "", "Machine 1.0.", 1)


async def test_where_their_edit_stood_what_was_there_before_stands_again(room: Room) -> None:
    await room.say(BEN)
    turn = await room.last()
    for who, text in ((MARA, "mara one"), (BEN, "ben two"), (MARA, "mara three")):
        await room.talk.edit(KEY, who, text, turn)
    await room.talk.privacy.forget(MARA)
    assert (await room.talk.turn(KEY, turn)).text == "ben two"
    await room.talk.undo(KEY, BEN)  # mara's last edit, of which nothing is left
    assert (await room.talk.turn(KEY, turn)).text == "ben two"
    await room.talk.undo(KEY, BEN)
    now = await room.talk.turn(KEY, turn)
    assert (now.text, now.edited) == ("Machine 1.0.", False)


async def test_who_comes_back_is_somebody_new(room: Room) -> None:
    await room.say(MARA)
    await room.talk.privacy.agree(MARA, given=True)
    await room.talk.privacy.forget(MARA)
    assert (await room.talk.privacy.consent(MARA)).said is None
    assert not (await room.talk.privacy.kept(MARA)).known
    assert not (await room.talk.privacy.forget(MARA)).known
    await room.say(MARA)
    assert (await room.talk.privacy.kept(MARA)).traces.passages == 1


async def test_consent_holds_by_what_was_said_and_else_by_where_one_is(room: Room) -> None:
    studio = Person("studio", "mara", "mara")
    found = [(await room.talk.privacy.consent(who)).counts for who in (MARA, studio)]
    for given in (False, True):
        for who in (MARA, studio):
            await room.talk.privacy.agree(who, given=given)
            found.append((await room.talk.privacy.consent(who)).counts)
    assert found == [False, True, False, False, True, True]


async def test_the_file_holds_everything_of_the_person_and_nothing_of_others(room: Room) -> None:
    await room.say(BEN)
    await room.say(MARA)
    await room.talk.edit(KEY, MARA, "mara edits")
    await room.vote(MARA)
    await room.vote(BEN)
    await room.talk.remember(KEY, MARA, "mara remembers")
    await room.talk.privacy.agree(MARA, given=False)
    name, mime, data = await room.talk.privacy.data(MARA)
    found = json.loads(data)
    assert (name, mime) == ("my-ghostnote-data.json", "application/json")
    assert (found["person"]["account"], found["consent"][0]["given"]) == ("7", False)
    assert [row["text"] for row in found["words"]] == ["Words of mara 2."]
    assert [row["text"] for row in found["answers"]] == ["mara edits"]
    assert [(row["before"], row["after"]) for row in found["edits"]] == [("Machine 2.0.", "mara edits")]
    assert [row["value"] for row in found["votes"]] == [1]
    assert [row["memory"] for row in found["remembered"]] == ["mara remembers"]
    assert "ben" not in data.decode().lower()
    nobody = json.loads((await room.talk.privacy.data(Person("telegram", "99")))[2])
    assert nobody == {"ghostnote": 1, "adapters": []}


async def test_the_adapters_that_learnt_from_a_person_are_named(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "adapters", tmp_path / "none")
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "adapter_config.json").write_text('{"base_model_name_or_path": "echo"}')
    (weights / "adapter_model.safetensors").write_bytes(b"weights")
    async with open_database(f"sqlite:///{tmp_path}/ghostnote.db") as database, Worker(EchoGenerator()) as worker:
        history = History(database)
        talk = Conversation(
            history, Preferences(database), EchoWriter(), voices=Speaking(worker, registry, {}), assumed=frozenset()
        )
        await collect(talk.reply(UserMessage(KEY, MARA, "words")))
        mara = await Preferences(database).person("telegram", "7")
        registry.publish(weights, "none", data={"people": ["somebody"]})
        first = registry.publish(weights, "taste", scope=Scope(), data={"people": [mara]})
        later = registry.publish(weights, "taste", data={"people": ["other"]}, parents=(first.reference,))
        assert (await talk.privacy.kept(MARA)).adapters == (first.reference, later.reference)
        assert (await talk.privacy.forget(MARA)).adapters == (first.reference, later.reference)
        await talk.close()
