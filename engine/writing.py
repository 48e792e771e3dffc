"""From a wish to a stored passage: wait for one's turn, store the person's words, write, store what was written.

All of that runs in a task of its own, so a slow reader delays nothing and a reader who goes away leaves nothing half
done: the words stay, the device stops within one step, and what was written is kept if it holds a whole sentence.
"""

import asyncio
import functools
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from engine import composing, safety, story
from engine.composing import Composing
from engine.errors import Busy, EmptyText, EngineError, GeneratorFailed, NotFound, RequestCancelled, UnknownForm
from engine.finding import TRIES, account_of, place_of
from engine.messages import Accepted, Done, Event, Queued, Snapshot, UserMessage
from engine.music.musician import Composed, Made, MusicTask
from engine.ports import Sampling
from engine.relay import Relay
from engine.sessions import Sessions, Turn
from engine.speaking import Speaks
from engine.story import Plan, Tree, Wish
from engine.text import sentences
from engine.text.task import Begun, Composition, Passage, Task, Written
from storage.db import Duplicate, Stale
from storage.history import History, Loaded
from storage.preferences import Preferences
from storage.records import Arrival, Delivery, NewTurn, Outcome, PieceRow, Place, Recipe

log = logging.getLogger(__name__)

Passages = Composition | Made


class Writes(Protocol):
    """What the conversation needs of `engine.text.writer.Writer`."""

    @property
    def forms(self) -> tuple[str, ...]:
        """The names of the forms it knows."""

    def check_room(self) -> None:
        """Raise Busy if a task would be refused now."""

    def write(self, task: Task) -> AsyncGenerator[Any, None]:
        """Begun, Queued and Snapshots as they come, then Written; closing it stops the device."""


class Work:
    """One wish while it is being fulfilled."""

    def __init__(self) -> None:
        self.relay = Relay()
        self.accepted = False
        self.cancelled = False  # a person asked
        self.gone = False  # nobody reads any more
        self.composing: asyncio.Task[tuple[Passages, ...]] | None = None
        self.begun: Composition | None = None
        self.text = ""

    def cancel(self) -> bool:
        """Stop writing because a person asked; False if all is written already."""
        if self.composing and not self.composing.cancel():
            return False
        self.cancelled = True
        return True

    def leave(self, task: asyncio.Task[None]) -> None:
        """Stop because the reader went away; what waits for its turn gives it up."""
        self.gone = True
        if self.composing:
            self.composing.cancel()
        elif not self.accepted:
            task.cancel()


class Writing:
    """Fulfils wishes, one at a time in each piece."""

    def __init__(
        self,
        history: History,
        preferences: Preferences,
        writer: Writes,
        sessions: Sessions,
        music: Composing,
        voices: Speaks,
    ) -> None:
        self._history = history
        self._preferences = preferences
        self._writer = writer
        self._sessions = sessions
        self._music = music
        self._voices = voices
        self._works: dict[asyncio.Task[None], Work] = {}

    async def run(self, message: UserMessage, wish: Wish) -> AsyncGenerator[Event, None]:
        """The events of one wish, as `engine.conversation` promises them."""
        work = Work()
        task = asyncio.create_task(self._fulfil(message, wish, work), name="ghostnote wish")
        self._works[task] = work
        task.add_done_callback(self._over)
        heard = False
        try:
            while (event := await work.relay.get()) is not None:
                yield event
            heard = True
            await task
        finally:
            work.leave(task)
            await asyncio.wait({task})
            if not heard:
                _log_failure(task)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._works.pop(task).relay.close()

    async def close(self) -> None:
        """Stop everything that is being written and wait until it is stored."""
        for task, work in tuple(self._works.items()):
            work.leave(task)
        if self._works:
            await asyncio.wait(tuple(self._works))

    async def _fulfil(self, message: UserMessage, wish: Wish, work: Work) -> None:
        wish, message = self._checked(wish, message)
        place = place_of(message.key)
        for _ in range(TRIES):
            find = functools.partial(self._find, place, message, wish.turn)
            async with self._sessions.turn(place, find) as turn:
                turn.session.running = work
                try:
                    with suppress(Stale, Duplicate):  # somebody was quicker: look again
                        await self._in_turn(
                            _Wanted(message, wish, place), await self._fresh(place, message, turn), work
                        )
                        return
                finally:
                    turn.session.running = None
        raise Busy(waiting=1)

    def _checked(self, wish: Wish, message: UserMessage) -> tuple[Wish, UserMessage]:
        words = safety.words(wish.words)
        if wish.form and wish.form not in self._writer.forms:
            raise UnknownForm(form=wish.form[:40], forms=", ".join(self._writer.forms))
        if wish.kind == "reply" and not words and not wish.form:
            raise EmptyText
        safety.place(message.key)
        safety.delivery(message.delivery)
        return replace(wish, words=words), replace(message, person=safety.person(message.person))

    async def _find(self, place: Place, message: UserMessage, turn: str) -> tuple[str, "_Found"]:
        """Which piece this message belongs to, and what became of it before."""
        wanted = message.key.piece and safety.known_id(message.key.piece, "piece")
        if turn:
            home = await self._history.home(place, safety.known_id(turn, "passage"))
            if home is None or wanted not in {"", home[0]}:
                raise NotFound(what="passage", id=turn)
            wanted = home[0]
        known, loaded = await self._history.arrive(place, wanted, message.delivery)
        if loaded is None and (wanted or known):
            raise NotFound(what="piece", id=wanted)
        loaded = loaded or (await self._history.ensure(place), ())
        return loaded[0].id, (known, loaded)

    async def _fresh(self, place: Place, message: UserMessage, turn: Turn["_Found"]) -> "_Found":
        """What was found at the door, unless others were in the piece since then."""
        if not turn.waited:
            return turn.found
        known, loaded = await self._history.arrive(place, turn.piece, message.delivery)
        if loaded is None:
            raise NotFound(what="piece", id=turn.piece)
        return known, loaded

    async def _in_turn(self, wanted: "_Wanted", found: "_Found", work: Work) -> None:
        known, (piece, rows) = found
        tree = Tree(rows)
        if known and (known.reply or known.cancelled or known.turn not in {None, piece.head}):
            _repeat(known, Tree(rows, await self._preferences.counts(piece.id)), work)
            return
        begun = await self._begin(wanted, known, piece, tree)
        work.accepted = True
        work.relay.put(Accepted(piece.id, begun.known.turn if begun.known else None))
        try:
            compositions = await self._compose(begun, wanted, work)
        except Busy as busy:
            if begun.known and begun.known.turn:  # whoever is told must not send the same words again
                raise Busy(**busy.fields, why="kept") from None
            raise
        rows = await self._history.finish(begun.piece, _outcome(begun, wanted, compositions))
        turn = Tree((*tree.rows.values(), *rows)).view(rows[0])
        work.relay.put(Done(turn, compositions[0].remarks))

    async def _begin(self, wanted: "_Wanted", known: Delivery | None, piece: PieceRow, tree: Tree) -> "_Begun":
        """Find the place of the new passage and store what the person sent, unless that was done before."""
        message, wish = wanted.message, wanted.wish
        resumed = known.turn if known else None
        plan = story.plan(tree, resumed, Wish("continue")) if resumed else story.plan(tree, piece.head, wish)
        # How many versions of music were asked for stands in the order that was stored.
        task = await self._music.task(piece, tree, plan, replace(wish, drafts=0) if resumed else wish, message)
        # Before the words are stored: who is told to come back has lost nothing.
        (self._music.musician if task else self._writer).check_room()
        person = await self._history.person(account_of(message.person))
        if known and resumed:
            return _Begun(piece, plan, person, known, known.move if known.move == piece.step else None, task)
        words = None
        if wish.words:
            recipe = composing.recipe_of(task.order) if task else Recipe()
            words = NewTurn(plan.parent, plan.depth, "person", wish.words, plan.form, plan.starts, recipe=recipe)
        if known is None and (words or message.delivery):
            shown = tuple((ref.platform, ref.chat, ref.message) for ref in (message.ref,) if ref)
            arrival = Arrival(wish.kind, safety.title_from(wish.words), message.delivery, shown)
            known = await self._history.accept(piece, person, words, arrival)
        if words and known and known.turn and known.move:
            said = Passage("person", message.person.name, wish.words)
            plan = replace(plan, parent=known.turn, depth=plan.depth + 1, starts=False, before=(*plan.before, said))
            piece = replace(piece, head=known.turn, step=known.move, clock=known.move)
        return _Begun(piece, plan, person, known, known.move if known else None, task)

    async def _compose(self, begun: "_Begun", wanted: "_Wanted", work: Work) -> tuple[Passages, ...]:
        """What was written: all of it, or what there was when somebody stopped it."""
        if begun.music:
            made = await self._written(self._music.musician.write(begun.music), work)
        else:
            made = ()
            for adapter in await self._adapters(begun, wanted):
                task = _task(begun, wanted, adapter)
                made += await self._written(self._writer.write(task), work, quiet=bool(made)) or ()
                if work.cancelled or work.gone:
                    break
            made = made or _part(work)
        if made:
            return made
        if work.cancelled and wanted.message.delivery:
            await self._history.give_up(wanted.place, wanted.message.delivery)
        raise RequestCancelled

    async def _adapters(self, begun: "_Begun", wanted: "_Wanted") -> tuple[str, ...]:
        """Who writes: those that were asked for, a version each, or the one that is live."""
        message = wanted.message
        for adapter in filter(None, wanted.wish.adapters):
            await self._voices.prepare(adapter)
        return wanted.wish.adapters or (await self._voices.voice(begun.plan.form, message.key, message.person),)

    @staticmethod
    async def _written(
        writing: AsyncGenerator[Any, None], work: Work, *, quiet: bool = False
    ) -> tuple[Passages, ...] | None:
        """What came of it, None if somebody stopped it; `quiet` shows nobody how it comes to be."""
        if work.cancelled or work.gone:
            await writing.aclose()
            return None
        work.composing = asyncio.create_task(_follow(writing, work, quiet=quiet), name="ghostnote writing")
        try:
            await asyncio.wait({work.composing})
        finally:
            work.composing.cancel()  # does nothing unless this task itself is being stopped
        return None if work.composing.cancelled() else work.composing.result()


_Found = tuple[Delivery | None, Loaded]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A wish and where it belongs."""

    message: UserMessage
    wish: Wish
    place: Place


@dataclass(frozen=True, slots=True)
class _Begun:
    """A wish whose words are stored. `move` is the step the reply completes, None if it makes one of its own."""

    piece: PieceRow
    plan: Plan
    person: str
    known: Delivery | None
    move: int | None
    music: MusicTask | None = None


def _repeat(known: Delivery, tree: Tree, work: Work) -> None:
    """The same update again: tell what became of it, and do nothing."""
    work.relay.put(Accepted(known.piece, known.turn))
    if known.reply is None:
        raise RequestCancelled
    work.relay.put(Done(tree.view(tree.find(known.reply))))


def _task(begun: _Begun, wanted: _Wanted, adapter: str) -> Task:
    return Task(
        form=begun.plan.form,
        passages=begun.plan.before,
        seed=secrets.randbits(31),
        memory=begun.piece.memory,
        note=begun.piece.note,
        language=wanted.message.person.language,
        drafts=wanted.wish.drafts,
        avoid=begun.plan.avoid,
        adapter=adapter,
        owner=begun.piece.id,
    )


async def _follow(writing: AsyncGenerator[Any, None], work: Work, *, quiet: bool) -> tuple[Passages, ...]:
    async with aclosing(writing) as events:
        async for event in events:
            match event:
                case Written(compositions) if compositions and all(one.text.strip() for one in compositions):
                    return compositions
                case Composed(made) if made:
                    return made
                case _ if quiet:
                    pass
                case Begun(composition):
                    work.begun = composition
                case Snapshot(text):
                    work.text = text
                    work.relay.put(event)
                case Queued():
                    work.relay.put(event)
    raise GeneratorFailed(why="nothing was written")


def _part(work: Work) -> tuple[Composition, ...]:
    """What was written before it was stopped, up to the last whole sentence or line; half a piece of music is none."""
    ends = [*sentences.ends(work.text), work.text.rfind("\n")]
    text = work.text[: max(ends)].rstrip() if max(ends) > 0 else ""
    if not text:
        return ()
    recipe = work.begun or Composition("", "", "", "", "", Sampling(), 0, "cancelled", 0, 0, 0)
    return (replace(recipe, text=text, completion=work.text, finish="cancelled", remarks=()),)


def _outcome(begun: _Begun, wanted: _Wanted, compositions: tuple[Passages, ...]) -> Outcome:
    return Outcome(
        person=begun.person,
        kind=wanted.wish.kind,
        versions=tuple(_version(begun.plan, composition) for composition in compositions),
        title=safety.title_from(compositions[0].text),
        move=begun.move,
        retried=begun.plan.retried,
        delivery=wanted.message.delivery,
    )


def _version(plan: Plan, made: Passages) -> NewTurn:
    if isinstance(made, Made):
        return composing.version(plan, made)
    return NewTurn(
        parent=plan.parent,
        depth=plan.depth,
        kind="model",
        text=made.text,
        form=plan.form,
        starts=plan.starts,
        model=made.model,
        adapter=made.adapter,
        seed=made.seed,
        finish=made.finish,
        recipe=Recipe(
            completion=made.completion,
            prompt=made.prompt,
            sampling=asdict(made.sampling),
            sections=tuple(asdict(section) for section in made.sections),
            tokens=made.tokens,
            window=made.window,
            reserved=made.reserved,
        ),
    )


def _log_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, EngineError):
        log.error("a reply failed after its reader had gone", exc_info=error)
