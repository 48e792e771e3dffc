"""From a Telegram update to the conversation: what people write, and what they change in what they wrote."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from telegram import (
    Audio,
    CallbackQuery,
    Document,
    MaybeInaccessibleMessage,
    Message,
    MessageReactionUpdated,
    Update,
)
from telegram.error import TelegramError

from bot import commands, wording
from bot.chats import buttons
from bot.chats.outlet import ChatOutlet
from bot.chats.page import Shown
from bot.chats.pressing import Pressing, rewrite
from bot.chats.refs import command_in, ref_of
from bot.chats.replies import Stored
from bot.replies import ReplyEvent
from bot.telegram.addressing import answered_in, words_for
from bot.telegram.fetching import fetch, file_in, midi_in
from bot.telegram.groups import Groups
from bot.telegram.records import Place, author_of, from_machine, key_of, person_of, place_at, place_of, vote_of
from bot.telegram.replying import Replies
from bot.telegram.sending import refused
from engine.errors import EngineError
from engine.messages import Reaction, Turn, UserMessage
from engine.story import MUSIC, SENT_MUSIC

log = logging.getLogger(__name__)


class Receiver:
    """Acts on updates."""

    def __init__(self, replies: Replies) -> None:
        self._replies, self._conversation = replies, replies.conversation
        self._pressing = Pressing(replies)
        self._groups = Groups(replies)

    async def receive(self, update: Update, stored: Stored) -> None:
        """Act on an update to its end, never raising; `stored` is called as soon as nothing of it can be lost."""
        try:
            if update.message:
                await self._message(update.message, update.update_id, stored)
            elif update.edited_message:
                await self._rewritten(update.edited_message, update.update_id)
            elif update.callback_query:
                await self._pressed(update.callback_query, update.update_id, stored)
            elif update.message_reaction:
                await self._reacted(update.message_reaction, update.update_id)
            elif update.my_chat_member:
                await self._groups.standing(update.my_chat_member)
        except TelegramError as error:
            refused("answer", update.effective_chat.id if update.effective_chat else "?", error)
        except Exception:
            log.exception("Telegram: an update could not be acted on")

    async def _message(self, message: Message, update: int, stored: Stored) -> None:
        if await self._groups.moved(message) or from_machine(message):
            return
        place, person = place_of(message), author_of(message)
        outlet = self._replies.outlet(place, person.language)
        text = message.text or message.caption
        file = file_in(message)
        if text is None and file is None:
            if place.private and message.effective_attachment:
                await outlet.say(wording.say("text_only", person.language))
            return
        words = words_for(message, text or "", self._replies.bot.bot)
        if words is None:
            return
        answered = answered_in(message)
        number = answered.message_id if answered else 0
        asked = self._replies.asked(place, person, update, words, message.message_id, number)
        await self._replies.give(self._answer(message, asked, file, outlet), outlet, asked, stored)
        if outlet.unseen and not place.private:
            await self._groups.tell(person, message.chat)

    async def _answer(
        self, message: Message, asked: UserMessage, file: Audio | Document | None, outlet: ChatOutlet
    ) -> AsyncIterator[ReplyEvent]:
        """The answer to a message, when the file it brings is here, or the MIDI file it answers that nobody heard."""
        command = command_in(asked.text)
        musical = command in commands.BY_NAME and commands.BY_NAME[command].group == "music"
        outlet.musical = musical or (file is not None and not command)
        if file:
            asked = replace(asked, file=await fetch(self._replies.bot, file, command))
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

    async def _rewritten(self, message: Message, update: int) -> None:
        """A person changed words of theirs; an answer to the new words is offered."""
        place, person = place_of(message), author_of(message)
        key = key_of(place)
        words = words_for(message, message.text or message.caption or "", self._replies.bot.bot)
        ref, delivery = ref_of(key, message.message_id), self._replies.delivery(update)
        outlet = self._replies.outlet(place, person.language)
        try:
            answer = await rewrite(self._conversation, key, person, ref, words, delivery)
        except EngineError as error:
            await outlet.say(wording.error(error, person.language))
            return
        if answer is not None:
            rows = buttons.rerun(answer, person.language) if answer else ()
            await outlet.say(wording.say("edited_offer", person.language), rows)

    async def _pressed(self, query: CallbackQuery, update: int, stored: Stored) -> None:
        """A button: one of ours, or nothing that is known (any more)."""
        person, press, message = person_of(query.from_user), buttons.read(query.data), query.message
        if message is None or press is None:
            await self._replies.toast(query.id, wording.say("old_button", person.language))
            return
        place, number = await self._pressed_at(message)

        def opened(shown: tuple[Shown, ...], before: Turn | None) -> ChatOutlet:
            return self._replies.outlet(place, person.language, query.id, shown, before)

        asked = self._replies.asked(place, person, update)
        await self._pressing.pressed(press, number, asked, opened, stored)

    async def _pressed_at(self, message: MaybeInaccessibleMessage) -> tuple[Place, int]:
        """The place of a pressed button, and the message it is under (0 for one that nobody can change any more)."""
        chat = await self._groups.present(message.chat)
        if chat.id != message.chat.id:
            return place_at(chat), 0
        if isinstance(message, Message) and message.is_accessible:
            return place_of(message), message.message_id
        key = key_of(place_at(chat))  # Telegram does not tell the topic of a message it has no longer
        key = await self._conversation.moving.thread(ref_of(key, message.message_id), key)
        return replace(place_at(chat), topic=int(key.thread) if key.thread else None), message.message_id

    async def _reacted(self, change: MessageReactionUpdated, update: int) -> None:
        """A native reaction, if it says anything about liking."""
        vote = vote_of(change)
        if vote is None:
            return
        value, sign = vote
        person, place = person_of(change.user, change.actor_chat), place_at(change.chat)
        key = key_of(place)
        ref, delivery = ref_of(key, change.message_id), self._replies.delivery(update)
        reaction = Reaction(key, person, value, ref=ref, sign=sign, delivery=delivery)
        await self._pressing.reacted(reaction, self._replies.outlet(place, person.language))
