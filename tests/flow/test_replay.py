"""Recipes followed: passages of a small model, with voices, edits and branches, letter by letter."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.registry import Registry, Scope
from deploy.replay import replaying
from deploy.serve import House, house, tastes
from deploy.settings import Settings
from engine import lorebook
from engine.errors import NoReplay, NotFound
from engine.messages import Done, Event, Person, SentFile, SessionKey, Turn, UserMessage
from engine.music.orders import Order
from engine.replaying import Replaying
from engine.text.echo import EchoGenerator
from engine.text.gpt import Gpt
from storage.db import open_database
from storage.schema import turns
from tests.engine.test_tasting import learnt
from tests.engine.text.tiny import GPT2
from tests.engine.voices import BASE, lodging, voice

ROUNDS = int(os.environ.get("REPLAYS", "0"))
"""Of six more passages each; REPLAYS=8 makes it fifty-four, a minute of work."""

KEY = SessionKey("telegram", "7")
ANN, BEN = Person("telegram", "7", "Ann"), Person("telegram", "8", "Ben")
WORDS = "Once upon a time there was a king who had three sons, and the youngest of them"


async def said(house: House, text: str, form: str = "", person: Person = ANN) -> Turn:
    return await last(house.conversation.reply(UserMessage(KEY, person, text), form))


async def last(events: AsyncGenerator[Event, None]) -> Turn:
    async with aclosing(events) as stream:
        done = [event async for event in stream][-1]
    assert isinstance(done, Done)
    return done.turn


async def evening(house: House) -> None:
    """A piece with what a recipe must remember: voices, versions, edits, forms, lore, mood, memory, note."""
    talk, asked = house.conversation, UserMessage(KEY, ANN)
    first = await said(house, WORDS, "story")
    await last(talk.alternatives(asked, 3))
    edited = await talk.edit(KEY, BEN, "The youngest of them went away and never came home.")
    await talk.remember(KEY, ANN, "The king is old.")
    await talk.annotate(KEY, ANN, "Slowly.")
    for entry in ("king, queen; sticky 2: The king is called Ott.", "always: It never rains here.", "sea: It is far."):
        asked_for = lorebook.read(entry)
        assert isinstance(asked_for, lorebook.Put)
        await talk.remembering.change(KEY, ANN, asked_for)
    await talk.flavouring.genre(KEY, ANN, "fairy tale")
    await talk.flavouring.mood(KEY, ANN, "melancholy")
    await talk.flavouring.teller(KEY, ANN, "first person")
    await said(house, "The king wept.", person=BEN)
    await talk.edit(KEY, ANN, "Nobody came home.", edited.id)
    await talk.undo(KEY, ANN)
    await talk.branch(KEY, ANN, first.id)
    await said(house, "the sea at night", "haiku")
    for _ in range(ROUNDS):
        await said(house, "And then the snow fell.", person=BEN)
        await last(talk.retry(asked))
        await last(talk.proceed(asked))
        await last(talk.alternatives(asked, 3))
        await talk.edit(KEY, ANN, "It rained.", (await talk.piece(KEY)).turns[2].id)
        await talk.branch(KEY, ANN, first.id)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
async def written(home: Path) -> list[str]:
    """The recipes of an evening; written once."""
    async with open_database(Settings(home=home).database) as database:
        known = await database.read(_recipes)
    if not known:
        async with lodging(GPT2, home) as (house, registry):
            for seed, (name, scope) in enumerate({"sea": "person:telegram:7", "wood": "person:telegram:8"}.items()):
                registry.publish(voice(GPT2, home / name, seed + 1), name, scope=Scope.read(scope))
            await evening(house)
            known = await house.database.read(_recipes)
    return known


def _recipes(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(turns.c.id).where(turns.c.kind == "model").order_by(turns.c.number)))


@asynccontextmanager
async def again(home: Path, base: str = BASE) -> AsyncIterator[Replaying]:
    """The command's own parts, in what could be another process on another day."""
    settings = Settings(home=home)
    shelf = Registry(settings.adapters).whole
    generator = Gpt(GPT2, base, device="cpu", dtype="float32", shelf=shelf)
    async with replaying(settings, generator) as ready:
        yield ready


async def test_every_passage_comes_out_as_they_were_written(home: Path, written: list[str]) -> None:
    assert len(written) == 6 + 6 * ROUNDS
    async with again(home) as ready:
        found = [await ready.replay(recipe) for recipe in written]
    assert [one.recipe for one in found if not one.same] == []
    assert {one.adapter.partition("@")[0] for one in found} >= {"sea", "wood"}
    assert sum(one.edited for one in found) >= 1


async def test_what_cannot_be_replayed_says_why(home: Path, written: list[str]) -> None:
    async with again(home, "another") as ready:
        with pytest.raises(NoReplay, match="base"):
            await ready.replay(written[0])
        for strange in ("0123456789abcdef", "nonsense", ""):
            with pytest.raises(NotFound):
                await ready.replay(strange)
    folder = Settings(home=home).adapters / "sea"
    hidden = folder.rename(folder.with_name("hidden"))
    async with again(home) as ready:
        spoken = [recipe for recipe in written if (await _adapter(home, recipe)).startswith("sea")]
        with pytest.raises(NoReplay, match="voice"):
            await ready.replay(spoken[0])
    hidden.rename(folder)


async def _adapter(home: Path, recipe: str) -> str:
    async with open_database(Settings(home=home).database) as database:
        return str(
            await database.read(lambda link: link.scalar(sa.select(turns.c.adapter).where(turns.c.id == recipe)))
        )


async def test_music_comes_out_as_it_was_composed(tmp_path: Path) -> None:
    settings, asked = Settings(home=tmp_path / "home"), UserMessage(KEY, ANN, "/music")
    registry = tastes(settings.tastes)
    orders = (
        Order("compose", words="2 bars melancholy waltz in D minor, flute, 2 versions"),
        Order("vary", strength=0.8),
        Order("morph", bars=2),
        Order("extend", bars=2),
        Order("song", text="The sea is far away\nAnd I am home"),
    )
    async with house(settings, EchoGenerator()) as built:
        made = [await last(built.conversation.compose(asked, order, drafts=0)) for order in orders]
        registry.publish(learnt(tmp_path / "taste"), "taste", scope=Scope("channel", "telegram:7"), base="music")
        liked = await last(built.conversation.compose(asked, replace(orders[0], words="1 bar reel")))
        known = await built.database.read(_recipes)
        _, _, sent = await built.conversation.file(KEY, made[0].id, "mid")
        heard = await built.conversation.hear(UserMessage(KEY, BEN, file=SentFile("tune.mid", sent)))
        known.append((await last(built.conversation.compose(asked, Order("harmonize"), heard.turn.id))).id)
    assert len(known) == 8
    async with replaying(settings, EchoGenerator()) as ready:
        found = {recipe: await ready.replay(recipe) for recipe in known}
        assert [one.recipe for one in found.values() if not one.same] == []
        assert found[liked.id].adapter == "taste@0001"
        with pytest.raises(NoReplay, match="person"):
            await ready.replay(heard.turn.id)
    assert all("% MIDI" in one.after and one.after.startswith("X:1") for one in found.values())
    (settings.tastes / "taste").rename(settings.tastes / "hidden")
    async with replaying(settings, EchoGenerator()) as ready:
        with pytest.raises(NoReplay, match="taste"):
            await ready.replay(liked.id)


async def test_pictures_come_out_to_the_pixel(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    async with house(settings, EchoGenerator()) as built:
        talk = built.conversation
        asked = UserMessage(KEY, ANN, "cubist, sea")
        for kind in ("palette", "cover"):
            await last(talk.draw(asked, kind))
        await last(talk.alternatives(UserMessage(KEY, ANN), 2))
        known = await built.database.read(_recipes)
    assert len(known) == 4
    async with replaying(settings, EchoGenerator()) as ready:
        found = [await ready.replay(recipe) for recipe in known]
    assert [one.recipe for one in found if not one.same] == []
    assert len({one.after for one in found}) == 4
    assert all(one.after.startswith("#") and "PNG" in one.after for one in found)
