"""The chats in which one piece is written, and what is said in the others of what happens in one.

What a step puts into a piece becomes news for the other chats in the transaction of that step, so neither is there
without the other, and the order of the news is the order of the piece. Each function runs inside its caller's
transaction.
"""

from dataclasses import replace

import sqlalchemy as sa

from storage import outbox
from storage.db import now
from storage.outbox import MOVED, PASSAGE
from storage.pieces import at, reopen
from storage.records import Heard, NewsRow, PieceRow, Place, Shift, TurnRow
from storage.schema import links, members, people, places, turns


def heard(connection: sa.Connection, piece: str) -> tuple[Heard, ...]:
    """The chats that a piece is linked to, the first first; none where it is in one chat only."""
    rows = connection.execute(sa.select(links).where(links.c.piece == piece).order_by(links.c.created, links.c.chat))
    return tuple(Heard(Place(row.platform, row.chat, row.thread), row.language) for row in rows)


def words(connection: sa.Connection, piece: PieceRow, turn: str, person: str) -> None:
    """A person's passage was stored: it is shown in the other chats."""
    _echo(connection, piece, NewsRow(piece.place, piece.id, PASSAGE, {"how": "on"}, turn=turn, person=person))


def written(connection: sa.Connection, piece: PieceRow, row: TurnRow) -> None:
    """The model's passage became the live end: it is shown in the other chats, in the place of the version it replaces
    if that is the one they saw last.
    """
    fields = {"how": "on"}
    if row.parent != piece.head:
        before = connection.scalar(sa.select(turns.c.parent).where(turns.c.id == piece.head))
        fields = {"how": "instead", "over": piece.head or ""} if before == row.parent else {"how": "elsewhere"}
    _echo(connection, piece, NewsRow(piece.place, piece.id, PASSAGE, fields, turn=row.id))


def stepped(connection: sa.Connection, piece: PieceRow, person: str | None, to: Shift) -> None:
    """The live end was moved, or a passage has other words: so the other chats are told, or see it."""
    said = NewsRow(piece.place, piece.id, PASSAGE, person=person)
    if to.text is not None:
        _echo(connection, piece, replace(said, fields={"how": "edited"}, turn=to.turn))
    elif to.head == piece.head:
        return
    elif to.over and (to.head, piece.head) == (to.turn, to.over):
        _echo(connection, piece, replace(said, fields={"how": "instead", "over": to.over}, turn=to.turn))
    else:
        way = "aside" if to.step is None else "back" if to.step < piece.step else "forward"
        fields = {"way": way, "name": name(connection, piece.id, person)}
        _echo(connection, piece, replace(said, name=MOVED, fields=fields, turn=to.head))


def name(connection: sa.Connection, piece: str, person: str | None) -> str:
    """What somebody is called in a piece."""
    here = sa.and_(members.c.piece == piece, members.c.person == people.c.id)
    called = sa.select(sa.func.coalesce(members.c.pen, people.c.name)).select_from(people.outerjoin(members, here))
    return str(connection.scalar(called.where(people.c.id == person)) or "")


def others(connection: sa.Connection, piece: str, here: Place) -> tuple[Heard, ...]:
    """The chats of a piece but this one."""
    return tuple(each for each in heard(connection, piece) if each.place != here)


def remove(connection: sa.Connection, piece: str, place: Place) -> str | None:
    """Take a chat out; what was open there before."""
    gone = sa.delete(links).where(links.c.piece == piece, at(links, place)).returning(links.c.before)
    return connection.scalar(gone)


def take_out(connection: sa.Connection, piece: str, place: Place) -> None:
    """Take a chat out; what was open there before is open again, if it has the piece open now."""
    before = remove(connection, piece, place)
    if connection.scalar(sa.select(places.c.piece).where(at(places, place))) == piece:
        reopen(connection, place, before)


def relocate(connection: sa.Connection, platform: str, old: str, new: str) -> None:
    """The chat `old` is called `new`; should a piece be linked to both, it is linked once."""
    there = links.alias()
    twice = sa.exists().where(
        there.c.piece == links.c.piece,
        there.c.platform == platform,
        there.c.chat == new,
        there.c.thread == links.c.thread,
    )
    old_one = sa.and_(links.c.platform == platform, links.c.chat == old)
    connection.execute(sa.delete(links).where(old_one, twice))
    connection.execute(sa.update(links).where(old_one).values(chat=new))


def _echo(connection: sa.Connection, piece: PieceRow, said: NewsRow) -> None:
    moment = now()
    rows = [
        replace(said, place=each.place, language=each.language) for each in others(connection, piece.id, piece.place)
    ]
    outbox.post(connection, rows, moment, moment)
