"""What everything that happens on Discord needs: where it happened, who did it, where to answer, and when to begin."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import discord

from bot import commands, tunes, wording
from bot.chats.intake import Intake
from bot.chats.outlet import ChatOutlet
from bot.chats.page import Shown
from bot.chats.refs import command_in
from bot.chats.replies import Replies, Stored
from bot.chats.wire import Refusal
from bot.discord.fetching import fetch
from bot.discord.records import Place, language_in, language_of, person_of, place_of
from bot.discord.sending import ERRORS, ODD
from bot.discord.wire import DiscordWire, Interaction
from bot.replies import ReplyEvent
from engine.conversation import Conversation
from engine.messages import Person, SessionKey, Turn, UserMessage

log = logging.getLogger(__name__)

KNOWN = 10_000
"""Discord tells a person's language with interactions only; that of so many people is remembered."""

Act = Callable[[Stored, Interaction | None], Awaitable[None]]
"""What answers an interaction, given the interaction if it can still be answered through."""


class Desk:
    """The conversation, and the client that talks to Discord."""

    def __init__(self, conversation: Conversation, client: discord.Client) -> None:
        self.conversation, self.client = conversation, client
        self.replies = Replies(conversation)
        self.intake = Intake(self.replies)
        self._languages: OrderedDict[int, str] = OrderedDict()

    def where(self, interaction: Interaction) -> tuple[Place, Person]:
        """The place and the person of an interaction."""
        language = language_of(interaction.locale)
        self._languages[interaction.user.id] = language
        self._languages.move_to_end(interaction.user.id)
        while len(self._languages) > KNOWN:
            self._languages.popitem(last=False)
        return place_of(interaction.channel, interaction.user.id), person_of(interaction.user, language)

    async def wrote(self, message: discord.Message) -> tuple[Place, Person]:
        """The place and the person of a message, with the best guess at their language."""
        place = await self.place(message.channel, message.author.id, message.id)
        return place, person_of(message.author, self.language(message.author.id, message.content, message.guild))

    def language(self, user: int, words: str = "", guild: discord.Guild | None = None) -> str:
        """What a person wants to be answered in, as far as one can know."""
        local = language_of(guild.preferred_locale) if guild else ""
        return self._languages.get(user) or language_in(words) or local or "en"

    async def place(self, channel: Any, user: int, answering: int | None = None) -> Place:
        """Where something happened; whether an unknown channel is a thread is asked of Discord, once."""
        if isinstance(channel, discord.PartialMessageable) and channel.guild_id:
            try:
                channel = self.client.get_channel(channel.id) or await self.client.fetch_channel(channel.id)
            except ERRORS as error:
                log.debug("channel %s is not known: %s", channel.id, error)
        return place_of(channel, user, answering)

    def outlet(
        self,
        place: Place,
        language: str,
        interaction: Interaction | None = None,
        *,
        waiting: bool = False,
        hidden: bool = False,
        shown: tuple[Shown, ...] = (),
        before: Turn | None = None,
    ) -> ChatOutlet:
        """Where to answer."""
        pace = self.replies.pace(place.channel)
        wire = DiscordWire(self.client, place, pace, language, interaction, waiting=waiting, hidden=hidden)
        return ChatOutlet(
            wire,
            place.key,
            language,
            private=place.private,
            answering=place.answering,
            shown=shown,
            before=before,
        )

    async def opened(self, key: SessionKey, language: str) -> ChatOutlet:
        """Where to say what answers no message; a chat that is no channel is a person, who is written to in private."""
        number = int(key.thread or key.chat)
        if key.thread or self.client.get_channel(number):
            return self.outlet(Place(number, key.chat, key.thread), language)
        try:
            await self.client.fetch_channel(number)
        except (discord.NotFound, discord.Forbidden):
            user = await self.client.fetch_user(number)
            channel = user.dm_channel or await user.create_dm()
            return self.outlet(Place(channel.id, key.chat, private=True), language)
        return self.outlet(Place(number, key.chat), language)

    async def answer(
        self, asked: UserMessage, file: discord.Attachment | None, outlet: ChatOutlet
    ) -> AsyncIterator[ReplyEvent]:
        """The answer to words, when the file that came with them is here."""
        command = command_in(asked.text)
        musical = command in tunes.COMMANDS or (file is not None and not command)
        outlet.musical = musical
        if file:
            asked = replace(asked, file=await fetch(file, command))
        async with aclosing(commands.run(self.conversation, asked)) as events:  # type: ignore[type-var]  # an async generator
            async for event in events:
                yield event

    def begin(
        self,
        interaction: Interaction,
        place: Place,
        act: Act,
        *,
        waiting: bool = False,
        hidden: bool = False,
        urgent: bool = False,
        fetches: bool = False,
    ) -> None:
        """Acknowledge an interaction at once, because Discord waits three seconds, and act on it in its turn.

        `waiting`: it shows a message that waits to be filled; `hidden`: only to the person. Never raises.
        """
        acknowledged = asyncio.ensure_future(_acknowledge(interaction, waiting=waiting, hidden=hidden))

        async def later(stored: Stored) -> None:
            live = await acknowledged
            await act(stored, interaction if live else None)

        self.intake.begin(interaction.id, place.channel, safely(later), urgent=urgent, fetches=fetches)

    def sentence(self, key: str, person: Person, **fields: object) -> str:
        """A sentence in the person's language."""
        return wording.say(key, person.language, **fields)


def safely(act: Callable[[Stored], Awaitable[None]]) -> Callable[[Stored], Awaitable[None]]:
    """The same, noting in the log what it raises."""

    async def safe(stored: Stored) -> None:
        try:
            await act(stored)
        except (*ERRORS, Refusal) as error:
            log.warning("Discord: something could not be answered: %s", error)
        except Exception:
            log.exception("Discord: something could not be acted on")

    return safe


async def _acknowledge(interaction: Interaction, *, waiting: bool, hidden: bool) -> bool:
    """Whether the interaction may be answered; if not, three seconds are over."""
    try:
        await interaction.response.defer(thinking=waiting, ephemeral=hidden)
    except (discord.InteractionResponded, *ODD):  # it was taken, whatever the answer to that means
        return True
    except ERRORS as error:
        log.info("Discord: an interaction came too late to be acknowledged: %s", error)
        return False
    return True
