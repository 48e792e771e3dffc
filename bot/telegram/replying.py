"""Replies on Telegram: which update they answer, and through which wire."""

from telegram.error import TelegramError

from bot.chats.outlet import ChatOutlet
from bot.chats.page import Shown
from bot.chats.refs import ref_of
from bot.chats.replies import Replies as AnyReplies
from bot.telegram.records import PLATFORM, Place, key_of, place_in
from bot.telegram.sending import Client, log
from bot.telegram.wire import TelegramWire
from engine.conversation import Conversation
from engine.messages import Person, SessionKey, Turn, UserMessage


class Replies(AnyReplies):
    """Gives replies on Telegram."""

    def __init__(self, conversation: Conversation, bot: Client) -> None:
        super().__init__(conversation)
        self.bot = bot

    def delivery(self, update: int) -> str:
        """The name of an update in all of Telegram, since each bot counts its own."""
        return f"{PLATFORM}:{self.bot.id}:{update}"

    def asked(
        self, place: Place, person: Person, update: int, text: str = "", number: int = 0, answered: int = 0
    ) -> UserMessage:
        """What a person wants; `number` is their message and `answered` the one it answers, where there are such."""
        key = key_of(place)
        ref, reply_to = (ref_of(key, message) if message else None for message in (number, answered))
        return UserMessage(key, person, text, ref, reply_to, self.delivery(update), alone=place.private)

    def outlet(
        self, place: Place, language: str, query: str = "", shown: tuple[Shown, ...] = (), before: Turn | None = None
    ) -> ChatOutlet:
        """Where to answer. Everything that is written in a chat shares its pace."""
        return ChatOutlet(
            TelegramWire(self.bot, place, self.pace(place.chat), language, query),
            key_of(place),
            language,
            private=place.private,
            answering=place.answering,
            shown=shown,
            before=before,
        )

    async def opened(self, key: SessionKey, language: str) -> ChatOutlet:
        """Where to say what answers no message."""
        return self.outlet(place_in(key), language)

    async def toast(self, query: str, text: str) -> None:
        """Answer a pressed button that belongs to no passage."""
        try:
            await self.bot.answer_callback_query(query, text)
        except TelegramError as error:
            log.debug("a button was not answered: %s", error.message)
