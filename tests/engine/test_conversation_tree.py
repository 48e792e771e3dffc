"""Random evenings: whatever people do, the live branch is a path, undo and redo are exact, nothing is lost."""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine.errors import Impossible
from engine.finding import place_of
from engine.messages import Piece, Turn
from tests.engine.desk import KEY, MARA, Desk, done, opened

T = TypeVar("T")
Live = list[tuple[str, str, bool]]

any_turn = st.integers(0, 10**6)


class Evening(RuleBasedStateMachine):
    """One piece; the model is a list of all live branches there ever were on the way here, and the way back."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.desk: Desk = self.wait(self.stack.enter_async_context(opened(f"sqlite:///{folder}/ghostnote.db")))
        self.back: list[Live] = []
        self.forth: list[Live] = []
        self.written: dict[str, str] = {}

    def wait(self, wish: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(wish)

    def teardown(self) -> None:
        self.wait(self.stack.aclose())
        self.runner.close()

    def piece(self) -> Piece:
        return self.wait(self.desk.talk.piece(KEY))

    def live(self) -> Live:
        return [(turn.id, turn.text, turn.edited) for turn in self.piece().turns]

    def step(self, wish: Coroutine[Any, Any, object]) -> None:
        """Do something that may be a step; it is one if the live branch or its words are other than before."""
        before, clock = self.live(), self.moves()
        try:
            self.wait(wish)
        except Impossible:
            assert self.live() == before
            return
        if self.moves() > clock:
            self.back.append(before)
            self.forth.clear()
        else:
            assert self.live() == before

    def moves(self) -> int:
        return len(self.wait(self.desk.talk._history.moves(self.piece().id)))

    def pick(self, number: int, kind: str = "") -> Turn | None:
        """Some passage of the whole tree."""
        rows = [turn for turn in sorted(self.written) if self.wait(self.desk.talk.turn(KEY, turn)).kind != kind]
        return self.wait(self.desk.talk.turn(KEY, rows[number % len(rows)])) if rows else None

    @initialize()
    def begin(self) -> None:
        self.step(self.desk.say("Once upon a time", "story"))

    @rule(text=st.sampled_from(["And then.", "But no", "海边的人。"]), form=st.sampled_from(["", "", "poem"]))
    def say(self, text: str, form: str) -> None:
        self.step(self.desk.say(text, form))

    @rule()
    def proceed(self) -> None:
        self.step(self.desk.proceed())

    @rule(number=any_turn)
    def retry(self, number: int) -> None:
        turn = self.pick(number, "person")
        self.step(self.desk.retry(turn.id if turn else ""))

    @rule(count=st.integers(1, 3))
    def alternatives(self, count: int) -> None:
        self.step(done(self.desk.talk.alternatives(self.desk.message(), count)))

    @rule(number=any_turn, forward=st.booleans())
    def swipe(self, number: int, forward: bool) -> None:
        if turn := self.pick(number, "person"):
            self.step(self.desk.talk.swipe(KEY, MARA, 1 if forward else -1, turn.id))

    @rule(number=any_turn, text=st.sampled_from(["New words.", "Other words.", "第三种。"]))
    def edit(self, number: int, text: str) -> None:
        live = self.piece().turns
        if live:
            turn = live[number % len(live)]
            self.step(self.desk.talk.edit(KEY, MARA, text, turn.id))
            self.written[turn.id] = text

    @rule(number=any_turn)
    def branch(self, number: int) -> None:
        if turn := self.pick(number):
            self.step(self.desk.talk.branch(KEY, MARA, turn.id))

    @rule(number=any_turn)
    def switch(self, number: int) -> None:
        branches = self.wait(self.desk.talk.branches(KEY))
        if branches:
            self.step(self.desk.talk.switch(KEY, MARA, number % len(branches) + 1))

    @precondition(lambda self: self.back)
    @rule()
    def undo(self) -> None:
        before = self.live()
        self.wait(self.desk.talk.undo(KEY, MARA))
        assert self.live() == self.back.pop()
        self.forth.append(before)
        self.reread()

    @precondition(lambda self: self.forth)
    @rule()
    def redo(self) -> None:
        before = self.live()
        self.wait(self.desk.talk.redo(KEY, MARA))
        assert self.live() == self.forth.pop()
        self.back.append(before)
        self.reread()

    @precondition(lambda self: not self.back)
    @rule()
    def nothing_to_undo(self) -> None:
        with pytest.raises(Impossible):
            self.wait(self.desk.talk.undo(KEY, MARA))

    @precondition(lambda self: not self.forth)
    @rule()
    def nothing_to_redo(self) -> None:
        with pytest.raises(Impossible):
            self.wait(self.desk.talk.redo(KEY, MARA))

    def reread(self) -> None:
        """Undo and redo bring words back; whatever is not live keeps the words it had."""
        self.written |= {turn: text for turn, text, _ in self.live()}

    @invariant()
    def the_live_branch_is_a_path(self) -> None:
        turns = self.piece().turns
        parents = [None, *(turn.id for turn in turns)][: len(turns)]
        assert [turn.parent for turn in turns] == parents

    @invariant()
    def nothing_is_lost(self) -> None:
        piece = self.piece()
        loaded = self.wait(self.desk.talk._history.load(place_of(KEY), piece.id))
        assert loaded is not None
        rows = {row.id: row.text for row in loaded[1]}
        assert self.written.keys() <= rows.keys()
        assert {turn: rows[turn] for turn in self.written} == self.written
        self.written = rows

    @invariant()
    def what_is_remembered_is_what_is_stored(self) -> None:
        piece = self.piece()
        fresh = type(self.desk.talk._history)(self.desk.database)
        assert self.wait(fresh.load(place_of(KEY), piece.id)) == self.wait(
            self.desk.talk._history.load(place_of(KEY), piece.id)
        )


def test_random_evenings() -> None:
    run_state_machine_as_test(
        Evening,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
