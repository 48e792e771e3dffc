"""Stories with a planted fact: it is in the prompt whenever it must be, never over the budget, and /context says why.

Everything is what a person uses, from the typed line to the request the generator is given; only the words come from
the echo generator, which keeps every prompt it was sent.
"""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import commands
from bot.replies import Notice
from engine.conversation import Conversation
from engine.messages import ContextView, Done, Person, SessionKey, UserMessage
from engine.ports import Generation, TextRequest
from engine.text import prompt
from engine.text.echo import EchoGenerator
from engine.text.writer import Writer
from engine.worker import Worker
from storage.db import open_database
from storage.history import History
from storage.preferences import Preferences

ANN = Person("test", "ann", "Ann")
STORIES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("continuity.toml").read_text("utf-8"))["story"]
FILLER = (
    "The rain of day {} went on over roofs and fields, and nobody could say when it had begun or who had first "
    "spoken of it; smoke hung low, dogs slept under benches, and number {} of the wagons never came. "
)


class Recording(EchoGenerator):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[str] = []

    def start(self, request: TextRequest) -> Generation:
        self.prompts.append(request.prompt)
        return super().start(request)


class Room:
    """One person's chat, a new one for each story."""

    def __init__(self, conversation: Conversation, generator: Recording, chat: str = "") -> None:
        self.conversation, self.generator, self.key = conversation, generator, SessionKey("test", chat)

    async def say(self, text: str) -> str:
        last = ""
        async for event in commands.run(self.conversation, UserMessage(self.key, ANN, text)):
            last = event.text if isinstance(event, Notice) else event.turn.text if isinstance(event, Done) else last
        return last

    async def seen(self) -> ContextView:
        return await self.conversation.context(self.key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    generator, file = Recording(), tmp_path_factory.mktemp("house") / "ghostnote.db"
    async with open_database(f"sqlite:///{file}") as database, Worker(generator) as worker:
        talk = Conversation(History(database), Preferences(database), Writer(worker))
        yield Room(talk, generator)
        await talk.close()


async def play(place: Room, story: dict[str, Any]) -> None:
    """Tell the story up to the line in which the fact matters."""
    for line in story["told"]:
        await place.say(line)
    for at in range(story.get("others", 0)):
        await place.say(f"/lore person{at}, street{at}: Person {at} has lived in street {at} for {at} years, alone.")
    for at in range(2):
        await place.say("".join(FILLER.format(at * 100 + line, line) for line in range(16)))
    await place.say("Rain again.")
    for line in story.get("between", ()):
        await place.say(line)
    await place.say(story["asked"])


def adds_up(view: ContextView, sent: str) -> None:
    """What /context shows is the prompt that was sent, within its budgets, and every loss has its reason."""
    assert view.prompt == sent == "".join(section.text for section in view.sections)
    assert view.tokens == len(sent.split()) == sum(section.tokens for section in view.sections)
    assert view.tokens + view.reserved <= view.window
    shares = {
        "lore": prompt.LORE_SHARE,
        "memory note lore": prompt.EXTRAS_SHARE,
        "summary recall": prompt.EARLIER_SHARE,
    }
    for names, share in shares.items():
        took = sum(section.tokens for section in view.sections if section.name in names.split())
        assert took <= view.window * share // 100, names
    for section in view.sections:
        assert section.text or section.cut or section.why, section
        if section.name in ("lore", "summary", "recall") and section.text:
            assert section.why, section


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("story", STORIES, ids=[story["name"] for story in STORIES])
async def test_the_fact_is_there_when_it_must_be(story: dict[str, Any], house: Room) -> None:
    place = Room(house.conversation, house.generator, story["name"])
    await play(place, story)
    view = await place.seen()
    sent = next(each for each in reversed(place.generator.prompts) if each == view.prompt)
    adds_up(view, sent)
    assert story.get("fact", "") in sent
    assert not [absent for absent in story.get("absent", ()) if absent in sent]
    assert sum(section.tokens for section in view.sections if section.name == "story") >= prompt.STORY_FLOOR
    if "fact" in story:
        section = next(section for section in view.sections if story["fact"] in section.text)
        assert section.why or section.name in ("memory", "note", "story")
        told = await place.say("/context")
        for name, fields in section.why:
            assert str(fields.get("word", "")) in told, (name, told)


def test_there_are_twenty_stories() -> None:
    assert len(STORIES) == 20
    assert sum("absent" in story and "fact" not in story for story in STORIES) == 3
