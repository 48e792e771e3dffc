"""Everything that people said and did about passages, read in one go: votes, picks, retries, undos and edits.

What of it may be learnt from, and what it says, is decided above (`adapters/claims`, `adapters/dataset`); here are
facts only. Pieces that somebody deleted are left out: who puts a piece away does not expect it to be learnt from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from storage import authorship
from storage.authorship import NOBODY, Node
from storage.schema import consents, edits, lore, moves, people, picks, pieces, preferences, retries, turns

MAKING = ("reply", "continue", "retry", "alternatives", "compare", "music", "ghost")  # moves that write a passage
WORDED = ("memory", "note", "genre", "teller")  # what somebody wrote beside a piece; the piece knows who
UNSIGNED = (*WORDED, "lore")  # sections of a prompt that anybody in the piece may have written


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody who may have an opinion. `consent` is what they said of being learnt from, None if nothing."""

    id: str
    platform: str
    account: str
    consent: bool | None


@dataclass(frozen=True, slots=True)
class Rated:
    """A passage of the model that somebody has an opinion on.

    `prompt` and `completion` are what the model saw and wrote ("" when erased); `written` is what people were shown,
    `text` what stands there now, after edits. `seen` are the people whose words the prompt may hold.
    """

    id: str
    piece: str
    platform: str
    chat: str
    thread: str
    parent: str | None
    starts: bool
    form: str
    prompt: str
    completion: str
    written: str
    text: str
    model: str
    adapter: str
    seen: frozenset[str]
    went_on: bool  # something follows it


@dataclass(frozen=True, slots=True)
class Vote:
    """A 👍 (1) or 👎 (-1) that was not taken back; `at` is when it was last said."""

    turn: str
    person: str
    value: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """One passage was chosen over another by an act: looked for (pick), or written anew after it (retry, undo)."""

    kind: Literal["pick", "retry", "undo"]
    chosen: str
    left: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of a passage of the model; it stands unless it was undone or overwritten."""

    turn: str
    person: str
    before: str
    after: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Opinions:
    """All of it, each kind in the order it was said. `writers` are the people whose words stand in a piece."""

    people: dict[str, Rater]
    passages: dict[str, Rated]
    votes: tuple[Vote, ...]
    choices: tuple[Choice, ...]
    changes: tuple[Change, ...]
    writers: dict[str, frozenset[str]]


def read(connection: sa.Connection) -> Opinions:
    """All opinions on passages of pieces that were not deleted."""
    changes, originals, editors = _changes(connection)
    choices = (*_acts(connection, "pick"), *_acts(connection, "retry"), *_undos(connection))
    votes = _votes(connection)
    nodes = _nodes(connection)
    passages = _passages(connection, nodes, originals, editors)
    return Opinions(
        _people(connection),
        passages,
        tuple(vote for vote in votes if vote.turn in passages),
        tuple(choice for choice in choices if choice.chosen in passages and choice.left in passages),
        tuple(change for change in changes if change.turn in passages),
        authorship.writers(nodes, editors),
    )


def unsigned(sections: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a prompt of these sections shows words that anybody in the piece may have written."""
    return any(section.get("name") in UNSIGNED and section.get("tokens") for section in sections)


def _people(connection: sa.Connection) -> dict[str, Rater]:
    query = sa.select(people.c.id, people.c.platform, people.c.account, consents.c.given)
    rows = connection.execute(query.select_from(people.outerjoin(consents, consents.c.person == people.c.id)))
    return {row.id: Rater(*row) for row in rows}


def _votes(connection: sa.Connection) -> list[Vote]:
    query = sa.select(preferences.c.turn, preferences.c.person, preferences.c.value, preferences.c.updated)
    rows = connection.execute(query.order_by(preferences.c.updated, preferences.c.turn, preferences.c.person))
    return [Vote(*row) for row in rows]


def _acts(connection: sa.Connection, kind: Literal["pick", "retry"]) -> list[Choice]:
    table = picks if kind == "pick" else retries
    chosen, left = (picks.c.turn, picks.c.over) if kind == "pick" else (retries.c.reply, retries.c.turn)
    query = sa.select(chosen, left, table.c.person, table.c.created).order_by(table.c.created, table.c.id)
    return [Choice(kind, *row) for row in connection.execute(query)]


def _undos(connection: sa.Connection) -> list[Choice]:
    """A step made where another had been taken back: both began at the same move."""
    back, new = moves.alias("back"), moves.alias("new")
    same = sa.and_(back.c.piece == new.c.piece, back.c.previous == new.c.previous, back.c.number < new.c.number)
    query = (
        sa.select(new.c.after, back.c.after, new.c.person, new.c.created)
        .select_from(back.join(new, same))
        .where(back.c.kind.in_(MAKING), new.c.kind.in_(MAKING), new.c.person.is_not(None))
        .where(back.c.after.is_not(None), new.c.after.is_not(None), back.c.after != new.c.after)
        .order_by(new.c.created, new.c.piece, new.c.number, back.c.number)
    )
    return [Choice("undo", *row) for row in connection.execute(query)]


def _changes(connection: sa.Connection) -> tuple[list[Change], dict[str, str], dict[str, frozenset[str]]]:
    """Every edit, the texts as they were before the first, and everybody who changed a passage."""
    columns = (edits.c.turn, edits.c.person, edits.c.before, edits.c.after, edits.c.created, edits.c.first)
    changes, originals, editors = [], dict[str, str](), dict[str, frozenset[str]]()
    for row in connection.execute(sa.select(*columns).order_by(edits.c.created, edits.c.id)):
        changes.append(Change(*row[:-1]))
        if row.first:
            originals.setdefault(row.turn, row.before)
        editors[row.turn] = editors.get(row.turn, NOBODY) | {row.person}
    return changes, originals, editors


def _meant() -> sa.CompoundSelect[Any]:
    """The ids of passages on which there is an opinion."""
    after = sa.select(moves.c.after).where(moves.c.kind.in_(MAKING), moves.c.after.is_not(None))
    columns = (preferences.c.turn, picks.c.turn, picks.c.over, retries.c.turn, retries.c.reply, edits.c.turn)
    again = moves.alias("again")
    twice = sa.select(again.c.piece).where(
        again.c.piece == moves.c.piece, again.c.previous == moves.c.previous, again.c.number != moves.c.number
    )
    return sa.union(*(sa.select(column) for column in columns), after.where(twice.exists()))


def _nodes(connection: sa.Connection) -> list[Node]:
    """Every passage of the pieces in which there is an opinion, in the order of writing."""
    involved = sa.select(turns.c.piece).where(turns.c.id.in_(_meant()))
    blank = (turns.c.text == "").label("blank")
    columns = (turns.c.id, turns.c.piece, turns.c.parent, turns.c.starts, turns.c.person, blank)
    rows = connection.execute(sa.select(*columns).where(turns.c.piece.in_(involved)).order_by(turns.c.number))
    return [Node(row.id, row.piece, row.parent, bool(row.starts), row.person, bool(row.blank)) for row in rows]


def _passages(
    connection: sa.Connection, nodes: list[Node], originals: dict[str, str], editors: dict[str, frozenset[str]]
) -> dict[str, Rated]:
    seen, all_of = authorship.before(nodes, editors), authorship.writers(nodes, editors)
    followed, keepers = {node.parent for node in nodes}, _keepers(connection)
    query = (
        sa.select(turns, pieces.c.platform, pieces.c.chat, pieces.c.thread, *(pieces.c[f"{one}_by"] for one in WORDED))
        .join(pieces, pieces.c.id == turns.c.piece)
        .where(turns.c.id.in_(_meant()), turns.c.kind == "model", pieces.c.deleted.is_(None))
        .order_by(turns.c.piece, turns.c.number)
    )
    found = {}
    for row in connection.execute(query):
        people_seen = seen[row.id]
        if unsigned(row.sections):
            worded = {who for one in WORDED if (who := getattr(row, f"{one}_by"))}
            people_seen |= all_of[row.piece] | worded | keepers.get(row.piece, NOBODY)
        found[row.id] = _rated(row, originals.get(row.id, row.text), people_seen, went_on=row.id in followed)
    return found


def _keepers(connection: sa.Connection) -> dict[str, frozenset[str]]:
    """For each piece everybody who wrote something of its lore."""
    found: dict[str, frozenset[str]] = {}
    for piece, person in connection.execute(sa.select(lore.c.piece, lore.c.person).where(lore.c.person.is_not(None))):
        found[piece] = found.get(piece, NOBODY) | {person}
    return found


def _rated(row: Any, written: str, seen: frozenset[str], *, went_on: bool) -> Rated:
    return Rated(
        id=row.id,
        piece=row.piece,
        platform=row.platform,
        chat=row.chat,
        thread=row.thread,
        parent=row.parent,
        starts=bool(row.starts),
        form=row.form,
        prompt=row.prompt,
        completion=row.completion,
        written=written,
        text=row.text,
        model=row.model,
        adapter=row.adapter,
        seen=seen,
        went_on=went_on,
    )
