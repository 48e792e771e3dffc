"""A piece that comes from a file, stored whole in its caller's transaction.

People in it who are not here become rows of their own on the platform `BROUGHT`, where nobody can sign in: their names
stay, and nobody's consent, votes or right to be forgotten is mixed with theirs.
"""

from datetime import datetime

import sqlalchemy as sa

from storage import journal, lore, motifs, pieces
from storage.db import insert, new_id, now
from storage.records import BroughtPiece, BroughtTurn, PieceRow, Place
from storage.schema import edits, people, turns
from storage.schema import pieces as table

BROUGHT = "brought"


def bring(connection: sa.Connection, place: Place, person: str, found: BroughtPiece, delivery: str) -> PieceRow:
    """The piece, open in this place from now on; raises Duplicate."""
    piece = pieces.create(connection, place, found.title)
    journal.receive(connection, place, delivery, piece.id)
    own = connection.scalar(sa.select(people.c.name).where(people.c.id == person)) or ""
    writers: dict[str, str] = {own: person}
    moment, last = now(), len(found.turns)
    rows, changes = [], []
    for number, one in enumerate(found.turns, 1):
        by = person if one.author is None else _writer(connection, person, one.author, writers, moment)
        shown = last if one.id == found.head else 0
        row = journal.turn_row(one.id, piece.id, number, shown, one.turn, by if one.turn.kind == "person" else None)
        rows.append(row | {"created": one.created, "edited": bool(one.changes)})
        changes += _edits(connection, person, one, writers, moment)
    for start in range(0, last, 500):
        connection.execute(sa.insert(turns), rows[start : start + 500])
    journal.keep_scores(connection, [(one.id, one.turn) for one in found.turns])
    if changes:
        connection.execute(sa.insert(edits), changes)
    lore.change(connection, piece.id, person, lambda _: found.lore)
    motifs.change(connection, piece.id, person, lambda _: found.motifs)
    words = {"memory": found.memory, "note": found.note, "genre": found.genre, "teller": found.teller}
    mine = {name: text for name, text in words.items() if text}
    mine |= {f"{name}_by": person for name in mine}
    about = {"head": found.head, "clock": last, "updated": moment, "mood": found.mood, **mine}
    connection.execute(sa.update(table).where(table.c.id == piece.id).values(**about))
    return piece


def _edits(
    connection: sa.Connection, person: str, one: BroughtTurn, writers: dict[str, str], moment: datetime
) -> list[dict[str, object]]:
    """Edits without a step, so that undo, which takes steps back, leaves them."""
    return [
        {
            "id": new_id(),
            "turn": one.id,
            "person": _writer(connection, person, by, writers, moment),
            "before": before,
            "after": after,
            "first": number == 0,
            "created": moment,
        }
        for number, (by, before, after) in enumerate(one.changes)
    ]


def _writer(connection: sa.Connection, person: str, name: str, known: dict[str, str], moment: datetime) -> str:
    """Who goes by this name in the file: whoever brings it, if it is their own."""
    if name not in known:
        row = {"id": new_id(), "platform": BROUGHT, "account": f"{person}:{name}", "name": name}
        upsert = insert(connection, people).values(**row, language="en", created=moment)
        upsert = upsert.on_conflict_do_update(index_elements=["platform", "account"], set_={"name": name})
        known[name] = str(connection.execute(upsert.returning(people.c.id)).scalar_one())
    return known[name]
