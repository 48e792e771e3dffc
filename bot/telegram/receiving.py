"""From a Telegram update to the conversation: what each kind of update means, and to which reply it leads.

Nothing is remembered here about chats or messages, so a button or a reaction on a message from before the last restart
finds its passage like any other.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from weakref import WeakValueDictionary

from telegram import CallbackQuery, Message, MessageReactionUpdated, Update
from telegram.error import TelegramError

from bot import commands, wording
from bot.replies import ReplyEvent
from bot.streaming import stream
from bot.telegram import buttons
from bot.telegram.outlet import ChatOutlet
from bot.telegram.page import Shown
from bot.telegram.records import PLATFORM, Place, command_in, key_of, person_of, place_of, ref_of, vote_of, words_for
from bot.telegram.sending import FINAL, Client, Pace, insist, refused
from engine.conversation import Conversation
from engine.errors import EngineError, NotFound
from engine.messages import Accepted, Done, MessageRef, Person, Reaction, SessionKey, Snapshot, Turn, UserMessage, Vote

log = logging.getLogger(__name__)

Stored = Callable[[], None]
IN_PLACE = ("retry", "alternatives", "previous", "next")  # actions whose passage takes the pressed message's place


class Receiver:
    """Acts on updates. `busy` are the conversations a reply is being written in."""

    def __init__(self, conversation: Conversation, bot: Client) -> None:
        self._conversation, self._bot = conversation, bot
        self._paces: WeakValueDictionary[int, Pace] = WeakValueDictionary()
        self.busy: list[SessionKey] = []

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
                await self._reacted(update.message_reaction)
        except TelegramError as error:
            refused("answer", update.effective_chat.id if update.effective_chat else "?", error)
        except Exception:
            log.exception("Telegram: an update could not be acted on")

    # ── what people write ───────────────────────────────────────────────────────────────────────────────────────────

    async def _message(self, message: Message, update: int, stored: Stored) -> None:
        place, person = place_of(message), person_of(message.from_user, message.sender_chat)
        outlet = self._outlet(place, person.language)
        text = message.text or message.caption
        if text is None:
            if place.private and message.effective_attachment:
                await outlet.say(wording.say("text_only", person.language))
            return
        words = words_for(message, text, self._bot.username)
        command = command_in(text)
        strange = command and not place.private and f"@{self._bot.username}".lower() not in text.lower()
        if words is None or (strange and command not in commands.BY_NAME):
            return
        asked = self._asked(place, person, update, words, message)
        await self._reply(commands.run(self._conversation, asked), outlet, asked, stored)

    async def _rewritten(self, message: Message, update: int) -> None:
        """A person changed words of theirs: the passage changes too, and an answer to the new words is offered."""
        place, person = place_of(message), person_of(message.from_user, message.sender_chat)
        key = key_of(place)
        turn = await self._conversation.turn_at(ref_of(place.chat, message.message_id), key)
        words = words_for(message, message.text or message.caption or "", self._bot.username)
        if turn is None or turn.kind != "person" or not words:
            return
        command = command_in(words)
        text = words.partition(" ")[2].strip() if command in (*commands.FORMS, "continue") else words
        if not text or text == turn.text:
            return
        outlet = self._outlet(place, person.language)
        try:
            await self._conversation.edit(key, person, text, turn.id, self._delivery(update))
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

    # ── what people press ───────────────────────────────────────────────────────────────────────────────────────────

    async def _pressed(self, query: CallbackQuery, update: int, stored: Stored) -> None:
        person = person_of(query.from_user)
        press = buttons.read(query.data)
        if not isinstance(query.message, Message) or press is None:
            await ChatOutlet(self._bot, Place(0), Pace(), person.language, query.id).answer(
                wording.say("old_button", person.language)
            )
            return
        place = place_of(query.message)
        if press.vote is not None:
            await self._voted(query, query.message, press, person)
        elif not press.action:
            await self._outlet(place, person.language, query.id).answer()
        else:
            asked = self._asked(place, person, update)
            shown = await self._shown(query.message, press, asked) if press.action in IN_PLACE else ()
            outlet = self._outlet(place, person.language, query.id, shown)
            events = commands.act(self._conversation, asked, press.action, press.turn)
            await self._reply(events, outlet, asked, stored)

    async def _voted(self, query: CallbackQuery, message: Message, press: buttons.Press, person: Person) -> None:
        place = place_of(message)
        outlet = self._outlet(place, person.language, query.id)
        try:
            value = await self._meant(place, press, person)
            turn = await self._conversation.react(Reaction(key_of(place), person, value, press.turn))
        except EngineError as error:
            await outlet.answer(wording.error(error, person.language))
            return
        sign = "👍" if value > 0 else "👎"
        await outlet.answer(wording.say("voted" if value else "unvoted", person.language, sign=sign))
        await self._count(place, message.message_id, turn, person.language)

    async def _meant(self, place: Place, press: buttons.Press, person: Person) -> Vote:
        """In a group the buttons cannot know whose finger presses: the same thumb again takes the vote back."""
        if place.private or not press.vote:
            return press.vote or 0
        piece = (await self._conversation.turn(key_of(place), press.turn)).session
        own = await self._conversation.votes(replace(key_of(place), piece=piece), person)
        return 0 if own.get(press.turn) == press.vote else press.vote

    async def _shown(self, message: Message, press: buttons.Press, asked: UserMessage) -> tuple[Shown, ...]:
        """The messages of the passage the button is about, if the pressed one is the last of them."""
        numbers = await self._messages(press.turn, asked)
        if not numbers or numbers[-1] != message.message_id:
            return ()
        return *map(Shown, numbers[:-1]), Shown(message.message_id, message.text, message.reply_markup)

    async def _reacted(self, change: MessageReactionUpdated) -> None:
        """A native reaction: the same vote as a button, on whatever passage the message shows; silent otherwise."""
        value = vote_of(change)
        if value is None or change.user is None:
            return
        person, place = person_of(change.user), Place(change.chat.id, private=change.chat.type == change.chat.PRIVATE)
        ref = ref_of(change.chat.id, change.message_id)
        try:
            turn = await self._conversation.react(Reaction(key_of(place), person, value, ref=ref))
        except NotFound:
            return
        except EngineError as error:
            log.info("Telegram: a reaction was not counted: %s", error)
            return
        shown = [int(each.message) for each in await self._conversation.messages(turn.id) if each.chat == ref.chat]
        await self._count(place, max(shown, default=change.message_id), turn, person.language)

    async def _count(self, place: Place, message: int, turn: Turn, language: str) -> None:
        """Bring the counts on the buttons up to date."""
        markup = buttons.under(turn, language, private=place.private)
        try:
            await insist(
                lambda: self._bot.edit_message_reply_markup(place.chat, message, reply_markup=markup),
                self._pace(place),
            )
        except FINAL as error:
            log.debug("counts were not updated: %s", error.message)

    # ── what both need ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _reply(
        self, events: AsyncIterator[ReplyEvent], outlet: ChatOutlet, asked: UserMessage, stored: Stored
    ) -> None:
        self.busy.append(asked.key)
        try:
            watched = self._watched(events, outlet, asked, stored)
            await stream(watched, outlet, self._conversation, asked.person.language)
        finally:
            self.busy.remove(asked.key)
            await outlet.close()

    async def _watched(
        self, events: AsyncIterator[ReplyEvent], outlet: ChatOutlet, asked: UserMessage, stored: Stored
    ) -> AsyncIterator[ReplyEvent]:
        """The same events; on the way it is kept where they become visible.

        The message of a draft is written down as soon as it is there, under the words it answers, so that an update
        that comes again after a crash is answered in that same message and never twice.
        """
        words: str | None = None
        writing = False
        noted: tuple[MessageRef, ...] = ()
        async with aclosing(events) as reply:  # type: ignore[type-var]  # every reply here is an async generator
            async for event in reply:
                stored()
                await outlet.open(event)
                if isinstance(event, Accepted):
                    writing, words = True, event.turn
                    outlet.adopt(await self._messages(words, asked) if words else ())
                elif isinstance(event, Done) and writing:
                    outlet.adopt(await self._messages(event.turn.id, asked))
                yield event
                if words and isinstance(event, Snapshot) and outlet.refs != noted:
                    noted = outlet.refs
                    await self._conversation.delivered(words, noted)

    async def _messages(self, turn: str, asked: UserMessage) -> tuple[int, ...]:
        """The messages of ours that show a passage in the chat somebody wrote in, oldest first."""
        refs = await self._conversation.messages(turn)
        here = (PLATFORM, asked.key.chat)
        return tuple(sorted(int(ref.message) for ref in refs if (ref.platform, ref.chat) == here and ref != asked.ref))

    def _asked(
        self, place: Place, person: Person, update: int, text: str = "", message: Message | None = None
    ) -> UserMessage:
        replied = message.reply_to_message if message else None
        return UserMessage(
            key_of(place),
            person,
            text,
            ref_of(place.chat, message.message_id) if message else None,
            ref_of(place.chat, replied.message_id) if replied else None,
            self._delivery(update),
        )

    def _delivery(self, update: int) -> str:
        return f"{PLATFORM}:{self._bot.id}:{update}"

    def _outlet(self, place: Place, language: str, query: str = "", shown: tuple[Shown, ...] = ()) -> ChatOutlet:
        return ChatOutlet(self._bot, place, self._pace(place), language, query, shown)

    def _pace(self, place: Place) -> Pace:
        """The pace of a chat, shared by everything that is being written there."""
        return self._paces.setdefault(place.chat, Pace())
