"""The server itself, talked to by the library that Ghostnote talks with."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped] # ships no types
from aiohttp import ClientSession
from PIL import Image
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import AIORateLimiter, ExtBot

from bot.telegram.sending import Client, seconds
from tests.bot.telegram.bot_api import BotApi

ROW = InlineKeyboardMarkup([[InlineKeyboardButton("👍", callback_data="+1")]])


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Client]:
    async with ExtBot(
        api.token, base_url=f"{api.root}/bot", base_file_url=f"{api.root}/file/bot", rate_limiter=AIORateLimiter()
    ) as client:
        yield client


@pytest.fixture
def chat(api: BotApi) -> int:
    return api.world.private(api.world.person(77)).id


async def test_messages_are_kept_edited_and_deleted(api: BotApi, bot: Client, chat: int) -> None:
    sent = await bot.send_message(chat, " Once \n", reply_markup=ROW)
    assert sent.text == "Once"
    await bot.edit_message_text("Once upon", chat, sent.message_id, reply_markup=ROW)
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("Once upon ", chat, sent.message_id, reply_markup=ROW)
    await bot.edit_message_reply_markup(chat, sent.message_id)
    assert [(what, message.text) for what, message in api.world.history] == [
        ("sent", "Once"),
        ("edited", "Once upon"),
        ("edited", "Once upon"),
    ]
    await bot.delete_message(chat, sent.message_id)
    with pytest.raises(BadRequest, match="to edit not found"):
        await bot.edit_message_text("Twice", chat, sent.message_id)


async def test_what_telegram_refuses_is_refused(api: BotApi, bot: Client, chat: int) -> None:
    for text in ("", "  \n", "a" * 4097, "😀" * 2049):
        with pytest.raises(BadRequest):
            await bot.send_message(chat, text)
    await bot.send_message(chat, "😀" * 2048)
    long = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="é" * 32 + "x")]])
    with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
        await bot.send_message(chat, "x", reply_markup=long)
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        await bot.send_message(123456, "x")
    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(chat, "x", message_thread_id=3)
    with pytest.raises(BadRequest, match="has no parameter colour"):
        await bot.send_message(chat, "x", api_kwargs={"colour": "red"})
    with pytest.raises(BadRequest, match="message_id"):
        await bot.edit_message_text("x", chat, "seven")  # type: ignore[arg-type]
    api.world.blocked.add(chat)
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(chat, "x")


async def test_updates_wait_until_they_are_confirmed(api: BotApi, bot: Client) -> None:
    person = api.world.person(77)
    room = api.world.private(person)
    api.world.say(room, person, "one")
    api.world.say(room, person, "two")
    first = await bot.get_updates(timeout=timedelta(0))
    assert [update.message and update.message.text for update in first] == ["one", "two"]
    assert await bot.get_updates(timeout=timedelta(0)) == first
    waiting = asyncio.create_task(bot.get_updates(first[-1].update_id + 1, timeout=timedelta(seconds=5)))
    await asyncio.sleep(0.05)
    api.world.say(room, person, "three")
    assert [update.message and update.message.text for update in await waiting] == ["three"]


async def test_reactions_come_only_to_those_who_ask(api: BotApi, bot: Client) -> None:
    person = api.world.person(77)
    room = api.world.private(person)
    message = api.world.say(room, person, "one")
    api.world.react(room, message.message_id, person, "", "👍")
    assert [update.message_reaction for update in await bot.get_updates(timeout=timedelta(0))] == [None]
    await bot.get_updates(timeout=timedelta(0), allowed_updates=[Update.MESSAGE, Update.MESSAGE_REACTION])
    api.world.react(room, message.message_id, person, "👍", "👎")
    last = (await bot.get_updates(timeout=timedelta(0)))[-1].message_reaction
    assert last
    assert last.new_reaction[0].to_dict() == {"type": "emoji", "emoji": "👎"}


async def test_trouble_comes_when_it_is_ordered(api: BotApi, bot: Client, chat: int) -> None:
    api.fail("sendMessage", 429, retry_after=7)
    with pytest.raises(RetryAfter) as limit:
        await bot.send_message(chat, "x")
    assert seconds(limit.value) == pytest.approx(7.1)
    api.fail("sendMessage", 500, after=1)
    await bot.send_message(chat, "x")
    with pytest.raises(NetworkError):
        await bot.send_message(chat, "x")
    api.flood(2, 60)
    other = api.world.private(api.world.person(78)).id
    await bot.send_message(chat, "x")
    await bot.send_message(chat, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(chat, "x")
    await bot.send_message(other, "x")


async def test_files_keep_their_bytes(api: BotApi, bot: Client, chat: int) -> None:
    data = bytes(range(256)) * 100
    for name, send, content in (
        ("document", bot.send_document, data),
        ("photo", bot.send_photo, picture(30, 20)),
        ("audio", bot.send_audio, data),
        ("voice", bot.send_voice, sound("OPUS")),
    ):
        sent = await send(chat, InputFile(content, f"{name}.bin"))
        assert list(api.world.files.values())[-1] == (f"documents/{name}.bin", content)
        assert getattr(sent, name), name
    got = await (await bot.get_file("f1")).download_as_bytearray()
    assert bytes(got) == data


async def test_pictures_and_sounds_are_what_they_must_be(api: BotApi, bot: Client, chat: int) -> None:
    for content in (b"not a picture", picture(9_000, 1_001), picture(2_001, 100)):
        with pytest.raises(BadRequest):
            await bot.send_photo(chat, InputFile(content, "x.png"))
    for content in (b"not a sound", sound("VORBIS")):
        assert not (await bot.send_voice(chat, InputFile(content, "x.ogg"))).voice
    api.fail("download", 500)
    sent = await bot.send_document(chat, InputFile(b"x", "x"))
    assert sent.document
    file = await bot.get_file(sent.document.file_id)
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    assert bytes(await file.download_as_bytearray()) == b"x"


def picture(width: int, height: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height)).save(out, "PNG")
    return out.getvalue()


def sound(codec: str) -> bytes:
    out = BytesIO()
    soundfile.write(out, np.zeros(4800), 48_000, format="OGG", subtype=codec)
    return out.getvalue()


async def test_who_may_call(api: BotApi, bot: Client) -> None:
    with pytest.raises(InvalidToken):
        async with ExtBot("1:not-this-one", base_url=f"{api.root}/bot"):
            pass
    await bot.set_webhook(f"{api.root}/nowhere", secret_token="s")
    with pytest.raises(Conflict):
        await bot.get_updates(timeout=timedelta(0))
    assert (await bot.get_webhook_info()).url.endswith("/nowhere")
    await bot.delete_webhook()
    assert await bot.get_updates(timeout=timedelta(0)) == ()
    async with ClientSession() as session, session.get(f"{api.root}/bot{api.token}/getMe") as answer:
        assert (await answer.json())["result"]["username"] == "ghostnote_bot"
