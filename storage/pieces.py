"""Statements about pieces and the places they belong to. Each function runs inside its caller's transaction."""

from typing import Any

import sqlalchemy as sa

from storage.db import insert, new_id, now
from storage.records import PieceRow, Place
from storage.schema import pieces, places, turns

_same_place = sa.and_(
    places.c.platform == pieces.c.platform, places.c.chat == pieces.c.chat, places.c.thread == pieces.c.thread
)
_is_open = sa.func.coalesce(places.c.piece == pieces.c.id, sa.false()).label("is_open")
_select = (
    sa.select(pieces, _is_open, turns.c.depth, turns.c.form)
    .select_from(pieces.outerjoin(places, _same_place).outerjoin(turns, turns.c.id == pieces.c.head))
    .where(pieces.c.deleted.is_(None))
)


def at(table: sa.Table, place: Place) -> sa.ColumnElement[bool]:
    """The condition that a row of `table` belongs to this place."""
    c = table.c
    return sa.and_(c.platform == place.platform, c.chat == place.chat, c.thread == place.thread)


def find(connection: sa.Connection, place: Place, piece: str = "") -> PieceRow | None:
    """The piece of that id if it belongs to this place; without an id the one that is open here."""
    wanted = pieces.c.id == piece if piece else places.c.piece == pieces.c.id
    row = (connection.execute(_select.where(at(pieces, place), wanted))).one_or_none()
    return None if row is None else _piece(row)


def listing(connection: sa.Connection, place: Place) -> tuple[PieceRow, ...]:
    """Every piece of this place that was not deleted, oldest first."""
    rows = connection.execute(_select.where(at(pieces, place)).order_by(pieces.c.created, pieces.c.id))
    return tuple(_piece(row) for row in rows)


def create(connection: sa.Connection, place: Place, title: str = "") -> PieceRow:
    """A new piece, open in its place from now on."""
    moment = now()
    piece = PieceRow(new_id(), place, title, "", "", None, 0, 0, moment, moment, is_open=True)
    connection.execute(
        sa.insert(pieces).values(
            id=piece.id,
            **_place(place),
            title=title,
            memory="",
            note="",
            step=0,
            clock=0,
            created=moment,
            updated=moment,
        )
    )
    open_piece(connection, place, piece.id)
    return piece


def ensure(connection: sa.Connection, place: Place) -> PieceRow:
    """The piece that is open here, a new one if there is none; two callers at once get the same."""
    connection.execute(insert(connection, places).values(**_place(place)).on_conflict_do_nothing())
    connection.execute(sa.select(places.c.piece).where(at(places, place)).with_for_update())
    found = find(connection, place)
    return create(connection, place) if found is None else found


def open_piece(connection: sa.Connection, place: Place, piece: str | None) -> None:
    """From now on messages in this place go to `piece`."""
    upsert = insert(connection, places).values(**_place(place), piece=piece)
    connection.execute(
        upsert.on_conflict_do_update(index_elements=list(places.primary_key.columns), set_={"piece": piece})
    )


def change(connection: sa.Connection, piece: str, values: dict[str, Any]) -> None:
    """Set columns that are not part of the tree (title, memory, note)."""
    connection.execute(sa.update(pieces).where(pieces.c.id == piece).values(**values, updated=now()))


def delete(connection: sa.Connection, place: Place, piece: str) -> None:
    """Put a piece out of reach, keeping every row; if it was open, the one used last is open instead."""
    connection.execute(sa.update(pieces).where(pieces.c.id == piece).values(deleted=now()))
    if find(connection, place) is None:
        rest = sa.select(pieces.c.id).where(at(pieces, place), pieces.c.deleted.is_(None))
        open_piece(connection, place, connection.scalar(rest.order_by(pieces.c.updated.desc()).limit(1)))


def _place(place: Place) -> dict[str, str]:
    return {"platform": place.platform, "chat": place.chat, "thread": place.thread}


def _piece(row: Any) -> PieceRow:
    return PieceRow(
        id=row.id,
        place=Place(row.platform, row.chat, row.thread),
        title=row.title,
        memory=row.memory,
        note=row.note,
        head=row.head,
        step=row.step,
        clock=row.clock,
        created=row.created,
        updated=row.updated,
        is_open=bool(row.is_open),
        passages=row.depth or 0,
        form=row.form or "",
    )
