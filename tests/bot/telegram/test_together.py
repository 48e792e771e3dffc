"""A group on Telegram that writes together: turns with a reminder, a vote with buttons, a restart in between."""

import asyncio
from dataclasses import dataclass, field

import pytest
from aiogram.types import Chat, Message, User

from bot import wording
from engine import news
from engine.conversation import Conversation
from engine.messages import SessionKey
from engine.together.state import State
from tests.bot.telegram.conftest import Desk, Start
from tests.engine.clock import Clock

KEY = SessionKey("telegram", "-1001")


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOK", 0.05)


@dataclass
class Group:
    """Mara, Ben and Cora, and what is said among them."""

    desk: Desk
    clock: Clock = field(default_factory=Clock)
    talk: Conversation | None = None

    def __post_init__(self) -> None:
        world = self.desk.world
        self.chat: Chat = world.group(-1001)
        self.mara: User = self.desk.person
        self.ben, self.cora = world.person(78, "Ben"), world.person(79, "Cora")

    def last(self) -> Message:
        return self.desk.world.from_bot(self.chat)[-1]

    async def say(self, person: User, text: str, answer: str) -> Message:
        """Say something; the first new message of the bot that has the answer in it."""
        before = len(self.desk.world.from_bot(self.chat))
        self.desk.world.say(self.chat, person, text)
        return await self.hears(answer, before)

    async def hears(self, words: str, since: int = 0) -> Message:
        def found() -> list[Message]:
            return [each for each in self.desk.world.from_bot(self.chat)[since:] if words in (each.text or "")]

        await self.desk.api.until(found, 20)
        return found()[-1]

    async def press(self, message: Message, label: str, person: User) -> str:
        query = self.desk.world.press(self.chat, message.message_id, label, person)
        await self.desk.api.until(lambda: query in self.desk.world.answers, 20)
        return self.desk.world.answers[query]

    def labels(self, message: Message) -> list[str]:
        return self.desk.world.labels(self.chat, message.message_id)

    async def state(self) -> State:
        assert self.talk
        return await self.talk.gathering.state(KEY)

    async def texts(self) -> list[str]:
        assert self.talk
        return [turn.text for turn in (await self.talk.piece(KEY)).turns]


@pytest.fixture
def group(desk: Desk) -> Group:
    return Group(desk)


async def test_turns_with_a_reminder_a_missed_one_and_a_restart(group: Group, start: Start) -> None:
    async with start(clock=group.clock) as group.talk:
        await group.say(group.mara, "/turns round-robin 10m ghost off", "Mara, it is your turn. You have 10 min.")
        await group.say(group.ben, "/join", "Ben writes along now.")
        await group.say(group.cora, "/join Coralie", "Coralie writes along now.")
        await group.say(group.ben, "@ghostnote_bot Me first!", "It is Mara’s turn; nothing was changed.")
        await group.say(group.mara, "@ghostnote_bot It rained.", "Ben, it is your turn.")
        assert await group.texts() == ["It rained."]
        group.clock.forward(minutes=5)
        await group.hears("Ben, it is your turn, and there is 5 min left.")
    group.clock.forward(minutes=20)  # the house is shut meanwhile
    async with start(clock=group.clock) as group.talk:
        await group.hears("Ben’s time is over.\nCoralie, it is your turn. You have 10 min.")
        await asyncio.sleep(0.3)
        said = [message.text or "" for message in group.desk.world.from_bot(group.chat)]
        assert [sum(words in text for text in said) for words in ("there is 5 min left", "Ben’s time is over")] == [
            1,
            1,
        ]
        await group.say(group.cora, "@ghostnote_bot It stopped.", "Mara, it is your turn.")
        await group.say(group.mara, "/credits", "· Coralie: passages 1, words 2")


async def test_a_vote_with_buttons(group: Group, start: Start) -> None:
    async with start(clock=group.clock) as group.talk:
        await group.say(group.mara, "/turns vote 10m drafts 3", "you vote which one is written")
        await group.say(group.ben, "/join", "Ben writes along now.")
        vote = await group.say(group.mara, "@ghostnote_bot It rained", "How does it go on?")
        assert group.labels(vote) == ["1", "2", "3"]
        assert await group.texts() == ["It rained"]
        assert await group.press(vote, "2", group.mara) == wording.say("chosen", "en", number=2)
        await group.desk.api.until(lambda: group.labels(vote) == ["1", "2 · 1", "3"])
        assert await group.press(vote, "3", group.mara) == wording.say("chosen", "en", number=3)
        await group.desk.api.until(lambda: group.labels(vote) == ["1", "2", "3 · 1"])
        assert "not write along here yet" in await group.press(vote, "1", group.cora)
        await group.press(vote, "1", group.ben)
        await group.hears("A tie (1 = 3) with votes: 1 each")
        await group.desk.api.until(lambda: "👍" in "".join(group.labels(group.last())))
        state = await group.state()
        assert state.ballot is None
        assert (await group.texts())[-1] == group.last().text
        await group.desk.api.until(lambda: group.labels(vote) == [])


async def test_a_vote_that_ended_by_the_clock_while_the_house_was_shut(group: Group, start: Start) -> None:
    async with start(clock=group.clock) as group.talk:
        await group.say(group.mara, "/turns vote 10m", "you vote which one is written")
        await group.say(group.ben, "/join", "Ben writes along now.")
        vote = await group.say(group.mara, "@ghostnote_bot It rained", "How does it go on?")
        await group.press(vote, "2", group.mara)
        third = group.desk.world.buttons(group.chat, vote.message_id)[2].callback_data
    group.clock.forward(minutes=11)
    async with start(clock=group.clock) as group.talk:
        await group.hears("Number 2 is written, with votes: 1")
        await group.desk.api.until(lambda: "👍" in "".join(group.labels(group.last())))
        texts = await group.texts()
        assert texts[-1] == group.last().text
        await group.desk.api.until(lambda: not group.labels(vote))
        query = group.desk.world.press(group.chat, vote.message_id, "", group.ben, data=third)  # it was on its way
        await group.desk.api.until(lambda: query in group.desk.world.answers)
        assert "That vote is over" in group.desk.world.answers[query]
        await group.desk.api.until(lambda: group.labels(vote) == [])
        assert await group.texts() == texts


async def test_ghostnote_takes_its_turn_when_somebody_misses_theirs(group: Group, start: Start) -> None:
    async with start(clock=group.clock) as group.talk:
        await group.say(group.mara, "/turns round-robin 10m", "Mara, it is your turn.")
        await group.say(group.ben, "/join", "Ben writes along now.")
        await group.say(group.mara, "@ghostnote_bot It rained.", "Ben, it is your turn.")
        group.clock.forward(minutes=11)
        await group.hears("Mara, it is your turn.", len(group.desk.world.from_bot(group.chat)) - 1)
        missed, passage, turn = group.desk.world.from_bot(group.chat)[-3:]
        assert missed.text == "Ben’s time is over."
        assert "👍" in "".join(group.labels(passage))
        assert (turn.text or "").startswith("Mara, it is your turn.")
        assert await group.texts() == ["It rained.", passage.text]


async def test_host_late_join_kick_corpse_and_credits(group: Group, start: Start) -> None:
    async with start(clock=group.clock) as group.talk:
        await group.say(group.mara, "/turns host", "Mara, it is your turn.")
        await group.say(group.ben, "/join", "Ben writes along now.")
        await group.say(group.ben, "/give ben", "Only the host of this piece may do that: Mara.")
        await group.say(group.mara, "/give ben", "Ben, it is your turn.")
        await group.say(group.ben, "@ghostnote_bot It rained.", "Mara, it is your turn.")
        await group.say(group.mara, "/turns round-robin ghost off", "Mara, it is your turn.")
        await group.say(group.mara, "/corpse on", "from now on one sees only the last line")
        await group.say(group.cora, "/join", "Cora writes along now.")
        said = await group.say(group.mara, "/continue A secret.\nIt poured.", "Ben, it is your turn.")
        assert said.text == "Ben, it is your turn.\nAll that you see of it: “It poured.”"
        await group.say(group.ben, "/pass", "Ben passes.\nCora, it is your turn.")
        await group.say(group.mara, "/kick cora", "Cora was sent away by the host.\nMara, it is your turn.")
        await group.say(group.cora, "@ghostnote_bot But I", "You do not write along here yet")
        await group.say(group.ben, "/corpse off", "Only the host of this piece may do that: Mara.")
        await group.say(group.mara, "/corpse off", "It rained.\n\nA secret.\nIt poured.")
        await group.say(group.ben, "/credits", "· Mara: passages 1, words 4")
