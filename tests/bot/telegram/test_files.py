"""MIDI files that people send or answer: fetched, heard once, worked on; what cannot be heard gets one sentence."""

import logging
import socket

import pytest
from aiogram.types import Audio

from bot import wording
from bot.chats.files import FileUnavailable
from bot.telegram_app import WebhookSettings
from engine.messages import MessageRef, SessionKey
from engine.music.errors import BadMidi
from engine.music.midi import MAX_BYTES
from tests.bot.chats.tunes import notes, tune
from tests.bot.telegram.conftest import Desk, Start

KEY = SessionKey("telegram", "77")
TUNE = tune()
HEARD = "I hear: 2 bars"


async def test_a_file_without_words_is_heard_and_offered_what_can_be_done(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        sent = desk.send("tune.mid", TUNE)
        heard = await desk.said(HEARD)
        assert desk.labels(heard) == ["➕ Extend", "🎲 Vary", "🎹 Accompany", "🎼 Harmonize"]
        await desk.api.until(lambda: not desk.world.updates)
        turn = (await conversation.piece(KEY)).turns[-1]
        assert (turn.form, turn.kind, turn.author) == ("midi", "person", "Mara")
        for number in (sent.message_id, heard.message_id):
            assert await conversation.turn_at(MessageRef("telegram", "77", str(number)), KEY) == turn
        await desk.press(heard, "➕")
        longer = (await desk.files(3))[2]
        desk.world.say(desk.chat, desk.person, "/harmonize", reply_to=heard.message_id)
        harmonised = (await desk.files(6))[5]
    assert [note for note in notes(desk.data(longer)) if note[0] < 8] == notes(TUNE)
    assert set(notes(TUNE)) <= set(notes(desk.data(harmonised)))
    assert desk.api.downloads == 1


@pytest.mark.parametrize(
    ("name", "mime"), [("TUNE.MID", "application/octet-stream"), ("noname", "audio/x-midi"), ("a.midi", None)]
)
async def test_midi_is_told_by_its_name_or_its_type(desk: Desk, start: Start, name: str, mime: str | None) -> None:
    async with start():
        desk.send(name, TUNE, mime=mime)
        await desk.said(HEARD)


async def test_a_file_that_comes_as_music_to_play_is_heard_too(desk: Desk, start: Start) -> None:
    desk.world.files["f1"] = ("music/tune.mid", TUNE)
    audio = Audio(file_id="f1", file_unique_id="u1", duration=4, file_name="tune.mid", file_size=len(TUNE))
    async with start():
        desk.world.say(desk.chat, desk.person, None, audio=audio)
        await desk.said(HEARD)


async def test_written_notes_are_heard_as_a_file_and_as_words(desk: Desk, start: Start) -> None:
    async with start():
        desk.send("tune.abc", b"X:1\nL:1/4\nM:4/4\nK:C\nCDEF|GFEC|\n", mime="text/vnd.abc")
        heard = await desk.said(HEARD)
        assert "🎼 Harmonize" in desk.labels(heard)
        desk.say("/notes C4 E4 G4 C5")
        typed = await desk.said("I hear: 1 bar")
        await desk.press(typed, "➕")
        longer = (await desk.files(3))[2]
    assert {(0, 60), (1, 64), (2, 67), (3, 72)} <= set(notes(desk.data(longer)))


async def test_a_caption_says_what_to_do_with_it(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.send("tune.mid", TUNE, "/extend@ghostnote_bot 2")
        longer = (await desk.files(3))[2]
        desk.send("tune.mid", TUNE, "in E minor, 140 bpm")
        await desk.files(6)
        turns = (await conversation.piece(KEY)).turns
    assert [note for note in notes(desk.data(longer)) if note[0] < 8] == notes(TUNE)
    assert [(turn.form, turn.kind) for turn in turns] == [
        ("midi", "person"),
        ("music", "model"),
        ("midi", "person"),
        ("music", "person"),
        ("music", "model"),
    ]
    assert "E minor" in turns[-1].text
    assert len(desk.replies()) == 2, "and nothing else is said"


async def test_in_a_group_a_file_is_heard_when_somebody_means_the_bot(desk: Desk, start: Start) -> None:
    group = desk.world.group(-1002)
    ben = desk.world.person(78, "Ben")
    async with start() as conversation:
        theirs = desk.world.send_file(group, ben, "theirs.mid", TUNE)
        desk.world.send_file(group, ben, "theirs.mid", TUNE, "My tune, what do you think?")
        desk.world.send_file(group, ben, "theirs.mid", TUNE, "/extend@other_bot")
        desk.world.send_file(group, ben, "notes.pdf", b"%PDF", mime="application/pdf")
        desk.world.say(group, ben, "nice", reply_to=theirs.message_id)
        desk.world.say(group, desk.person, "/list", reply_to=theirs.message_id)
        await desk.api.until(lambda: desk.world.from_bot(group))
        assert desk.api.downloads == 0
        for count, words in ((1, "/vary"), (2, "@ghostnote_bot in E minor"), (3, "/extend 2")):
            desk.world.say(group, desk.person, words, reply_to=theirs.message_id)
            await desk.files(3 * count, group)
        assert desk.api.downloads == 1, "heard once, known from then on"
        desk.world.say(group, desk.person, "/score", reply_to=theirs.message_id)
        await desk.api.until(lambda: not desk.world.updates)
        files = await desk.files(10, group)
        written = next(each for each in files if each.document and (each.document.file_name or "").endswith(".abc"))
        assert desk.data(written).startswith(b"X:1")
        desk.world.send_file(group, ben, "other.mid", tune(60, 64, 67, 72), "@ghostnote_bot")
        await desk.api.until(lambda: any("I hear: 1 bar" in (each.text or "") for each in desk.world.from_bot(group)))
        desk.world.send_file(group, ben, "other.mid", tune(60, 64, 67, 72, 74), reply_to=written.message_id)
        await desk.api.until(lambda: "I hear: 2 bars" in (desk.world.from_bot(group)[-1].text or ""))
        desk.world.send_file(group, ben, "other.mid", tune(60, 64, 67, 72), "/extend 2")
        longer = (await desk.files(len(files) + 3, group))[-1]
        turns = (await conversation.piece(SessionKey("telegram", "-1002"))).turns
    assert [note[1] for note in notes(desk.data(longer)) if note[0] < 4] == [60, 64, 67, 72]
    assert [turn.form for turn in turns].count("midi") == 4


async def test_a_file_quoted_from_another_chat_is_heard(desk: Desk, start: Start) -> None:
    elsewhere = desk.world.group(-1003)
    theirs = desk.world.send_file(elsewhere, desk.person, "theirs.mid", TUNE)
    async with start():
        origin = {"type": "user", "date": 0, "sender_user": desk.person.model_dump()}
        desk.world.say(
            desk.chat, desk.person, "/extend 2", external_reply={"origin": origin, "document": theirs.document}
        )
        longer = (await desk.files(3))[2]
    assert [note for note in notes(desk.data(longer)) if note[0] < 8] == notes(TUNE)


async def test_what_cannot_be_heard_gets_its_sentence_and_nothing_changes(desk: Desk, start: Start) -> None:
    large = bytes(MAX_BYTES * 2)
    too_large = wording.error(BadMidi(why="bytes", kilobytes=512, most=MAX_BYTES // 1024), "en")
    async with start() as conversation:
        for number, (data, size, sentence) in enumerate(
            [
                (large, -1, too_large),
                (large, None, too_large),
                (b"RIFF\0\0 and nothing else", -1, wording.error(BadMidi(why="header"), "en")),
                (TUNE[:30], -1, wording.error(BadMidi(why="damaged"), "en")),
                (tune(), 0, HEARD),
            ],
            1,
        ):
            desk.send("x.mid", data, size=size)
            await desk.api.until(lambda: len(desk.world.from_bot(desk.chat)) == number)  # noqa: B023  # waited for here
            assert sentence in (desk.world.from_bot(desk.chat)[-1].text or "")
        desk.send("x.mid", b"\0garbage", "/extend")
        await desk.api.until(lambda: len(desk.world.from_bot(desk.chat)) == 6)
        assert len((await conversation.piece(KEY)).turns) == 1
    assert desk.api.downloads == 4, "what is too large is not loaded"


async def test_a_file_that_telegram_does_not_give_gets_a_sentence(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.api.fail("getFile", 400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        desk.send("tune.mid", TUNE)
        refusal = await desk.said(wording.error(FileUnavailable(), "en"))
        desk.api.fail("download", 404)
        desk.send("tune.mid", TUNE)
        await desk.api.until(lambda: len(desk.world.from_bot(desk.chat)) == 2)
        assert desk.world.from_bot(desk.chat)[1].text == refusal.text
        assert not (await conversation.piece(KEY)).turns
        desk.api.fail("getFile", 500)
        desk.api.fail("download", 502)
        desk.api.fail("getFile", 429, retry_after=1)
        desk.send("tune.mid", TUNE)
        await desk.said(HEARD)


async def test_the_webhook_is_answered_when_the_file_is_stored(desk: Desk, start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hook = WebhookSettings("127.0.0.1", port, f"http://127.0.0.1:{port}/telegram")
    desk.api.fail("getFile", 500, times=2)
    async with start(webhook=hook) as conversation:
        desk.send("tune.mid", TUNE)
        await desk.api.until(lambda: not desk.world.updates)
        assert [turn.form for turn in (await conversation.piece(KEY)).turns] == ["midi"]
    assert desk.api.hook_answers == [200]


async def test_the_token_is_in_no_log_of_a_file(desk: Desk, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    async with start():
        for code in (500, 404):
            desk.api.fail("download", code)
            desk.send("tune.mid", TUNE)
        await desk.said(HEARD)
        await desk.said(wording.error(FileUnavailable(), "en"))
    assert len(caplog.records) > 10
    assert desk.api.token not in caplog.text


async def test_what_follows_a_file_waits_for_it(desk: Desk, start: Start) -> None:
    desk.api.fail("download", 500, times=2)
    async with start() as conversation:
        desk.send("tune.mid", TUNE)
        desk.say("/extend 2")
        longer = (await desk.files(3))[2]
        assert [turn.form for turn in (await conversation.piece(KEY)).turns] == ["midi", "music"]
    assert [note for note in notes(desk.data(longer)) if note[0] < 8] == notes(TUNE)


async def test_the_files_of_an_album_are_heard_each_by_itself(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.send("one.mid", TUNE, media_group_id="g")
        desk.send("two.mid", tune(60, 64, 67, 72), media_group_id="g")
        desk.send("three.mid", b"\0broken", media_group_id="g")
        await desk.said(HEARD)
        await desk.said("I hear: 1 bar")
        await desk.said(wording.error(BadMidi(why="header"), "en"))
        turns = (await conversation.piece(KEY)).turns
    assert [turn.form for turn in turns] == ["midi", "midi"]


async def test_other_files_are_said_to_be_unreadable(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.send("notes.pdf", b"%PDF", mime="application/pdf")
        await desk.said(wording.say("text_only", "en"))
        assert not (await conversation.piece(KEY)).turns
    assert desk.api.downloads == 0


async def test_a_changed_caption_changes_no_music(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        sent = desk.send("tune.mid", TUNE, "/extend 2")
        await desk.files(3)
        before = (await conversation.piece(KEY)).turns
        desk.world.push(edited_message=sent.model_copy(update={"caption": "/extend 4"}))
        await desk.said("That passage is music")
        assert (await conversation.piece(KEY)).turns == before
