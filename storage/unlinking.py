"""Links when a person is forgotten: their chat goes out, and what was shown of their words elsewhere is taken back.

Each function runs inside its caller's transaction.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from storage import links, outbox
from storage.db import now
from storage.pieces import at
from storage.records import Heard, NewsRow, Place
from storage.schema import deliveries, inbox, link_codes, people, pieces, places
from storage.schema import links as table


def shown(connection: sa.Connection, piece: str, turns: Sequence[str]) -> tuple[NewsRow, ...]:
    """What is to be taken back of these passages: the messages that show them in chats they were not written in."""
    written = sa.exists().where(
        inbox.c.turn == deliveries.c.turn,
        inbox.c.platform == deliveries.c.platform,
        inbox.c.chat == deliveries.c.chat,
    )
    elsewhere = sa.select(deliveries.c.platform, deliveries.c.chat, deliveries.c.message)
    found = connection.execute(elsewhere.where(deliveries.c.turn.in_(turns), sa.not_(written))).all()
    rows = []
    for each in links.heard(connection, piece):
        here = [row.message for row in found if (row.platform, row.chat) == (each.place.platform, each.place.chat)]
        if here:
            rows.append(NewsRow(each.place, piece, "withdrawn", {"messages": here}, each.language))
    return tuple(rows)


def forget(connection: sa.Connection, piece: str, person: str) -> None:
    """Take somebody's private chat out of a piece that others have a part in, and their name off its links.

    If the piece began there, it belongs to the chat that was linked next.
    """
    connection.execute(sa.update(table).where(table.c.piece == piece, table.c.person == person).values(person=None))
    connection.execute(sa.delete(link_codes).where(link_codes.c.piece == piece, link_codes.c.person == person))
    account = connection.execute(sa.select(people.c.platform, people.c.account).where(people.c.id == person)).one()
    theirs, rest = _parted(links.heard(connection, piece), account.platform, account.account)
    own = sa.and_(pieces.c.platform == account.platform, pieces.c.chat == account.account)
    if theirs and rest:
        first = rest[0].place
        moved = {"platform": first.platform, "chat": first.chat, "thread": first.thread}
        connection.execute(sa.update(pieces).where(pieces.c.id == piece, own).values(moved))
    for each in theirs:
        links.take_out(connection, piece, each.place)
    if len(rest) == 1:
        links.remove(connection, piece, rest[0].place)


def drop(connection: sa.Connection, piece: str) -> None:
    """A piece is about to be deleted with every row: the chats that are linked to it have their own again, and are told
    so under the name of that one, since no other is left.
    """
    home = connection.execute(sa.select(pieces).where(pieces.c.id == piece)).one()
    moment = now()
    for each in links.others(connection, piece, Place(home.platform, home.chat, home.thread)):
        links.take_out(connection, piece, each.place)
        opened = connection.scalar(sa.select(places.c.piece).where(at(places, each.place)))
        if opened:
            said = NewsRow(each.place, opened, "links", {"lines": [["unlinked_gone", {"title": ""}]]}, each.language)
            outbox.post(connection, [said], moment, moment)
    for rows in (table, link_codes):
        connection.execute(sa.delete(rows).where(rows.c.piece == piece))


def _parted(heard: Sequence[Heard], platform: str, chat: str) -> tuple[list[Heard], list[Heard]]:
    own = [each for each in heard if (each.place.platform, each.place.chat) == (platform, chat)]
    return own, [each for each in heard if each not in own]
