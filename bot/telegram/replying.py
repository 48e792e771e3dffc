"""What every reply on Telegram needs, whether words or a button asked for it: an outlet, a pace, a note of where it is.

Nothing else is remembered about chats or messages, so a button or a reaction on a message from before the last restart
finds its passage like any other.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from weakref import WeakValueDictionary

from telegram.error import TelegramError

from bot.replies import Notice, ReplyEvent
from bot.streaming import stream
from bot.telegram import buttons
from bot.telegram.outlet import ChatOutlet
from bot.telegram.page import Shown
from bot.telegram.records import PLATFORM, Place, key_of, ref_of, showing
from bot.telegram.sending import FINAL, Client, Pace, insist, log
from engine.conversation import Conversation
from engine.messages import Accepted, Done, MessageRef, Person, Queued, SessionKey, Snapshot, Turn, UserMessage
from engine.story import MUSIC

Stored = Callable[[], None]


class Replies:
    """Gives replies. `busy` are the conversations one is being written in."""

    def __init__(self, conversation: Conversation, bot: Client) -> None:
        self.conversation, self.bot = conversation, bot
        self.busy: list[SessionKey] = []
        self._paces: WeakValueDictionary[int, Pace] = WeakValueDictionary()
        self._filing: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    def delivery(self, update: int) -> str:
        """The name of an update in all of Telegram, since each bot counts its own."""
        return f"{PLATFORM}:{self.bot.id}:{update}"

    def asked(
        self, place: Place, person: Person, update: int, text: str = "", number: int = 0, answered: int = 0
    ) -> UserMessage:
        """What a person wants; `number` is their message and `answered` the one it answers, where there are such."""
        ref = ref_of(place.chat, number) if number else None
        reply_to = ref_of(place.chat, answered) if answered else None
        return UserMessage(key_of(place), person, text, ref, reply_to, self.delivery(update), alone=place.private)

    def outlet(
        self, place: Place, language: str, query: str = "", shown: tuple[Shown, ...] = (), before: Turn | None = None
    ) -> ChatOutlet:
        """Where to answer. Everything that is written in a chat shares its pace."""
        return ChatOutlet(self.bot, place, self._pace(place), language, query, shown, before)

    async def give(
        self, events: AsyncIterator[ReplyEvent], outlet: ChatOutlet, asked: UserMessage, stored: Stored
    ) -> None:
        """Carry a reply into its outlet; `stored` is called at the first event."""
        self.busy.append(asked.key)
        try:
            watched = self._watched(events, outlet, asked, stored)
            await stream(watched, outlet, self.conversation, asked.person.language)
        finally:
            self.busy.remove(asked.key)
            await outlet.close()

    async def messages(self, turn: str, chat: int, beside: MessageRef | None = None) -> tuple[int, ...]:
        """The messages of a chat that show a passage's text, oldest first, without the one it was written in."""
        refs = await self.conversation.messages(turn)
        return showing((ref for ref in refs if ref != beside), chat)[0]

    async def count(self, place: Place, message: int, turn: Turn, language: str) -> None:
        """Bring the counts on the buttons up to date."""
        markup = buttons.under(turn, language, private=place.private)

        async def edit() -> object:
            return await self.bot.edit_message_reply_markup(place.chat, message, reply_markup=markup)

        try:
            await insist(edit, self._pace(place))
        except FINAL as error:
            log.debug("counts were not updated: %s", error.message)

    async def toast(self, query: str, text: str) -> None:
        """Answer a pressed button that belongs to no passage."""
        try:
            await self.bot.answer_callback_query(query, text)
        except TelegramError as error:
            log.debug("a button was not answered: %s", error.message)

    async def _watched(
        self, events: AsyncIterator[ReplyEvent], outlet: ChatOutlet, asked: UserMessage, stored: Stored
    ) -> AsyncIterator[ReplyEvent]:
        """The same events; on the way it is kept where they become visible.

        The message of a draft is written down as soon as it is there, under the words it answers, so that an update
        that comes again after a crash is answered in that same message and never twice. Files of music that the chat
        has already are not made again; whoever sends those of a passage does so alone.
        """
        words: str | None = None
        writing = False
        noted: tuple[MessageRef, ...] = ()
        chat = int(asked.key.chat)
        async with aclosing(events) as reply, AsyncExitStack() as stack:  # type: ignore[type-var]  # every reply here is an async generator
            async for event in reply:
                stored()
                if isinstance(event, Notice) and event.name == "heard":
                    await self._heard(event, outlet, asked)
                    continue
                await outlet.open(event)
                if isinstance(event, Accepted):
                    writing, words = True, event.turn
                    outlet.adopt(await self.messages(words, chat, asked.ref) if words else ())
                elif isinstance(event, Done):
                    outlet.adopt(await self.messages(event.turn.id, chat) if writing else ())
                    await self._alone(stack, event.turn, outlet, chat)
                yield event
                if words and isinstance(event, Snapshot | Queued) and outlet.refs != noted:
                    noted = outlet.refs
                    await self.conversation.delivered(words, noted)
                if isinstance(event, Done) and outlet.complete:
                    return

    async def _alone(self, stack: AsyncExitStack, turn: Turn, outlet: ChatOutlet, chat: int) -> None:
        """Until the stack is left nobody else sends files of this music here; tell the outlet which are here."""
        if turn.form == MUSIC:
            lock = self._filing.setdefault((chat, turn.id), asyncio.Lock())
            if lock.locked():
                await outlet.answer()
            await stack.enter_async_context(lock)
            outlet.here = showing(await self.conversation.messages(turn.id), chat)[1]

    async def _heard(self, notice: Notice, outlet: ChatOutlet, asked: UserMessage) -> None:
        """What was heard in a file is said once, and whoever answers that sentence means the file."""
        turn = asked.ref and await self.conversation.turn_at(asked.ref, asked.key)
        if not turn:
            await outlet.notice(notice)
            return
        outlet.adopt(await self.messages(turn.id, int(asked.key.chat), asked.ref))
        await outlet.offer(notice.text, buttons.under_heard(turn, asked.person.language))
        await self.conversation.delivered(turn.id, outlet.refs)

    def _pace(self, place: Place) -> Pace:
        return self._paces.setdefault(place.chat, Pace())
