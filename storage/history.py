"""Everything people and models wrote: pieces, turns, and where each message is shown.

Every method is one transaction; the statements are in `pieces`, `turns` and `journal`. Ids that come from outside
must be checked by the caller to be text a database can hold (no zero bytes).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from storage import bringing, gatherings, journal, linking, links, lore, moving, pieces, turns
from storage.arrivals import Arrivals
from storage.db import Database, insert, new_id, now
from storage.gatherings import Gatherings
from storage.linking import Linking
from storage.motifs import Motifs
from storage.outbox import Outbox
from storage.personas import Personas
from storage.records import (
    Account,
    Arrival,
    BroughtPiece,
    Delivery,
    Edit,
    Move,
    NewsRow,
    NewTurn,
    Outcome,
    PieceRow,
    Place,
    Recipe,
    ScoreRow,
    Shift,
    TurnRow,
    Unanswered,
)
from storage.schema import people
from storage.seats import Gathered

Loaded = tuple[PieceRow, tuple[TurnRow, ...]]
Trees = dict[str, tuple[int, dict[str, TurnRow]]]

REMEMBERED = 10_000  # people
TREES = 64  # pieces


class History:
    """What was written, in one database.

    The trees used last are kept in memory with the clock at which they were read; a load asks the database only for
    what changed after it, so that it stays quick in a long piece and right when another process writes in it, too.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.outbox = Outbox(database)
        self.gatherings = Gatherings(database)
        self.linking = Linking(database)
        self.arrivals = Arrivals(database)
        self.personas = Personas(database)
        self.motifs = Motifs(database)
        self._people: dict[Account, str] = {}
        self._trees: Trees = {}

    # ── people and places ──────────────────────────────────────────────────────────────────────────────────────────

    async def person(self, account: Account) -> str:
        """The id of that person, who is stored at the first meeting; a new name replaces the old."""
        if account not in self._people:
            found = await self._database.write(_meet, account)
            if len(self._people) >= REMEMBERED:
                self._people.clear()
            self._people[account] = found
        return self._people[account]

    def forget(self, account: Account) -> None:
        """This person was erased, and is met for the first time if they come again."""
        self._trees.clear()  # they hold words
        self._people = {known: name for known, name in self._people.items() if not known.same(account)}

    async def find(self, place: Place, piece: str = "") -> PieceRow | None:
        """The piece of that id if it belongs to this place; without an id the one that is open here."""
        return await self._database.read(pieces.find, place, piece)

    async def ensure(self, place: Place) -> PieceRow:
        """The piece that is open here; a new, untitled one if there is none."""
        found = await self.find(place)
        return await self._database.write(pieces.ensure, place) if found is None else found

    async def listing(self, place: Place) -> tuple[PieceRow, ...]:
        """Every piece of this place that was not deleted, oldest first."""
        return await self._database.read(pieces.listing, place)

    async def create(self, place: Place, title: str = "", delivery: str = "") -> PieceRow:
        """A new piece, open in its place from now on; raises Duplicate."""
        return await self._database.write(_create, place, title, delivery)

    async def bring(self, place: Place, person: str, found: BroughtPiece, delivery: str = "") -> PieceRow:
        """A piece from a file, open in its place from now on; raises Duplicate, and then nothing is stored."""
        return await self._database.write(bringing.bring, place, person, found, delivery)

    async def open(self, place: Place, piece: str) -> None:
        """From now on messages in this place go to `piece`."""
        await self._database.write(pieces.open_piece, place, piece)

    async def change(self, piece: str, **values: str) -> None:
        """Set the title, memory, note, genre, mood or teller of a piece, and who wrote it."""
        await self._database.write(pieces.change, piece, values)

    async def change_lore(
        self, place: Place, piece: str, person: str, decide: lore.Decide, delivery: str = ""
    ) -> tuple[lore.Rows, lore.Rows]:
        """Let `decide` make other entries of those a piece has, in one transaction; both, before and after.

        It runs in another thread and may raise, which changes nothing. Raises Duplicate.
        """
        return await self._database.write(_change_lore, place, piece, person, decide, delivery)

    async def delete(self, place: Place, piece: str, delivery: str = "") -> None:
        """Put a piece out of reach, keeping every row; raises Duplicate."""
        await self._database.write(_delete, place, piece, delivery)

    async def relocate(self, platform: str, old: str, new: str) -> None:
        """The chat `old` is called `new` from now on, and everything in it goes along."""
        await self._database.write(moving.relocate, platform, old, new)

    async def present(self, platform: str, chat: str) -> str:
        """What that chat is called now."""
        return await self._database.read(moving.present, platform, chat)

    # ── reading the tree ───────────────────────────────────────────────────────────────────────────────────────────

    async def arrive(self, place: Place, piece: str, delivery: str) -> tuple[Delivery | None, Loaded | None]:
        """In one visit what `received` says, and `load` of the piece it names (or of `piece`, or the open one)."""
        known, found = await self._database.read(_arrive, place, piece, delivery, self._trees)
        return known, None if found is None else self._merged(found)

    async def load(self, place: Place, piece: str) -> Loaded | None:
        """A piece of this place with every passage ever written in it, in the order of writing."""
        found = await self._database.read(_load, place, piece, self._trees)
        return None if found is None else self._merged(found)

    def _merged(self, found: "_Found") -> Loaded:
        rows = found.known | {turn.id: turn for turn in found.news}
        if found.piece.clock >= self._trees.get(found.piece.id, (0, {}))[0]:
            self._keep(found.piece.id, found.piece.clock, rows)
        return found.piece, tuple(_signed(row, found.pens) for row in rows.values()) if found.pens else tuple(
            rows.values()
        )

    def _keep(self, piece: str, clock: int, rows: dict[str, TurnRow]) -> None:
        self._trees.pop(piece, None)
        self._trees[piece] = (clock, rows)
        while len(self._trees) > TREES:
            self._trees.pop(next(iter(self._trees)))

    async def recipes(self, piece: str, turn: str = "") -> dict[str, Recipe]:
        """How passages came to be, by turn: of one turn, or of the whole piece."""
        return await self._database.read(turns.recipes, piece, turn)

    async def score(self, turn: str) -> ScoreRow | None:
        """The music of a passage, if it has any."""
        return await self._database.read(turns.score, turn)

    async def home(self, place: Place, turn: str) -> tuple[str, str] | None:
        """The piece a turn is in and the turn's kind, if that piece belongs to this place and was not deleted."""
        return await self._database.read(turns.home, place, turn)

    async def address(self, turn: str) -> tuple[Place, str] | None:
        """The place and the piece of a turn, for the owner of the machine: nobody's place is asked for."""
        return await self._database.read(turns.address, turn)

    async def shown(self, chat: Place, message: str) -> tuple[Place, str, str] | None:
        """What a message of this chat shows, in whichever thread: place, piece and turn."""
        return await self._database.read(turns.shown, chat, message)

    async def messages(self, turn: str) -> tuple[tuple[str, str, str], ...]:
        """The messages (platform, chat, message) that show this turn."""
        return await self._database.read(turns.messages, turn)

    async def moves(self, piece: str) -> tuple[Move, ...]:
        """Every step ever made in a piece, oldest first."""
        return await self._database.read(turns.moves_of, piece)

    async def edits(self, piece: str) -> tuple[Edit, ...]:
        """Every edit ever made in a piece, oldest first."""
        return await self._database.read(turns.edits_of, piece)

    async def move(self, piece: str, number: int) -> tuple[Move, Edit | None] | None:
        """The step of that number, which undo takes back, and the edit it made."""
        return await self._database.read(turns.move, piece, number)

    async def move_after(self, piece: str, number: int) -> tuple[Move, Edit | None] | None:
        """The newest step that was made from there: the one redo brings back."""
        return await self._database.read(turns.move_after, piece, number)

    # ── writing it ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def received(self, place: Place, delivery: str) -> Delivery | None:
        """What became of a platform's update, or None if it was never stored."""
        return await self._database.read(journal.received, place, delivery)

    async def unanswered(self, platform: str, since: datetime) -> tuple[Unanswered, ...]:
        """Words that came from a platform since then and whose answer was never written or shown, oldest first."""
        return await self._database.read(journal.unanswered, platform, since)

    async def accept(
        self, piece: PieceRow, person: str, words: NewTurn | None, wish: Arrival, gathered: Gathered | None = None
    ) -> Delivery:
        """Store a person's words as the new live end, the delivery, and whose turn it is then.

        Raises Stale or Duplicate.
        """
        return await self._database.write(_accept, piece, person, words, wish, gathered)

    async def finish(self, piece: PieceRow, outcome: Outcome) -> tuple[TurnRow, ...]:
        """Store what the model wrote, the first version as the new live end; as they are stored."""
        return await self._database.write(_finish, piece, outcome)

    async def end_turn(
        self, piece: PieceRow, outcome: Outcome, gathered: Gathered
    ) -> tuple[tuple[TurnRow, ...], tuple[NewsRow, ...]]:
        """The same where turns are taken, with whose it is then; also what became news by it. Raises Stale."""
        return await self._database.write(_end_turn, piece, outcome, gathered)

    async def give_up(self, place: Place, delivery: str) -> None:
        """Remember that there will be no reply to this delivery."""
        await self._database.write(journal.give_up, place, delivery)

    async def shift(self, piece: PieceRow, person: str, to: Shift) -> None:
        """Move the live end with everything that belongs to that step; raises Stale or Duplicate."""
        await self._database.write(_shift, piece, person, to)

    async def delivered(self, turn: str, messages: Sequence[tuple[str, str, str]]) -> None:
        """Remember which messages (platform, chat, message) show this turn."""
        await self._database.write(journal.delivered, turn, messages)


def _meet(connection: sa.Connection, account: Account) -> str:
    upsert = insert(connection, people).values(
        id=new_id(),
        platform=account.platform,
        account=account.account,
        name=account.name,
        language=account.language,
        created=now(),
    )
    name = sa.func.coalesce(sa.func.nullif(upsert.excluded.name, ""), people.c.name)
    upsert = upsert.on_conflict_do_update(
        index_elements=["platform", "account"], set_={"name": name, "language": upsert.excluded.language}
    )
    return str((connection.execute(upsert.returning(people.c.id))).scalar_one())


@dataclass(frozen=True, slots=True)
class _Found:
    """A piece, the turns that were remembered when it was read, and those that changed since."""

    piece: PieceRow
    known: dict[str, TurnRow]
    news: tuple[TurnRow, ...]
    pens: dict[str, str] = field(default_factory=dict)


def _signed(row: TurnRow, pens: dict[str, str]) -> TurnRow:
    return replace(row, author=pens[row.person]) if row.person in pens else row


def _accept(
    connection: sa.Connection,
    piece: PieceRow,
    person: str,
    words: NewTurn | None,
    wish: Arrival,
    gathered: Gathered | None,
) -> Delivery:
    stored, linked = journal.accept(connection, piece, person, words, wish)
    if stored.turn and linked:
        links.words(connection, piece, stored.turn, person)
    return replace(stored, news=gatherings.apply(connection, gathered)) if gathered else stored


def _finish(connection: sa.Connection, piece: PieceRow, outcome: Outcome) -> tuple[TurnRow, ...]:
    rows, linked = journal.finish(connection, piece, outcome)
    if linked:
        links.written(connection, piece, rows[0])
    return rows


def _shift(connection: sa.Connection, piece: PieceRow, person: str, to: Shift) -> None:
    journal.shift(connection, piece, person, to)
    links.stepped(connection, piece, person, to)


def _end_turn(
    connection: sa.Connection, piece: PieceRow, outcome: Outcome, gathered: Gathered
) -> tuple[tuple[TurnRow, ...], tuple[NewsRow, ...]]:
    rows = _finish(connection, piece, outcome)
    return rows, gatherings.apply(connection, gathered)


def _arrive(
    connection: sa.Connection, place: Place, piece: str, delivery: str, trees: Trees
) -> tuple[Delivery | None, _Found | None]:
    known = journal.received(connection, place, delivery) if delivery else None
    return known, _load(connection, place, known.piece if known else piece, trees)


def _load(connection: sa.Connection, place: Place, piece: str, trees: Trees) -> _Found | None:
    row = pieces.find(connection, place, piece)
    if row is None:
        return None
    clock, known = trees.get(row.id, (0, {}))
    return _Found(row, known, turns.tree(connection, row.id, clock), gatherings.pens(connection, row.id))


def _create(connection: sa.Connection, place: Place, title: str, delivery: str) -> PieceRow:
    piece = pieces.create(connection, place, title)
    journal.receive(connection, place, delivery, piece.id)
    return piece


def _change_lore(
    connection: sa.Connection, place: Place, piece: str, person: str, decide: lore.Decide, delivery: str
) -> tuple[lore.Rows, lore.Rows]:
    journal.receive(connection, place, delivery, piece)
    return lore.change(connection, piece, person, decide)


def _delete(connection: sa.Connection, place: Place, piece: str, delivery: str) -> None:
    journal.receive(connection, place, delivery, piece)
    pieces.delete(connection, place, piece)
    linking.dissolve(connection, piece, place, "unlinked_gone")
