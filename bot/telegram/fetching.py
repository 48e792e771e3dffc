"""Files that people send: which ones they are, and how their bytes come here."""

import asyncio
import logging

from telegram import Audio, Document, ExternalReplyInfo, Message, Update
from telegram.error import RetryAfter, TelegramError

from bot.carrying import READS
from bot.chats.files import FileUnavailable, check_size, is_music, is_wanted
from bot.chats.refs import command_in
from bot.telegram.sending import FINAL, Client, seconds
from engine.messages import SentFile

log = logging.getLogger(__name__)

TRIES = 4
PATIENCE = 30.0  # seconds for all tries together: the update is not acknowledged meanwhile


def midi_in(message: Message | ExternalReplyInfo | None) -> Audio | Document | None:
    """The file of music that a message brings, told by its name or its type, if it brings one."""
    file = message and (message.document or message.audio)
    return file if file and is_music(file.file_name, file.mime_type) else None


def file_in(message: Message) -> Audio | Document | None:
    """The file that a message brings, or answers with a command that wants one: music, or what the command asks for."""
    command = command_in(message.text or message.caption or "")
    for each in (message, message.reply_to_message) if command in READS else (message,):
        file = each and (each.document or each.audio)
        if file and is_wanted(command, file.file_name, file.mime_type):
            return file
    return None


def brings_file(update: Update) -> bool:
    """Whether an update may need a file to be fetched before it is stored."""
    message = update.message
    return message is not None and any(
        (file_in(message), *map(midi_in, (message.reply_to_message, message.external_reply)))
    )


async def fetch(bot: Client, file: Audio | Document, command: str = "") -> SentFile:
    """The file with its bytes. Raises FileUnavailable; BadMidi or BadFile, without loading it, if it is too large."""
    check_size(file.file_size, command)
    try:
        async with asyncio.timeout(PATIENCE):
            data = await _patiently(bot, file.file_id, command)
    except (TelegramError, TimeoutError) as error:
        log.warning("Telegram: a file did not come: %s", error)
        raise FileUnavailable from None
    return SentFile(file.file_name or "", data)


async def _patiently(bot: Client, file: str, command: str) -> bytes:
    """The bytes, after a few tries in an outage."""
    pause = 0.5
    for left in reversed(range(TRIES)):
        try:
            found = await bot.get_file(file)
            check_size(found.file_size, command)
            return bytes(await found.download_as_bytearray())
        except FINAL:
            raise
        except TelegramError as error:
            if not left:
                raise
            await asyncio.sleep(seconds(error) if isinstance(error, RetryAfter) else pause)
            pause *= 2
    raise FileUnavailable
