"""The front door: everything a person can do to a piece, whichever platform they use.

A piece can only be reached through its own place (platform, chat, thread); everything else is NotFound. What changes a
piece waits for its turn there; what only reads, votes or names does not wait.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from engine import safety, story
from engine.arriving import Arriving
from engine.art.wishes import Kind as LookKind
from engine.branching import Branching
from engine.carrying import Carrying
from engine.composing import Composing
from engine.errors import BadValue, EmptyText, Impossible, NotFound
from engine.finding import Finding, account_of, place_of, unanswered
from engine.flavouring import Flavouring
from engine.gathering import Gathering
from engine.linking import Linking
from engine.makers import NOBODY, Makers
from engine.messages import (
    BranchView,
    ContextView,
    Done,
    Event,
    MessageRef,
    News,
    Person,
    Piece,
    Reaction,
    SessionKey,
    Turn,
    UserMessage,
)
from engine.moving import Moving
from engine.music.orders import Order
from engine.news import Clock, Newsroom
from engine.picturing import Picturing
from engine.privacy import Privacy, witnesses
from engine.remembering import Remembering
from engine.sessions import Sessions
from engine.shifting import Shifting
from engine.speaking import NoVoices, Speaks
from engine.story import Tree, Wish
from engine.together.together import Together
from engine.tying import Tying
from engine.voicing import Desk, Voicing
from engine.voting import Voting
from engine.writing import Writes, Writing
from storage.db import Duplicate, now
from storage.history import History
from storage.preferences import Preferences
from storage.records import PieceRow, Shift

VERSIONS = 6


class Conversation:
    """Everything people can do, over one history, one store of preferences, one writer and other makers. What they may
    decide about themselves is in `privacy`; people on platforms `assumed` let others learn from them till they say no.

    The writing ones (`reply`, `proceed`, `retry`, `alternatives`) are async generators of events: `Accepted` first,
    once what the person sent is stored; `Done` last, unless an EngineError is raised. Every refusal is raised before
    the first event. Whoever stops reading must close the generator (`contextlib.aclosing`); that stops the device.

    `delivery`, wherever it can be given, is the platform's own name for the update: the same one twice acts once.
    """

    def __init__(
        self,
        history: History,
        preferences: Preferences,
        writer: Writes,
        makers: Makers = NOBODY,
        voices: Speaks | None = None,
        owners: frozenset[str] = frozenset(),
        assumed: frozenset[str] = frozenset(),
        clock: Clock = now,
    ) -> None:
        self._history = history
        self._preferences = preferences
        self._sessions = Sessions()
        self._finding = Finding(history, preferences)
        self._newsroom = Newsroom(history.outbox, clock)
        speaks = voices or NoVoices()
        self._together = together = Together(history, self._finding, self._newsroom, clock)
        self._shifting = Shifting(history, self._finding, self._sessions, together)
        self._voting = Voting(history, preferences, self._finding)
        self._music = Composing(history, self._finding, self._sessions, makers.musician, together)
        self._pictures = Picturing(history, makers.painter)
        ordered = self._music, self._pictures
        self._writing = Writing(history, preferences, writer, self._sessions, *ordered, speaks, together)
        # Doors of their own: voices, places, arrivals, writing together, links, lore, flavour, motifs, one's traces.
        self.voicing = Voicing(Desk(history, preferences, self._finding, self._shifting, self._writing), speaks, owners)
        self.moving = Moving(history, self._finding, speaks, makers.musician)
        self.arriving = Arriving(history.arrivals, clock)
        self.branching = Branching(self._finding, self._shifting, together)
        self.carrying = Carrying(history, self._finding, together, *ordered, writer)
        self.gathering = Gathering(together, self._writing, self._newsroom)
        self.linking = Linking(history, self._finding, self._sessions, together, self._newsroom)
        self.remembering = Remembering(history, self._finding, together)
        self.flavouring = Flavouring(history, self._finding, together)
        self.tying = Tying(history, self._finding, self._music)
        self.privacy = Privacy(history, preferences, self._sessions, witnesses(speaks, makers.musician), assumed)

    async def close(self) -> None:
        """Stop everything that is being written and wait until it is stored."""
        await self._writing.close()

    def news(self, platform: str) -> AsyncGenerator[News, None]:
        """What is to be said in this platform's chats, as it comes; never ends, and must be closed (`aclosing`).

        All of it is said at least once: whoever has said a news must say so with `told`, or it comes again.
        """
        return self._newsroom.of(platform)

    async def told(self, news: News, refs: tuple[MessageRef, ...] = ()) -> None:
        """A news was said, in these messages."""
        await self._newsroom.told(news, refs)

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def reply(self, message: UserMessage, form: str = "") -> AsyncGenerator[Event, None]:
        """Store the person's words and write on; with a form a new section of the piece begins there.

        Raises EmptyText, TextTooLong, UnknownForm, NotFound, Busy, RequestCancelled, GeneratorFailed.
        """
        return self._writing.run(message, Wish("reply", message.text, form))

    async def unanswered(self, platform: str, within: timedelta) -> tuple[UserMessage, ...]:
        """Words of the last while whose answer was never written, or never shown; each may be given to `reply`."""
        rows = await self._history.unanswered(platform, datetime.now(UTC) - within)
        return tuple(unanswered(row) for row in rows if row.form != story.SENT_MUSIC)

    def proceed(self, message: UserMessage) -> AsyncGenerator[Event, None]:
        """Write on from the live end without new words; raises Impossible if nothing is written yet."""
        return self._writing.run(message, Wish("continue"))

    def retry(self, message: UserMessage, turn: str = "") -> AsyncGenerator[Event, None]:
        """Write another version of the last passage (or of `turn`), which becomes live.

        If the last words are a person's, to which no answer was ever written, the answer is written.
        """
        return self._writing.run(message, Wish("retry", turn=turn))

    async def alternatives(self, message: UserMessage, count: int = 2, turn: str = "") -> AsyncGenerator[Event, None]:
        """Write `count` (1 to 6) further versions in one batch; the first becomes live. Raises BadValue."""
        if not 1 <= count <= VERSIONS:
            raise BadValue(name="count", value=count, allowed=f"1-{VERSIONS}")
        async with aclosing(self._writing.run(message, Wish("alternatives", drafts=count, turn=turn))) as events:
            async for event in events:
                yield event

    def compose(
        self, message: UserMessage, order: Order, turn: str = "", drafts: int = 1
    ) -> AsyncGenerator[Event, None]:
        """Carry out an order for music: a new piece from the order's words, a song of the last verse (or of `turn`), or
        a change of the music in the last passage that has any (or in `turn`). `drafts` 0 leaves the number of
        versions to the words.

        Raises Impossible (no_music_yet, one_music_only, nothing_to_sing ...), BadValue, and what the music engine has
        against the wish; then as `reply` does.
        """
        said = (order.words, order.text) if order.verb in ("compose", "song") else ()
        return self._writing.run(message, Wish("music", "\n".join(filter(None, said)), "", drafts, turn, order))

    def draw(self, message: UserMessage, look: LookKind, turn: str = "") -> AsyncGenerator[Event, None]:
        """Draw a palette or a cover for the piece (or for `turn`) in the words of the message; then as `reply` does."""
        return self._writing.run(message, Wish("look", message.text, turn=turn, look=look))

    async def hear(self, message: UserMessage) -> Done:
        """Keep the MIDI file a person sent as a passage of the open piece, to be worked on from there.

        Raises what is wrong with the file; then nothing is stored.
        """
        return await self._music.hear(message)

    async def cancel(self, key: SessionKey) -> bool:
        """Stop the reply being written in the open piece, keeping whole sentences; False if there is none."""
        piece = await self._finding.find(key)
        return piece is not None and self._sessions.cancel(piece.id)

    # ── the tree ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def swipe(
        self, key: SessionKey, person: Person, step: Literal[-1, 1], turn: str = "", delivery: str = ""
    ) -> Turn:
        """Show the version before or after the last passage (or `turn`), with what followed it if anything did.

        The pick is kept. Raises Impossible (first_version, last_version, nothing_written, not_a_model_passage).
        """
        chosen = ""

        async def decide(piece: PieceRow, tree: Tree) -> Shift:
            nonlocal chosen
            row = tree.meant(piece.head, turn)
            other = tree.beside(row, step)
            chosen = other.id
            return Shift(tree.last_shown(other.id), "swipe", turn=other.id, over=row.id)

        piece, tree = await self._shifting.run(key, person, decide, turn=turn, delivery=delivery)
        if chosen:
            return tree.view(tree.find(chosen))
        row, live = tree.meant(piece.head, turn), {one.id for one in tree.branch(piece.head)}
        return tree.view(next((one for one in tree.versions(row) if one.id in live), row))  # what it chose then

    async def undo(self, key: SessionKey, person: Person, delivery: str = "") -> Piece:
        """Take one whole step back (a message with its reply, a retry, an edit …); nothing is destroyed."""

        async def decide(piece: PieceRow, tree: Tree) -> Shift:
            found = await self._history.move(piece.id, piece.step)
            if found is None:
                raise Impossible(why="nothing_to_undo")
            move, edit = found
            back = Shift(move.before, step=move.previous)
            return replace(back, turn=edit.turn, text=edit.before, edited=not edit.first) if edit else back

        return story.view(*await self._shifting.run(key, person, decide, delivery=delivery, nothing="nothing_to_undo"))

    async def redo(self, key: SessionKey, person: Person, delivery: str = "") -> Piece:
        """Bring back the step that was taken back last, unless something new was done since."""

        async def decide(piece: PieceRow, tree: Tree) -> Shift:
            found = await self._history.move_after(piece.id, piece.step)
            if found is None:
                raise Impossible(why="nothing_to_redo")
            move, edit = found
            forward = Shift(move.after, step=move.number)
            return replace(forward, turn=edit.turn, text=edit.after) if edit else forward

        return story.view(*await self._shifting.run(key, person, decide, delivery=delivery, nothing="nothing_to_redo"))

    async def edit(self, key: SessionKey, person: Person, text: str, turn: str = "", delivery: str = "") -> Turn:
        """Give the last passage of the model (or `turn`, also a person's words) new words; both texts are kept.

        Raises EmptyText, TextTooLong, NotFound, Impossible (nothing_written).
        """
        words = safety.passage(text)
        edited = turn

        async def decide(piece: PieceRow, tree: Tree) -> Shift | None:
            nonlocal edited
            row = tree.meant(piece.head, turn)
            if row.form in story.WORDLESS:
                raise Impossible(why="not_words_look" if row.form in story.LOOKS else "not_words")
            edited = row.id
            if row.text == words:
                return None
            return Shift(piece.head, "edit", turn=row.id, text=words, before=row.text, first=not row.edited)

        piece, tree = await self._shifting.run(key, person, decide, turn=turn, delivery=delivery)
        return tree.view(tree.meant(piece.head, edited))

    async def branch(self, key: SessionKey, person: Person, turn: str, delivery: str = "") -> Piece:
        """Move the live end to `turn`, so that the story goes on from there; what followed it stays as a branch."""

        async def decide(piece: PieceRow, tree: Tree) -> Shift | None:
            row = tree.find(turn)
            return None if row.id == piece.head else Shift(row.id, "branch")

        return story.view(*await self._shifting.run(key, person, decide, turn=turn, delivery=delivery))

    async def branches(self, key: SessionKey) -> tuple[BranchView, ...]:
        """Every branch of the piece, numbered from 1 in the order their ends were written."""
        piece, tree = await self._finding.load(key)
        return story.branches(tree, piece.head)

    async def switch(self, key: SessionKey, person: Person, number: int, delivery: str = "") -> Piece:
        """Make the branch of that number live; raises NotFound."""

        async def decide(piece: PieceRow, tree: Tree) -> Shift | None:
            ends = tree.ends(piece.head)
            if not 1 <= number <= len(ends):
                raise NotFound(what="branch", id=number)
            end = ends[number - 1].id
            return None if end == piece.head else Shift(end, "switch")

        return story.view(*await self._shifting.run(key, person, decide, delivery=delivery))

    # ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def piece(self, key: SessionKey) -> Piece:
        """The open piece (or the one the key names) with its live branch; a chat without one gets one."""
        return await self._together.seen(story.view(*await self._finding.load(key)))

    async def pieces(self, key: SessionKey) -> tuple[Piece, ...]:
        """Every piece of this place, oldest first, without their turns; their numbers count from 1 in this order."""
        safety.place(key)
        return tuple(story.line(row) for row in await self._history.listing(place_of(key)))

    async def create(self, key: SessionKey, person: Person, title: str = "", delivery: str = "") -> Piece:
        """A new piece, open in its place from now on; without a title it is named after its first words."""
        name = safety.title(title)
        safety.place(key)
        try:
            return story.line(await self._history.create(place_of(key), name, safety.delivery(delivery)))
        except Duplicate:
            return await self.piece(replace(key, piece=""))

    async def open(self, key: SessionKey, person: Person, name: str, delivery: str = "") -> Piece:
        """Open a piece of this place by its id, its number in the list, its title or how its title begins."""
        row = await self._finding.named(key, name)
        await self._history.open(row.place, row.id)
        return await self.piece(replace(key, piece=row.id))

    async def rename(self, key: SessionKey, person: Person, title: str) -> Piece:
        """Another title, at most 120 characters on one line; raises EmptyText, TextTooLong."""
        name = safety.title(title)
        if not name:
            raise EmptyText
        return await self._change(key, None, title=name)

    async def remember(self, key: SessionKey, person: Person, memory: str) -> Piece:
        """What the model always sees, at most 4,000 characters; "" clears it."""
        return await self._change(key, person, memory=safety.words(memory, safety.MEMORY))

    async def annotate(self, key: SessionKey, person: Person, note: str) -> Piece:
        """The author's note near the end of what the model sees, at most 2,000 characters; "" clears it."""
        return await self._change(key, person, note=safety.words(note, safety.NOTE))

    async def delete(self, key: SessionKey, person: Person, piece: str = "", delivery: str = "") -> Piece:
        """Put a piece (the open one, or by id, number or title) out of reach; no row of it is destroyed."""
        row = await self._finding.named(key, piece) if piece else await self._finding.find(key)
        if row is None:
            raise NotFound(what="piece", id="")
        await self._together.must_host(row, person)
        gone = await self.piece(replace(key, piece=row.id))
        try:
            await self._history.delete(row.place, row.id, safety.delivery(delivery))
        except Duplicate:
            raise NotFound(what="piece", id=piece[:40]) from None  # it is gone already
        self._together.posted()
        return gone

    # ── passages, and what people think of them ────────────────────────────────────────────────────────────────────

    async def turn(self, key: SessionKey, turn: str) -> Turn:
        """A passage of any piece of this place; raises NotFound."""
        _, tree = await self._finding.load(key, turn)
        return tree.view(tree.find(turn))

    async def context(self, key: SessionKey, turn: str = "") -> ContextView:
        """What the model saw for its last passage (or for `turn`); raises Impossible, NotFound."""
        return await self.remembering.context(key, turn)

    async def file(self, key: SessionKey, turn: str, kind: str) -> tuple[str, str, bytes]:
        """A passage's music as "mid", "ogg" (sound), "png" (piano roll) or "abc", a picture as "png": file name, MIME
        type, content. Raises NotFound, also for a passage of words.
        """
        _, tree = await self._finding.load(key, turn)
        row = tree.find(turn)
        return await (self._pictures if story.is_look(row) else self._music).file(row, kind)

    async def react(self, reaction: Reaction) -> Turn:
        """Keep a person's vote on a passage of this place: the last word wins, 0 takes it back.

        A native reaction that goes takes back only the vote that it cast itself. A message reference finds its passage
        in any thread of the chat, because platforms count messages by chat.
        Raises BadValue, NotFound, Impossible (not_a_model_passage).
        """
        return await self._voting.react(reaction)

    async def cleared(self, key: SessionKey, ref: MessageRef, sign: str = "") -> Turn:
        """Native reactions on a message were all taken away, or those of one sign: so are the votes that they cast.

        Raises NotFound.
        """
        return await self._voting.cleared(key, ref, sign)

    async def votes(self, key: SessionKey, person: Person) -> dict[str, int]:
        """This person's own votes in the piece: 1 or -1 by turn id. Raises NotFound."""
        return await self._voting.votes(key, person)

    async def delivered(self, turn: str, refs: tuple[MessageRef, ...]) -> None:
        """Remember which messages show a turn; each belongs to the turn it showed last."""
        await self._history.delivered(turn, [(ref.platform, ref.chat, ref.message) for ref in refs])

    async def messages(self, turn: str) -> tuple[MessageRef, ...]:
        """The messages that show a turn, on every platform."""
        return tuple(MessageRef(*found) for found in await self._history.messages(turn))

    async def turn_at(self, ref: MessageRef, key: SessionKey) -> Turn | None:
        """The passage a message of this chat shows, or None."""
        shown = await self._finding.shown(ref, key)
        return shown and await self.turn(SessionKey(shown[0].platform, shown[0].chat, shown[0].thread), shown[1])

    # ── changing things ────────────────────────────────────────────────────────────────────────────────────────────

    async def _change(self, key: SessionKey, by: Person | None, **values: str) -> Piece:
        key = replace(key, piece=await self._finding.id(key))
        await self.piece(key)  # nothing is changed in a piece that is not here
        if by:
            author = await self._history.person(account_of(safety.person(by)))
            values |= {f"{name}_by": author for name in values}
        await self._history.change(key.piece, **values)
        return await self.piece(key)
