"""From a Telegram update to the conversation: what people write, and what they change in what they wrote."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from telegram import Audio, Document, Message, Update
from telegram.error import TelegramError

from bot import commands, wording
from bot.replies import ReplyEvent
from bot.telegram import buttons
from bot.telegram.fetching import fetch, midi_in
from bot.telegram.outlet import ChatOutlet
from bot.telegram.pressing import Pressing
from bot.telegram.records import command_in, key_of, person_of, place_of, ref_of, words_for
from bot.telegram.replying import Replies, Stored
from bot.telegram.sending import refused
from engine.errors import EngineError
from engine.messages import SessionKey, Turn, UserMessage
from engine.story import MUSIC, SENT_MUSIC

log = logging.getLogger(__name__)


class Receiver:
    """Acts on updates."""

    def __init__(self, replies: Replies) -> None:
        self._replies, self._conversation = replies, replies.conversation
        self._pressing = Pressing(replies)

    async def receive(self, update: Update, stored: Stored) -> None:
        """Act on an update to its end, never raising; `stored` is called as soon as nothing of it can be lost."""
        try:
            if update.message:
                await self._message(update.message, update.update_id, stored)
            elif update.edited_message:
                await self._rewritten(update.edited_message, update.update_id)
            elif update.callback_query:
                await self._pressing.pressed(update.callback_query, update.update_id, stored)
            elif update.message_reaction:
                await self._pressing.reacted(update.message_reaction)
        except TelegramError as error:
            refused("answer", update.effective_chat.id if update.effective_chat else "?", error)
        except Exception:
            log.exception("Telegram: an update could not be acted on")

    async def _message(self, message: Message, update: int, stored: Stored) -> None:
        place, person = place_of(message), person_of(message.from_user, message.sender_chat)
        outlet = self._replies.outlet(place, person.language)
        text = message.text or message.caption
        file = midi_in(message)
        if text is None and file is None:
            if place.private and message.effective_attachment:
                await outlet.say(wording.say("text_only", person.language))
            return
        words = words_for(message, text or "", self._replies.bot.username)
        if words is None or self._for_another(message, text or ""):
            return
        answered = message.reply_to_message.message_id if message.reply_to_message else 0
        asked = self._replies.asked(place, person, update, words, message.message_id, answered)
        await self._replies.give(self._answer(message, asked, file, outlet), outlet, asked, stored)

    async def _answer(
        self, message: Message, asked: UserMessage, file: Audio | Document | None, outlet: ChatOutlet
    ) -> AsyncIterator[ReplyEvent]:
        """The answer to a message, when the MIDI file it brings is here, or the one it answers that nobody heard."""
        command = command_in(asked.text)
        musical = command in commands.BY_NAME and commands.BY_NAME[command].group == "music"
        outlet.musical = musical or (file is not None and not command)
        if file:
            asked = replace(asked, file=await fetch(self._replies.bot, file))
        elif musical or not command:
            asked = await self._with_answered(message, asked, outlet)
        async with aclosing(commands.run(self._conversation, asked)) as events:  # type: ignore[type-var]  # an async generator
            async for event in events:
                yield event

    async def _with_answered(self, message: Message, asked: UserMessage, outlet: ChatOutlet) -> UserMessage:
        """Hear the file that a message answers, or quotes from another chat, unless it is a passage already."""
        turn = asked.reply_to and await self._conversation.turn_at(asked.reply_to, asked.key)
        if turn and (turn.form == SENT_MUSIC or (turn.form == MUSIC and turn.kind == "model")):
            outlet.musical = True
            return asked
        answered, quoted = midi_in(message.reply_to_message), midi_in(message.external_reply)
        if answered:
            sent = await fetch(self._replies.bot, answered)
            delivery = asked.delivery and f"{asked.delivery}:file"
            await self._conversation.hear(replace(asked, text="", ref=asked.reply_to, file=sent, delivery=delivery))
        elif quoted:
            asked = replace(asked, file=await fetch(self._replies.bot, quoted))
        outlet.musical = outlet.musical or bool(answered or quoted)
        return asked

    def _for_another(self, message: Message, text: str) -> bool:
        """In a group a command that is not ours and names nobody may be another bot's."""
        command, ours = command_in(text), f"@{self._replies.bot.username}".lower()
        private = message.chat.type == message.chat.PRIVATE
        return bool(command) and not private and command not in commands.BY_NAME and ours not in text.lower()

    async def _rewritten(self, message: Message, update: int) -> None:
        """A person changed words of theirs: the passage changes too, and an answer to the new words is offered."""
        place, person = place_of(message), person_of(message.from_user, message.sender_chat)
        key = key_of(place)
        turn = await self._conversation.turn_at(ref_of(place.chat, message.message_id), key)
        words = words_for(message, message.text or message.caption or "", self._replies.bot.username)
        if turn is None or turn.kind != "person" or not words:
            return
        command = command_in(words)
        text = words.partition(" ")[2].strip() if command in (*commands.FORMS, "continue") else words
        if not text or text == turn.text:
            return
        outlet = self._replies.outlet(place, person.language)
        try:
            await self._conversation.edit(key, person, text, turn.id, self._replies.delivery(update))
            answer = await self._answer_to(key, turn)
        except EngineError as error:
            await outlet.say(wording.error(error, person.language))
            return
        markup = buttons.rerun(answer, person.language) if answer else None
        await outlet.say(wording.say("edited_offer", person.language), markup)

    async def _answer_to(self, key: SessionKey, turn: Turn) -> str:
        """The passage that answers these words on the live branch, "" if there is none."""
        turns = (await self._conversation.piece(key)).turns
        return next((each.id for each in turns if each.parent == turn.id and each.kind == "model"), "")
