"""What becomes of engine events and errors on their way out: order, newest drafts, statuses, last words."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.replies import Attachment, Notice, UnknownCommand
from bot.web.errors import status_of
from bot.web.files import Files
from bot.web.sse import EventStream
from bot.web_app import app
from engine import errors
from engine.conversation import Conversation
from engine.messages import Turn
from storage.db import open_database
from storage.history import History
from storage.preferences import Preferences
from tests.bot.studio import Studio, error_of, parse
from tests.fakes import EchoWriter


async def read(stream: EventStream) -> list[tuple[str, dict[str, object]]]:
    return parse(b"".join([chunk async for chunk in stream.read()]).decode())


async def test_only_the_newest_draft_waits_and_the_order_is_kept() -> None:
    stream = EventStream(lambda file, turn: {"name": file.name, "turn": turn and turn.id})
    await stream.draft("One")
    await stream.draft("One two")
    await stream.notice(Notice("By the way.", "aside"))
    await stream.attach(Attachment("a.mid", "audio/midi", b"MThd", "t1"))
    await stream.draft("One two three")
    stream.end("final", {"turn": None})
    assert await read(stream) == [
        ("draft", {"text": "One two"}),
        ("notice", {"text": "By the way.", "name": "aside"}),
        ("attachment", {"name": "a.mid", "turn": None}),
        ("draft", {"text": "One two three"}),
        ("final", {"turn": None}),
    ]


async def test_a_finished_turn_is_not_the_last_word_while_remarks_follow() -> None:
    stream = EventStream(lambda *_: {})
    turn = Turn("t1", "s1", None, "model", "ghostnote", "Text.", "story", datetime.now(UTC))
    assert await stream.finish(turn) == ()
    await stream.notice(Notice("I shortened the memory.", "shortened"))
    stream.end("final", {"turn": turn.id})
    assert [name for name, _ in await read(stream)] == ["notice", "final"]


async def test_where_nothing_is_new_the_draft_is_said_again() -> None:
    stream = EventStream(lambda *_: {}, quiet=0.01)
    await stream.draft("Slowly")
    chunks = stream.read()
    said = [await anext(chunks) for _ in range(3)]
    assert said == [b'event: draft\ndata: {"text": "Slowly"}\n\n'] * 3


async def test_a_line_break_or_half_a_character_never_breaks_the_wire() -> None:
    stream = EventStream(lambda *_: {})
    await stream.draft("a\n\nevent: final\r\ndata: {}\u2028\ud800")
    stream.end("final", {})
    (name, data), last = await read(stream)
    assert (name, last) == ("draft", ("final", {}))
    assert str(data["text"]).startswith("a\n\nevent: final")


def test_old_files_make_room_for_new_ones() -> None:
    files = Files(room=10)
    first = files.keep(Attachment("a", "text/plain", b"x" * 6))
    second = files.keep(Attachment("b", "text/plain", b"x" * 6))
    third = files.keep(Attachment("c", "text/plain", b"x" * 60))
    assert [files.find(key) is not None for key in (first, second, third)] == [False, False, True]


STATUSES = {
    errors.EmptyText: 400,
    errors.TextTooLong: 413,
    errors.BadValue: 400,
    errors.UnknownForm: 400,
    errors.UnknownFormat: 400,
    errors.NotFound: 404,
    errors.Impossible: 409,
    errors.NotYourTurn: 409,
    errors.NotHost: 403,
    UnknownCommand: 400,
    errors.Busy: 503,
    errors.RequestCancelled: 409,
    errors.Unsafe: 422,
    errors.GeneratorFailed: 500,
}


def test_every_engine_error_has_its_status() -> None:
    assert {kind: status_of(kind()) for kind in STATUSES} == STATUSES


@asynccontextmanager
async def writing_with(home: Path, writer: EchoWriter) -> AsyncIterator[Studio]:
    async with open_database(f"sqlite:///{home / 'ghostnote.db'}") as database:
        talk = Conversation(History(database), Preferences(database), writer)
        transport = httpx.ASGITransport(app(talk))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield Studio(client, talk)
        await talk.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [(errors.GeneratorFailed(why="broke"), "generator_failed"), (errors.Unsafe(why="copied"), "unsafe")],
)
async def test_what_breaks_on_the_way_ends_the_stream_with_an_error(
    tmp_path: Path, error: errors.EngineError, code: str
) -> None:
    writer = EchoWriter()
    writer.error = error
    async with writing_with(tmp_path, writer) as room:
        session = await room.create()
        name, data = (await room.say(session, "The words stay."))[-1]
        assert (name, data["code"]) == ("error", code)
        assert data["message"]
        assert [turn["text"] for turn in (await room.piece(session))["turns"]] == ["The words stay."]


async def test_an_unforeseen_fault_ends_the_stream_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = EchoWriter()
    writer.error = ZeroDivisionError("a bug")
    async with writing_with(tmp_path, writer) as room:
        session = await room.create()
        name, data = (await room.say(session, "The words stay."))[-1]
        assert (name, data["code"]) == ("error", "generator_failed")
        assert "a bug" not in json.dumps(data)
        assert "ZeroDivisionError" in caplog.text
        writer.error = None
        assert (await room.say(session, "And on it goes."))[-1][0] == "final"


async def test_when_too_many_wait_it_says_so_at_once(tmp_path: Path) -> None:
    writer = EchoWriter()
    writer.gate = asyncio.Event()
    async with writing_with(tmp_path, writer) as room:
        session = await room.create()
        path = f"/api/sessions/{session}/messages"
        crowd = [asyncio.create_task(room.client.post(path, json={"text": f"Line {n}."})) for n in range(60)]
        done, waiting = await asyncio.wait(crowd, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        refused = done.pop().result()
        assert (refused.status_code, error_of(refused), refused.headers["retry-after"]) == (503, "busy", "5")
        assert str(len(waiting)) not in {"0"}
        writer.gate.set()
        answers = [task.result() for task in crowd if await asyncio.wait([task])]
        statuses = {answer.status_code for answer in answers}
        assert statuses == {200, 503}
        kept = sum(answer.status_code == 200 for answer in answers)
        assert len((await room.piece(session))["turns"]) == 2 * kept
