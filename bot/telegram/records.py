"""From Telegram's objects to the engine's records. Pure: nothing here talks to anybody."""

import re
from dataclasses import dataclass

from telegram import Chat, Message, MessageReactionUpdated, ReactionType, ReactionTypeEmoji, Update, User
from telegram.constants import ChatType

from bot import wording
from bot.chats.refs import VALUES, command_in
from engine.messages import Person, SessionKey, Vote

PLATFORM = "telegram"

_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@(\w+))?(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where to write: the chat, the topic in it if any, and what to answer there (groups only)."""

    chat: int
    topic: int | None = None
    private: bool = True
    answering: int | None = None


def place_of(message: Message) -> Place:
    """Where an answer to this message belongs."""
    private = message.chat.type == ChatType.PRIVATE
    return Place(message.chat.id, _topic(message), private, None if private else message.message_id)


def place_at(chat: Chat) -> Place:
    """A chat of which nothing but itself is known: the update does not tell the topic."""
    return Place(chat.id, private=chat.type == ChatType.PRIVATE)


def key_of(place: Place) -> SessionKey:
    """The conversation that is held in a place."""
    return SessionKey(PLATFORM, str(place.chat), str(place.topic or ""))


def place_in(key: SessionKey) -> Place:
    """The place in which a conversation is held; the ids of groups are negative."""
    chat = int(key.chat)
    return Place(chat, int(key.thread) if key.thread else None, private=chat > 0)


def person_of(user: User | None, chat: Chat | None = None) -> Person:
    """Who wrote or voted; a message in the name of a group or channel belongs to that chat."""
    if user is None:
        return Person(PLATFORM, str(chat.id if chat else 0), (chat and chat.effective_name) or "")
    return Person(PLATFORM, str(user.id), user.full_name, wording.language_of(user.language_code))


def urgent(update: Update) -> bool:
    """Whether an update must not wait for the messages before it: a button, a reaction, /cancel."""
    message = update.message or update.edited_message
    return message is None or command_in(message.text or "") == "cancel"


def words_for(message: Message, text: str, bot: str) -> str | None:
    """The words if they are meant for this bot, without its name; None if they are not.

    In a private chat everything is, except a command that names another bot. In a group it speaks when addressed: by a
    command, by its @name, or by an answer to one of its messages.
    """
    command = _COMMAND.match(text)
    if command and command[2]:
        own = command[2].lower() == bot.lower()
        return text[: command.end(1)] + text[command.end(2) :] if own else None
    if command or message.chat.type == ChatType.PRIVATE:
        return text
    words, mentions = re.subn(rf"@{re.escape(bot)}\b[,:]?\s*", "", text, count=1, flags=re.IGNORECASE)
    if mentions:
        return words.strip()
    answered = message.reply_to_message and message.reply_to_message.from_user
    return text if answered and (answered.username or "").lower() == bot.lower() else None


def vote_of(change: MessageReactionUpdated) -> Vote | None:
    """What a changed native reaction votes; None if it says nothing about liking and never did."""
    new, old = _value(change.new_reaction), _value(change.old_reaction)
    return 0 if new is None and old is not None else new


def _value(reactions: tuple[ReactionType, ...]) -> Vote | None:
    for reaction in reversed(reactions):
        if isinstance(reaction, ReactionTypeEmoji) and reaction.emoji[:1] in VALUES:
            return VALUES[reaction.emoji[:1]]
    return None


def _topic(message: Message) -> int | None:
    """The topic. In a group without topics a chain of answers has a thread id too, which is not a session."""
    if message.message_thread_id and (message.is_topic_message or not message.reply_to_message):
        return message.message_thread_id
    return None
