"""From a wish to a stored passage: wait for one's turn, store the person's words, write, store what was written.

All of that runs in a task of its own, so a slow reader delays nothing and a reader who goes away leaves nothing half
done: the words stay, the device stops within one step, and what was written is kept if it holds a whole sentence.
"""

import asyncio
import functools
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, Protocol

from engine import composing, picturing, safety, story
from engine.art.painter import LookTask, Sketched
from engine.composing import Composing
from engine.errors import Busy, EmptyText, EngineError, GeneratorFailed, NotFound, RequestCancelled
from engine.finding import TRIES, account_of, place_of
from engine.messages import Accepted, Done, Event, Queued, Snapshot, UserMessage
from engine.music.musician import Composed, MusicTask
from engine.news import news_of
from engine.picturing import Picturing
from engine.sessions import Sessions, Turn
from engine.speaking import Speaks
from engine.story import Tree, Wish
from engine.text.task import Begun, Task, Written
from engine.together.together import Kept, Together
from engine.wanted import Found, Passages, Started, Wanted, Work, outcome_of, part_of, said_by, task_of
from storage.db import Duplicate, Stale, new_id
from storage.history import History
from storage.preferences import Preferences
from storage.records import Arrival, Delivery, NewsRow, NewTurn, PieceRow, Place, Recipe
from storage.seats import Gathered

log = logging.getLogger(__name__)


class Writes(Protocol):
    """What the conversation needs of `engine.text.writer.Writer`."""

    @property
    def forms(self) -> tuple[str, ...]:
        """The names of the forms it knows."""

    def check_form(self, name: str) -> None:
        """Raise UnknownForm or BrokenForm if nothing can be written in it."""

    def check_room(self) -> None:
        """Raise Busy if a task would be refused now."""

    def write(self, task: Task) -> AsyncGenerator[Any, None]:
        """Begun, Queued and Snapshots as they come, then Written; closing it stops the device."""


class Room(Protocol):
    """Whoever may be asked for something."""

    def check_room(self) -> None:
        """Raise Busy if a task would be refused now."""


class Writing:
    """Fulfils wishes, one at a time in each piece."""

    def __init__(
        self,
        history: History,
        preferences: Preferences,
        writer: Writes,
        sessions: Sessions,
        music: Composing,
        pictures: Picturing,
        voices: Speaks,
        together: Together,
    ) -> None:
        self._history = history
        self._preferences = preferences
        self._writer = writer
        self._sessions = sessions
        self._music = music
        self._pictures = pictures
        self._voices = voices
        self._together = together
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

    def begin(self, message: UserMessage, wish: Wish) -> None:
        """Fulfil a wish although nobody reads along; what goes wrong is noted in the log."""
        work = Work()
        task = asyncio.create_task(self._fulfil(message, wish, work), name="ghostnote wish")
        self._works[task] = work
        task.add_done_callback(self._over)
        task.add_done_callback(_log_failure)

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
                        await self._in_turn(Wanted(message, wish, place), await self._fresh(place, message, turn), work)
                        return
                finally:
                    turn.session.running = None
        raise Busy(waiting=1)

    def _checked(self, wish: Wish, message: UserMessage) -> tuple[Wish, UserMessage]:
        words = safety.words(wish.words)
        if wish.form:
            self._writer.check_form(wish.form)
        if wish.kind == "reply" and not words and not wish.form:
            raise EmptyText
        safety.place(message.key)
        safety.delivery(message.delivery)
        return replace(wish, words=words), replace(message, person=safety.person(message.person))

    async def _find(self, place: Place, message: UserMessage, turn: str) -> tuple[str, Found]:
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

    async def _fresh(self, place: Place, message: UserMessage, turn: Turn[Found]) -> Found:
        """What was found at the door, unless others were in the piece since then."""
        if not turn.waited:
            return turn.found
        known, loaded = await self._history.arrive(place, turn.piece, message.delivery)
        if loaded is None:
            raise NotFound(what="piece", id=turn.piece)
        return known, loaded

    async def _in_turn(self, wanted: Wanted, found: Found, work: Work) -> None:
        known, (piece, rows) = found
        tree, kept = Tree(rows, shared=piece.linked), await self._together.kept(piece.id)
        if wanted.wish.kind == "ghost" and not (kept and kept.state.ghost):
            return  # somebody else let it write
        if known and (known.reply or known.cancelled or known.turn not in {None, piece.head}):
            silent = kept is not None and not kept.state.free
            votes = await self._preferences.counts(piece.id)
            _repeat(known, Tree(rows, votes, shared=piece.linked), work, silent=silent)
            return
        begun = await self._begin(wanted, known, piece, tree, kept)
        if piece.linked:
            self._together.posted()
        work.accepted = True
        if wanted.wish.kind != "ghost":
            work.relay.put(Accepted(piece.id, begun.known.turn if begun.known else None, piece.linked))
        if not begun.quiet:
            await self._answer(wanted, begun, tree, work)
        self._tell(begun.known.news if begun.known else (), wanted, work)

    async def _answer(self, wanted: Wanted, begun: Started, tree: Tree, work: Work) -> None:
        """Write, store what was written, and say so."""
        try:
            compositions = await self._compose(begun, wanted, work)
        except Busy as busy:
            if begun.known and begun.known.turn:  # whoever is told must not send the same words again
                raise Busy(**busy.fields, why="kept") from None
            raise
        except EngineError:
            if not work.gone:
                await self._together.ghost_failed(begun.piece)
            raise
        await self._finish(wanted, begun, tree, compositions, work)

    async def _finish(
        self, wanted: Wanted, begun: Started, tree: Tree, compositions: tuple[Passages, ...], work: Work
    ) -> None:
        outcome = replace(outcome_of(begun, wanted, compositions), ids=tuple(new_id() for _ in compositions))
        options = outcome.ids if begun.voted and len(compositions) > 1 else ()
        outcome, news = replace(outcome, held=bool(options)), tuple[NewsRow, ...]()
        for _ in range(TRIES):
            turns = begun.state is not None and begun.state.ghost
            kept = await self._together.kept(begun.piece.id) if turns else None
            read = not wanted.wish.unread
            change = self._together.ghost_wrote(
                kept, begun.piece, compositions[0].text, options, handed=read, shown="" if read else outcome.ids[0]
            )
            if change is None and not read:
                return  # it is not Ghostnote's turn any more, and nobody would see it
            if change is None:
                rows = await self._history.finish(begun.piece, replace(outcome, held=False))
                break
            with suppress(Stale):
                rows, news = await self._history.end_turn(begun.piece, outcome, change)
                break
        else:
            raise Busy(waiting=1)
        if not options or change is None:
            turn = Tree((*tree.rows.values(), *rows), shared=tree.shared).view(rows[0])
            work.relay.put(Done(turn, compositions[0].remarks))
        if not read or begun.piece.linked:
            self._together.posted()
        if read:
            self._tell(news, wanted, work)

    @staticmethod
    def _tell(news: tuple[NewsRow, ...], wanted: Wanted, work: Work) -> None:
        """What became news is told to whoever reads along here; other chats hear it from their own."""
        for row in news:
            if row.place == wanted.place:
                work.relay.put(news_of(row))

    async def _begin(
        self, wanted: Wanted, known: Delivery | None, piece: PieceRow, tree: Tree, kept: Kept | None
    ) -> Started:
        """Find the place of the new passage and store what the person sent, unless that was done before."""
        message, wish = wanted.message, wanted.wish
        resumed = known.turn if known else None
        plan = story.plan(tree, resumed, Wish("continue")) if resumed else story.plan(tree, piece.head, wish)
        # How many versions of music were asked for stands in the order that was stored.
        asked = replace(wish, drafts=0) if resumed else wish
        task = await self._music.task(piece, tree, plan, asked, message) or await self._pictures.task(
            piece, tree, plan, asked, message
        )
        # Before the words are stored: who is told to come back has lost nothing.
        if not task:
            self._writer.check_form(plan.form)
        self._by(task).check_room()
        person = await self._history.person(account_of(message.person))
        state = kept.state if kept else None
        if known and resumed:
            return Started(piece, plan, person, known, known.move if known.move == piece.step else None, task, state)
        words, gathered = None, None
        if wish.kind != "ghost":
            gathered = self._turn(wish, kept, piece, person)
        if gathered:
            state = self._together.after(gathered)
        if wish.words:
            recipe = _ordered(task)
            words = NewTurn(plan.parent, plan.depth, "person", wish.words, plan.form, plan.starts, recipe=recipe)
        if known is None and (words or message.delivery or gathered):
            shown = tuple((ref.platform, ref.chat, ref.message) for ref in (message.ref,) if ref)
            arrival = Arrival(wish.kind, safety.title_from(wish.words), message.delivery, shown)
            known = await self._history.accept(piece, person, words, arrival, gathered)
        if words and known and known.turn and known.move:
            said = said_by((state and state.pen(person)) or message.person.name, wish.words)
            plan = replace(plan, parent=known.turn, depth=plan.depth + 1, starts=False, before=(*plan.before, said))
            piece = replace(piece, head=known.turn, step=known.move, clock=known.move)
        return Started(piece, plan, person, known, known.move if known else None, task, state)

    def _turn(self, wish: Wish, kept: Kept | None, piece: PieceRow, person: str) -> Gathered | None:
        """What changes in whose turn it is, by this wish of this person. Raises NotYourTurn."""
        if wish.words:
            return self._together.wrote(kept, piece, person, wish.words, handed=True)
        if wish.kind in ("retry", "alternatives", "music", "look"):
            self._together.may_change(kept, person)
            return None
        return self._together.asked(kept, piece, person)

    def _by(self, task: MusicTask | LookTask | None) -> Room:
        """Who carries it out."""
        if isinstance(task, LookTask):
            return self._pictures.painter
        return self._music.musician if task else self._writer

    async def _compose(self, begun: Started, wanted: Wanted, work: Work) -> tuple[Passages, ...]:
        """What was written: all of it, or what there was when somebody stopped it."""
        if isinstance(begun.order, LookTask):
            made = await self._written(self._pictures.painter.write(begun.order), work)
        elif begun.order:
            made = await self._written(self._music.musician.write(begun.order), work)
        else:
            made = ()
            for adapter in await self._adapters(begun, wanted):
                task = task_of(begun, wanted, adapter)
                quiet = bool(made or begun.voted)
                made += await self._written(self._writer.write(task), work, quiet=quiet) or ()
                if work.cancelled or work.gone:
                    break
            made = made or part_of(work)
        if made:
            return made
        if work.cancelled and wanted.message.delivery:
            await self._history.give_up(wanted.place, wanted.message.delivery)
        raise RequestCancelled

    async def _adapters(self, begun: Started, wanted: Wanted) -> tuple[str, ...]:
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


def _ordered(task: MusicTask | LookTask | None) -> Recipe:
    """What was asked for, beside the words of it."""
    if isinstance(task, LookTask):
        return picturing.recipe_of(task.look)
    return composing.recipe_of(task.order) if task else Recipe()


def _repeat(known: Delivery, tree: Tree, work: Work, *, silent: bool) -> None:
    """The same update again: tell what became of it, and do nothing. `silent`: words need not be answered here."""
    reply = tree.find(known.reply) if known.reply else None
    work.relay.put(Accepted(known.piece, known.turn, tree.shared, reply.created if reply else None))
    if reply is None and silent:
        return
    if reply is None:
        raise RequestCancelled
    work.relay.put(Done(tree.view(reply)))


async def _follow(writing: AsyncGenerator[Any, None], work: Work, *, quiet: bool) -> tuple[Passages, ...]:
    async with aclosing(writing) as events:
        async for event in events:
            match event:
                case Written(compositions) if compositions and all(one.text.strip() for one in compositions):
                    return compositions
                case Composed(made) | Sketched(made) if made:
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


def _log_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, EngineError):
        log.error("a reply failed after its reader had gone", exc_info=error)
