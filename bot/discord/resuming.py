"""Answers that an earlier process owes: Discord, unlike Telegram, sends nothing twice to a bot that was killed.

What was stored and never answered is answered before anything new is heard, in the place it came from, and in the
message of the draft where one was shown; so is an answer shown that was written and never seen. Messages that waited
for their turn are asked for, once there is a connection, and heard as if they had just come.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import discord
from discord.abc import Messageable

from bot import commands
from bot.chats.refs import ref_of
from bot.chats.replies import Stored
from bot.discord.desk import Desk, safely
from bot.discord.records import PLATFORM, Place, number_of
from bot.discord.sending import ERRORS
from engine.messages import MessageRef, UserMessage

log = logging.getLogger(__name__)

OWED = timedelta(days=1)


class Resuming:
    """Answers what is owed, once in the life of a process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._done = False
        self._heard = False

    async def begin(self) -> None:
        """Begin to answer all of it. Never raises."""
        if self._done:
            return
        self._done = True
        try:
            owed = await self._desk.conversation.unanswered(PLATFORM, OWED)
        except Exception:
            log.exception("Discord: what is owed could not be looked up")
            return
        for asked in owed:
            number = number_of(asked.delivery)
            if number:
                await self._answer(asked, number)
        if owed:
            log.info("Discord: %d answers were owed from before the start", len(owed))

    async def catch_up(self, hear: Callable[[discord.Message], Awaitable[None]]) -> None:
        """Hear what came to an earlier process and waited there. Never raises."""
        if self._heard:
            return
        self._heard = True
        try:
            left = await self._desk.conversation.arriving.left(PLATFORM, OWED)
            await asyncio.gather(*(self._hear(ref, hear) for ref in left))
        except Exception:
            log.exception("Discord: what waited could not be looked up")

    async def _hear(self, ref: MessageRef, hear: Callable[[discord.Message], Awaitable[None]]) -> None:
        client = self._desk.client
        try:
            channel = client.get_channel(int(ref.chat)) or await client.fetch_channel(int(ref.chat))
            message = await channel.fetch_message(int(ref.message)) if isinstance(channel, Messageable) else None
        except (discord.NotFound, discord.Forbidden) as gone:
            log.info("Discord: a message that waited is gone: %s", gone)
            message = None
        except ERRORS as error:
            log.warning("Discord: a message that waited cannot be asked for: %s", error)
            return
        await self._desk.conversation.arriving.entered(ref)
        if message:
            await hear(message)

    async def _answer(self, asked: UserMessage, number: int) -> None:
        try:
            place = await self._place(asked, number)
        except ERRORS as error:
            log.warning("Discord: somebody who is owed an answer cannot be reached: %s", error)
            return
        outlet = self._desk.outlet(place, asked.person.language)
        outlet.name(f"m{number}")
        meant = replace(asked, ref=ref_of(asked.key, number), alone=place.private)

        async def act(stored: Stored) -> None:
            await self._desk.replies.give(commands.resume(self._desk.conversation, meant), outlet, meant, stored)

        self._desk.intake.begin(number, place.channel, safely(act))

    async def _place(self, asked: UserMessage, number: int) -> Place:
        """Where the words stood. A private chat is stored under its person, whose number is no channel's."""
        key = asked.key
        if key.chat == asked.person.id:
            channel = await self._desk.client.create_dm(discord.Object(int(key.chat)))
            return Place(channel.id, key.chat, private=True)
        return Place(int(key.thread or key.chat), key.chat, key.thread, answering=number)
