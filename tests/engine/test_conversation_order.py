"""What happens when things happen at once, are stopped half-way, or nobody listens any more."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from engine.errors import Busy, Impossible, NotFound, RequestCancelled
from engine.messages import Accepted, Done, Snapshot
from engine.sessions import WAITING
from storage import schema
from tests.engine.desk import BEN, KEY, MARA, Desk, collect, done, opened, other


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(f"sqlite:///{tmp_path}/ghostnote.db") as ready:
        yield ready


async def _first_sentence(desk: Desk, text: str = "Once", delivery: str = "") -> asyncio.Task[list[object]]:
    """A reply that is held after its first sentence."""
    desk.writer.gate = asyncio.Event()
    sentence = asyncio.Event()

    async def read() -> list[object]:
        found: list[object] = []
        async with aclosing(desk.talk.reply(desk.message(text, delivery))) as reply:
            async for event in reply:
                found.append(event)
                if isinstance(event, Snapshot) and "." in event.text:
                    sentence.set()
        return found

    task = asyncio.create_task(read())
    await sentence.wait()
    return task


async def test_messages_in_one_piece_are_answered_in_order(desk: Desk) -> None:
    task = await _first_sentence(desk)
    later = [asyncio.create_task(desk.say(text)) for text in ("Two", "Three", "Four")]
    await asyncio.sleep(0.05)
    assert len(desk.writer.tasks) == 1
    assert desk.writer.gate is not None
    desk.writer.gate.set()
    await asyncio.gather(task, *later)
    piece = await desk.talk.piece(KEY)
    assert [turn.text for turn in piece.turns[::2]] == ["Once", "Two", "Three", "Four"]
    assert [turn.kind for turn in piece.turns] == ["person", "model"] * 4
    assert [len(one.passages) for one in desk.writer.tasks] == [1, 3, 5, 7]


async def test_other_pieces_do_not_wait(desk: Desk) -> None:
    task = await _first_sentence(desk)
    gate, desk.writer.gate = desk.writer.gate, None
    elsewhere = await desk.say("Hello", key=other(chat="2"))
    assert elsewhere.finish == "end"
    assert await desk.talk.pieces(KEY)
    assert (await desk.talk.piece(KEY)).turns[-1].text == "Once"
    assert gate is not None
    gate.set()
    await task


async def test_undo_waits_for_the_reply_and_takes_all_of_it_back(desk: Desk) -> None:
    task = await _first_sentence(desk)
    undo = asyncio.create_task(desk.talk.undo(KEY, BEN))
    await asyncio.sleep(0.02)
    assert not undo.done()
    assert desk.writer.gate is not None
    desk.writer.gate.set()
    await task
    assert (await undo).turns == ()


async def test_too_many_waiting_in_one_piece_are_told_at_once(desk: Desk) -> None:
    task = await _first_sentence(desk)
    waiting = [asyncio.create_task(desk.proceed()) for _ in range(WAITING)]
    await asyncio.sleep(0.3)
    with pytest.raises(Busy) as caught:
        await desk.say("One too many", delivery="u9")
    assert caught.value.fields == {"waiting": WAITING}
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert desk.writer.gate is not None
    desk.writer.gate.set()
    await task
    assert len(await desk.texts()) == 2
    await desk.say("One too many", delivery="u9")
    assert len(await desk.texts()) == 4


async def test_cancel_keeps_whole_sentences_and_ends_with_done(desk: Desk) -> None:
    task = await _first_sentence(desk)
    assert await desk.talk.cancel(KEY) is True
    last = (await task)[-1]
    assert isinstance(last, Done)
    assert last.turn.finish == "cancelled"
    assert last.turn.text.endswith(".")
    assert desk.writer.closed == 1
    seen = await desk.talk.context(KEY, last.turn.id)
    assert seen.prompt == "Once"
    assert await desk.texts() == ["Once", last.turn.text]
    assert await desk.talk.cancel(KEY) is False
    await desk.talk.undo(KEY, MARA)
    assert await desk.texts() == []


async def test_cancel_before_the_first_sentence_keeps_the_words_only(desk: Desk) -> None:
    desk.writer.delay = 0.05
    reply = desk.talk.reply(desk.message("Once", "u1"))
    assert isinstance(await anext(reply), Accepted)
    assert isinstance(await anext(reply), Snapshot)
    assert await desk.talk.cancel(KEY)
    with pytest.raises(RequestCancelled):
        await collect(reply)
    assert await desk.texts() == ["Once"]
    with pytest.raises(RequestCancelled):
        await desk.say("Once", delivery="u1")
    assert len(desk.writer.tasks) == 1
    desk.writer.delay = 0
    await desk.proceed()
    assert len(await desk.texts()) == 2


async def test_a_reader_who_goes_away_stops_the_writer_and_keeps_whole_sentences(desk: Desk) -> None:
    task = await _first_sentence(desk)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.writer.closed == 1
    texts = await desk.texts()
    assert texts[0] == "Once"
    assert texts[1].endswith(".")
    assert (await desk.rows(schema.turns))[1]["finish"] == "cancelled"
    desk.writer.gate = None
    await desk.say("And on")
    assert len(await desk.texts()) == 4


async def test_a_reader_who_goes_away_before_a_sentence_leaves_the_words(desk: Desk) -> None:
    desk.writer.delay = 0.05
    async with aclosing(desk.talk.reply(desk.message("Once", "u1"))) as reply:
        await anext(reply)
    assert await desk.texts() == ["Once"]
    desk.writer.delay = 0
    turn = await desk.say("Once", delivery="u1")
    assert await desk.texts() == ["Once", turn.text]


async def test_a_reply_nobody_closed_is_finished_by_the_loop(desk: Desk) -> None:
    desk.writer.delay = 0.01
    reply = desk.talk.reply(desk.message("Once"))
    await anext(reply)
    del reply
    gc.collect()
    await asyncio.sleep(0.2)
    assert (await desk.texts())[0] == "Once"
    assert await desk.talk.cancel(KEY) is False


async def test_somebody_who_waits_can_leave_without_a_trace(desk: Desk) -> None:
    task = await _first_sentence(desk)
    waiting = asyncio.create_task(desk.say("Never mind", delivery="u2"))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert desk.writer.gate is not None
    desk.writer.gate.set()
    await task
    assert len(await desk.texts()) == 2
    assert await desk.rows(schema.inbox) == []


async def test_a_slow_reader_gets_the_newest_and_delays_nothing(desk: Desk) -> None:
    reply = desk.talk.reply(desk.message("Once"))
    await anext(reply)
    undone = await asyncio.wait_for(desk.talk.undo(KEY, MARA), 5)  # its turn comes when the reply is stored
    assert undone.turns == ()
    rest = await collect(reply)
    assert [type(event) for event in rest] == [Snapshot, Done]


async def test_closing_the_house_stores_what_is_being_written(desk: Desk) -> None:
    task = await _first_sentence(desk)
    await desk.talk.close()
    last = (await task)[-1]
    assert isinstance(last, Done)
    assert last.turn.finish == "cancelled"
    assert len(await desk.texts()) == 2


async def test_a_piece_deleted_meanwhile_is_not_found_by_those_who_wait(desk: Desk) -> None:
    task = await _first_sentence(desk)
    waiting = asyncio.create_task(desk.say("More"))
    await asyncio.sleep(0.1)
    await desk.talk.delete(KEY, MARA)
    assert desk.writer.gate is not None
    desk.writer.gate.set()
    await task
    with pytest.raises(NotFound):
        await waiting


async def test_many_chats_at_once_keep_their_words_apart(desk: Desk) -> None:
    keys = [other(chat=f"chat {number}") for number in range(20)]
    for text in ("first", "second"):
        await asyncio.gather(*(desk.say(f"{text} words of {key.chat}", key=key) for key in keys))
    for key in keys:
        texts = await desk.texts(key)
        assert texts[::2] == [f"first words of {key.chat}", f"second words of {key.chat}"]
        assert len(texts) == 4


async def test_random_people_in_one_piece_leave_a_whole_tree(desk: Desk) -> None:
    turn = await desk.say("Once")

    async def quietly(wish: Awaitable[object]) -> None:
        with suppress(Impossible):
            await wish

    wishes: list[Awaitable[None]] = []
    for number in range(5):
        wishes += [
            quietly(desk.say(f"line {number}")),
            quietly(desk.talk.undo(KEY, MARA)),
            quietly(desk.retry(turn.id)),
            quietly(desk.talk.redo(KEY, BEN)),
            quietly(desk.talk.swipe(KEY, BEN, 1, turn.id)),
            quietly(done(desk.talk.alternatives(desk.message(), 2, turn.id))),
        ]
    await asyncio.gather(*wishes)
    rows = {row["id"]: row for row in await desk.rows(schema.turns)}
    moves = {row["number"]: row for row in await desk.rows(schema.moves)}
    piece = (await desk.rows(schema.pieces))[0]
    assert piece["head"] in rows
    assert moves[piece["step"]]["after"] == piece["head"]
    assert all(row["parent"] is None or row["parent"] in rows for row in rows.values())
    assert all(row["depth"] == (rows[row["parent"]]["depth"] if row["parent"] else 0) + 1 for row in rows.values())
    assert sum(row["text"].startswith("line") for row in rows.values()) == 5
