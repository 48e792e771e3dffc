"""Sending files: a picture is seen and sound is played in the chat, anything else is a document with its name.

Each goes alone, because Telegram puts no voice message into an album. A person or a group may forbid voice messages
or pictures, and Telegram refuses pictures of odd shapes; the same file is sent as a document then.
"""

from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import soundfile  # type: ignore[import-untyped] # ships no types
from telegram import Bot, InputFile, Message, ReplyParameters
from telegram.error import BadRequest

from bot.chats.wire import Pace
from bot.replies import Attachment
from bot.telegram.records import Place
from bot.telegram.sending import insist

VOICE = "audio/ogg"


async def upload(
    bot: Bot, place: Place, pace: Pace, attachment: Attachment, caption: str = "", answering: int | None = None
) -> int:
    """The number of the message that holds the file now; raises `sending.FINAL` when Telegram will not have it."""
    where: dict[str, Any] = {
        "chat_id": place.chat,
        "message_thread_id": place.topic,
        "caption": caption or None,
        "reply_parameters": ReplyParameters(answering, allow_sending_without_reply=True) if answering else None,
    }
    send, name, more = _manner(bot, attachment)
    try:
        return await _sent(send, {**where, **more}, name, attachment, pace)
    except BadRequest:
        if name == "document":
            raise
    return await _sent(bot.send_document, where, "document", attachment, pace)


Send = Callable[..., Awaitable[Message]]


async def _sent(send: Send, where: dict[str, Any], name: str, attachment: Attachment, pace: Pace) -> int:
    async def call() -> Message:
        return await send(**where, **{name: InputFile(attachment.data, attachment.name)})

    try:
        return (await insist(call, pace)).message_id
    finally:
        pace.touch()


def _manner(bot: Bot, attachment: Attachment) -> tuple[Send, str, dict[str, Any]]:
    """How to send it: the call, what the call names the file, and what else it takes."""
    match attachment.mime:
        case "image/png" | "image/jpeg":
            return bot.send_photo, "photo", {}
        case "audio/ogg":
            # Some clients show 0:00 unless they are told how long it is.
            return (
                bot.send_voice,
                "voice",
                {"duration": max(1, round(soundfile.info(BytesIO(attachment.data)).duration))},
            )
        case "audio/mpeg" | "audio/mp4":
            return bot.send_audio, "audio", {}
        case _:
            return bot.send_document, "document", {}
