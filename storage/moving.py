"""A chat that goes by another name from now on. Each function runs inside its caller's transaction.

Messages do not go along: the platform counts those of the new chat anew, so an old number would name a stranger's.
"""

import sqlalchemy as sa

from storage import links
from storage.db import insert, now
from storage.pieces import open_piece
from storage.records import Place
from storage.schema import inbox, outbox, personas, pieces, places, settings

MOVED = "moved"


def relocate(connection: sa.Connection, platform: str, old: str, new: str) -> None:
    """Take the pieces of a chat, which of them is open, its personas, what it was sent and is still to hear, to that of
    another name.

    Done a second time it changes nothing. What was written in the new chat before stays there, no longer open.
    """
    opened = sa.select(places.c.thread, places.c.piece).where(_of(places, platform, old), places.c.piece.is_not(None))
    for thread, piece in connection.execute(opened).all():
        open_piece(connection, Place(platform, new, thread), piece)
    connection.execute(sa.delete(places).where(_of(places, platform, old)))
    for table in (pieces, inbox, outbox):
        connection.execute(sa.update(table).where(_of(table, platform, old)).values(chat=new))
    links.relocate(connection, platform, old, new)
    there = sa.select(personas.c.key).where(personas.c.scope == _scope(platform, new))
    mine = sa.and_(personas.c.scope == _scope(platform, old), personas.c.key.not_in(there.scalar_subquery()))
    connection.execute(sa.update(personas).where(mine).values(scope=_scope(platform, new)))
    row = insert(connection, settings).values(scope=_scope(platform, old), name=MOVED, value=new, updated=now())
    connection.execute(row.on_conflict_do_nothing())


def present(connection: sa.Connection, platform: str, chat: str) -> str:
    """What the chat is called now."""
    c = settings.c
    named = connection.scalar(sa.select(c.value).where(c.scope == _scope(platform, chat), c.name == MOVED))
    return chat if named is None else str(named)


def _of(table: sa.Table, platform: str, chat: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.platform == platform, table.c.chat == chat)


def _scope(platform: str, chat: str) -> str:
    return f"chat:{platform}:{chat}"
