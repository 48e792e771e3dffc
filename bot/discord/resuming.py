"""Answers that an earlier process owes: Discord, unlike Telegram, sends nothing twice to a bot that was killed.

What was stored and never answered is answered before anything new is heard, in the place it came from, and in the
message of the draft where one was shown; so is an answer shown that was written and never seen. What was not stored
yet is lost to us: Discord does not tell it again.
"""

import logging
from dataclasses import replace
from datetime import timedelta

import discord

from bot import commands
from bot.chats.refs import ref_of
from bot.chats.replies import Stored
from bot.discord.desk import Desk, safely
from bot.discord.records import PLATFORM, Place, number_of
from bot.discord.sending import ERRORS
from engine.messages import UserMessage

log = logging.getLogger(__name__)

OWED = timedelta(days=1)


class Resuming:
    """Answers what is owed, once in the life of a process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._done = False

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
