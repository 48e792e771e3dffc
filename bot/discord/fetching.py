"""Files that people send, and how their bytes come here."""

import asyncio
import logging
from collections.abc import Iterable

import discord

from bot.chats.files import FileUnavailable, check_size, is_music, is_wanted
from bot.chats.wire import Refusal
from bot.discord.sending import ERRORS, trouble
from engine.messages import SentFile

log = logging.getLogger(__name__)

TRIES = 4
PATIENCE = 30.0  # seconds for all tries together


def music_in(attachments: Iterable[discord.Attachment]) -> discord.Attachment | None:
    """The first file of music among these."""
    return next((each for each in attachments if is_music(each.filename, each.content_type)), None)


def file_in(attachments: Iterable[discord.Attachment], command: str) -> discord.Attachment | None:
    """The first file of music among these, or the first that the command asks for."""
    return next((each for each in attachments if is_wanted(command, each.filename, each.content_type)), None)


async def fetch(file: discord.Attachment, command: str = "") -> SentFile:
    """The file with its bytes. Raises FileUnavailable; BadMidi or BadFile, without loading it, if it is too large."""
    check_size(file.size, command)
    pause = 0.5
    try:
        async with asyncio.timeout(PATIENCE):
            for _ in range(TRIES):
                try:
                    return SentFile(file.filename, await file.read())
                except ERRORS as error:
                    log.warning("Discord: a file did not come: %s", error)
                    if isinstance(trouble(error), Refusal):
                        break
                await asyncio.sleep(pause)
                pause *= 2
    except TimeoutError:
        log.warning("Discord: a file did not come in time")
    raise FileUnavailable
