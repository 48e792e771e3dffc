"""Music when things go wrong: limits, refusals, updates that come again, processes that are killed."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.messages import SessionKey
from tests.bot.chats.tunes import notes, tune
from tests.bot.telegram.conftest import Desk, Start, ghost

KEY = SessionKey("telegram", "77")
SHORT = "/music 2 bars folk air in G major, 100 bpm, flute"
SENT = ("sendphoto", "sendvoice", "senddocument")


def sent(desk: Desk) -> list[str]:
    """The files the chat has, by the call that sent them."""
    return [name for _, name, _ in desk.api.calls if name in SENT]


def noted(folder: Path) -> int:
    """How many messages the database knows to show a passage."""
    with closing(sqlite3.connect(folder / "ghostnote.db")) as database:
        return int(database.execute("SELECT count(*) FROM deliveries").fetchone()[0])


async def test_a_429_on_an_upload_is_waited_for(desk: Desk, start: Start) -> None:
    for method in ("sendPhoto", "sendVoice", "sendDocument"):
        desk.api.fail(method, 429, retry_after=1)
    desk.api.fail("sendVoice", 502)
    async with start():
        desk.say(SHORT)
        files = await desk.files(3)
    assert [code for _, code, _ in desk.api.refused] == [429, 429, 502, 429]
    assert [bool(each.photo) for each in files] == [True, False, False]
    assert len(desk.world.from_bot(desk.chat)) == 4


async def test_what_may_not_be_seen_or_heard_in_a_chat_comes_as_a_document(desk: Desk, start: Start) -> None:
    desk.api.fail("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    desk.api.fail("sendVoice", 400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
    async with start() as conversation:
        desk.say(SHORT)
        files = await desk.files(3)
        names = [each.document.file_name or "" for each in files if each.document]
        assert [name[-4:] for name in names] == [".png", ".ogg", ".mid"]
        desk.world.react(desk.chat, files[1].message_id, desk.person, "", "👍")
        await desk.api.until(lambda: not desk.world.updates)
        assert (await conversation.piece(KEY)).turns[-1].likes == 1


async def test_a_file_that_is_refused_for_good_does_not_keep_the_others(
    desk: Desk, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    desk.api.fail("sendVoice", 400)
    desk.api.fail("sendDocument", 400)
    async with start():
        desk.say(SHORT)
        await desk.files(2)
        await desk.api.until(lambda: not desk.world.updates)
        line = await desk.reply()
        await desk.press(line, "👍")
    assert sent(desk) == ["sendphoto", "senddocument"]
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1


async def test_who_blocks_the_bot_is_not_sent_one_file_after_another(
    desk: Desk, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    desk.api.fail("sendPhoto", 403, "Forbidden: bot was blocked by the user", times=9)
    async with start() as conversation:
        desk.say(SHORT)
        await desk.api.until(lambda: not desk.world.updates)
        assert (await conversation.piece(KEY)).turns[-1].form == "music"
    assert not sent(desk)
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1


async def test_an_update_that_comes_again_sends_nothing_again(desk: Desk, start: Start) -> None:
    updates = []
    async with start():
        desk.send("tune.mid", tune())
        updates.append(desk.world.updates[0])
        await desk.said("I hear")
        desk.send("tune.mid", tune(), "/extend 2")
        updates.append(desk.world.updates[-1])
        await desk.files(3)
        desk.say(SHORT)
        updates.append(desk.world.updates[-1])
        await desk.files(6)
        await desk.api.until(lambda: not desk.world.updates)
        line = await desk.reply(2)
        desk.world.press(desk.chat, line.message_id, "🎲", desk.person)
        updates.append(desk.world.updates[-1])
        await desk.files(9)
        await desk.api.until(lambda: not desk.world.updates)
    before, shown = list(desk.world.from_bot(desk.chat)), len(desk.world.from_bot(desk.chat))
    async with start() as conversation:
        turns = (await conversation.piece(KEY)).turns
        for update in updates:
            desk.world.again(update)
        await desk.api.until(lambda: not desk.world.updates)
        assert (await conversation.piece(KEY)).turns == turns
    assert len(desk.world.from_bot(desk.chat)) == shown
    assert [each.message_id for each in desk.world.from_bot(desk.chat)] == [each.message_id for each in before]
    assert [turn.form for turn in turns] == ["midi", "midi", "music", "music", "music", "music"]


async def test_a_process_killed_while_it_composes_answers_after_all_in_the_same_message(
    desk: Desk, start: Start, tmp_path: Path
) -> None:
    desk.say(SHORT)
    for _ in range(2):
        async with ghost(desk, tmp_path):
            await desk.api.until(lambda: desk.world.from_bot(desk.chat) and noted(tmp_path) == 2)
        assert desk.world.updates, "it is not acknowledged before it is answered"
    async with start() as conversation:
        await desk.files(3)
        await desk.api.until(lambda: not desk.world.updates)
        assert [turn.kind for turn in (await conversation.piece(KEY)).turns] == ["person", "model"]
    assert len(desk.replies()) == 1
    assert len(desk.world.from_bot(desk.chat)) == 4


async def test_a_process_killed_between_two_files_sends_the_rest(desk: Desk, start: Start, tmp_path: Path) -> None:
    desk.api.fail("sendVoice", 429, retry_after=60, times=1)
    desk.say(SHORT)
    async with ghost(desk, tmp_path):
        await desk.api.until(lambda: any(name == "sendvoice" for name, _, _ in desk.api.refused))
    assert sent(desk) == ["sendphoto"]
    async with start():
        await desk.files(3)
        await desk.api.until(lambda: not desk.world.updates)
    assert sent(desk) == list(SENT)
    assert len(desk.world.from_bot(desk.chat)) == 4


async def test_a_file_whose_caption_was_being_done_is_heard_once_and_answered(
    desk: Desk, start: Start, tmp_path: Path
) -> None:
    desk.send("tune.mid", tune(), "/extend 2")
    async with ghost(desk, tmp_path):
        await desk.api.until(lambda: desk.api.made("sendChatAction"))
    assert desk.world.updates
    async with start() as conversation:
        longer = (await desk.files(3))[2]
        await desk.api.until(lambda: not desk.world.updates)
        assert [turn.form for turn in (await conversation.piece(KEY)).turns] == ["midi", "music"]
    assert [note for note in notes(desk.data(longer)) if note[0] < 8] == notes(tune())
