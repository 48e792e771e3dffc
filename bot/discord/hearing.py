"""Messages that people write, and messages of theirs that they change."""

import logging

import discord

from bot import wording
from bot.chats import buttons
from bot.chats.outlet import ChatOutlet
from bot.chats.pressing import rewrite
from bot.chats.refs import command_in, ref_of
from bot.chats.replies import Stored
from bot.discord.desk import Desk, safely
from bot.discord.fetching import file_in, music_in
from bot.discord.records import PLATFORM, Place, delivery, words_in
from bot.discord.sending import ERRORS
from engine.errors import EngineError
from engine.messages import MessageRef, Person, UserMessage

log = logging.getLogger(__name__)

WRITTEN = (discord.MessageType.default, discord.MessageType.reply)


class Hearing:
    """Acts on messages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def said(self, message: discord.Message) -> None:
        """A message, if it is meant for us: in a private chat, with a mention, or in answer to one of ours."""
        me = self._desk.client.user
        if me is None or message.author.bot or message.type not in WRITTEN:
            return
        reference = message.reference
        resolved = reference.resolved if reference else None
        ours = isinstance(resolved, discord.Message) and resolved.author.id == me.id
        if message.guild and not ours and me not in message.mentions:
            return
        place, person = await self._desk.wrote(message)
        answered = reference.message_id if reference and reference.type is discord.MessageReferenceType.default else 0
        key = place.key
        asked = UserMessage(
            key,
            person,
            words_in(message.content, me.id),
            ref_of(key, message.id),
            ref_of(key, answered) if answered else None,
            delivery(message.id),
            alone=place.private,
        )
        file = file_in(message.attachments, command_in(asked.text))
        outlet = self._desk.outlet(place, person.language)
        outlet.name(f"m{message.id}")

        async def act(stored: Stored) -> None:
            if await self._may_answer(message, person, outlet):
                await self._desk.replies.give(self._desk.answer(asked, file, outlet), outlet, asked, stored)

        urgent = command_in(asked.text) == "cancel"
        once = MessageRef(PLATFORM, str(place.channel), str(message.id))
        self._desk.intake.begin(
            message.id, place.channel, safely(act), urgent=urgent, fetches=file is not None, once=once
        )

    async def rewritten(self, message: discord.Message) -> None:
        """A person changed a message of theirs; an answer to the new words is offered."""
        me = self._desk.client.user
        if me is None or message.author.bot or not message.content or message.edited_at is None:
            return
        place, person = await self._desk.wrote(message)
        name = f"{delivery(message.id)}:{message.edited_at.timestamp()}"

        async def act(stored: Stored) -> None:
            await self._rewrite(place, person, message.id, words_in(message.content, me.id), name)

        await safely(act)(lambda: None)

    async def _rewrite(self, place: Place, person: Person, message: int, words: str, name: str) -> None:
        outlet = self._desk.outlet(place, person.language)
        ref = ref_of(place.key, message)
        try:
            answer = await rewrite(self._desk.conversation, place.key, person, ref, words, name)
        except EngineError as error:
            await outlet.say(wording.error(error, person.language))
            return
        if answer is not None:
            rows = buttons.rerun(answer, person.language) if answer else ()
            await outlet.say(wording.say("edited_offer", person.language), rows)

    async def _may_answer(self, message: discord.Message, person: Person, outlet: ChatOutlet) -> bool:
        """Whether there is something to answer, and a way to; if not, that is said where it can be."""
        if not await self._has_voice(message, person):
            return False
        me = self._desk.client.user
        if (me and words_in(message.content, me.id)) or music_in(message.attachments):
            return True
        if message.attachments or message.stickers:
            sentence = "text_only"
        elif message.content or not message.guild:
            sentence = "hello"
        else:  # an answer without its @, whose words Discord keeps from us
            sentence = "discord_ask_here"
        await outlet.say(wording.say(sentence, person.language))
        return False

    async def _has_voice(self, message: discord.Message, person: Person) -> bool:
        """Whether we may write where the message is; if not, its author is told in private."""
        channel, guild = message.channel, message.guild
        if guild is None or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return True
        try:
            allowed = channel.permissions_for(guild.me)
        except discord.ClientException:  # a thread whose channel is not known: one finds out by writing
            return True
        thread = isinstance(channel, discord.Thread)
        if allowed.send_messages_in_threads if thread else allowed.send_messages:
            return True
        log.warning("Discord: may not write in channel %s", channel.id)
        try:
            await message.author.send(wording.say("discord_no_voice", person.language, channel=channel.name))
        except ERRORS as error:
            log.info("Discord: %s cannot be told: %s", message.author.id, error)
        return False
