"""Whether words on Telegram are meant for this bot, and which. Pure: nothing here talks to anybody.

A bot whose privacy is switched off, or that is an administrator, is shown all talk of a group; it must not answer it.
"""

import re

from telegram import Message, MessageEntity, User
from telegram.constants import ChatType

from bot import commands

LINKED = (*commands.FORMS, "help", "privacy", "link")
"""Commands that a deep link may carry: such a link can be put under anybody's finger, so none of them takes away."""

_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@(\w+))?(?=\s|$)")
_PAYLOAD = re.compile(r"/start ([A-Za-z]+)(?:[_-]([\w-]*))?")
_AFTER_NAME = re.compile(r"[,:，：]?\s*")


def words_for(message: Message, text: str, bot: User) -> str | None:
    """The words if they are meant for this bot, without its name; None if they are not.

    In a private chat everything is, except a command that names another bot. In a group it speaks when addressed: by a
    command, by its name (also where it has been linked to a word), or by an answer to one of its messages.
    """
    command = _COMMAND.match(text)
    if command and command[2]:
        own = command[2].lower() == (bot.username or "").lower()
        return unfolded(text[: command.end(1)] + text[command.end(2) :]) if own else None
    if message.chat.type == ChatType.PRIVATE:
        return unfolded(text)
    if command and command[1].lower() in commands.BY_NAME:
        return unfolded(text)
    words = _without_name(message, text, bot)
    if words is not None:
        return words
    if command:  # it names nobody and is none of ours: another bot's
        return None
    answered = answered_in(message)
    return text if answered and answered.from_user and answered.from_user.id == bot.id else None


def answered_in(message: Message) -> Message | None:
    """The message this one answers. In a topic everything answers the topic's first message, which says nothing."""
    answered = message.reply_to_message
    first = answered and (answered.forum_topic_created or answered.message_id == message.message_thread_id)
    return None if message.is_topic_message and first else answered


def unfolded(text: str) -> str:
    """A deep link, `/start haiku` or `/start link_CODE`, as the command it stands for; anything else as it is."""
    link = _PAYLOAD.fullmatch(text)
    if link is None or link[1].lower() not in LINKED or link[1].lower() not in commands.BY_NAME:
        return text
    return f"/{link[1].lower()} {link[2] or ''}".strip()


def _without_name(message: Message, text: str, bot: User) -> str | None:
    """The words without the bot's name; None if they do not have it. Telegram counts places in UTF-16 units."""
    units = text.encode("utf-16-le")
    entities = message.entities if message.text is not None else message.caption_entities
    for entity in entities:
        start, end = entity.offset * 2, (entity.offset + entity.length) * 2
        named = units[start:end].decode("utf-16-le", "ignore")
        if entity.type == MessageEntity.TEXT_MENTION:
            ours = entity.user is not None and entity.user.id == bot.id
        else:
            ours = entity.type == MessageEntity.MENTION and named[1:].lower() == (bot.username or "").lower()
        if ours:
            before, after = (part.decode("utf-16-le", "ignore") for part in (units[:start], units[end:]))
            return (before + after[_matched(after) :]).strip()
    return None


def _matched(after: str) -> int:
    """How much of what follows a name belongs to it: a comma, a space."""
    found = _AFTER_NAME.match(after)
    return found.end() if found else 0
