"""Writing together, as people do it: join, take turns, vote; and what the clock does in their stead.

Each of these is one event of `rules` on a state that was read before, stored with all that follows from it in one
transaction. If somebody else was quicker, the state is read again and the event happens to that one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine import safety
from engine.errors import Busy, Impossible, NotFound
from engine.finding import TRIES, Finding, account_of, place_of
from engine.messages import News, Person, Piece, SessionKey
from engine.news import LEASE, Clock, Newsroom, news_of
from engine.story import Tree, last_text
from engine.together import allowed, keeping, telling
from engine.together.events import Asked, Due, Effect, Event, GhostFailed, GhostWrote, Say, Wrote
from engine.together.rules import step
from engine.together.state import Member, State
from storage.db import Duplicate, Stale
from storage.history import History
from storage.records import Account, Heard, NewsRow, PieceRow, Place
from storage.seats import Gathered, TimerRow

Make = Callable[[State, str], Event]
"""What somebody wants to happen: the event, for the state as it is and the id of the person."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A state as it was read, its version, and the chats its piece is linked to."""

    state: State
    version: int
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """What came of an event: what is to be said, and whether Ghostnote is to write now."""

    state: State
    news: tuple[News, ...] = ()
    ghost: bool = False


class Together:
    """Gatherings, in one history."""

    def __init__(self, history: History, finding: Finding, newsroom: Newsroom, clock: Clock) -> None:
        self._history = history
        self._finding = finding
        self._newsroom = newsroom
        self._clock = clock
        self._ticking = asyncio.Lock()

    async def kept(self, piece: str) -> Kept | None:
        """The state of a piece, None if nobody ever took part in it by name."""
        row = await self._history.gatherings.find(piece)
        return Kept(keeping.loaded(row), row.version, row.heard) if row else None

    async def state(self, key: SessionKey) -> State:
        """Who takes part in the open piece (or the one the key names), by which rules, and whose turn it is."""
        kept = await self.kept(await self._finding.id(key))
        return kept.state if kept else State()

    async def seen_at(self, key: SessionKey) -> tuple[State, int]:
        """The same, and a number that grows with every change of the piece. Raises NotFound."""
        row = await self._finding.find(key)
        if row is None:
            raise NotFound(what="piece", id=key.piece)
        kept = await self.kept(row.id)
        return kept.state if kept else State(), row.clock

    async def act(self, key: SessionKey, person: Person, make: Make, delivery: str = "") -> Happened:
        """Let something happen to the open piece. Raises what the rules refuse; the same delivery acts once."""
        place, who = place_of(key), await self.person(person)
        piece = await self._finding.id(key)
        for _ in range(TRIES):
            kept = await self.kept(piece) or Kept(State(language=person.language), 0)
            row, tree = await self._finding.rows(place, piece)
            state, effects = step(kept.state, make(kept.state, who), self._clock())
            change = self._gathered(row, kept, state, effects, ending_of(tree, row), handed=True)
            change = replace(change, delivery=safety.delivery(delivery), place=place)
            try:
                posted = await self._history.gatherings.change(change, telling.choice(row, effects))
            except Stale:
                continue
            except Duplicate:
                return Happened(kept.state)
            if kept.heard:
                self.posted()
            here = tuple(news_of(each) for each in posted if each.place == place)
            return Happened(state, here, state.ghost and not kept.state.ghost)
        raise Busy(waiting=1)

    async def person(self, person: Person) -> str:
        """The id of a person."""
        return await self._history.person(account_of(safety.person(person)))

    # ── what is asked before a piece changes, and stored with it ───────────────────────────────────────────────────

    def wrote(self, kept: Kept | None, piece: PieceRow, person: str, words: str, *, handed: bool) -> Gathered | None:
        """A person's passage is about to be stored: what changes with it. Raises NotYourTurn."""
        return self._stepped(kept, piece, Wrote(person), words, handed=handed) if kept else None

    def asked(self, kept: Kept | None, piece: PieceRow, person: str) -> Gathered | None:
        """Ghostnote is asked to go on: what changes with that. Raises NotYourTurn."""
        return self._stepped(kept, piece, Asked(person), "", handed=True) if kept else None

    def ghost_wrote(
        self, kept: Kept | None, piece: PieceRow, words: str, options: tuple[str, ...], *, handed: bool, shown: str
    ) -> Gathered | None:
        """Ghostnote's passage is about to be stored: what changes with it. Where nobody reads along, it is news."""
        change = self._stepped(kept, piece, GhostWrote(options), words, handed=handed) if kept else None
        if change is None or not shown or options:
            return change
        row = NewsRow(piece.place, piece.id, "passage", {}, change.row.state["language"], shown)
        return replace(change, news=(row, *change.news))

    def posted(self) -> None:
        """What nobody reads along with is to be said now."""
        self._newsroom.stir()

    @staticmethod
    def after(gathered: Gathered) -> State:
        """The state that a change leads to."""
        return keeping.loaded(gathered.row)

    def may_change(self, kept: Kept | None, person: str) -> None:
        """Whether somebody may undo, retry, edit or turn pages here. Raises NotYourTurn."""
        if kept:
            allowed.to_change(kept.state, person)

    async def seen(self, piece: Piece) -> Piece:
        """A piece as people may see it now."""
        return telling.veiled(piece) if await self._hides(piece.id) else piece

    async def must_show(self, piece: str) -> None:
        """Raises Impossible (hidden_until_the_end) where one sees only the last line."""
        if await self._hides(piece):
            raise Impossible(why="hidden_until_the_end")

    async def _hides(self, piece: str) -> bool:
        kept = await self.kept(piece)
        return kept is not None and kept.state.corpse

    async def must_host(self, piece: PieceRow, person: Person) -> None:
        """Raises NotHost in a piece that is written by rules, for anybody but its host; Impossible (link_guest) in a
        chat that is only linked to it.
        """
        if piece.guest:
            raise Impossible(why="link_guest")
        kept = await self.kept(piece.id)
        if kept and not kept.state.free and kept.state.host:
            allowed.host(kept.state, await self.person(person))

    async def ghost_failed(self, piece: PieceRow) -> None:
        """Ghostnote could not take its turn, so whoever is next has theirs."""
        for _ in range(TRIES):
            kept = await self.kept(piece.id)
            change = self._stepped(kept, piece, GhostFailed(), "", handed=False) if kept else None
            if change is None:
                return
            try:
                await self._history.gatherings.change(change)
            except Stale:
                continue
            self.posted()
            return

    # ── the clock ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def tick(self) -> tuple[tuple[Place, str, Account], ...]:
        """Do what is due. The pieces in which Ghostnote is to write now: place, id, and the host.

        Whoever else does the same at the same time, also in another process, does what is left.
        """
        if self._ticking.locked():
            return ()
        async with self._ticking:
            found = [await self._fire(timer) for timer in await self._history.gatherings.due(self._clock())]
            return tuple(each for each in found if each)

    async def _fire(self, timer: TimerRow) -> tuple[Place, str, Account] | None:
        place = await self._history.gatherings.place(timer.piece)
        for _ in range(TRIES):
            kept = await self.kept(timer.piece)
            if place is None or kept is None or kept.state.number != timer.number:
                await self._history.gatherings.drop(timer.id)
                return None
            row, tree = await self._finding.rows(place, timer.piece)
            moment = self._clock()
            state, effects = step(kept.state, Due(timer.kind, timer.number), moment)  # type: ignore[arg-type]
            change = self._gathered(row, kept, state, effects, ending_of(tree, row), handed=False)
            try:
                await self._history.gatherings.change(replace(change, fired=timer.id), telling.choice(row, effects))
            except Stale:
                if not await self._is_set(timer):
                    return None  # somebody else was quicker
                continue
            return await self._to_write(place, timer.piece, state) if state.ghost else None
        return None

    async def _is_set(self, timer: TimerRow) -> bool:
        return any(each.id == timer.id for each in await self._history.gatherings.due(self._clock()))

    async def _to_write(self, place: Place, piece: str, state: State) -> tuple[Place, str, Account] | None:
        host: Member | None = state.host or next(iter(state.members), None)
        account = host and await self._history.gatherings.account(host.person)
        return (place, piece, account) if account else None

    # ── together ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _stepped(self, kept: Kept, piece: PieceRow, event: Event, words: str, *, handed: bool) -> Gathered | None:
        state, effects = step(kept.state, event, self._clock())
        if state == kept.state and not effects:
            return None
        return self._gathered(piece, kept, state, effects, words, handed=handed)

    def _gathered(
        self, piece: PieceRow, kept: Kept, state: State, effects: Sequence[Effect], ending: str, *, handed: bool
    ) -> Gathered:
        """`handed`: what is to be said here is said by whoever reads the reply, unless that comes to nothing."""
        moment = self._clock()
        due = moment + LEASE if handed else moment
        heard = kept.heard or (Heard(piece.place, state.language),)
        change = telling.gathered(piece.id, heard, kept.version, state, effects, moment, due, ending)
        return replace(change, here=piece.place)

    def said(self, piece: PieceRow, kept: Kept, *says: Say) -> Gathered:
        """The same gathering, of which this is said at once, wherever the piece is heard."""
        return self._gathered(piece, kept, kept.state, says, "", handed=False)


def ending_of(tree: Tree, piece: PieceRow) -> str:
    """The words with which a piece ends."""
    last = last_text(tree, piece.head)
    return last.text if last else ""
