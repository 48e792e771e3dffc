"""Writing together through the conversation, on a real database: turns, clocks, votes, restarts."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import replace

import pytest

from adapters import dataset
from engine.errors import EngineError, GeneratorFailed, Impossible, NotHost, NotYourTurn
from engine.messages import Done, Event, News, Person, SessionKey
from engine.together import asked
from engine.together.events import Give, Join, Leave, Pass, SetCorpse, SetRules, Voted
from engine.together.together import Make
from storage.schema import gatherings, outbox, picks, timers, turns
from tests.engine.clock import Clock
from tests.engine.desk import BEN, KEY, MARA, SAY, Desk, collect, opened

CORA = Person("telegram", "9", "Cora")
EVERYBODY = (MARA, BEN, CORA)


class Table:
    """A desk with people around it, and all that was said to them."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk, self.clock, self.talk = desk, clock, desk.talk
        self.said: list[tuple[str, dict[str, str | int]]] = []
        self.passages: list[str] = []

    async def hear(self, events: AsyncGenerator[Event, None]) -> list[Event]:
        """All events; what is to be said is noted, and told to be said."""
        found = await collect(events)
        for event in found:
            if isinstance(event, News):
                await self._note(event)
        return found

    async def _note(self, news: News) -> None:
        self.said += [(name, fields) for name, fields in news.fields.get("lines", ())]
        if news.turn:
            self.passages.append((await self.talk.turn(KEY, news.turn)).text)
        await self.talk.told(news)

    async def act(self, person: Person, make: Make, delivery: str = "") -> list[Event]:
        return await self.hear(self.talk.gathering.act(self.desk.message(delivery=delivery, person=person), make))

    async def join(self, *people: Person) -> None:
        for person in people:
            await self.act(person, lambda state, who, name=person.name: Join(who, asked.pen_of(name, state, who)))  # type: ignore[misc]

    async def rules(self, words: str) -> None:
        await self.act(MARA, lambda _, who: SetRules(who, asked.rules(words)))

    async def say(self, person: Person, text: str, delivery: str = "") -> list[Event]:
        return await self.hear(self.talk.reply(self.desk.message(text, delivery, person=person)))

    async def news(self, until: str = "") -> None:
        """Whatever is to be said by itself now: up to that sentence ("passage": a passage), or while anything comes."""
        async with aclosing(self.talk.news("telegram")) as news:
            with suppress(TimeoutError):
                while not self._heard(until):
                    await self._note(await asyncio.wait_for(anext(news), 20 if until else 0.5))

    def _heard(self, until: str) -> bool:
        return bool(self.passages) if until == "passage" else any(name == until for name, _ in self.said)

    async def ids(self) -> dict[str, str]:
        return {member.pen: member.person for member in (await self.talk.gathering.state(KEY)).members}

    async def whose(self) -> str:
        state = await self.talk.gathering.state(KEY)
        return "Ghostnote" if state.ghost else state.pen(state.mover)

    def lines(self) -> list[str]:
        """The names of the sentences said since the last time."""
        found, self.said = [name for name, _ in self.said], []
        return found


@pytest.fixture
async def table(database_url: str) -> AsyncIterator[Table]:
    clock = Clock()
    async with opened(database_url, clock) as desk:
        found = Table(desk, clock)
        await found.join(*EVERYBODY)
        found.lines()
        yield found


async def refused(table: Table, person: Person, text: str) -> str:
    """Why this person may not write; nothing is changed by trying."""
    before, state = await table.desk.texts(), await table.talk.gathering.state(KEY)
    with pytest.raises(NotYourTurn) as caught:
        await table.say(person, text)
    assert (await table.desk.texts(), await table.talk.gathering.state(KEY)) == (before, state)
    return f"{caught.value.fields['why']} {caught.value.fields.get('name', '')}".strip()


async def test_without_any_of_it_a_chat_is_as_it_was(database_url: str) -> None:
    async with opened(database_url) as desk:
        await desk.say("It rained.")
        assert await desk.rows(gatherings) == []
        assert (await desk.texts())[0] == "It rained."
        assert len(await desk.texts()) == 2


async def test_turns_go_round_and_ghostnote_has_the_last(table: Table) -> None:
    await table.rules("round-robin")
    assert table.lines() == ["rules_round_robin", "turn"]
    assert await table.whose() == "Mara"
    assert await refused(table, BEN, "Me!") == "other Mara"
    found = await table.say(MARA, "It rained.")
    assert not any(isinstance(event, Done) for event in found)
    assert table.lines() == ["turn"]
    assert await refused(table, MARA, "And on.") == "other Ben"
    await table.say(BEN, "It poured.")
    found = await table.say(CORA, "It stopped.")
    assert [type(event).__name__ for event in found if not isinstance(event, News)][-1] == "Done"
    assert await table.whose() == "Mara"
    piece = await table.talk.piece(KEY)
    assert [(turn.kind, turn.author) for turn in piece.turns] == [
        ("person", "Mara"),
        ("person", "Ben"),
        ("person", "Cora"),
        ("model", ""),
    ]


async def test_every_third_turn_is_ghostnotes(table: Table) -> None:
    await table.rules("round-robin ghost 3")
    for person, text in zip((MARA, BEN, CORA, MARA), "abcd", strict=True):
        await table.say(person, f"Line {text}.")
    kinds = [turn.kind for turn in (await table.talk.piece(KEY)).turns]
    assert kinds == ["person", "person", "model", "person", "person", "model"]
    assert await table.whose() == "Ben"


async def test_a_reminder_at_half_time_and_then_the_next_one(table: Table) -> None:
    await table.rules("round-robin 10m ghost off")
    table.lines()
    table.clock.forward(minutes=4, seconds=59)
    await table.news()
    assert table.lines() == []
    table.clock.forward(seconds=1)
    await table.news("reminder")
    await table.news()
    assert table.said == [("reminder", {"name": "Mara", "left": 300})]
    table.lines()
    table.clock.forward(minutes=5)
    await table.news("turn_until")
    assert table.said == [("missed", {"name": "Mara"}), ("turn_until", {"name": "Ben", "left": 600})]
    table.lines()
    assert await refused(table, MARA, "Too late.") == "other Ben"
    await table.say(BEN, "It poured.")
    assert await table.whose() == "Cora"


async def test_when_nobody_comes_the_clock_stands_still_and_whoever_writes_goes_on(table: Table) -> None:
    await table.rules("round-robin 10m")
    table.lines()
    heard: list[str] = []
    for _ in range(3):
        table.clock.forward(minutes=10)
        await table.news("missed")
        heard += table.lines()
    table.clock.forward(minutes=30)
    await table.news()
    heard += table.lines()
    assert [line for line in heard if line in ("missed", "idle")] == ["missed", "missed", "missed", "idle"]
    assert await table.desk.rows(timers) == []
    await table.say(BEN, "Late, but here.")
    assert await table.whose() == "Cora"


async def test_a_clock_that_ran_out_while_the_house_was_shut_acts_once(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock) as desk:
        table = Table(desk, clock)
        await table.join(*EVERYBODY)
        await table.rules("round-robin 10m ghost off")
    clock.forward(minutes=15)
    async with opened(database_url, clock) as one, opened(database_url, clock) as two:
        tables = [Table(one, clock), Table(two, clock)]
        await asyncio.gather(*(table.news() for table in tables))
        while not (tables[0]._heard("turn_until") or tables[1]._heard("turn_until")):
            await asyncio.gather(*(table.news() for table in tables))
        said = [name for table in tables for name in table.lines()]
        assert sorted(said) == ["missed", "turn_until"]  # a reminder would be of no use any more
        assert await tables[0].whose() == "Ben"


async def test_ghostnotes_turn_that_a_restart_cut_short_is_written_after_it(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock) as desk:
        table = Table(desk, clock)
        await table.join(MARA)
        await table.rules("round-robin")
        desk.writer.gate = asyncio.Event()
        events = table.talk.reply(desk.message("It rained", person=MARA))
        await anext(events)
        await desk.talk.close()
        await events.aclose()
        assert await table.desk.texts() == ["It rained"]
    async with opened(database_url, clock) as desk:
        table = Table(desk, clock)
        assert await table.whose() == "Ghostnote"
        clock.forward(minutes=2)
        await table.news("passage")
        await table.news("turn")
        assert len(table.passages) == 1
        assert await desk.texts() == ["It rained", table.passages[0]]
        assert await table.whose() == "Mara"


async def test_what_ghostnote_cannot_write_holds_nobody_up(table: Table) -> None:
    await table.rules("round-robin ghost 2")
    table.desk.writer.error = GeneratorFailed()
    with pytest.raises(GeneratorFailed):
        await table.say(MARA, "It rained.")
    assert await table.whose() == "Ben"
    await table.news("ghost_failed")
    assert table.lines()[-2:] == ["ghost_failed", "turn"]


async def test_pass_leave_kick_and_late_join(table: Table) -> None:
    await table.act(CORA, lambda _, who: Leave(who))
    await table.rules("round-robin ghost off")
    await table.act(MARA, lambda _, who: Pass(who))
    assert await table.whose() == "Ben"
    await table.join(CORA)
    await table.say(BEN, "It poured.")
    assert await table.whose() == "Cora"
    ids = await table.ids()
    with pytest.raises(NotHost):
        await table.act(BEN, lambda _, who: Leave(ids["Cora"], by=who))
    await table.act(MARA, lambda _, who: Leave(ids["Cora"], by=who))
    assert await table.whose() == "Mara"
    assert await refused(table, CORA, "Still me.") == "stranger"
    await table.act(MARA, lambda _, who: Leave(who))
    assert await table.whose() == "Ben"
    assert (await table.talk.gathering.state(KEY)).host == (await table.talk.gathering.state(KEY)).member(ids["Ben"])
    assert table.lines()[-3:] == ["left", "hosts", "turn"]


async def test_the_host_says_who_writes(table: Table) -> None:
    await table.rules("host")
    ids = await table.ids()
    assert await refused(table, BEN, "Me!") == "other Mara"
    await table.act(MARA, lambda _, who: Give(who, ids["Cora"]))
    await table.say(CORA, "It rained.")
    assert await table.whose() == "Mara"
    found = await table.act(MARA, lambda _, who: Give(who, ""))
    assert isinstance(found[-2], Done) or isinstance(found[-1], Done)
    assert await table.whose() == "Mara"
    assert [turn.kind for turn in (await table.talk.piece(KEY)).turns] == ["person", "model"]


async def test_a_repeated_update_passes_once(table: Table) -> None:
    await table.rules("round-robin ghost off")
    for _ in range(3):
        await table.act(MARA, lambda _, who: Pass(who), "u7")
    assert await table.whose() == "Ben"
    for _ in range(2):
        await table.say(BEN, "It poured.", "u8")
    assert await table.whose() == "Cora"
    assert await table.desk.texts() == ["It poured."]


async def test_of_those_who_write_at_once_only_who_is_to_move_is_taken(table: Table) -> None:
    await table.rules("round-robin ghost off")
    asked_for = [table.say(MARA, "One."), table.say(MARA, "Again."), table.say(BEN, "Two."), table.say(MARA, "More.")]
    found = await asyncio.gather(*asked_for, return_exceptions=True)
    assert [isinstance(each, NotYourTurn) for each in found] == [False, True, False, True]
    assert await table.desk.texts() == ["One.", "Two."]


async def test_two_processes_take_one_turn_and_close_one_vote(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock) as one, opened(database_url, clock) as two:
        tables = [Table(one, clock), Table(two, clock)]
        await tables[0].join(*EVERYBODY)
        await tables[0].rules("round-robin ghost off")
        said = [table.say(MARA, f"By {number}.") for table in tables for number in range(3)]
        found = await asyncio.gather(*said, return_exceptions=True)
        assert sum(not isinstance(each, BaseException) for each in found) == 1
        assert len(await one.texts()) == 1
        first, second, _ = await voting(tables[0])
        await vote(tables[0], MARA, first)
        ends = [vote(table, person, second) for table in tables for person in (BEN, CORA)]
        await asyncio.gather(*ends, return_exceptions=True)
        assert sum(table.lines().count("result") for table in tables) == 1
        assert len(await one.rows(picks)) == 6
        assert (await one.texts())[-1] == (await one.talk.turn(KEY, second)).text


async def test_undo_and_retry_are_for_who_wrote_last_and_are_no_turn(table: Table) -> None:
    await table.rules("round-robin ghost 3")
    await table.say(MARA, "It rained.")
    await table.say(BEN, "It poured.")
    assert await table.whose() == "Cora"
    state = await table.talk.gathering.state(KEY)
    await table.hear(table.talk.retry(table.desk.message(person=BEN)))
    await table.talk.undo(KEY, BEN)
    assert await table.talk.gathering.state(KEY) == state
    dora = Person("telegram", "10", "Dora")
    for wish in (table.talk.undo(KEY, dora), table.talk.edit(KEY, dora, "Mine.")):
        with pytest.raises(NotYourTurn):
            await wish
    with pytest.raises(NotYourTurn):
        await table.hear(table.talk.retry(table.desk.message(person=dora)))


# ── votes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def voting(table: Table, words: str = "vote drafts 3") -> tuple[str, ...]:
    await table.rules(words)
    await table.say(BEN, "It rained.")
    ballot = (await table.talk.gathering.state(KEY)).ballot
    assert ballot
    table.lines()
    return ballot.options


async def vote(table: Table, person: Person, option: str) -> None:
    await table.act(person, lambda _, who: Voted(who, option))


async def test_the_drafts_are_voted_on_and_the_winner_is_written(table: Table) -> None:
    one, two, three = await voting(table)
    assert await table.desk.texts() == ["It rained."]
    assert await refused(table, MARA, "And on.") == "vote"
    with pytest.raises(NotYourTurn):
        await table.talk.undo(KEY, BEN)
    await vote(table, MARA, one)
    await vote(table, BEN, two)
    await vote(table, MARA, two)
    assert table.lines() == []
    await vote(table, CORA, three)
    assert table.said == [("result", {"number": 2, "votes": 2, "tally": "1: 0, 2: 2, 3: 1", "tied": "2"})]
    text = (await table.talk.turn(KEY, two)).text
    assert await table.desk.texts() == ["It rained.", text]
    assert table.passages == [text]
    ids = await table.ids()
    chosen = {(row["person"], row["turn"], row["over"]) for row in await table.desk.rows(picks)}
    assert chosen == {
        (ids["Mara"], two, one),
        (ids["Mara"], two, three),
        (ids["Ben"], two, one),
        (ids["Ben"], two, three),
        (ids["Cora"], three, one),
        (ids["Cora"], three, two),
    }
    with pytest.raises(Impossible, match="vote_over"):
        await vote(table, CORA, one)
    await table.say(MARA, "The next one.")
    assert (await table.talk.gathering.state(KEY)).ballot


async def test_what_people_chose_may_be_learnt_from_as_pairs_with_their_tallies(table: Table) -> None:
    one, two = await voting(table, "vote drafts 2")
    for person, option in ((MARA, one), (BEN, one), (CORA, two)):
        await vote(table, person, option)
    opinions = await table.desk.preferences.opinions()
    (pair,) = dataset.build(opinions, dataset.Rules(assumed=frozenset({"telegram"}))).examples.pairs
    texts = [(await table.talk.turn(KEY, turn)).text for turn in (one, two)]
    assert [pair.chosen, pair.rejected] == texts
    assert pair.source == "pick"
    assert len(pair.people) == 3
    # Ben wrote, the others only read: half a weight for Mara, a whole one for Ben, half a one against for Cora.
    assert pair.weight == pytest.approx(1.0)


async def test_of_a_tie_the_earlier_is_taken_and_that_is_said(table: Table) -> None:
    _, two, three = await voting(table, "vote 10m")
    await vote(table, MARA, three)
    await vote(table, BEN, two)
    await table.act(CORA, lambda _, who: Pass(who))
    assert [name for name, _ in table.said] == ["result_tie"]
    assert table.said[0][1]["tied"] == "2 = 3"
    assert (await table.desk.texts())[-1] == (await table.talk.turn(KEY, two)).text


async def test_a_vote_ends_by_the_clock_also_after_a_restart(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock) as desk:
        table = Table(desk, clock)
        await table.join(*EVERYBODY)
        _, two, three = await voting(table, "vote 10m quorum 3")
        await vote(table, MARA, two)
    clock.forward(minutes=11)
    async with opened(database_url, clock) as desk:
        table = Table(desk, clock)
        with suppress(EngineError):
            await vote(table, CORA, three)  # before anybody has looked at the clock this still counts
        await table.news("passage")
        await table.news()
        lines = table.lines()
        assert lines.count("result") + lines.count("result_tie") == 1
        assert len(table.passages) == 1
        assert (await desk.texts())[-1] == table.passages[0]
        assert [row["kind"] for row in await desk.rows(turns)] == ["person", "model", "model", "model"]


async def test_a_stranger_and_a_reader_have_no_vote(table: Table) -> None:
    one, *_ = await voting(table)
    dora = Person("telegram", "10", "Dora")
    with pytest.raises(NotYourTurn, match="stranger"):
        await vote(table, dora, one)
    assert (await table.talk.gathering.state(KEY)).ballot


# ── exquisite corpse ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_in_exquisite_corpse_one_sees_the_last_line_only_and_so_does_the_model(table: Table) -> None:
    await table.rules("round-robin ghost 3")
    await table.act(MARA, lambda _, who: SetCorpse(who, on=True))
    table.lines()
    await table.say(MARA, "A secret beginning.\nIt rained.")
    assert [fields["line"] for name, fields in table.said if name == "corpse_line"] == ["It rained."]
    await table.say(BEN, "Nobody saw the ships.\nIt poured.")
    (task,) = table.desk.writer.tasks
    assert [passage.text for passage in task.passages] == ["It poured."]


async def test_a_pen_name_stands_for_the_person_everywhere(table: Table) -> None:
    await table.say(MARA, "It rained.")
    await table.act(MARA, lambda _, who: Join(who, "Old Sailor"))
    turn = (await table.talk.piece(KEY)).turns[0]
    await table.talk.edit(KEY, MARA, "It poured.", turn.id)
    _, _, data = await table.talk.carrying.export(KEY, "json", SAY)
    assert (await table.talk.piece(KEY)).turns[0].author == "Old Sailor"
    assert b"Mara" not in data
    assert data.count(b"Old Sailor") == 2


async def test_who_is_forgotten_is_to_move_no_more(table: Table) -> None:
    await table.rules("round-robin 10m ghost off")
    await table.say(MARA, "It rained.")
    assert await table.whose() == "Ben"
    _, _, mine = await table.talk.privacy.data(BEN)
    assert b'"pen": "Ben"' in mine
    await table.talk.privacy.forget(BEN)
    state = await table.talk.gathering.state(KEY)
    assert [member.pen for member in state.members] == ["Mara", "Cora"]
    assert state.open
    table.clock.forward(minutes=10)
    await table.news()
    assert "Ben" not in str(await table.desk.rows(outbox))
    await table.say(CORA, "It stopped.")
    assert await table.whose() == "Mara"


async def test_other_chats_are_not_concerned(table: Table) -> None:
    await table.rules("round-robin")
    other = replace(KEY, thread="5")
    await table.hear(table.talk.reply(table.desk.message("It snowed.", key=other, person=BEN)))
    assert len(await table.desk.texts(other)) == 2
    elsewhere = SessionKey("discord", "1")
    assert (await table.talk.gathering.state(elsewhere)).free
