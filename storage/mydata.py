"""Everything of one person, as plain values that JSON can hold."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.opinions import WORDED
from storage.schema import (
    ballots,
    consents,
    deliveries,
    edits,
    links,
    lore,
    members,
    motifs,
    moves,
    people,
    personas,
    picks,
    pieces,
    preferences,
    retries,
    scores,
    settings,
    turns,
)

Rows = list[dict[str, Any]]


def collect(connection: sa.Connection, person: str) -> dict[str, Any]:
    """All rows that are about this person or by them, and the passages that were written in answer to their words."""
    about = _rows(connection, sa.select(people).where(people.c.id == person))[0]
    return {
        "person": about,
        "consent": _rows(connection, _theirs(consents, person)),
        "words": _words(connection, person),
        "answers": _answers(connection, person),
        "edits": _rows(connection, _theirs(edits, person).order_by(edits.c.created)),
        "votes": _rows(connection, _votes(person)),
        "picks": _rows(connection, _theirs(picks, person).order_by(picks.c.created)),
        "retries": _rows(connection, _theirs(retries, person).order_by(retries.c.created)),
        "steps": _rows(connection, _theirs(moves, person).order_by(moves.c.created)),
        "memberships": _rows(connection, _theirs(members, person).order_by(members.c.piece)),
        "ballots": _rows(connection, _theirs(ballots, person).order_by(ballots.c.piece)),
        "links": _rows(connection, _theirs(links, person).order_by(links.c.created)),
        "personas": _rows(connection, _theirs(personas, person).order_by(personas.c.scope, personas.c.key)),
        "remembered": _remembered(connection, person),
        "lore": _rows(connection, _theirs(lore, person).order_by(lore.c.piece, lore.c.number)),
        "motifs": _rows(connection, _theirs(motifs, person).order_by(motifs.c.piece, motifs.c.key)),
        "settings": _rows(connection, _settings(about)),
    }


def _theirs(table: sa.Table, person: str) -> sa.Select[Any]:
    return sa.select(*(column for column in table.c if column.name != "person")).where(table.c.person == person)


def _words(connection: sa.Connection, person: str) -> Rows:
    """What they wrote or sent, with the music in it and the messages that show it."""
    columns = (turns.c.id, turns.c.piece, pieces.c.platform, pieces.c.chat, pieces.c.thread)
    query = (
        sa.select(*columns, turns.c.form, turns.c.created, turns.c.text, scores.c.midi)
        .select_from(turns.join(pieces, pieces.c.id == turns.c.piece).outerjoin(scores, scores.c.turn == turns.c.id))
        .where(turns.c.person == person)
        .order_by(turns.c.created, turns.c.id)
    )
    shown: dict[str, list[str]] = {}
    where = sa.select(deliveries.c.turn, deliveries.c.message).join(turns, turns.c.id == deliveries.c.turn)
    for turn, message in connection.execute(where.where(turns.c.person == person)):
        shown.setdefault(turn, []).append(message)
    return [{**row, "messages": sorted(shown.get(row["id"], ()))} for row in _rows(connection, query)]


def _answers(connection: sa.Connection, person: str) -> Rows:
    asked = turns.alias("asked")
    query = (
        sa.select(turns.c.id, turns.c.piece, turns.c.created, turns.c.model, turns.c.adapter, turns.c.text)
        .join(asked, asked.c.id == turns.c.parent)
        .where(asked.c.person == person, turns.c.kind == "model")
    )
    return _rows(connection, query.order_by(turns.c.created, turns.c.id))


def _votes(person: str) -> sa.Select[Any]:
    return (
        sa.select(*(column for column in preferences.c if column.name != "person"), turns.c.text)
        .join(turns, turns.c.id == preferences.c.turn)
        .where(preferences.c.person == person)
        .order_by(preferences.c.updated)
    )


def _remembered(connection: sa.Connection, person: str) -> Rows:
    """Memory, note, genre and teller of pieces where they wrote them last."""
    found = []
    for name in WORDED:
        query = sa.select(pieces.c.id.label("piece"), pieces.c[name]).where(pieces.c[f"{name}_by"] == person)
        found += _rows(connection, query.order_by(pieces.c.id))
    return found


def _settings(about: dict[str, Any]) -> sa.Select[Any]:
    scopes = (f"person:{about['id']}", f"person:{about['platform']}:{about['account']}")
    return sa.select(settings).where(settings.c.scope.in_(scopes)).order_by(settings.c.name)


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Rows:
    return [_plain(row.items()) for row in connection.execute(query).mappings()]


def _plain(items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    return {str(name): _value(value) for name, value in items if value is not None}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
