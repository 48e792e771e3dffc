"""One piece in several chats: codes, what each chat hears of the others, refusals, leaving, deleting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from engine.errors import EngineError, Impossible, NotFound, NotHost, NotYourTurn
from engine.linking import GUESSES, LENGTH, SIGNS
from engine.messages import Accepted, Done, Event, MessageRef, News, Person, Reaction, SessionKey, Turn, UserMessage
from engine.together import asked
from engine.together.events import Join, SetCorpse, SetRules, Voted
from engine.together.together import Make
from storage.db import open_database
from storage.schema import inbox, link_codes, links, outbox, pieces, preferences
from tests.engine.clock import Clock
from tests.engine.desk import KEY, MARA, SAY, Desk, collect, opened

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
                    each = await asyncio.wait_for(anext(news), 20)
                    found.append(f"{platform}: {await self._text(each)}")
                    refs = (MessageRef(platform, each.key.chat, f"n{each.number}"),)
                    if each.turn:
                        await self.talk.delivered(each.turn, refs)
                    await self.talk.told(each, refs)
        return found

    async def _text(self, news: News) -> str:
        how = {"on": "", "instead": "instead ", "edited": "edited ", "elsewhere": "elsewhere "}
        if "how" in news.fields:
            turn = await self.talk.turn(news.key, news.turn)
            return how[news.fields["how"]] + (f"{turn.author}: " if turn.kind == "person" else "") + turn.text
        if "way" in news.fields:
            return f"{news.fields['name']} {news.fields['way']}"
        return (
            " ".join([name for name, _ in news.fields.get("lines", ())])
            or (await self.talk.turn(news.key, news.turn)).text
        )

    async def _due(self, platform: str) -> int:
        rows = await self.desk.rows(outbox)
        return sum(row["platform"] == platform and row["told"] is None and row["due"] <= self.clock() for row in rows)

    async def last(self) -> Turn:
        return (await self.talk.piece(KEY)).turns[-1]

    async def ids(self) -> set[str]:
        return {member.person for member in (await self.talk.gathering.state(KEY)).members}

    async def act(self, make: Make, *, there: bool = False) -> None:
        for event in await collect(self.talk.gathering.act(self.message(there=there), make)):
            if isinstance(event, News):
                await self.talk.told(event)

    async def join(self, *, there: bool) -> None:
        name = DORA.name if there else MARA.name
        await self.act(lambda state, who: Join(who, asked.pen_of(name, state, who)), there=there)

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


async def writes(house: House, tasks: int) -> None:
    """Wait until so many passages were begun."""
    async with asyncio.timeout(10):
        while len(house.desk.writer.tasks) < tasks:  # noqa: ASYNC110  # the writer has no event for it
            await asyncio.sleep(0.01)


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


async def test_what_one_chat_changes_the_other_is_told_or_sees(house: House) -> None:
    await house.say("It rained.")
    await house.link()
    first = await house.last()
    again = (await collect(house.talk.retry(house.message(there=True))))[-1]
    assert isinstance(again, Done)
    assert await house.heard() == [f"telegram: instead {again.turn.text}"]
    await house.talk.swipe(KEY, MARA, -1)
    assert await house.heard() == [f"discord: instead {first.text}"]
    await house.talk.edit(ROOM, DORA, "Other words.")
    assert await house.heard() == ["telegram: edited Other words."]
    await house.talk.undo(KEY, MARA)
    assert await house.heard() == [f"discord: edited {first.text}"]
    await house.say("On.")
    await house.heard()
    await house.talk.undo(ROOM, DORA)
    assert await house.heard() == ["telegram: Dora back"]
    await house.talk.redo(KEY, MARA)
    assert await house.heard() == ["discord: Mara forward"]
    await house.talk.branch(ROOM, DORA, first.id)
    assert await house.heard() == ["telegram: Dora aside"]
    elsewhere = (await collect(house.talk.retry(house.message(), again.turn.id)))[-1]
    assert isinstance(elsewhere, Done)
    assert await house.heard() == [f"discord: instead {elsewhere.turn.text}"]
    await house.say("And on.")
    await house.heard()
    late = (await collect(house.talk.retry(house.message(), elsewhere.turn.id)))[-1]
    assert isinstance(late, Done)
    assert await house.heard() == [f"discord: elsewhere {late.turn.text}"]
    assert (await house.texts())[0] == (await house.texts())[1]


async def test_memory_titles_votes_and_exports_are_the_piece_s(house: House) -> None:
    await house.say("It rained.")
    await house.link()
    await house.talk.remember(ROOM, DORA, "The fox is old.")
    await house.talk.rename(KEY, MARA, "The fox")
    seen = await house.talk.piece(ROOM)
    assert (seen.title, seen.memory, seen.linked) == ("The fox", "The fox is old.", True)
    turn = (await house.last()).id
    await house.talk.react(Reaction(KEY, MARA, 1, turn))
    assert (await house.talk.react(Reaction(ROOM, DORA, -1, turn))).dislikes == 1
    assert (await house.talk.react(Reaction(ROOM, DORA, 1, turn, delivery="discord:9"))).likes == 2
    assert len(await house.desk.rows(preferences)) == 2, "one a person, wherever they are"
    ref = MessageRef("discord", "21", "77")
    await house.talk.delivered(turn, (ref,))
    shown = await house.talk.turn_at(ref, ROOM)
    assert shown
    assert shown.id == turn
    assert (await house.talk.carrying.export(ROOM, "md", SAY))[2] == (await house.talk.carrying.export(KEY, "md", SAY))[
        2
    ]
    assert [each.title for each in await house.talk.pieces(ROOM)] == ["The fox"]


async def test_turns_and_votes_go_across(house: House) -> None:
    await house.say("It rained.")
    await house.link()
    await house.join(there=True)
    await house.heard()
    await house.act(lambda _, me: SetRules(me, asked.rules("round-robin ghost off")))
    assert await house.heard() == ["discord: rules_round_robin turn"]
    with pytest.raises(NotYourTurn):
        await house.say("Me!", there=True)
    await house.say("It poured.")
    assert await house.heard() == ["discord: Mara: It poured.", "discord: turn"]
    await house.say("It stopped.", there=True)
    assert await house.heard() == ["telegram: Dora: It stopped.", "telegram: turn"]
    await house.act(lambda _, me: SetRules(me, asked.rules("vote drafts 2")))
    await house.heard()
    await house.say("And then")
    assert await house.heard() == ["discord: Mara: And then", "discord: vote"]
    ballot = (await house.talk.gathering.state(ROOM)).ballot
    assert ballot
    assert await refused(house, await house.code(), key=SessionKey("discord", "22")) == "link_vote"
    await house.act(lambda _, me: Voted(me, ballot.options[1]))
    await house.act(lambda _, me: Voted(me, ballot.options[1]), there=True)
    winner = (await house.talk.turn(KEY, ballot.options[1])).text
    assert await house.heard() == ["telegram: result", f"telegram: {winner}"]
    assert (await house.texts())[1][-1] == winner


async def test_the_reply_to_a_message_is_known_by_its_own_chat(house: House) -> None:
    await house.say("It rained.", delivery="u1")
    await house.link()
    await house.say("It poured.", there=True, delivery="u1")
    for _ in range(2):
        await house.say("It poured.", there=True, delivery="u1")
    turns = (await house.talk.piece(KEY)).turns
    assert [turn.text for turn in turns if turn.kind == "person"] == ["It rained.", "It poured."]
    rows = [(row["platform"], row["reply"] is not None) for row in await house.desk.rows(inbox)]
    assert sorted(rows) == [("discord", True), ("telegram", True)]


async def test_what_cannot_be_is_refused_and_changes_nothing(house: House) -> None:
    await house.say("It rained.")
    await house.say("A room of its own.", there=True)
    code = await house.code()
    assert await refused(house, "") == "link_unknown"
    assert await refused(house, code, key=KEY) == "link_own"
    assert await refused(house, code, key=SessionKey("telegram", "1", "5")) == "link_near"
    house.clock.forward(minutes=16)
    assert await refused(house, code) == "link_expired"
    code = await house.code()
    assert await refused(house, code[:-1] + ("2" if code[-1] != "2" else "3")) == "link_unknown"
    await house.talk.linking.join(house.message(there=True), code)
    assert await refused(house, code, key=SessionKey("discord", "22")) == "link_used"
    second = await house.code()
    assert await refused(house, second) == "link_already"
    with pytest.raises(Impossible, match="link_not_home"):
        await house.talk.linking.offer(house.message(there=True))
    with pytest.raises(Impossible, match="link_guest"):
        await house.talk.delete(ROOM, DORA)
    third = await house.code()
    assert await refused(house, second, key=SessionKey("discord", "22")) == "link_unknown", "a later code voids it"
    await house.talk.create(ROOM, DORA)
    await house.say("On its own.", there=True)
    assert await refused(house, third) == "link_already", "whatever is open there"


async def test_who_guesses_is_stopped_for_a_while(house: House) -> None:
    await house.say("It rained.")
    code = await house.code()
    for _ in range(GUESSES):
        with pytest.raises(Impossible, match="link_unknown"):
            await house.talk.linking.join(house.message(there=True), "23456789")
    assert await refused(house, code) == "link_too_many"
    house.clock.forward(minutes=16)
    await house.talk.linking.join(house.message(there=True), await house.code())


async def test_while_something_is_written_here_it_is_not_linked(house: House) -> None:
    await house.say("It rained.")
    code = await house.code()
    house.desk.writer.gate = asyncio.Event()
    writing = asyncio.create_task(house.say("A room of its own.", there=True))
    await writes(house, 2)
    assert await refused(house, code) == "link_writing"
    house.desk.writer.gate.set()
    await writing
    await house.talk.linking.join(house.message(there=True), code)


async def test_a_reply_that_is_written_while_a_chat_joins_is_shown_there(house: House) -> None:
    await house.say("It rained.")
    code = await house.code()
    house.desk.writer.gate = asyncio.Event()
    writing = asyncio.create_task(house.say("It poured."))
    await writes(house, 2)
    joined = await house.talk.linking.join(house.message(there=True), code)
    assert (await house.talk.turn(ROOM, joined.news[0].turn)).text == "It poured."
    await house.talk.told(joined.news[0])
    house.desk.writer.gate.set()
    answer = (await writing)[-1]
    assert isinstance(answer, Done)
    assert (await house.heard())[-1] == f"discord: {answer.turn.text}"


async def test_only_the_host_makes_codes_and_whoever_linked_takes_out(house: House) -> None:
    there, stranger = house.message(there=True), Person("discord", "71", "Egon")
    await house.say("A room of its own.", there=True)
    code = (await house.talk.linking.offer(there)).code
    with pytest.raises(NotHost):
        await house.talk.linking.offer(replace(there, person=stranger))
    far = SessionKey("telegram", "-5")
    ben = Person("telegram", "8", "Ben")
    await house.talk.linking.join(UserMessage(far, ben), code)
    with pytest.raises(Impossible, match="link_not_yours"):
        await house.talk.linking.leave(UserMessage(far, MARA))
    with pytest.raises(Impossible, match="link_not_yours"):
        await house.talk.linking.leave(replace(there, person=stranger))
    gone = await house.talk.linking.leave(UserMessage(far, ben))
    assert gone.guest
    assert gone.open is None
    with pytest.raises(Impossible, match="not_linked"):
        await house.talk.linking.leave(UserMessage(far, ben))


async def test_a_chat_goes_out_and_has_its_own_piece_again(house: House) -> None:
    await house.say("It rained.")
    await house.say("A room of its own.", there=True)
    before = await house.desk.texts(ROOM)
    await house.link()
    turn = await house.last()
    gone = await house.talk.linking.leave(house.message(there=True))
    assert gone.guest
    assert gone.open
    assert gone.open.title.startswith("A room")
    assert await house.heard() == ["telegram: unlinked"]
    assert await house.desk.texts(ROOM) == before
    with pytest.raises(NotFound):
        await house.talk.turn(ROOM, turn.id)
    await house.say("It poured.")
    assert await house.heard() == []
    assert await house.desk.rows(links) == []


async def test_the_first_chat_ends_it_for_all(house: House) -> None:
    await house.say("It rained.")
    await house.link()
    gone = await house.talk.linking.leave(house.message())
    assert not gone.guest
    assert await house.heard() == ["discord: unlinked_here"]
    assert (await house.talk.piece(ROOM)).turns == ()
    assert len((await house.talk.piece(KEY)).turns) == 2


async def test_a_piece_that_is_deleted_is_gone_everywhere_and_that_is_said(house: House) -> None:
    await house.say("A room of its own.", there=True)
    own = await house.desk.texts(ROOM)
    await house.say("It rained.")
    await house.link()
    await house.talk.delete(KEY, MARA)
    assert await house.heard() == ["discord: unlinked_gone"]
    assert await house.desk.texts(ROOM) == own
    assert (await house.desk.rows(links), await house.desk.rows(link_codes)) == ([], [])


async def test_another_piece_may_be_open_beside_it(house: House) -> None:
    await house.say("It rained.")
    await house.link()
    linked = (await house.talk.piece(ROOM)).id
    await house.talk.create(ROOM, DORA, "Mine")
    await house.say("A room of its own.", there=True)
    assert await house.heard() == []
    assert await house.talk.linking.open_in(ROOM) != linked
    assert (await house.talk.open(ROOM, DORA, linked)).id == linked


async def test_a_link_is_kept_when_the_house_is_closed_and_chats_are_renamed(house: House, database_url: str) -> None:
    await house.say("It rained.")
    await house.link()
    await house.talk.moving.relocate(KEY, "-1001")
    new = replace(KEY, chat="-1001")
    async with open_database(database_url) as database:
        desk = Desk(database, house.clock)
        assert await desk.texts(new) == await desk.texts(ROOM)
        await collect(desk.talk.reply(UserMessage(ROOM, DORA, "It poured.")))
        waiting = [row for row in await desk.rows(outbox) if row["told"] is None]
        assert {(row["platform"], row["chat"]) for row in waiting if row["name"] == "passage"} == {
            ("telegram", "-1001")
        }
        await desk.talk.moving.relocate(ROOM, "22")
        assert await desk.texts(replace(ROOM, chat="22")) == await desk.texts(new)
        await desk.talk.close()


async def test_who_is_forgotten_takes_their_words_out_of_the_other_chats(house: House) -> None:
    await house.say("It rained.", delivery="u1")
    await house.link()
    await house.say("Secret words.", there=True, delivery="u2")
    await house.heard()
    await house.talk.privacy.forget(DORA)
    withdrawn = [row for row in await house.desk.rows(outbox) if row["name"] == "withdrawn"]
    assert [(row["platform"], row["chat"]) for row in withdrawn] == [("telegram", "1")]
    assert len(withdrawn[0]["fields"]["messages"]) == 1
    assert "Secret words." not in str(await house.desk.rows(outbox))
    assert "Secret words." not in str(await house.texts())
    assert {row["person"] for row in await house.desk.rows(links)} <= {None, *await house.ids()}
    assert (await house.texts())[0] == (await house.texts())[1]


async def test_a_piece_whose_first_owner_is_forgotten_belongs_to_the_others(database_url: str) -> None:
    async with opened(database_url) as desk:
        alone = SessionKey("telegram", MARA.id)
        await desk.say("It rained.", key=alone)
        code = (await desk.talk.linking.offer(desk.message(key=alone))).code
        await desk.talk.linking.join(UserMessage(ROOM, DORA), code)
        await collect(desk.talk.reply(UserMessage(ROOM, DORA, "It poured.")))
        await desk.talk.privacy.forget(MARA)
        assert "It poured." in await desk.texts(ROOM)
        assert "It rained." not in await desk.texts(ROOM)
        assert [(row["platform"], row["chat"]) for row in await desk.rows(pieces)] == [("discord", "21")]
        assert await desk.rows(links) == []
        assert await desk.texts(alone) == []


async def test_a_piece_in_which_nobody_else_wrote_goes_with_its_owner(database_url: str) -> None:
    async with opened(database_url) as desk:
        alone = SessionKey("telegram", MARA.id)
        await desk.say("It rained.", key=alone)
        await desk.talk.piece(ROOM)
        code = (await desk.talk.linking.offer(desk.message(key=alone))).code
        await desk.talk.linking.join(UserMessage(ROOM, MARA), code)
        assert (await desk.talk.privacy.data(MARA))[2].count(b'"before"') == 1
        await desk.talk.privacy.forget(MARA)
        assert await desk.texts(ROOM) == []
        assert (await desk.rows(links), await desk.rows(link_codes)) == ([], [])
        assert [row["name"] for row in await desk.rows(outbox)] == ["links"]


async def test_exquisite_corpse_is_kept_across(house: House) -> None:
    await house.say("It rained.")
    await house.link()
    await house.act(lambda _, me: SetCorpse(me, on=True))
    await house.heard()
    with pytest.raises(EngineError):
        await house.talk.carrying.export(ROOM, "md", SAY)
    assert (await house.talk.piece(ROOM)).turns[0].text == "…"


async def test_the_studio_and_a_terminal_join_like_any_chat(house: House) -> None:
    await house.say("It rained.")
    for place in (SessionKey("studio", "local"), SessionKey("terminal", "local")):
        asking = UserMessage(place, Person(place.platform, "me", "me"), alone=True)
        own = await house.talk.create(place, asking.person, "Mine")
        joined = await house.talk.linking.join(asking, await house.code())
        assert (await house.talk.piece(place)).id == joined.piece.id != own.id
        await house.talk.linking.leave(asking)
        assert (await house.talk.piece(place)).id == own.id
