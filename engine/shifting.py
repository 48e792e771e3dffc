"""Move the live end of a piece: forward, back or aside, with what belongs to that step.

Every change of the tree that writes nothing new goes through here: it waits for its turn in the piece, decides on what
it then finds, and looks again when another process was quicker.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from engine import safety
from engine.errors import Busy, Impossible, NotFound
from engine.finding import TRIES, Finding, account_of, place_of
from engine.messages import Person, SessionKey
from engine.sessions import Sessions
from engine.story import Tree
from engine.together.together import Together
from storage.db import Duplicate, Stale
from storage.history import History
from storage.records import PieceRow, Shift

Decide = Callable[[PieceRow, Tree], Awaitable[Shift | None]]


class Shifting:
    """Takes the steps that people decide on, one at a time in each piece."""

    def __init__(self, history: History, finding: Finding, sessions: Sessions, together: Together) -> None:
        self._history = history
        self._finding = finding
        self._sessions = sessions
        self._together = together

    async def run(
        self,
        key: SessionKey,
        person: Person,
        decide: Decide,
        turn: str = "",
        delivery: str = "",
        nothing: str = "nothing_written",
    ) -> tuple[PieceRow, Tree]:
        """Wait for the piece, decide where its live end goes, and go there; the piece as it is then."""
        place, who = place_of(key), account_of(safety.person(person))

        async def find() -> tuple[str, None]:
            if not turn and await self._finding.find(key) is None:
                raise NotFound(what="piece", id=key.piece) if key.piece else Impossible(why=nothing)
            return await self._finding.id(key, turn), None

        async with self._sessions.turn(place, find) as turns:
            for _ in range(TRIES):
                row, tree = await self._finding.rows(place, turns.piece)
                if delivery and await self._history.received(place, safety.delivery(delivery)):
                    return row, tree
                shift = await decide(row, tree)
                kept = shift and await self._together.kept(turns.piece)
                if kept:
                    self._together.may_change(kept, await self._history.person(who))
                if shift is None:
                    return row, tree
                try:
                    await self._history.shift(row, await self._history.person(who), replace(shift, delivery=delivery))
                except (Stale, Duplicate):
                    continue  # another process was quicker: look again
                if row.linked:
                    self._together.posted()
                return await self._finding.rows(place, turns.piece)
        raise Busy(waiting=1)
