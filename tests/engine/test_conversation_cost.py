"""What a message costs beside its generation, counted in statements, because seconds depend on who else is working."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.conversation import Conversation
from engine.messages import Reaction
from engine.text.writer import Writer
from engine.worker import Worker
from storage import schema
from storage.history import History
from storage.preferences import Preferences
from tests.engine.desk import KEY, MARA, Desk, done, opened
from tests.fakes import EchoGenerator


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(f"sqlite:///{tmp_path}/ghostnote.db") as ready:
        yield ready


@pytest.fixture
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


async def test_a_message_takes_a_handful_of_statements_in_two_transactions(desk: Desk, statements: list[str]) -> None:
    await desk.say("Once", delivery="u0")
    statements.clear()
    await desk.say("and then", delivery="u1")
    assert len(statements) <= 15
    assert statements.count("BEGIN IMMEDIATE") == 2


async def test_a_long_piece_costs_a_message_no_more_and_reads_no_old_text(desk: Desk, statements: list[str]) -> None:
    def grow(connection: sa.Connection, piece: str, head: str) -> None:
        """Four hundred passages more, as if they had been written."""
        first = dict(connection.execute(sa.select(schema.turns).where(schema.turns.c.id == head)).mappings().one())
        rows, parent = [], head
        for number in range(3, 403):
            name = f"{number:016x}"
            more = {"id": name, "parent": parent, "number": number, "changed": number, "depth": number}
            rows.append({**first, **more, "text": "She looked at the sea. " * 15})
            parent = name
        connection.execute(sa.insert(schema.turns), rows)
        connection.execute(sa.update(schema.pieces).where(schema.pieces.c.id == piece).values(head=parent, clock=402))

    turn = await desk.say("Once", delivery="u0")
    await desk.say("twice", delivery="u1")
    statements.clear()
    await desk.say("short", delivery="u2")
    short = len(statements)
    await desk.talk.create(KEY, MARA, "Long")
    turn = await desk.say("Once", delivery="u3")
    await desk.database.write(grow, turn.session, turn.id)
    piece = await desk.talk.piece(KEY)
    assert (len(piece.turns), piece.passages) == (402, 402)
    statements.clear()
    await desk.say("long", delivery="u4")
    assert len(statements) == short
    assert len(desk.writer.tasks[-1].passages) == 403
    statements.clear()
    await desk.talk.react(Reaction(KEY, MARA, 1, turn.id))
    assert len(statements) <= 8


async def test_the_real_writer_and_worker_fill_the_same_rows(desk: Desk) -> None:
    async with Worker(EchoGenerator()) as worker:
        history = History(desk.database)
        talk = Conversation(history, Preferences(desk.database), Writer(worker))
        first = await done(talk.reply(desk.message("A lighthouse keeper finds a letter.", "u1"), "story"))
        await done(talk.reply(desk.message("She opens it", "u2")))
        again = await done(talk.retry(desk.message()))
        more = await done(talk.alternatives(desk.message(), 2))
        haiku = await done(talk.reply(desk.message("rain on the sea"), "haiku"))
        await talk.close()
    assert (again.version, more.versions) == (2, 4)
    assert (first.form, haiku.form) == ("story", "haiku")
    seen = await talk.context(KEY, again.id)
    assert "A lighthouse keeper finds a letter" in seen.prompt
    assert sum(section.tokens for section in seen.sections) <= seen.tokens <= seen.window - seen.reserved
    rows = [row for row in await desk.rows(schema.turns) if row["kind"] == "model"]
    assert all(row["model"] == "echo" and row["completion"] and row["sampling"] for row in rows)
    assert len({row["text"] for row in rows}) == len(rows)
