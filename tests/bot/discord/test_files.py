"""Files both ways: MIDI that people send, music and pieces that they get."""

import json

from bot import wording
from engine.messages import SessionKey
from engine.music.midi import MAX_BYTES
from tests.bot.chats.tunes import notes, tune
from tests.bot.discord.conftest import Desk, labels


async def test_a_midi_file_with_a_mention_is_heard_and_worked_on(desk: Desk) -> None:
    await desk.mara.send(desk.channel, desk.mention, attachments=[("mine.mid", tune())])
    heard = desk.last()
    assert "I hear" in heard.content
    assert labels(heard) == ["➕ Extend", "🎲 Vary", "🎹 Accompany", "🎼 Harmonize"]
    await desk.restart()
    await desk.click(heard, "Vary")
    files = [file for message in desk.channel.history() for file in message.attachments if message.author.bot]
    assert [file.filename.rpartition(".")[2] for file in files] == ["png", "ogg", "mid"]
    assert notes(await files[-1].read())
    assert (await files[1].read())[:4] == b"OggS"
    assert (await files[0].read())[:4] == b"\x89PNG"
    assert [turn.form for turn in (await desk.piece()).turns] == ["midi", "music"]


async def test_a_midi_file_in_a_private_chat_with_a_wish(desk: Desk) -> None:
    ann = desk.env.create_user("ann")
    await desk.send_file(ann, "/extend 1", "mine.mid", tune())
    files = [file for message in ann.dm_channel.history() for file in message.attachments if message.author.bot]
    assert [file.filename.rpartition(".")[2] for file in files] == ["png", "ogg", "mid"]


async def test_files_that_cannot_be_heard_get_one_sentence(desk: Desk) -> None:
    ann = desk.env.create_user("ann")
    for name, data, answer in (
        ("bad.mid", b"MThd", "damaged"),
        ("no.mid", b"\x00\xff\x01", ""),
        ("big.mid", b"MThd" + bytes(MAX_BYTES), "kB"),
        ("cat.png", b"\x89PNG", wording.say("text_only", "en")),
    ):
        said = await desk.send_file(ann, "", name, data)
        assert answer in said.content, name
    assert (await desk.conversation.piece(SessionKey("discord", str(ann.id)))).turns == ()


async def test_ones_data_is_seen_by_nobody_else(desk: Desk) -> None:
    await desk.say("It rained.")
    result = await desk.mara.slash(desk.channel, "mydata")
    assert result.response
    assert result.response.ephemeral
    (file,) = result.response.attachments
    assert [row["text"] for row in json.loads(await file.read())["words"]] == ["It rained."]
    await desk.say("/mydata")
    assert "private chat" in desk.last().content


async def test_a_piece_is_taken_home(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    result = await desk.mara.slash(desk.channel, "export", choice="md")
    assert result.response
    (file,) = result.response.attachments
    assert reply.content in (await file.read()).decode()
