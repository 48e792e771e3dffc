"""Whatever 2 to 8 people do in whatever order, and however often the house is restarted: there is never more than one
turn at once, none is lost or doubled, and somebody or nobody is to move as the rules say.
"""

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.errors import Refused
from engine.together import keeping, telling
from engine.together.events import (
    Asked,
    Chosen,
    Due,
    Effect,
    Event,
    GhostFailed,
    GhostWrote,
    Give,
    Join,
    Leave,
    Pass,
    Say,
    SetRole,
    SetRules,
    Timer,
    Voted,
    WriteNow,
    Wrote,
)
from engine.together.rules import step
from engine.together.state import ROUND, Rules, State
from storage import journal, pieces
from storage.db import Database, new_id, open_database
from storage.history import History
from storage.records import Heard, NewTurn, Outcome, PieceRow, Place
from storage.schema import people
from storage.seats import Gathered, TimerRow

PEOPLE = [f"{number:016x}" for number in range(8)]
someone = st.sampled_from(PEOPLE)
modes = st.sampled_from(["round-robin", "vote", "host", "free"])


@cache
def blank() -> Path:
    """A database with a piece, eight people and five drafts, made once."""
    file = Path(tempfile.mkdtemp()) / "blank.db"

    async def make() -> None:
        async with open_database(f"sqlite:///{file}") as database:
            await database.write(_fill)

    asyncio.run(make())
    return file


def _fill(connection: sa.Connection) -> None:
    for who in PEOPLE:
        row = {"id": who, "platform": "test", "account": who, "name": who, "language": "en"}
        connection.execute(sa.insert(people).values(row | {"created": datetime.now(UTC)}))
    piece = pieces.create(connection, Place("test", "1"))
    drafts = tuple(NewTurn(None, 1, "model", f"Draft {number}.", "story") for number in range(5))
    journal.finish(connection, piece, Outcome(PEOPLE[0], "continue", drafts, held=True))


class Evening(RuleBasedStateMachine):
    """A piece, and everybody around it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(blank(), self.folder / "evening.db")
        self.database: Database = self.runner.run(
            self.stack.enter_async_context(open_database(f"sqlite:///{self.folder / 'evening.db'}"))
        )
        self.piece, self.drafts = self.runner.run(self._read())
        self.state, self.moment, self.version = State(), datetime(2030, 1, 1, tzinfo=UTC), 0
        self.timers: list[tuple[datetime, str, int]] = []
        self.opened = self.chosen = 0

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    async def _read(self) -> tuple[PieceRow, tuple[str, ...]]:
        history = History(self.database)
        loaded = await history.load(Place("test", "1"), (await history.ensure(Place("test", "1"))).id)
        assert loaded
        return loaded[0], tuple(turn.id for turn in loaded[1])

    def happens(self, event: Event) -> tuple[Effect, ...] | None:
        """What follows; None if it was refused, which changes nothing."""
        before = self.state
        try:
            self.state, effects = step(before, event, self.moment)
        except Refused:
            assert self.state is before
            return None
        if self.state.number != before.number:
            self.timers = []
        for effect in effects:
            if isinstance(effect, Timer):
                assert effect.due > self.moment
                self.timers.append((effect.due, effect.kind, self.state.number))
        self.opened += before.ballot is None and self.state.ballot is not None
        self.chosen += sum(isinstance(effect, Chosen) for effect in effects)
        return effects

    # ── what people do ──────────────────────────────────────────────────────────────────────────────────────────────

    @initialize(count=st.integers(2, 8))
    def begin(self, count: int) -> None:
        for who in PEOPLE[:count]:
            self.happens(Join(who, f"Pen {who[-1]}"))

    @rule(who=someone)
    def join(self, who: str) -> None:
        last = max((member.seat for member in self.state.members), default=0)
        here = {member.person for member in self.state.members if member.here}
        done = self.happens(Join(who, f"Pen {who[-1]}"))
        assert (done is None) == (who in here)
        if done is not None:
            member = self.state.member(who)
            assert member
            assert member.seat == last + 1  # at the end of the round

    @rule(who=someone)
    def leave(self, who: str) -> None:
        self.happens(Leave(who))
        member = self.state.member(who)
        assert member is None or not member.here

    @rule(who=someone, by=someone)
    def kick(self, who: str, by: str) -> None:
        hosts = self.state.host is not None and self.state.host.person == by
        if self.happens(Leave(who, by=by)) is not None:
            assert hosts or self.state.host is None
            assert who != by

    @rule(who=someone, by=someone, role=st.sampled_from(["writer", "reader"]))
    def role(self, who: str, by: str, role: str) -> None:
        self.happens(SetRole(by, who, role))  # type: ignore[arg-type]

    @rule(
        mode=modes,
        deadline=st.sampled_from([0, 60, 600]),
        ghost=st.sampled_from([0, 2, 3, ROUND]),
        quorum=st.sampled_from([0, 1, 3]),
    )
    def other_rules(self, mode: str, deadline: int, ghost: int, quorum: int) -> None:
        if self.state.host:
            asked = Rules(mode, deadline, ghost, 3, quorum)  # type: ignore[arg-type]
            assert self.happens(SetRules(self.state.host.person, asked)) is not None
            assert self.state.rules == asked
            assert self.state.ballot is None
            assert not self.state.ghost

    @rule(who=someone)
    def write(self, who: str) -> None:
        before = self.state
        member = before.member(who)
        writes = member is not None and member.writes
        done = self.happens(Wrote(who))
        if before.free:
            assert (done is None) == (member is not None and member.here and not writes)
            assert self.state == before
            return
        first = before.open and writes
        assert (done is not None) == (before.mover == who or first)
        if done is not None:
            assert self.state.last == who
            assert self.state.number > before.number
            assert self.state.missed == 0
            self._follows(before, who)

    def _follows(self, before: State, who: str) -> None:
        """Whose turn it is after somebody's, found another way than the rules do."""
        rules, seats = before.rules, {member.seat: member.person for member in before.writers}
        mine = next(seat for seat, person in seats.items() if person == who)
        later = sorted(seat for seat in seats if seat > mine)
        ghost = rules.mode == "vote"
        ghost |= rules.ghost > 0 and before.written + 1 >= rules.ghost - 1
        ghost |= rules.ghost == ROUND and rules.mode == "round-robin" and not later
        assert self.state.ghost == ghost
        if not ghost and rules.mode == "round-robin":
            assert self.state.mover == seats[later[0] if later else min(seats)]
        if not ghost and rules.mode == "host":
            assert before.host
            assert self.state.mover == before.host.person

    @rule(who=someone)
    def ask(self, who: str) -> None:
        before = self.state
        done = self.happens(Asked(who))
        if done is not None and before.rules.mode != "vote":
            assert self.state == before

    @rule(who=someone)
    def give_up(self, who: str) -> None:
        before = self.state
        if self.happens(Pass(who)) is not None and before.ballot is None:
            assert who == before.mover or (before.host is not None and who == before.host.person)
            assert self.state.number > before.number

    @rule(who=someone, by=someone)
    def give(self, who: str, by: str) -> None:
        if self.happens(Give(by, who)) is not None:
            assert self.state.mover == who

    @precondition(lambda self: self.state.ballot is not None)
    @rule(who=someone, option=st.integers(0, 2))
    def vote(self, who: str, option: int) -> None:
        before = self.state
        assert before.ballot
        member = before.member(who)
        chosen = before.ballot.options[option]
        done = self.happens(Voted(who, chosen))
        assert (done is not None) == (member is not None and member.writes)
        if self.state.ballot:
            expected = {**before.ballot.votes, who: chosen} if done is not None else before.ballot.votes
            assert self.state.ballot.votes == expected
        elif done:
            self._counted({**before.ballot.votes, who: chosen}, before.ballot.options, done)

    def _counted(self, votes: dict[str, str], options: tuple[str, ...], effects: tuple[Effect, ...]) -> None:
        """The one with most votes is written, of several the earliest, and ties are said."""
        counts = [list(votes.values()).count(option) for option in options]
        (chosen,) = [effect for effect in effects if isinstance(effect, Chosen)]
        assert chosen.winner == options[counts.index(max(counts))]
        said = next(effect.name for effect in effects if isinstance(effect, Say))
        assert said == (
            "result_none" if not max(counts) else "result_tie" if counts.count(max(counts)) > 1 else "result"
        )

    @rule(who=someone)
    def vote_late(self, who: str) -> None:
        assert self.happens(Voted(who, "f" * 16)) is None

    # ── what Ghostnote and the clock do ─────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.state.ghost)
    @rule(fails=st.booleans())
    def ghost_moves(self, fails: bool) -> None:
        votes = self.state.rules.mode == "vote"
        done = self.happens(GhostFailed() if fails else GhostWrote(self.drafts[:3] if votes else ()))
        assert done is not None
        assert not self.state.ghost
        if votes and not fails and self.state.writers:
            assert self.state.ballot

    @precondition(lambda self: self.timers)
    @rule()
    def clock_runs_out(self) -> None:
        due, kind, number = min(self.timers)
        self.timers.remove((due, kind, number))
        self.runner.run(self._rung(kind, number))
        self.moment = max(self.moment, due)
        before = self.state
        effects = self.happens(Due(kind, number))  # type: ignore[arg-type]
        assert effects is not None
        if kind == "half":
            assert self.state == before
            assert before.since
            over = self.moment >= before.since + timedelta(seconds=before.rules.deadline)
            assert bool(effects) == (not over)
        elif kind == "end":
            assert self.state.number > before.number
        elif WriteNow() not in effects:
            assert not self.state.ghost

    async def _rung(self, kind: str, number: int) -> None:
        """A clock that has run out is stored no more, if the house was saved since it was set."""
        gatherings = History(self.database).gatherings
        for each in await gatherings.due(datetime(2099, 1, 1, tzinfo=UTC)):
            if (each.kind, each.number) == (kind, number):
                await gatherings.drop(each.id)

    @rule(kind=st.sampled_from(["half", "end", "ghost"]))
    def an_old_clock_runs_out(self, kind: str) -> None:
        before = self.state
        assert self.happens(Due(kind, self.state.number - 1)) == ()  # type: ignore[arg-type]
        assert self.state == before

    @rule()
    def time_goes_by(self) -> None:
        self.moment += timedelta(seconds=7)

    @rule()
    def restart(self) -> None:
        """Saved, the house closed, opened again and loaded: nothing is different."""
        change = telling.gathered(
            self.piece.id, (Heard(self.piece.place, "en"),), self.version, self.state, (), self.moment, self.moment
        )
        for due, kind, number in self.timers:
            change = replace(change, timers=(*change.timers, TimerRow(self.piece.id, kind, number, due, new_id())))
        self.runner.run(self._again(change))
        self.version += 1

    async def _again(self, change: Gathered) -> None:
        await History(self.database).gatherings.change(change)
        await self.stack.aclose()
        self.stack = AsyncExitStack()
        url = f"sqlite:///{self.folder / 'evening.db'}"
        self.database = await self.stack.enter_async_context(open_database(url))
        gatherings = History(self.database).gatherings
        row = await gatherings.find(self.piece.id)
        assert row
        assert keeping.loaded(row) == self.state
        self.state = keeping.loaded(row)
        set_now = {
            (each.due, each.kind, each.number) for each in await gatherings.due(datetime(2099, 1, 1, tzinfo=UTC))
        }
        assert set(self.timers) <= set_now
        assert {each for each in set_now if each[2] == self.state.number} == set(self.timers)

    # ── what always holds ───────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def one_turn_or_none(self) -> None:
        state = self.state
        waits = [state.free, bool(state.mover), state.ghost, state.ballot is not None, state.open]
        nobody = not any(waits)
        assert sum(waits) <= 1
        assert nobody == (not state.free and not state.writers and not state.ghost and not state.ballot)
        assert state.rules.mode == "vote" or state.ballot is None
        assert not (state.rules.mode == "vote" and state.mover)

    @invariant()
    def whoever_is_to_move_may(self) -> None:
        member = self.state.member(self.state.mover) if self.state.mover else None
        assert not self.state.mover or (member is not None and member.writes)
        assert len({each.seat for each in self.state.members}) == len(self.state.members)
        pens = [each.pen for each in self.state.members if each.here]
        assert len(set(pens)) == len(pens)
        assert [each.role for each in self.state.members if each.here].count("host") == any(
            each.here for each in self.state.members
        )

    @invariant()
    def everybody_votes_once_and_only_writers_do(self) -> None:
        if self.state.ballot:
            assert set(self.state.ballot.votes) <= {member.person for member in self.state.writers}
        assert self.opened == self.chosen + (self.state.ballot is not None)

    @invariant()
    def a_deadline_has_its_clock(self) -> None:
        state = self.state
        hosts = state.rules.mode == "host" and state.host is not None and state.mover == state.host.person
        waits = (state.mover and not hosts) or state.ballot
        if state.rules.deadline and waits:
            assert any(kind == "end" and number == state.number for _, kind, number in self.timers)
        if state.ghost:
            assert any(kind == "ghost" and number == state.number for _, kind, number in self.timers)


TestEvening = Evening.TestCase
TestEvening.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
