"""Linking chats to a piece and taking them out again, each in one transaction with what is said of it.

A code is used up in the transaction that links, so of two who use it at once one is told (`Stale`). The chat in which
the piece began is in the table, too, as long as there is another one.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from storage import gatherings, links, outbox
from storage.db import Database, Stale, insert, new_id, now
from storage.pieces import at, open_piece
from storage.records import CodeRow, Heard, NewLink, NewsRow, Place
from storage.schema import link_codes, link_guesses, pieces, places
from storage.schema import links as table
from storage.seats import Gathered


class Linking:
    """Codes and links, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def offer(self, code: str, piece: str, person: str, language: str, expires: datetime) -> None:
        """A code for a piece, in place of any other one that was not used."""
        await self._database.write(_offer, code, piece, person, language, expires)

    async def code(self, code: str) -> CodeRow | None:
        """A code that was given at some time; of a piece that was deleted there is none."""
        return await self._database.read(_code, code)

    async def guess(self, person: str, moment: datetime, since: datetime) -> None:
        """Somebody named a code that there is not. What they named before `since` is forgotten."""
        await self._database.write(_guess, person, moment, since)

    async def guesses(self, person: str, since: datetime) -> int:
        """How many such codes somebody has named since then."""
        return await self._database.read(_guesses, person, since)

    async def heard(self, piece: str) -> tuple[Heard, ...]:
        """The chats that a piece is linked to, the first first; none where it is in one chat only."""
        return await self._database.read(links.heard, piece)

    async def by(self, piece: str, place: Place) -> str | None:
        """Who linked a chat to a piece."""
        return await self._database.read(_by, piece, place)

    async def join(self, link: NewLink, gathered: Gathered) -> tuple[NewsRow, ...]:
        """Link a chat, which has the piece open from then on; the news that is to be said. Raises Stale, Duplicate."""
        return await self._database.write(_join, link, gathered)

    async def leave(self, piece: str, out: Sequence[Place], gathered: Gathered) -> tuple[NewsRow, ...]:
        """Take chats out, which have open again what they had before; the news. Raises Stale, Duplicate."""
        return await self._database.write(_leave, piece, out, gathered)


def dissolve(connection: sa.Connection, piece: str, here: Place, said: str) -> None:
    """A piece was put out of reach in the caller's transaction: the other chats are told, and have their own again."""
    moment, title = now(), connection.scalar(sa.select(pieces.c.title).where(pieces.c.id == piece)) or ""
    for each in links.others(connection, piece, here):
        links.take_out(connection, piece, each.place)
        lines = {"lines": [[said, {"title": title}]]}
        outbox.post(connection, [NewsRow(each.place, piece, "links", lines, each.language)], moment, moment)
    connection.execute(sa.delete(table).where(table.c.piece == piece))
    connection.execute(sa.delete(link_codes).where(link_codes.c.piece == piece))


def _offer(connection: sa.Connection, code: str, piece: str, person: str, language: str, expires: datetime) -> None:
    connection.execute(sa.delete(link_codes).where(link_codes.c.piece == piece, link_codes.c.used.is_(None)))
    row = {"code": code, "piece": piece, "person": person, "language": language, "expires": expires}
    connection.execute(sa.insert(link_codes).values(row))


def _code(connection: sa.Connection, code: str) -> CodeRow | None:
    names = (pieces.c.platform, pieces.c.chat, pieces.c.thread)
    query = sa.select(link_codes, *names).join(pieces, pieces.c.id == link_codes.c.piece)
    row = connection.execute(query.where(link_codes.c.code == code, pieces.c.deleted.is_(None))).one_or_none()
    home = row and Place(row.platform, row.chat, row.thread)
    return CodeRow(code, row.piece, home, row.expires, row.used is not None) if row and home else None


def _guess(connection: sa.Connection, person: str, moment: datetime, since: datetime) -> None:
    connection.execute(sa.delete(link_guesses).where(link_guesses.c.created < since))
    connection.execute(sa.insert(link_guesses).values(id=new_id(), person=person, created=moment))


def _guesses(connection: sa.Connection, person: str, since: datetime) -> int:
    mine = sa.select(sa.func.count()).where(link_guesses.c.person == person, link_guesses.c.created >= since)
    return int(connection.scalar(mine) or 0)


def _by(connection: sa.Connection, piece: str, place: Place) -> str | None:
    return connection.scalar(sa.select(table.c.person).where(table.c.piece == piece, at(table, place)))


def _join(connection: sa.Connection, link: NewLink, gathered: Gathered) -> tuple[NewsRow, ...]:
    fresh = sa.and_(link_codes.c.code == link.code, link_codes.c.used.is_(None), link_codes.c.expires > gathered.moment)
    by = connection.execute(
        sa.update(link_codes).where(fresh).values(used=gathered.moment).returning(link_codes)
    ).one_or_none()
    home = connection.execute(sa.select(pieces).where(pieces.c.id == link.piece, pieces.c.deleted.is_(None))).first()
    if by is None or home is None:
        raise Stale
    before = connection.scalar(sa.select(places.c.piece).where(at(places, link.place)))
    first = Place(home.platform, home.chat, home.thread)
    for place, language, person, opened in (
        (first, by.language, by.person, None),
        (link.place, link.language, link.person, before),
    ):
        row = {"piece": link.piece, "language": language, "before": opened, "person": person, "created": now()}
        names = {"platform": place.platform, "chat": place.chat, "thread": place.thread}
        connection.execute(insert(connection, table).values(**row, **names).on_conflict_do_nothing())
    open_piece(connection, link.place, link.piece)
    return gatherings.apply(connection, gathered)


def _leave(connection: sa.Connection, piece: str, out: Sequence[Place], gathered: Gathered) -> tuple[NewsRow, ...]:
    for place in out:
        links.take_out(connection, piece, place)
    left = links.heard(connection, piece)
    if len(left) == 1:  # it is in one chat only, as any other
        links.remove(connection, piece, left[0].place)
    return gatherings.apply(connection, gathered)
