"""Statements about pieces and the places they belong to. Each function runs inside its caller's transaction."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from storage import lore
from storage.db import insert, new_id, now
from storage.records import PieceRow, Place
from storage.schema import links, pieces, places, turns
from storage.schema import lore as lore_table

_linked = sa.exists().where(links.c.piece == pieces.c.id).label("linked")
_has_lore = sa.exists().where(lore_table.c.piece == pieces.c.id).label("has_lore")
_here: dict[str, Any] = {name: sa.bindparam(name) for name in ("platform", "chat", "thread")}


def at(table: sa.Table, place: Place) -> sa.ColumnElement[bool]:
    """The condition that a row of `table` belongs to this place."""
    return _at(table, _place(place))


def reached(place: Place) -> sa.ColumnElement[bool]:
    """The condition that a piece can be reached from this place: it began there, or is linked to it."""
    return _reached(_place(place))


def _at(table: sa.Table, names: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in names.items()))


def _reached(names: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    linked = sa.select(links.c.piece).where(links.c.piece == pieces.c.id, _at(links, names))
    return sa.or_(_at(pieces, names), sa.exists(linked))


_opened = sa.and_(places.c.piece == pieces.c.id, _at(places, _here))
_select = (
    sa.select(pieces, places.c.piece.is_not(None).label("is_open"), _linked, _has_lore, turns.c.depth, turns.c.form)
    .select_from(pieces.outerjoin(places, _opened).outerjoin(turns, turns.c.id == pieces.c.head))
    .where(pieces.c.deleted.is_(None))
)
_find_open = _select.where(
    pieces.c.id == sa.select(places.c.piece).where(_at(places, _here)).scalar_subquery()
)  # what is open in a place can be reached from there
_find = _select.where(pieces.c.id == sa.bindparam("piece"), _reached(_here))
_list = _select.where(
    pieces.c.id.in_(
        sa.union(sa.select(pieces.c.id).where(_at(pieces, _here)), sa.select(links.c.piece).where(_at(links, _here)))
    )
).order_by(pieces.c.created, pieces.c.id)


def find(connection: sa.Connection, place: Place, piece: str = "") -> PieceRow | None:
    """The piece of that id if it can be reached from this place; without an id the one that is open here."""
    found = connection.execute(_find if piece else _find_open, _place(place) | ({"piece": piece} if piece else {}))
    row = found.one_or_none()
    return None if row is None else _piece(row, place, lore.of(connection, row.id) if row.has_lore else ())


def listing(connection: sa.Connection, place: Place) -> tuple[PieceRow, ...]:
    """Every piece that can be reached from this place and was not deleted, oldest first."""
    return tuple(_piece(row, place) for row in connection.execute(_list, _place(place)))


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
    """Set columns that are not part of the tree (title, memory, note, genre, mood, teller)."""
    connection.execute(sa.update(pieces).where(pieces.c.id == piece).values(**values, updated=now()))


def delete(connection: sa.Connection, place: Place, piece: str) -> None:
    """Put a piece out of reach, keeping every row; if it was open, the one used last is open instead."""
    connection.execute(sa.update(pieces).where(pieces.c.id == piece).values(deleted=now()))
    if find(connection, place) is None:
        reopen(connection, place)


def reopen(connection: sa.Connection, place: Place, piece: str | None = None) -> None:
    """From now on messages in this place go to `piece` if it can be reached, or to the one of its own used last."""
    if piece and find(connection, place, piece):
        open_piece(connection, place, piece)
        return
    rest = sa.select(pieces.c.id).where(at(pieces, place), pieces.c.deleted.is_(None))
    open_piece(connection, place, connection.scalar(rest.order_by(pieces.c.updated.desc()).limit(1)))


def _place(place: Place) -> dict[str, str]:
    return {"platform": place.platform, "chat": place.chat, "thread": place.thread}


def _piece(row: Any, place: Place, entries: lore.Rows = ()) -> PieceRow:
    return PieceRow(
        id=row.id,
        place=place,
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
        linked=bool(row.linked),
        guest=place != Place(row.platform, row.chat, row.thread),
        lore=entries,
        genre=row.genre,
        mood=row.mood,
        teller=row.teller,
    )
