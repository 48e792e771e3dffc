"""Files both ways: MIDI that people send, music and pieces that they get."""

import base64
import json

import discord
import pytest

from bot import wording
from bot.discord.files import Voice
from bot.replies import Attachment
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


def sent(desk: Desk) -> list[discord.Message]:
    """Our messages with files, oldest first."""
    return [each for each in desk.channel.history() if each.attachments and each.author.bot]


async def test_sound_is_a_voice_message_and_the_rest_are_files(desk: Desk) -> None:
    await desk.mara.slash(desk.channel, "music", text="1 bar folk air")
    assert [each.flags.voice for each in sent(desk)] == [False, True, False]
    assert [each.content for each in sent(desk)] == ["", "", ""]
    data = await sent(desk)[1].attachments[0].read()
    told = Voice(Attachment("air.ogg", "audio/ogg", data)).to_dict(0)
    heights = base64.b64decode(told["waveform"])
    assert 0.5 < told["duration_secs"] < 30
    assert (max(heights), len(heights)) == (255, min(256, round(told["duration_secs"] * 10)))


async def test_where_voice_messages_are_refused_sound_is_a_file(desk: Desk) -> None:
    desk.env.inject_error("POST", "/channels/*/messages", status=403, code=50173, message="Cannot send voice messages")
    await desk.mara.slash(desk.channel, "music", text="1 bar folk air")
    assert [each.flags.voice for each in sent(desk)] == [False] * 3
    assert (await sent(desk)[1].attachments[0].read())[:4] == b"OggS"


async def test_a_file_comes_whole_when_the_interaction_is_over(desk: Desk) -> None:
    desk.env.inject_error("POST", "/webhooks/*/*", status=401, code=50027, message="Invalid Webhook Token")
    await desk.mara.slash(desk.channel, "music", text="1 bar folk air")
    files = [await file.read() for each in sent(desk) for file in each.attachments]
    assert [data[:4] for data in files] == [b"\x89PNG", b"OggS", b"MThd"]


@pytest.mark.parametrize(("status", "code", "key"), [(403, 50013, "no_file"), (413, 40005, "too_large")])
async def test_a_file_that_is_refused_gets_one_sentence(desk: Desk, status: int, code: int, key: str) -> None:
    times = 1 if key == "too_large" else 9
    desk.env.inject_error("POST", "/webhooks/*/*", status=status, code=code, message="No", times=times)
    desk.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=status, code=code, message="No")
    await desk.mara.slash(desk.channel, "export", choice="md")
    said = [each.content for each in desk.channel.history() if each.author.bot]
    assert len(said) == 1
    assert said[0].startswith(wording.say(f"discord_{key}", "en", name="X").partition("X")[0])


async def test_where_files_are_refused_one_sentence_stands_for_all_of_a_passage(desk: Desk) -> None:
    desk.env.inject_error("POST", "/webhooks/*/*", status=403, code=50013, message="Missing Permissions")
    await desk.mara.slash(desk.channel, "music", text="1 bar folk air")
    text, said = [each for each in desk.channel.history() if each.author.bot]
    assert labels(text)
    assert "I may not send files here" in said.content
    assert not sent(desk)
