"""Music in a piece: which passage an order is about, its task, and the passage that comes of it.

The way a wish goes (`engine/writing`) is the same for words and for music; what differs stands here.
"""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import replace

from engine import safety, story
from engine.errors import Busy, EmptyText, Impossible, NotFound
from engine.finding import TRIES, Finding, account_of, place_of
from engine.makers import present
from engine.messages import Done, UserMessage
from engine.motifbook import motif_of
from engine.music import orders
from engine.music.motif import Motif, named
from engine.music.musician import Made, Musician, MusicTask
from engine.music.orders import Order
from engine.music.perform import RENDER, Piece
from engine.music.score import from_row, to_row
from engine.sessions import Sessions
from engine.story import Plan, Tree, Wish
from engine.text.singing import spelled
from engine.together.together import Together
from storage.db import Duplicate, Stale
from storage.history import History
from storage.records import Arrival, NewTurn, PieceRow, Recipe, ScoreRow, TurnRow

KINDS = {"mid": "audio/midi", "ogg": "audio/ogg", "png": "image/png", "abc": "text/vnd.abc",
         "score": "image/png"}  # fmt: skip


class Composing:
    """Finds the music an order is about, and writes down the music that was made."""

    def __init__(
        self,
        history: History,
        finding: Finding,
        sessions: Sessions,
        musician: Musician | None,
        together: Together,
    ) -> None:
        self._history = history
        self._finding = finding
        self._sessions = sessions
        self._musician = musician
        self._together = together

    @property
    def musician(self) -> Musician:
        """Who composes; raises Impossible where nobody does."""
        return present(self._musician, "no_musician")

    async def task(self, piece: PieceRow, tree: Tree, plan: Plan, wish: Wish, message: UserMessage) -> MusicTask | None:
        """The task of a plan for music, None for one of words. Raises a Refused for what cannot be made."""
        if plan.form != story.MUSIC:
            return None
        musician = self.musician
        if plan.again:
            recipe = (await self._history.recipes(piece.id, plan.again)).get(plan.again)
            order = orders.loaded(recipe.sampling if recipe else {"verb": "compose"})
        else:
            order = _aimed(wish, tree, piece.head)
        source, other = [await stored(self._history, turn) for turn in (order.source, order.other)]
        fresh = order.verb in ("compose", "song") and not plan.again
        if fresh:
            order = _worded(order, tree, piece.head, source[0].lyrics if source else ())
            order = replace(order, motifs=await self._called(piece, tree, order))
        # Words that change a wish keep its seed: what they do not speak of comes out alike.
        seed = source[0].seed if source and fresh and order.words else secrets.randbits(31)
        task = MusicTask(order, seed, source, other and other[0], wish.drafts, message.person.language)
        checked = await asyncio.to_thread(musician.check, task)
        return musician.liking(checked, message.key, message.person)

    async def hear(self, message: UserMessage) -> Done:
        """Keep the MIDI file of a message as a passage of the open piece; its text says what is in it."""
        place, who = place_of(message.key), account_of(safety.person(message.person))
        if message.file is None:
            raise EmptyText
        musician = self.musician
        score, midi = await asyncio.to_thread(musician.hear, message.file.data)
        row = ScoreRow(to_row(score), midi)
        heard = NewTurn(
            None, 1, "person", musician.about(score.wish, message.person.language), story.SENT_MUSIC, score=row
        )

        async def find() -> tuple[str, None]:
            return await self._finding.id(message.key), None

        async with self._sessions.turn(place, find) as turns:
            for _ in range(TRIES):
                piece, tree = await self._finding.rows(place, turns.piece)
                known = message.delivery and await self._history.received(place, safety.delivery(message.delivery))
                if known and known.turn:
                    return Done(tree.view(tree.find(known.turn)), score.wish.remarks)
                end = tree.rows[piece.head] if piece.head else None
                words = replace(heard, parent=piece.head, depth=end.depth + 1 if end else 1)
                shown = tuple((ref.platform, ref.chat, ref.message) for ref in (message.ref,) if ref)
                arrival = Arrival("hear", safety.title_from(heard.text), message.delivery, shown)
                with suppress(Stale, Duplicate):  # somebody was quicker: look again
                    person, kept = await self._history.person(who), await self._together.kept(piece.id)
                    turn = self._together.wrote(kept, piece, person, "", handed=False)
                    stored = await self._history.accept(piece, person, words, arrival, turn)
                    self._together.posted()
                    _, tree = await self._finding.rows(place, turns.piece)
                    return Done(tree.view(tree.find(stored.turn or "")), score.wish.remarks)
        raise Busy(waiting=1)

    async def file(self, row: TurnRow, kind: str) -> tuple[str, str, bytes]:
        """A passage's music as a file: name, MIME type, content. Raises NotFound."""
        known = kind == "mid" or (kind in KINDS and kind in RENDER)
        stored = await self._history.score(row.id) if known else None
        if stored is None:
            raise NotFound(what="music", id=kind[:20])
        score = from_row(stored.score)
        data = stored.midi if kind == "mid" else await self.musician.file(row.id, score, stored.midi, kind)
        key = score.phrase.key
        words = f"{score.wish.style.name} in {key.name} {row.id[:4]}".replace("#", " sharp")
        ending = "-score.png" if kind == "score" else f".{kind}"
        return words.lower().replace(" ", "-") + ending, KINDS[kind], data

    async def _called(self, piece: PieceRow, tree: Tree, order: Order) -> tuple[Motif, ...]:
        """The motifs of whoever is named in an order or in the passage it is for, and those of the music it changes."""
        tied = [motif_of(row) for row in await self._history.motifs.of(piece.id)]
        about = "" if order.source else told_before(tree, piece.head, order.about)
        found = named(tied, "\n".join((order.words, order.text, about)))
        if not order.source:
            return found
        recipe = (await self._history.recipes(piece.id, order.source)).get(order.source)
        there = orders.loaded(recipe.sampling).motifs if recipe and "verb" in recipe.sampling else ()
        names = {motif.name for motif in found}
        return (*found, *(motif for motif in there if motif.name not in names))


async def stored(history: History, turn: str) -> Piece | None:
    """The music of a passage with its file, None for "". Raises NotFound."""
    if not turn:
        return None
    row = await history.score(turn)
    if row is None:
        raise NotFound(what="passage", id=turn)
    return from_row(row.score), row.midi


def version(turn: NewTurn, made: Made) -> NewTurn:
    """The passage of a finished piece: what it has beside what all passages have."""
    drawn = orders.drawn(made.task.seed, made.task.drafts, made.pick)
    return replace(
        turn,
        adapter=made.task.taste_of,
        seed=made.score.seed,
        finish="end",
        recipe=replace(recipe_of(made.task.order), drawn=drawn),
        score=ScoreRow(to_row(made.score), made.midi),
    )


def recipe_of(order: Order) -> Recipe:
    """An order as it is stored."""
    section = {"name": "order", "tokens": 0, "text": f"{order.verb} {order.words}".strip(), "cut": ""}
    return Recipe(prompt=order.words, sampling=orders.stored(order), sections=(section,))


def told_before(tree: Tree, head: str | None, turn: str = "") -> str:
    """The passage of words that music is for: the one named, or the last one with the words that it answers."""
    if turn:
        return tree.find(turn).text
    last = story.last_text(tree, head)
    before = tree.rows.get(last.parent or "") if last else None
    if last is None or before is None or before.kind != "person" or before.form in (story.MUSIC, story.SENT_MUSIC):
        return last.text if last else ""
    return f"{last.text}\n{before.text}" if last.kind == "model" else last.text


def _sung(order: Order, tree: Tree, named: TurnRow | None, head: str | None) -> Order:
    """The order of a song with its words: its own, those of the passage it names, or the latest verse of the piece.

    If that passage is music, it is changed or sung to in its manner; `_worded` then says what is sung.
    """
    if named is not None and story.is_music(named):
        return replace(order, source=named.id)
    return replace(order, text=named.text) if named is not None and not order.text else _worded(order, tree, head)


def _worded(order: Order, tree: Tree, head: str | None, sung: tuple[str, ...] = ()) -> Order:
    """A wish for music that was `sung` is one for a song of the same words; a song without words has the last verse."""
    if order.text or (order.verb == "compose" and not sung):
        return order
    if sung:
        return replace(order, verb="song", text=spelled(sung))
    verse = tree.last_verse(head)
    if verse is None:
        raise Impossible(why="nothing_to_sing")
    return replace(order, text=verse.text)


def _aimed(wish: Wish, tree: Tree, head: str | None) -> Order:
    """The wish's order with the music it is about: the passage it names, or the last one."""
    order = wish.order or Order("compose")
    named = tree.find(wish.turn) if wish.turn else None
    if order.verb == "song":
        return _sung(order, tree, named, head)
    if named is not None and not story.is_music(named):
        raise Impossible(why="not_music")
    if order.verb == "compose":
        return replace(order, source=named.id if named else "")
    last = named or tree.last_music(head)
    if order.verb != "morph":
        return replace(order, source=last.id if last else "")
    goal = tree.last_music(head)
    if goal is None:
        return order
    start = named if named and named.id != goal.id else tree.last_music(head, goal.id)
    return replace(order, source=(start or goal).id, other=goal.id if start else "")
