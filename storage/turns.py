"""Statements that read the tree of turns. Each function runs inside its caller's transaction."""

from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from storage.pieces import reached
from storage.records import Edit, Move, Place, Recipe, ScoreRow, TurnRow
from storage.schema import deliveries, edits, links, members, moves, people, pieces, scores, turns

_heavy = (
    turns.c.completion,
    turns.c.prompt,
    turns.c.sampling,
    turns.c.sections,
    turns.c.tokens,
    turns.c.window,
    turns.c.reserved,
    turns.c.drawn,
)
_known: dict[str, sa.ColumnElement[Any]] = {
    **dict(turns.c.items()),
    "author": sa.func.coalesce(people.c.name, ""),
}
_tree = (
    sa.select(*[_known[slot.name] for slot in fields(TurnRow)])
    .select_from(turns.outerjoin(people, people.c.id == turns.c.person))
    .order_by(turns.c.number)
)
_move = (moves.c.number, moves.c.previous, moves.c.kind, moves.c.before, moves.c.after, moves.c.edit)
_edit = (
    edits.c.id,
    edits.c.turn,
    people.c.name.label("author"),
    edits.c.before,
    edits.c.after,
    edits.c.first,
    edits.c.created,
)


_signed = tuple(
    sa.func.coalesce(members.c.pen, people.c.name).label("author") if column.key == "author" else column
    for column in _edit
)


def tree(connection: sa.Connection, piece: str, since: int = 0) -> tuple[TurnRow, ...]:
    """The passages of a piece written or changed after its clock stood at `since`, in the order of writing."""
    rows = connection.execute(_tree.where(turns.c.piece == piece, turns.c.changed > since))
    return tuple(TurnRow(*tuple(row)) for row in rows)


def recipes(connection: sa.Connection, piece: str, turn: str = "") -> dict[str, Recipe]:
    """How passages came to be, by turn: of one turn, or of the whole piece."""
    wanted = turns.c.id == turn if turn else turns.c.kind == "model"
    rows = connection.execute(sa.select(turns.c.id, *_heavy).where(turns.c.piece == piece, wanted))
    return {row.id: _recipe(row) for row in rows}


def score(connection: sa.Connection, turn: str) -> ScoreRow | None:
    """The music of a passage, if it has any."""
    row = connection.execute(sa.select(scores.c.score, scores.c.midi).where(scores.c.turn == turn)).one_or_none()
    return row and ScoreRow(*row)


def home(connection: sa.Connection, place: Place, turn: str) -> tuple[str, str] | None:
    """The piece a turn is in and the turn's kind, if that piece can be reached from this place and was not deleted."""
    query = sa.select(pieces.c.id, turns.c.kind).join(turns, turns.c.piece == pieces.c.id)
    here = sa.and_(turns.c.id == turn, reached(place), pieces.c.deleted.is_(None))
    row = connection.execute(query.where(here)).one_or_none()
    return None if row is None else (row[0], row[1])


def address(connection: sa.Connection, turn: str) -> tuple[Place, str] | None:
    """Where a turn stands, whoever asks: the place in which its piece began, and the piece."""
    query = sa.select(pieces.c.platform, pieces.c.chat, pieces.c.thread, pieces.c.id)
    row = connection.execute(query.join(turns, turns.c.piece == pieces.c.id).where(turns.c.id == turn)).one_or_none()
    return row and (Place(row.platform, row.chat, row.thread), row.id)


def shown(connection: sa.Connection, chat: Place, message: str) -> tuple[Place, str, str] | None:
    """What a message of this chat shows: the place and the piece it belongs to, and the turn.

    The thread does not matter, because platforms name a message by its chat alone; of two threads that are linked, the
    one that was named is meant.
    """
    linked = sa.and_(links.c.piece == pieces.c.id, links.c.platform == chat.platform, links.c.chat == chat.chat)
    thread = sa.func.coalesce(links.c.thread, pieces.c.thread)
    whole = deliveries.join(turns, turns.c.id == deliveries.c.turn).join(pieces, pieces.c.id == turns.c.piece)
    own = sa.and_(pieces.c.platform == chat.platform, pieces.c.chat == chat.chat)
    query = (
        sa.select(thread, pieces.c.id, turns.c.id)
        .select_from(whole.outerjoin(links, linked))
        .where(deliveries.c.platform == chat.platform, deliveries.c.chat == chat.chat, deliveries.c.message == message)
        .where(sa.or_(own, links.c.piece.is_not(None)), pieces.c.deleted.is_(None))
        .order_by(sa.case((thread == chat.thread, 0), else_=1))
    )
    row = connection.execute(query).first()
    return row and (Place(chat.platform, chat.chat, row[0]), row[1], row[2])


def messages(connection: sa.Connection, turn: str) -> tuple[tuple[str, str, str], ...]:
    """The messages (platform, chat, message) that show this turn."""
    query = sa.select(deliveries.c.platform, deliveries.c.chat, deliveries.c.message).where(deliveries.c.turn == turn)
    return tuple((row[0], row[1], row[2]) for row in connection.execute(query))


def moves_of(connection: sa.Connection, piece: str) -> tuple[Move, ...]:
    """Every step ever made in a piece, oldest first."""
    rows = connection.execute(sa.select(*_move).where(moves.c.piece == piece).order_by(moves.c.number))
    return tuple(Move(*row) for row in rows)


def move(connection: sa.Connection, piece: str, number: int) -> tuple[Move, Edit | None] | None:
    """The step of that number, and the edit it made."""
    return _one_move(connection, moves.c.piece == piece, moves.c.number == number)


def move_after(connection: sa.Connection, piece: str, number: int) -> tuple[Move, Edit | None] | None:
    """The newest step that was made from there: the one redo brings back."""
    return _one_move(connection, moves.c.piece == piece, moves.c.previous == number)


def edits_of(connection: sa.Connection, piece: str) -> tuple[Edit, ...]:
    """Every edit ever made in a piece, oldest first."""
    rows = connection.execute(
        sa.select(*_signed)
        .select_from(
            edits.join(turns, turns.c.id == edits.c.turn)
            .join(people, people.c.id == edits.c.person)
            .outerjoin(members, sa.and_(members.c.piece == turns.c.piece, members.c.person == edits.c.person))
        )
        .where(turns.c.piece == piece)
        .order_by(edits.c.created)
    )
    return tuple(Edit(*row) for row in rows)


def _one_move(connection: sa.Connection, *wanted: sa.ColumnElement[bool]) -> tuple[Move, Edit | None] | None:
    query = (
        sa.select(*_move, *_edit)
        .select_from(
            moves.outerjoin(edits, edits.c.id == moves.c.edit).outerjoin(people, people.c.id == edits.c.person)
        )
        .where(*wanted)
        .order_by(moves.c.number.desc())
        .limit(1)
    )
    row = (connection.execute(query)).one_or_none()
    if row is None:
        return None
    first, second = tuple(row[: len(_move)]), tuple(row[len(_move) :])
    return Move(*first), Edit(*second) if first[-1] is not None else None


def _recipe(row: Any) -> Recipe:
    return Recipe(
        completion=row.completion,
        prompt=row.prompt,
        sampling=row.sampling,
        sections=tuple(row.sections),
        tokens=row.tokens,
        window=row.window,
        reserved=row.reserved,
        drawn=row.drawn,
    )
