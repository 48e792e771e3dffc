"""One piece in several chats: codes, what each chat hears of the others, refusals, leaving, deleting."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from engine.errors import Impossible
from engine.linking import LENGTH, SIGNS
from engine.messages import Accepted, Done, Event, MessageRef, News, Person, SessionKey, UserMessage
from storage.schema import links, outbox
from tests.engine.clock import Clock
from tests.engine.desk import KEY, MARA, Desk, collect, opened

ROOM = SessionKey("discord", "21")
DORA = Person("discord", "70", "Dora")
FAR = {"telegram": KEY, "discord": ROOM}


class House:
    """Mara's private chat on Telegram and Dora's room on Discord."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk, self.clock, self.talk = desk, clock, desk.talk

    def message(self, text: str = "", *, there: bool = False, delivery: str = "", **more: object) -> UserMessage:
        key, person = (ROOM, DORA) if there else (KEY, MARA)
        found = UserMessage(key, person, text, delivery=delivery, alone=not there)
        return replace(found, **more)  # type: ignore[arg-type]

    async def code(self) -> str:
        return (await self.talk.linking.offer(self.message())).code

    async def link(self) -> None:
        """The room is linked to the private chat's piece; what was said of it is told."""
        code = await self.code()
        joined = await self.talk.linking.join(self.message(there=True), code)
        for each in joined.news:
            await self.talk.told(each)
        await self.heard()

    async def say(self, text: str, *, there: bool = False, delivery: str = "") -> list[Event]:
        return await collect(self.talk.reply(self.message(text, there=there, delivery=delivery)))

    async def heard(self) -> list[str]:
        """What is to be said by itself in both chats: the place, and the passage or the names of the sentences."""
        found = []
        for platform in FAR:
            async with aclosing(self.talk.news(platform)) as news:
                for _ in range(await self._due(platform)):
                    each = await anext(news)
                    found.append(f"{platform}: {await self._text(each)}")
                    await self.talk.told(each, (MessageRef(platform, each.key.chat, f"n{each.number}"),))
        return found

    async def _text(self, news: News) -> str:
        how = {"on": "", "instead": "instead ", "edited": "edited ", "elsewhere": "elsewhere "}
        if "how" in news.fields:
            turn = await self.talk.turn(news.key, news.turn)
            return how[news.fields["how"]] + (f"{turn.author}: " if turn.kind == "person" else "") + turn.text
        if "way" in news.fields:
            return f"{news.fields['name']} {news.fields['way']}"
        return " ".join(name for name, _ in news.fields["lines"])

    async def _due(self, platform: str) -> int:
        rows = await self.desk.rows(outbox)
        return sum(row["platform"] == platform and row["told"] is None and row["due"] <= self.clock() for row in rows)

    async def texts(self) -> tuple[list[str], list[str]]:
        return await self.desk.texts(KEY), await self.desk.texts(ROOM)


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    clock = Clock()
    async with opened(database_url, clock) as desk:
        yield House(desk, clock)


async def refused(house: House, code: str, **more: object) -> str:
    """Why this chat cannot be linked; nothing is changed by trying."""
    before = await house.desk.rows(links), list(await house.desk.rows(outbox))
    with pytest.raises(Impossible) as caught:
        await house.talk.linking.join(house.message(there=True, **more), code)  # type: ignore[arg-type]
    assert (await house.desk.rows(links), await house.desk.rows(outbox)) == before
    return str(caught.value.fields["why"])


async def test_two_chats_write_one_piece_and_each_hears_the_other(house: House) -> None:
    await house.say("It rained.")
    await house.say("A room of its own.", there=True)
    offer = await house.talk.linking.offer(house.message())
    assert [name for news in offer.news for name, _ in news.fields["lines"]] == ["hosts"]
    code = offer.code.replace("-", "")
    assert len(code) == LENGTH
    assert set(code) <= set(SIGNS)
    assert (offer.minutes, offer.piece.passages) == (15, 2)
    joined = await house.talk.linking.join(house.message(there=True), f" {offer.code.lower()} ")
    assert joined.piece.passages == 2
    (shown,) = joined.news
    assert (await house.talk.turn(ROOM, shown.turn)).text == (await house.desk.texts())[-1]
    await house.talk.told(shown)
    assert await house.heard() == ["telegram: linked"]
    assert (await house.texts())[0] == (await house.texts())[1]

    found = await house.say("Then it stopped.", there=True)
    accepted, done = found[0], found[-1]
    assert isinstance(accepted, Accepted)
    assert isinstance(done, Done)
    assert accepted.linked
    assert done.turn.shared
    assert await house.heard() == ["telegram: Dora: Then it stopped.", f"telegram: {done.turn.text}"]
    answer = (await house.say("Mara knows."))[-1]
    assert isinstance(answer, Done)
    assert await house.heard() == ["discord: Mara: Mara knows.", f"discord: {answer.turn.text}"]
    assert (await house.texts())[0] == (await house.texts())[1]
    assert len((await house.texts())[0]) == 6
