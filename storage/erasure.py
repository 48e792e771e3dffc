"""Forgetting a person: what is theirs is erased, what is others' stays, and every tree stays whole.

A piece in which nobody else ever took part goes as a whole. In a shared one their words become empty passages without a
name, their edits are taken out of the text, and the prompts that may have held their words are blanked, so that nothing
can be learnt from them; what was shown of them in other chats of the piece is taken back there (`unlinking`). Votes,
picks, retries, consent and settings go. A nameless row of `people` stays, because another process may still know the
person by its id; nothing points to it any more.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from storage import authorship, pieces, unlinking
from storage.bringing import BROUGHT
from storage.db import now
from storage.opinions import WORDED, unsigned
from storage.outbox import post
from storage.records import Place
from storage.schema import (
    ballots,
    consents,
    deliveries,
    edits,
    gatherings,
    inbox,
    link_codes,
    link_guesses,
    links,
    lore,
    members,
    motifs,
    moves,
    outbox,
    people,
    personas,
    picks,
    places,
    preferences,
    retries,
    scores,
    settings,
    timers,
    turns,
)
from storage.schema import pieces as pieces_table
from storage.unsung import unsung

OPINIONS = (preferences, picks, retries)


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is of a person: passages they wrote, edits, votes and choices, and pieces in which nobody else was."""

    passages: int = 0
    edits: int = 0
    votes: int = 0
    alone: int = 0

    def __bool__(self) -> bool:
        return bool(self.passages or self.edits or self.votes or self.alone)


def find(connection: sa.Connection, platform: str, account: str) -> str | None:
    """The id of a person who was met before."""
    query = sa.select(people.c.id).where(people.c.platform == platform, people.c.account == account)
    return connection.scalar(query)


def traces(connection: sa.Connection, person: str) -> Traces:
    """What there is to forget."""

    def count(table: sa.Table) -> int:
        mine = sa.select(sa.func.count()).select_from(table).where(table.c.person == person)
        return int(connection.scalar(mine) or 0)

    alone = sum(not _shared(connection, piece, person) for piece in involved(connection, person))
    return Traces(count(turns), count(edits), sum(map(count, OPINIONS)), alone)


def involved(connection: sa.Connection, person: str) -> tuple[str, ...]:
    """The pieces in which the person wrote, moved or remembered something, and those of their own chat; sorted."""
    account = sa.select(people.c.account).where(people.c.id == person).scalar_subquery()
    platform = sa.select(people.c.platform).where(people.c.id == person).scalar_subquery()
    own = sa.and_(pieces_table.c.platform == platform, pieces_table.c.chat == account)
    by = sa.or_(*(pieces_table.c[f"{name}_by"] == person for name in WORDED))
    parts = (
        sa.select(turns.c.piece).where(turns.c.person == person),
        sa.select(turns.c.piece).join(edits, edits.c.turn == turns.c.id).where(edits.c.person == person),
        sa.select(moves.c.piece).where(moves.c.person == person),
        sa.select(members.c.piece).where(members.c.person == person),
        sa.select(pieces_table.c.id).where(sa.or_(own, by)),
        sa.select(links.c.piece).where(links.c.platform == platform, links.c.chat == account),
        *(sa.select(table.c.piece).where(table.c.person == person) for table in (links, link_codes, lore, motifs)),
    )
    return tuple(sorted(connection.scalars(sa.union(*parts))))


def leave(connection: sa.Connection, piece: str, person: str) -> None:
    """Take a person out of one piece in the caller's transaction; a second time finds nothing to do.

    A transaction a piece, because together they may take seconds, and others write meanwhile.
    """
    if _shared(connection, piece, person):
        _blank(connection, piece, person)
        unlinking.forget(connection, piece, person)
    else:
        unlinking.drop(connection, piece)
        _drop(connection, piece)


def forget(connection: sa.Connection, person: str) -> None:
    """Erase what is left of a person who has left every piece."""
    for table in (*OPINIONS, consents, link_guesses, personas):
        connection.execute(sa.delete(table).where(table.c.person == person))
    row = connection.execute(sa.select(people.c.platform, people.c.account).where(people.c.id == person)).one()
    scopes = (f"person:{person}", f"person:{row.platform}:{row.account}")
    connection.execute(sa.delete(settings).where(settings.c.scope.in_(scopes)))
    empty = sa.and_(places.c.platform == row.platform, places.c.chat == row.account, places.c.piece.is_(None))
    connection.execute(sa.delete(places).where(empty))
    nameless = {"account": f"erased:{person}", "name": "", "language": "en"}
    connection.execute(sa.update(people).where(people.c.id == person).values(nameless))


# ── pieces of theirs alone ─────────────────────────────────────────────────────────────────────────────────────────


def _shared(connection: sa.Connection, piece: str, person: str) -> bool:
    """Whether anybody else ever did anything in a piece, even vote."""
    of_turns = (edits.c.turn, preferences.c.turn, picks.c.turn, retries.c.turn)
    by = sa.or_(*(pieces_table.c[f"{name}_by"] != person for name in WORDED))
    named = people.c.account.startswith(f"{person}:", autoescape=True)  # in a file that they brought in themselves
    brought = sa.select(people.c.id).where(people.c.platform == BROUGHT, named)
    others = (
        sa.select(turns.c.id).where(turns.c.piece == piece, turns.c.person != person, turns.c.person.not_in(brought)),
        sa.select(moves.c.piece).where(moves.c.piece == piece, moves.c.person != person),
        sa.select(members.c.piece).where(members.c.piece == piece, members.c.person != person),
        *(
            sa.select(turns.c.id)
            .join(column.table, column == turns.c.id)
            .where(turns.c.piece == piece, column.table.c.person != person, column.table.c.person.not_in(brought))
            for column in of_turns
        ),
        sa.select(pieces_table.c.id).where(pieces_table.c.id == piece, by),
        *(sa.select(rows.c.piece).where(rows.c.piece == piece, rows.c.person != person) for rows in (lore, motifs)),
    )
    return any(connection.execute(query.limit(1)).first() for query in others)


def _drop(connection: sa.Connection, piece: str) -> None:
    """Delete a piece and every row about it; what was used last before it is open in its place."""
    inside = sa.select(turns.c.id).where(turns.c.piece == piece)
    row = connection.execute(sa.select(pieces_table).where(pieces_table.c.id == piece)).one()
    place = Place(row.platform, row.chat, row.thread)
    pieces.delete(connection, place, piece)
    connection.execute(sa.delete(places).where(pieces.at(places, place), places.c.piece.is_(None)))
    for table, column in (
        *((table, table.c.turn) for table in (preferences, picks, retries, deliveries, scores)),
        (picks, picks.c.over),
        (retries, retries.c.reply),
    ):
        connection.execute(sa.delete(table).where(column.in_(inside)))
    for table in (inbox, moves, outbox, timers, ballots, members, gatherings, lore, motifs):
        connection.execute(sa.delete(table).where(table.c.piece == piece))
    connection.execute(sa.delete(edits).where(edits.c.turn.in_(inside)))
    connection.execute(sa.delete(turns).where(turns.c.piece == piece))
    connection.execute(sa.delete(settings).where(settings.c.scope == f"piece:{piece}"))
    connection.execute(sa.delete(pieces_table).where(pieces_table.c.id == piece))


# ── shared pieces ──────────────────────────────────────────────────────────────────────────────────────────────────


def _blank(connection: sa.Connection, piece: str, person: str) -> None:
    """Take a person's words out of a piece that others have a part in."""
    light = (turns.c.id, turns.c.piece, turns.c.parent, turns.c.kind, turns.c.starts, turns.c.person, turns.c.text)
    rows = connection.execute(sa.select(*light, turns.c.form).where(turns.c.piece == piece).order_by(turns.c.number))
    known = {row.id: row for row in rows}
    changed = _edits_of(connection, piece)
    nodes = [authorship.Node(row.id, piece, row.parent, bool(row.starts), row.person) for row in known.values()]
    editors = {turn: frozenset(edit.person for edit in found) for turn, found in changed.items()}
    seen = authorship.before(nodes, editors)
    clock = connection.scalar(
        sa.update(pieces_table)
        .where(pieces_table.c.id == piece)
        .values(clock=pieces_table.c.clock + 1)
        .returning(pieces_table.c.clock)
    )
    own = [row for row in known.values() if row.person == person]
    _forget_prompts(connection, piece, [turn for turn, who in seen.items() if person in who], own)
    gone: set[str] = set()
    for row in known.values():
        if row.person == person or person in editors.get(row.id, ()):
            text, base, instead = _without(connection, row, changed.get(row.id, []), person)
            gone |= instead.keys()
            values: dict[str, Any] = {"text": text, "edited": text != base, "changed": clock}
            if row.person == person:
                values |= {"person": None, "form": "music" if row.form == "midi" else row.form}
            connection.execute(sa.update(turns).where(turns.c.id == row.id).values(values))
    ids = [row.id for row in own]
    shown = unlinking.shown(connection, piece, ids)
    for table in (scores, deliveries):
        connection.execute(sa.delete(table).where(table.c.turn.in_(ids)))
    mine = sa.and_(moves.c.piece == piece, moves.c.person == person)
    connection.execute(sa.update(moves).where(mine).values(person=None))
    said = sa.or_(outbox.c.told.is_not(None), outbox.c.person == person, outbox.c.turn.in_(ids))
    connection.execute(sa.delete(outbox).where(outbox.c.piece == piece, said))
    post(connection, shown, now(), now())
    _forget_motifs(connection, piece, person)
    for table in (members, ballots, lore, motifs):
        connection.execute(sa.delete(table).where(table.c.piece == piece, table.c.person == person))
    left = {
        column: sa.case((gatherings.c[column] == person, None), else_=gatherings.c[column])
        for column in ("mover", "last")
    }
    others = sa.update(gatherings).where(gatherings.c.piece == piece)
    connection.execute(others.values(version=gatherings.c.version + 1, **left))
    _forget_about(connection, piece, person, gone)


def _edits_of(connection: sa.Connection, piece: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    query = sa.select(edits).join(turns, turns.c.id == edits.c.turn).where(turns.c.piece == piece)
    for row in connection.execute(query.order_by(edits.c.created, edits.c.id)):
        found.setdefault(row.turn, []).append(row)
    return found


def _without(connection: sa.Connection, row: Any, changes: list[Any], person: str) -> tuple[str, str, dict[str, str]]:
    """Take a person out of a passage's texts and edits: what stands there then, what did so first, and what is gone.

    A text belongs to who had it first. Where theirs stood, what was there before them stands again.
    """
    written = changes[0].before if changes else row.text
    owners, instead = {written: row.person}, {written: ""} if row.person == person else {}
    for edit in changes:
        if owners.setdefault(edit.after, edit.person) == person:
            instead.setdefault(edit.after, instead.get(edit.before, edit.before))
    base = instead.get(written, written)
    gone = [edit.id for edit in changes if edit.person == person]
    connection.execute(sa.update(moves).where(moves.c.edit.in_(gone)).values(edit=None))
    connection.execute(sa.delete(edits).where(edits.c.id.in_(gone)))
    for edit in changes:
        if edit.person != person:
            before, after = (instead.get(text, text) for text in (edit.before, edit.after))
            values = {"before": before, "after": after, "first": before == base}
            connection.execute(sa.update(edits).where(edits.c.id == edit.id).values(values))
    return instead.get(row.text, row.text), base, instead


def _forget_prompts(connection: sa.Connection, piece: str, after: list[str], own: list[Any]) -> None:
    """Blank what the model saw wherever their words may be in it: after them, and beside what nobody signs."""
    ids = [row.id for row in own]
    inside = turns.c.piece == piece
    hidden = {*ids, *after}
    rest = connection.execute(sa.select(turns.c.id, turns.c.sections).where(inside, turns.c.id.not_in(hidden)))
    hidden |= {row.id for row in rest if unsigned(row.sections)}
    connection.execute(
        sa.update(turns).where(inside, turns.c.id.in_(hidden)).values(prompt="", sections=[], drawn=None)
    )
    orders = sa.or_(turns.c.id.in_(ids), turns.c.parent.in_(ids))  # for music, and what was made of them
    for row in connection.execute(sa.select(turns.c.id, turns.c.sampling).where(inside, orders)).all():
        if "words" in row.sampling:
            wordless = {**row.sampling, "words": ""}
            connection.execute(sa.update(turns).where(turns.c.id == row.id).values(sampling=wordless))
    _forget_songs(connection, piece, sorted(hidden))


def _forget_songs(connection: sa.Connection, piece: str, sung: list[str]) -> None:
    """Take the words out of the songs made after them; the melodies stay."""
    inside = sa.and_(turns.c.piece == piece, turns.c.id.in_(sung))
    for row in connection.execute(sa.select(turns.c.id, turns.c.sampling).where(inside)).all():
        if row.sampling.get("text"):
            wordless = {**row.sampling, "text": ""}
            connection.execute(sa.update(turns).where(turns.c.id == row.id).values(sampling=wordless))
    for row in connection.execute(sa.select(scores).join(turns, turns.c.id == scores.c.turn).where(inside)).all():
        if row.score.get("lyrics"):
            values = {"score": {**row.score, "lyrics": []}, "midi": unsung(row.midi)}
            connection.execute(sa.update(scores).where(scores.c.turn == row.turn).values(values))


def _forget_motifs(connection: sa.Connection, piece: str, person: str) -> None:
    """Take the names of the motifs they tied out of the orders for music; the notes stay."""
    theirs = set(connection.scalars(sa.select(motifs.c.name).where(motifs.c.piece == piece, motifs.c.person == person)))
    rows = connection.execute(
        sa.select(turns.c.id, turns.c.sampling).where(turns.c.piece == piece, turns.c.form == "music")
    )
    for row in rows.all() if theirs else ():
        named = row.sampling.get("motifs") or ()
        if any(each["name"] in theirs for each in named):
            nameless = [{**each, "name": ""} if each["name"] in theirs else each for each in named]
            values = {"sampling": {**row.sampling, "motifs": nameless}}
            connection.execute(sa.update(turns).where(turns.c.id == row.id).values(values))


def _forget_about(connection: sa.Connection, piece: str, person: str, texts: Iterable[str]) -> None:
    """Memory, note, genre and teller that they wrote last, and a title that is made of their words."""
    row = connection.execute(sa.select(pieces_table).where(pieces_table.c.id == piece)).one()
    values: dict[str, Any] = {}
    for name in WORDED:
        if getattr(row, f"{name}_by") == person:
            values |= {name: "", f"{name}_by": None}
    if row.title and any(_line(text).startswith(_line(row.title)) for text in texts):
        values["title"] = ""
    if values:
        connection.execute(sa.update(pieces_table).where(pieces_table.c.id == piece).values(values))


def _line(text: str) -> str:
    """A text as a title shows it: one line, without characters that cannot be seen."""
    return " ".join("".join(letter for letter in text if unicodedata.category(letter) != "Cf").split())
