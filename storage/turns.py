"""Statements that read the tree of turns. Each function runs inside its caller's transaction."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.pieces import at
from storage.records import Edit, Move, Place, Recipe, TurnRow
from storage.schema import deliveries, edits, moves, people, pieces, preferences, turns

_heavy = (
    turns.c.completion,
    turns.c.prompt,
    turns.c.sampling,
    turns.c.sections,
    turns.c.tokens,
    turns.c.window,
    turns.c.reserved,
)
_light = [column for column in turns.c if column not in {*_heavy, turns.c.person}]
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


async def tree(connection: AsyncConnection, piece: str) -> tuple[TurnRow, ...]:
    """Every passage of a piece ever written, in the order of writing, with its votes."""
    counts = (
        sa.select(
            preferences.c.turn,
            sa.func.count().filter(preferences.c.value == 1).label("likes"),
            sa.func.count().filter(preferences.c.value == -1).label("dislikes"),
        )
        .join(turns, turns.c.id == preferences.c.turn)
        .where(turns.c.piece == piece)
        .group_by(preferences.c.turn)
        .subquery()
    )
    rows = await connection.execute(
        sa.select(*_light, people.c.name.label("author"), counts.c.likes, counts.c.dislikes)
        .select_from(
            turns.outerjoin(people, people.c.id == turns.c.person).outerjoin(counts, counts.c.turn == turns.c.id)
        )
        .where(turns.c.piece == piece)
        .order_by(turns.c.number)
    )
    return tuple(_turn(row) for row in rows)


async def recipes(connection: AsyncConnection, piece: str, turn: str = "") -> dict[str, Recipe]:
    """How passages came to be, by turn: of one turn, or of the whole piece."""
    wanted = turns.c.id == turn if turn else turns.c.kind == "model"
    rows = await connection.execute(sa.select(turns.c.id, *_heavy).where(turns.c.piece == piece, wanted))
    return {row.id: _recipe(row) for row in rows}


async def home(connection: AsyncConnection, place: Place, turn: str) -> str | None:
    """The piece a turn is in, if that piece belongs to this place and was not deleted."""
    query = sa.select(pieces.c.id).join(turns, turns.c.piece == pieces.c.id)
    found: str | None = await connection.scalar(
        query.where(turns.c.id == turn, at(pieces, place), pieces.c.deleted.is_(None))
    )
    return found


async def shown(connection: AsyncConnection, chat: Place, message: str) -> tuple[Place, str, str] | None:
    """What a message of this chat shows: the place and the piece it belongs to, and the turn.

    The thread does not matter, because platforms name a message by its chat alone.
    """
    query = (
        sa.select(pieces.c.thread, pieces.c.id, turns.c.id)
        .select_from(deliveries.join(turns, turns.c.id == deliveries.c.turn).join(pieces, pieces.c.id == turns.c.piece))
        .where(deliveries.c.platform == chat.platform, deliveries.c.chat == chat.chat, deliveries.c.message == message)
        .where(pieces.c.platform == chat.platform, pieces.c.chat == chat.chat, pieces.c.deleted.is_(None))
    )
    row = (await connection.execute(query)).one_or_none()
    return row and (Place(chat.platform, chat.chat, row[0]), row[1], row[2])


async def messages(connection: AsyncConnection, turn: str) -> tuple[tuple[str, str, str], ...]:
    """The messages (platform, chat, message) that show this turn."""
    query = sa.select(deliveries.c.platform, deliveries.c.chat, deliveries.c.message).where(deliveries.c.turn == turn)
    return tuple((row[0], row[1], row[2]) for row in await connection.execute(query))


async def moves_of(connection: AsyncConnection, piece: str) -> tuple[Move, ...]:
    """Every step ever made in a piece, oldest first."""
    rows = await connection.execute(sa.select(*_move).where(moves.c.piece == piece).order_by(moves.c.number))
    return tuple(Move(*row) for row in rows)


async def move(connection: AsyncConnection, piece: str, number: int) -> tuple[Move, Edit | None] | None:
    """The step of that number, and the edit it made."""
    return await _one_move(connection, moves.c.piece == piece, moves.c.number == number)


async def move_after(connection: AsyncConnection, piece: str, number: int) -> tuple[Move, Edit | None] | None:
    """The newest step that was made from there: the one redo brings back."""
    return await _one_move(connection, moves.c.piece == piece, moves.c.previous == number)


async def edits_of(connection: AsyncConnection, piece: str) -> tuple[Edit, ...]:
    """Every edit ever made in a piece, oldest first."""
    rows = await connection.execute(
        sa.select(*_edit)
        .select_from(edits.join(turns, turns.c.id == edits.c.turn).join(people, people.c.id == edits.c.person))
        .where(turns.c.piece == piece)
        .order_by(edits.c.created)
    )
    return tuple(Edit(*row) for row in rows)


async def _one_move(connection: AsyncConnection, *wanted: sa.ColumnElement[bool]) -> tuple[Move, Edit | None] | None:
    query = (
        sa.select(*_move, *_edit)
        .select_from(
            moves.outerjoin(edits, edits.c.id == moves.c.edit).outerjoin(people, people.c.id == edits.c.person)
        )
        .where(*wanted)
        .order_by(moves.c.number.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    first, second = tuple(row[: len(_move)]), tuple(row[len(_move) :])
    return Move(*first), Edit(*second) if first[-1] is not None else None


def _turn(row: Any) -> TurnRow:
    known = row._asdict()
    known["author"] = known["author"] or ""
    known["likes"] = known["likes"] or 0
    known["dislikes"] = known["dislikes"] or 0
    return TurnRow(**known)


def _recipe(row: Any) -> Recipe:
    return Recipe(
        completion=row.completion,
        prompt=row.prompt,
        sampling=row.sampling,
        sections=tuple(row.sections),
        tokens=row.tokens,
        window=row.window,
        reserved=row.reserved,
    )
