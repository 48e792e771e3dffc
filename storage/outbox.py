"""What is to be said in chats without a message that it answers: kept until it was said.

A row is posted in the transaction of what it tells of, so neither is there without the other. Whoever says it claims it
first, which puts it off for a while: of two processes one says it, and if that one dies it becomes due again. What was
done in a piece is told in its order: while somebody is saying a row of that, nobody gets a later one of the same chat.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.db import Database
from storage.records import NewsRow, Place
from storage.schema import outbox

KEPT = timedelta(days=7)  # how long it is remembered that something was said, and where
AT_ONCE = 50
PASSAGE, MOVED = "passage", "moved"
ECHOES = (PASSAGE, MOVED)  # news that tell one chat of a piece what was done in another
Messages = Sequence[tuple[str, str, str]]


class Outbox:
    """The rows that are to be said, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post(self, rows: Sequence[NewsRow], moment: datetime) -> tuple[NewsRow, ...]:
        """Keep rows to be said from `moment` on; the rows with their numbers."""
        return await self._database.write(post, rows, moment, moment)

    async def claim(self, platform: str, moment: datetime, until: datetime) -> tuple[NewsRow, ...]:
        """Rows of a platform that are due, oldest first, which nobody else gets before `until`."""
        if not await self._database.read(_is_due, platform, moment):
            return ()
        return await self._database.write(_claim, platform, moment, until)

    async def waiting(self, place: Place, before: datetime | None = None, until: int | None = None) -> int | None:
        """The number of the last echo that is not said yet in a place, of those posted before a moment and up to a
        number; None if all are said.
        """
        return await self._database.read(_waiting, place, before, until)

    async def said(self, place: Place, piece: str, name: str) -> tuple[tuple[str, str, str], ...]:
        """The messages (platform, chat, message) in which the last row of that name was said in a place."""
        return await self._database.read(_said, place, piece, name)

    async def told(self, number: int, moment: datetime, messages: Messages) -> None:
        """It was said, in these messages (platform, chat, message)."""
        await self._database.write(_told, number, moment, messages)

    async def hold(self, numbers: Collection[int], until: datetime) -> None:
        """Put off what is being said, or with a moment that is past give it back to whoever comes first."""
        if numbers:
            await self._database.write(_hold, numbers, until)


def post(
    connection: sa.Connection, rows: Sequence[NewsRow], moment: datetime, due: datetime, here: Place | None = None
) -> tuple[NewsRow, ...]:
    """Keep rows in the caller's transaction, to be said from `due` on; if a place `here` is named, those of other
    places at once. The rows with their numbers.
    """
    return tuple(_post(connection, row, moment, due if here in {None, row.place} else moment) for row in rows)


def _post(connection: sa.Connection, row: NewsRow, moment: datetime, due: datetime) -> NewsRow:
    values: dict[str, Any] = {
        "platform": row.place.platform,
        "chat": row.place.chat,
        "thread": row.place.thread,
        "piece": row.piece,
        "name": row.name,
        "fields": dict(row.fields),
        "language": row.language,
        "turn": row.turn,
        "person": row.person,
        "created": moment,
        "due": due,
        "messages": [],
    }
    number = connection.execute(sa.insert(outbox).values(values).returning(outbox.c.number)).scalar_one()
    return NewsRow(row.place, row.piece, row.name, row.fields, row.language, row.turn, row.person, number)


def _waits(platform: str, moment: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(outbox.c.platform == platform, outbox.c.told.is_(None), outbox.c.due <= moment)


def _after_another(moment: datetime) -> sa.ColumnElement[bool]:
    """Whether somebody is saying what was done before in the same piece and chat."""
    before = outbox.alias()
    same = [before.c[name] == outbox.c[name] for name in ("platform", "chat", "thread", "piece")]
    unsaid = [before.c.told.is_(None), before.c.due > moment, before.c.name.in_(ECHOES)]
    return sa.exists().where(*same, before.c.number < outbox.c.number, *unsaid)


def _is_due(connection: sa.Connection, platform: str, moment: datetime) -> bool:
    return connection.execute(sa.select(outbox.c.number).where(_waits(platform, moment)).limit(1)).first() is not None


def _claim(connection: sa.Connection, platform: str, moment: datetime, until: datetime) -> tuple[NewsRow, ...]:
    free = sa.and_(_waits(platform, moment), sa.not_(_after_another(moment)))
    waiting = sa.select(outbox.c.number).where(free).order_by(outbox.c.number).limit(AT_ONCE)
    mine = outbox.c.number.in_(waiting.with_for_update(skip_locked=True).scalar_subquery())
    rows = connection.execute(sa.update(outbox).where(mine).values(due=until).returning(outbox))
    found = (
        NewsRow(
            Place(row.platform, row.chat, row.thread),
            row.piece,
            row.name,
            row.fields,
            row.language,
            row.turn,
            row.person,
            row.number,
        )
        for row in rows
    )
    return tuple(sorted(found, key=lambda row: row.number))


def _waiting(connection: sa.Connection, place: Place, before: datetime | None, until: int | None) -> int | None:
    here = [outbox.c[name] == getattr(place, name) for name in ("platform", "chat", "thread")]
    unsaid = sa.select(outbox.c.number).where(*here, outbox.c.told.is_(None), outbox.c.name.in_(ECHOES))
    if before is not None:
        unsaid = unsaid.where(outbox.c.created < before)
    if until is not None:
        unsaid = unsaid.where(outbox.c.number <= until)
    return connection.scalar(unsaid.order_by(outbox.c.number.desc()).limit(1))


def _said(connection: sa.Connection, place: Place, piece: str, name: str) -> tuple[tuple[str, str, str], ...]:
    here = [outbox.c[column] == getattr(place, column) for column in ("platform", "chat", "thread")]
    query = sa.select(outbox.c.messages).where(*here, outbox.c.piece == piece, outbox.c.name == name)
    last = connection.scalar(query.where(outbox.c.told.is_not(None)).order_by(outbox.c.number.desc()).limit(1))
    return tuple((platform, chat, message) for platform, chat, message in last or ())


def _told(connection: sa.Connection, number: int, moment: datetime, messages: Messages) -> None:
    said = {"told": moment, "messages": [list(message) for message in messages]}
    connection.execute(sa.update(outbox).where(outbox.c.number == number, outbox.c.told.is_(None)).values(said))
    connection.execute(sa.delete(outbox).where(outbox.c.told < moment - KEPT))


def _hold(connection: sa.Connection, numbers: Collection[int], until: datetime) -> None:
    mine = sa.and_(outbox.c.number.in_(numbers), outbox.c.told.is_(None))
    connection.execute(sa.update(outbox).where(mine).values(due=until))
