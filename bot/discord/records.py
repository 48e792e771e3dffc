"""From Discord's objects to the engine's records. Pure: nothing here talks to anybody."""

import re
from dataclasses import dataclass
from typing import Any

import discord

from bot import wording
from bot.chats.refs import VALUES
from engine.messages import Person, SessionKey, Vote

PLATFORM = "discord"

_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where to write. `channel` takes the messages: a channel, a thread or a private chat.

    `chat` and `thread` name the conversation: a thread's chat is its parent, a private chat's the person's own account.
    """

    channel: int
    chat: str
    thread: str = ""
    private: bool = False
    answering: int | None = None

    @property
    def key(self) -> SessionKey:
        """The conversation that is held here."""
        return SessionKey(PLATFORM, self.chat, self.thread)


def place_of(channel: Any, user: int, answering: int | None = None) -> Place:
    """Where an answer in this channel to this person belongs; `channel` is any of discord.py's."""
    if isinstance(channel, discord.Thread):
        return Place(channel.id, str(channel.parent_id), str(channel.id), answering=answering)
    alone = getattr(channel, "guild", None) is None and getattr(channel, "guild_id", None) is None
    if alone and getattr(channel, "type", None) is not discord.ChannelType.group:
        return Place(channel.id, str(user), private=True)
    return Place(channel.id, str(channel.id), answering=answering)


def person_of(user: discord.abc.User, language: str) -> Person:
    """Who wrote or voted."""
    return Person(PLATFORM, str(user.id), user.display_name, language)


def delivery(number: int) -> str:
    """The name of a message, an interaction or an edit in all of Discord, whose numbers are given once."""
    return f"{PLATFORM}:{number}"


def number_of(delivery: str) -> int:
    """The number of the message or interaction behind such a name; 0 if it names no whole one."""
    platform, _, number = delivery.partition(":")
    return int(number) if platform == PLATFORM and number.isdecimal() else 0


def words_in(text: str, bot: int) -> str:
    """The words without the mention of the bot that they are addressed with."""
    return re.sub(rf"<@!?{bot}>[,:]?\s*", "", text, count=1).strip()


def vote_of(emoji: discord.PartialEmoji) -> Vote | None:
    """What a reaction votes; None if it says nothing about liking."""
    return None if emoji.id else VALUES.get(emoji.name[:1])


def language_in(text: str) -> str:
    """A guess at the language somebody writes in, "" where there is none. Discord tells it only with interactions."""
    return "zh" if _HAN.search(text) else ""


def language_of(locale: object) -> str:
    """The language to answer in, for Discord's name of a locale."""
    return wording.language_of(str(locale))
