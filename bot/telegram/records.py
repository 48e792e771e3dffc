"""From Telegram's objects to the engine's records. Pure: nothing here talks to anybody."""

from dataclasses import dataclass

from telegram import Chat, Message, MessageReactionUpdated, ReactionType, ReactionTypeEmoji, Update, User
from telegram.constants import ChatType

from bot import wording
from bot.chats.refs import VALUES, command_in
from engine.messages import Person, SessionKey, Vote

PLATFORM = "telegram"


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


def person_of(user: User | None, chat: Chat | None = None, signed: str = "") -> Person:
    """Who wrote or voted. What is done in the name of a group or channel is that chat's, whoever lent the finger.

    Telegram puts one stand-in for the whole world in the place of such a user; `signed` is an administrator's title.
    """
    if chat is not None:
        return Person(PLATFORM, str(chat.id), signed or chat.effective_name or "")
    if user is None:
        return Person(PLATFORM, "0")
    return Person(PLATFORM, str(user.id), user.full_name, wording.language_of(user.language_code))


def author_of(message: Message) -> Person:
    """Who wrote a message."""
    return person_of(message.from_user, message.sender_chat, message.author_signature or "")


def from_machine(message: Message) -> bool:
    """Whether another bot wrote it: two that answer each other never end."""
    return message.sender_chat is None and message.from_user is not None and message.from_user.is_bot


def urgent(update: Update) -> bool:
    """Whether an update must not wait for the messages before it: a button, a reaction, /cancel."""
    message = update.message or update.edited_message
    return message is None or command_in(message.text or "") == "cancel"


def vote_of(change: MessageReactionUpdated) -> tuple[Vote, str] | None:
    """What a changed native reaction votes, and its sign; None if it says nothing about liking and never did."""
    new, old = _sign(change.new_reaction), _sign(change.old_reaction)
    if new:
        return VALUES[new], new
    return (0, old) if old else None


def _sign(reactions: tuple[ReactionType, ...]) -> str:
    """The reaction that was set last of those that say something; "" where none does."""
    signs = [each.emoji[:1] for each in reactions if isinstance(each, ReactionTypeEmoji) and each.emoji[:1] in VALUES]
    return signs[-1] if signs else ""


def _topic(message: Message) -> int | None:
    """The topic; none for the General one. A chain of answers has a thread id too, which is not a session."""
    return message.message_thread_id if message.is_topic_message else None
