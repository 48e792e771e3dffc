"""Statements that grow the tree of turns and move its live end.

Each function is one whole event and runs inside its caller's transaction. Whoever changes a tree names the piece as
they read it; if its clock has moved since, `Stale` is raised and the transaction leaves nothing behind.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.db import Duplicate, Stale, insert, new_id, now
from storage.pieces import at
from storage.records import (
    Account,
    Arrival,
    Delivery,
    NewTurn,
    Outcome,
    PieceRow,
    Place,
    Shift,
    TurnRow,
    Unanswered,
)
from storage.schema import deliveries, edits, inbox, links, moves, people, picks, pieces, retries, scores, turns

LIGHT = [slot.name for slot in fields(TurnRow) if slot.name != "author"]


def received(connection: sa.Connection, place: Place, delivery: str) -> Delivery | None:
    """What became of a platform's update, or None if it was never stored."""
    query = sa.select(inbox.c.piece, inbox.c.turn, inbox.c.reply, inbox.c.move, inbox.c.cancelled)
    row = (connection.execute(query.where(at(inbox, place), inbox.c.delivery == delivery))).one_or_none()
    return row and Delivery(*row)


def unanswered(connection: sa.Connection, platform: str, since: datetime) -> tuple[Unanswered, ...]:
    """Words that came from a platform since then, that nobody stopped and nobody answered, or whose answer was never
    shown where they came from; oldest first.
    """
    answer, unanswered = turns.alias(), sa.and_(inbox.c.reply.is_(None), pieces.c.head == inbox.c.turn)
    shown = (
        sa.select(deliveries.c.turn)
        .join(answer, answer.c.id == deliveries.c.turn)
        .where(answer.c.parent == inbox.c.turn, deliveries.c.platform == inbox.c.platform)
        .where(deliveries.c.chat == inbox.c.chat)
    )  # that answer, or another version of it
    query = (
        sa.select(inbox, people.c.account, people.c.name, people.c.language, turns.c.text, turns.c.form)
        .join(pieces, pieces.c.id == inbox.c.piece)
        .join(turns, turns.c.id == inbox.c.turn)
        .join(people, people.c.id == turns.c.person)
        .where(inbox.c.platform == platform, inbox.c.created >= since, pieces.c.deleted.is_(None))
        .where(sa.or_(unanswered, sa.and_(inbox.c.reply.is_not(None), ~sa.exists(shown))), sa.not_(inbox.c.cancelled))
        .order_by(inbox.c.created)
    )
    return tuple(
        Unanswered(
            Place(row.platform, row.chat, row.thread),
            Account(row.platform, row.account, row.name, row.language),
            row.delivery,
            row.text,
            row.form,
        )
        for row in connection.execute(query)
    )


def accept(
    connection: sa.Connection, piece: PieceRow, person: str, words: NewTurn | None, wish: Arrival
) -> tuple[Delivery, bool]:
    """Store what a person sent before anything is done about it: their words as a new live end, and the delivery.

    Also says whether the words are to be shown in other chats. Raises Stale, or Duplicate if this delivery is stored
    already.
    """
    turn, move, linked = None, None, False
    moment = now()
    if words is not None:
        turn, move = new_id(), piece.clock + 1
        linked = _advance(connection, piece, moment, head=turn, step=move, title=_titled(wish.title))
        connection.execute(sa.insert(turns), turn_row(turn, piece.id, move, move, words, person, moment))
        keep_scores(connection, [(turn, words)])
        _move(connection, piece, wish.kind, turn, person, moment)
        delivered(connection, turn, wish.messages)
    receive(connection, piece.place, wish.delivery, piece.id, turn, move)
    return Delivery(piece.id, turn, None, move, cancelled=False), linked


def receive(
    connection: sa.Connection,
    place: Place,
    delivery: str,
    piece: str,
    turn: str | None = None,
    move: int | None = None,
) -> None:
    """Remember that a platform's update was acted on, in the transaction that acts; raises Duplicate."""
    if not delivery:
        return
    row = insert(connection, inbox).values(
        platform=place.platform,
        chat=place.chat,
        thread=place.thread,
        delivery=delivery,
        piece=piece,
        turn=turn,
        move=move,
        cancelled=False,
        created=now(),
    )
    if (connection.execute(row.on_conflict_do_nothing())).rowcount == 0:
        raise Duplicate


def finish(connection: sa.Connection, piece: PieceRow, outcome: Outcome) -> tuple[tuple[TurnRow, ...], bool]:
    """Store what the model wrote, the first version as the new live end; completes the step or makes one.

    If the live end was moved by somebody else meanwhile, the versions are kept in the tree and nothing else moves.
    Also says whether the first is to be shown in other chats.
    """
    moment = now()
    ids = outcome.ids or tuple(new_id() for _ in outcome.versions)
    last = piece.clock + len(ids)
    ahead = {"clock": last, "head": ids[0], "step": outcome.move or piece.clock + 1}
    linked = None if outcome.held else _try_advance(connection, piece, moment, title=_titled(outcome.title), **ahead)
    live = linked is not None
    if not live:
        last = _skip(connection, piece.id, len(ids))
    rows = [
        turn_row(name, piece.id, last - len(ids) + place, last if live and place == 1 else 0, version, None, moment)
        for place, (name, version) in enumerate(zip(ids, outcome.versions, strict=True), 1)
    ]
    connection.execute(sa.insert(turns), rows)
    keep_scores(connection, list(zip(ids, outcome.versions, strict=True)))
    if live and outcome.move:
        mine = sa.and_(moves.c.piece == piece.id, moves.c.number == outcome.move)
        connection.execute(sa.update(moves).where(mine).values(after=ids[0]))
    elif live:
        _move(connection, piece, outcome.kind, ids[0], outcome.person, moment)
    if outcome.retried:
        turned = {"turn": outcome.retried, "reply": ids[0], "person": outcome.person}
        connection.execute(sa.insert(retries).values(id=new_id(), created=moment, **turned))
    if outcome.delivery and not outcome.held:
        mine = sa.and_(at(inbox, piece.place), inbox.c.delivery == outcome.delivery)
        connection.execute(sa.update(inbox).where(mine).values(reply=ids[0]))
    return tuple(_light(row) for row in rows), bool(linked)


def give_up(connection: sa.Connection, place: Place, delivery: str) -> None:
    """Remember that there will be no reply to this delivery."""
    mine = sa.and_(at(inbox, place), inbox.c.delivery == delivery)
    connection.execute(sa.update(inbox).where(mine).values(cancelled=True))


def shift(connection: sa.Connection, piece: PieceRow, person: str | None, to: Shift) -> None:
    """Move the live end, forward, back or aside, with all that belongs to that step; raises Stale or Duplicate."""
    moment = now()
    receive(connection, piece.place, to.delivery, piece.id)
    clock = piece.clock + 1
    last, step = clock + len(to.grown), clock if to.step is None else to.step
    _advance(connection, piece, moment, clock=last, head=to.head, step=step)
    _grow(connection, piece, to.grown, moment)
    connection.execute(sa.update(turns).where(turns.c.id == to.head).values(shown=clock, changed=clock))
    edit = None
    if to.text is not None:
        changed = {"text": to.text, "edited": to.edited, "changed": clock}
        connection.execute(sa.update(turns).where(turns.c.id == to.turn).values(changed))
    if to.text is not None and to.step is None:
        edit = new_id()
        words = {"before": to.before, "after": to.text, "first": to.first}
        connection.execute(sa.insert(edits).values(id=edit, turn=to.turn, person=person, created=moment, **words))
    if to.step is None:
        _move(connection, piece, to.kind, to.head, person, moment, edit)
    if to.over:
        connection.execute(
            sa.insert(picks).values(id=new_id(), turn=to.turn, over=to.over, person=person, created=moment)
        )


def delivered(connection: sa.Connection, turn: str, messages: Sequence[tuple[str, str, str]]) -> None:
    """Remember which messages (platform, chat, message) show this turn; a message shows the last one told."""
    moment = now()
    for platform, chat, message in messages:
        upsert = insert(connection, deliveries).values(
            platform=platform, chat=chat, message=message, turn=turn, created=moment
        )
        connection.execute(
            upsert.on_conflict_do_update(index_elements=list(deliveries.primary_key.columns), set_={"turn": turn})
        )


def _advance(connection: sa.Connection, piece: PieceRow, moment: datetime, **values: Any) -> bool:
    linked = _try_advance(connection, piece, moment, **({"clock": piece.clock + 1} | values))
    if linked is None:
        raise Stale
    return linked


def _try_advance(connection: sa.Connection, piece: PieceRow, moment: datetime, **values: Any) -> bool | None:
    """Whether the piece, which is as it was read, is linked to other chats by now; None if it is not as it was."""
    as_read = sa.and_(pieces.c.id == piece.id, pieces.c.clock == piece.clock)
    there = sa.exists().where(links.c.piece == piece.id)
    step = sa.update(pieces).where(as_read).values(updated=moment, **values)
    linked = connection.scalar(step.returning(there))
    return None if linked is None else bool(linked)


def _grow(connection: sa.Connection, piece: PieceRow, grown: Sequence[tuple[str, str]], moment: datetime) -> None:
    """Copies of passages of this piece behind its live end; whose words they are, and which model's, goes along."""
    if not grown:
        return
    depth = connection.scalar(sa.select(turns.c.depth).where(turns.c.id == piece.head)) or 0
    query = sa.select(turns).where(turns.c.piece == piece.id, turns.c.id.in_([source for _, source in grown]))
    known = {row["id"]: dict(row) for row in connection.execute(query).mappings()}
    parent, rows = piece.head, []
    for number, (name, source) in enumerate(grown, 1):
        at, row = piece.clock + 1 + number, known[source]
        rows.append(
            row
            | {"id": name, "parent": parent, "depth": depth + number, "number": at, "shown": 0, "changed": at}
            | {"starts": False, "created": moment, "drawn": None, "origin": row["origin"] or source}
        )
        parent = name
    connection.execute(sa.insert(turns), rows)
    music = {row.turn: row for row in connection.execute(sa.select(scores).where(scores.c.turn.in_(known)))}
    kept = [(name, music[source]) for name, source in grown if source in music]
    if kept:
        new = [{"turn": name, "score": row.score, "midi": row.midi} for name, row in kept]
        connection.execute(sa.insert(scores), new)


def _titled(title: str) -> sa.ColumnElement[str]:
    """A piece without a title gets this one; a title somebody gave stays, even if they gave it a moment ago."""
    return sa.case((pieces.c.title == "", title), else_=pieces.c.title)


def _skip(connection: sa.Connection, piece: str, count: int) -> int:
    after = sa.update(pieces).where(pieces.c.id == piece).values(clock=pieces.c.clock + count)
    return int((connection.execute(after.returning(pieces.c.clock))).scalar_one())


def _move(
    connection: sa.Connection,
    piece: PieceRow,
    kind: str,
    after: str | None,
    person: str | None,
    moment: datetime,
    edit: str | None = None,
) -> None:
    row = {
        "piece": piece.id,
        "number": piece.clock + 1,
        "previous": piece.step,
        "kind": kind,
        "before": piece.head,
        "after": after,
        "edit": edit,
        "person": person,
        "created": moment,
    }
    connection.execute(sa.insert(moves), row)


def turn_row(
    name: str, piece: str, number: int, shown: int, turn: NewTurn, person: str | None, moment: datetime | None = None
) -> dict[str, Any]:
    """A passage as a row of `turns`."""
    return {
        "id": name,
        "piece": piece,
        "number": number,
        "shown": shown,
        "changed": number,
        "parent": turn.parent,
        "depth": turn.depth,
        "kind": turn.kind,
        "person": person,
        "form": turn.form,
        "starts": turn.starts,
        "edited": False,
        "created": moment or now(),
        "model": turn.model,
        "adapter": turn.adapter,
        "seed": turn.seed,
        "finish": turn.finish,
        "text": turn.text,
        "completion": turn.recipe.completion,
        "prompt": turn.recipe.prompt,
        "sampling": turn.recipe.sampling,
        "sections": list(turn.recipe.sections),
        "tokens": turn.recipe.tokens,
        "window": turn.recipe.window,
        "reserved": turn.recipe.reserved,
        "drawn": turn.recipe.drawn,
        "origin": turn.origin,
    }


def keep_scores(connection: sa.Connection, written: Sequence[tuple[str, NewTurn]]) -> None:
    """Store the music of those passages that have any."""
    rows = [{"turn": name, "score": turn.score.score, "midi": turn.score.midi} for name, turn in written if turn.score]
    if rows:
        connection.execute(sa.insert(scores), rows)


def _light(row: dict[str, Any]) -> TurnRow:
    known = {name: row[name] for name in LIGHT}
    return TurnRow(**known, author="")
