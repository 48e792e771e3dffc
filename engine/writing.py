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

from engine import safety, story
from engine.errors import Busy, EmptyText, EngineError, GeneratorFailed, NotFound, RequestCancelled, UnknownForm
from engine.messages import Accepted, Done, Event, Person, Queued, SessionKey, Snapshot, UserMessage
from engine.ports import Sampling
from engine.relay import Relay
from engine.sessions import Sessions
from engine.story import Plan, Tree, Wish
from engine.text import sentences
from engine.text.task import Begun, Composition, Passage, Task, Written
from storage.db import Duplicate, Stale
from storage.history import History
from storage.records import Account, Arrival, Delivery, NewTurn, Outcome, PieceRow, Place, Recipe

log = logging.getLogger(__name__)

TRIES = 3


class Writes(Protocol):
    """What the conversation needs of `engine.text.writer.Writer`."""

    @property
    def forms(self) -> tuple[str, ...]:
        """The names of the forms it knows."""

    def write(self, task: Task) -> AsyncGenerator[Any, None]:
        """Begun, Queued and Snapshots as they come, then Written; closing it stops the device."""


class Work:
    """One wish while it is being fulfilled."""

    def __init__(self) -> None:
        self.relay = Relay()
        self.accepted = False
        self.cancelled = False  # a person asked
        self.gone = False  # nobody reads any more
        self.composing: asyncio.Task[Written] | None = None
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

    def __init__(self, history: History, writer: Writes, sessions: Sessions) -> None:
        self._history = history
        self._writer = writer
        self._sessions = sessions
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
            async with self._sessions.turn(place, find) as (session, piece, known):
                session.running = work
                try:
                    with suppress(Stale, Duplicate):  # somebody was quicker: look again
                        await self._in_turn(_Wanted(message, wish, place, piece, known), work)
                        return
                finally:
                    session.running = None
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

    async def _find(self, place: Place, message: UserMessage, turn: str) -> tuple[str, Delivery | None]:
        """Which piece this message belongs to, and what became of it before."""
        wanted = message.key.piece and safety.known_id(message.key.piece, "piece")
        if turn:
            home = await self._history.home(place, safety.known_id(turn, "passage"))
            if home is None or wanted not in {"", home[0]}:
                raise NotFound(what="passage", id=turn)
            wanted = home[0]
        known, row = await self._history.arrive(place, wanted, message.delivery)
        if row is None and (wanted or known):
            raise NotFound(what="piece", id=wanted)
        return (row or await self._history.ensure(place)).id, known

    async def _in_turn(self, wanted: "_Wanted", work: Work) -> None:
        loaded = await self._history.load(wanted.place, wanted.piece)
        if loaded is None:
            raise NotFound(what="piece", id=wanted.piece)
        piece, tree = loaded[0], Tree(loaded[1])
        if wanted.known and wanted.known.reply is None:
            wanted = replace(wanted, known=await self._history.received(wanted.place, wanted.message.delivery))
        if wanted.known and (
            wanted.known.reply or wanted.known.cancelled or wanted.known.turn not in {None, piece.head}
        ):
            _repeat(wanted.known, tree, work)
            return
        begun = await self._begin(wanted, piece, tree)
        work.accepted = True
        work.relay.put(Accepted(piece.id, begun.known.turn if begun.known else None))
        compositions = await self._compose(begun, wanted, work)
        rows = await self._history.finish(begun.piece, _outcome(begun, wanted, compositions))
        turn = Tree((*tree.rows.values(), *rows)).view(rows[0])
        work.relay.put(Done(turn, compositions[0].remarks))

    async def _begin(self, wanted: "_Wanted", piece: PieceRow, tree: Tree) -> "_Begun":
        """Find the place of the new passage and store what the person sent, unless that was done before."""
        message, wish, known = wanted.message, wanted.wish, wanted.known
        if known and known.turn:
            plan = story.plan(tree, known.turn, Wish("continue"))
            person = await self._history.person(account_of(message.person))
            return _Begun(piece, plan, person, known, known.move if known.move == piece.step else None)
        plan = story.plan(tree, piece.head, wish)
        person = await self._history.person(account_of(message.person))
        words = None
        if wish.words:
            words = NewTurn(plan.parent, plan.depth, "person", wish.words, plan.form, plan.starts)
        if known is None and (words or message.delivery):
            shown = tuple((ref.platform, ref.chat, ref.message) for ref in (message.ref,) if ref)
            arrival = Arrival(wish.kind, safety.title_from(wish.words), message.delivery, shown)
            known = await self._history.accept(piece, person, words, arrival)
        if words and known and known.turn and known.move:
            said = Passage("person", message.person.name, wish.words)
            plan = replace(plan, parent=known.turn, depth=plan.depth + 1, starts=False, before=(*plan.before, said))
            piece = replace(piece, head=known.turn, step=known.move, clock=known.move)
        return _Begun(piece, plan, person, known, known.move if known else None)

    async def _compose(self, begun: "_Begun", wanted: "_Wanted", work: Work) -> tuple[Composition, ...]:
        """What the model wrote: all of it, or what there was when somebody stopped it."""
        if not (work.cancelled or work.gone):
            task = Task(
                form=begun.plan.form,
                passages=begun.plan.before,
                seed=secrets.randbits(31),
                memory=begun.piece.memory,
                note=begun.piece.note,
                language=wanted.message.person.language,
                drafts=wanted.wish.drafts,
                avoid=begun.plan.avoid,
            )
            work.composing = asyncio.create_task(_follow(self._writer, task, work), name="ghostnote writing")
            try:
                await asyncio.wait({work.composing})
            finally:
                work.composing.cancel()  # does nothing unless this task itself is being stopped
            if not work.composing.cancelled():
                return work.composing.result().compositions
            if part := _part(work):
                return (part,)
        if work.cancelled and wanted.message.delivery:
            await self._history.give_up(wanted.place, wanted.message.delivery)
        raise RequestCancelled


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A wish and where it belongs. `known`: its delivery was stored before."""

    message: UserMessage
    wish: Wish
    place: Place
    piece: str
    known: Delivery | None


@dataclass(frozen=True, slots=True)
class _Begun:
    """A wish whose words are stored. `move` is the step the reply completes, None if it makes one of its own."""

    piece: PieceRow
    plan: Plan
    person: str
    known: Delivery | None
    move: int | None


def place_of(key: SessionKey) -> Place:
    """Where a key's pieces are."""
    return Place(key.platform, key.chat, key.thread)


def account_of(person: Person) -> Account:
    """A person as storage knows them."""
    return Account(person.platform, person.id, person.name, person.language)


def _repeat(known: Delivery, tree: Tree, work: Work) -> None:
    """The same update again: tell what became of it, and do nothing."""
    work.relay.put(Accepted(known.piece, known.turn))
    if known.reply is None:
        raise RequestCancelled
    work.relay.put(Done(tree.view(tree.find(known.reply))))


async def _follow(writer: Writes, task: Task, work: Work) -> Written:
    async with aclosing(writer.write(task)) as events:
        async for event in events:
            match event:
                case Written(compositions) if compositions and all(one.text.strip() for one in compositions):
                    return event
                case Begun(composition):
                    work.begun = composition
                case Snapshot(text):
                    work.text = text
                    work.relay.put(event)
                case Queued():
                    work.relay.put(event)
    raise GeneratorFailed(why="nothing was written")


def _part(work: Work) -> Composition | None:
    """What was written before it was stopped, up to the last whole sentence or line; None if there is none."""
    ends = [*sentences.ends(work.text), work.text.rfind("\n")]
    text = work.text[: max(ends)].rstrip() if max(ends) > 0 else ""
    if not text:
        return None
    recipe = work.begun or Composition("", "", "", "", "", Sampling(), 0, "cancelled", 0, 0, 0)
    return replace(recipe, text=text, completion=work.text, finish="cancelled", remarks=())


def _outcome(begun: _Begun, wanted: _Wanted, compositions: tuple[Composition, ...]) -> Outcome:
    return Outcome(
        person=begun.person,
        kind=wanted.wish.kind,
        versions=tuple(_version(begun.plan, composition) for composition in compositions),
        title=safety.title_from(compositions[0].text),
        move=begun.move,
        retried=begun.plan.retried,
        delivery=wanted.message.delivery,
    )


def _version(plan: Plan, made: Composition) -> NewTurn:
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
