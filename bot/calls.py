"""A command as it was called, and a row of the commands table: what every file of handlers shares."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum

from bot import wording
from bot.replies import Notice, ReplyEvent
from engine.conversation import Conversation
from engine.errors import BadValue
from engine.messages import Person, SessionKey, UserMessage


class Takes(Enum):
    """What may stand behind a command."""

    NOTHING = "nothing"
    MAYBE = "maybe"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it was called: the words behind it, and the passage it was pointed at ("" for the last)."""

    conversation: Conversation
    message: UserMessage
    words: str = ""
    turn: str = ""

    @property
    def who(self) -> tuple[SessionKey, Person]:
        """Where and by whom it was called."""
        return self.message.key, self.message.person

    @property
    def language(self) -> str:
        """The person's language."""
        return self.message.person.language

    async def answered(self) -> str:
        """The passage that the message answers to, "" if it answers none."""
        ref = self.message.reply_to
        turn = await self.conversation.turn_at(ref, self.message.key) if ref else None
        return turn.id if turn else ""

    def say(self, key: str, **fields: object) -> Notice:
        """A notice in the person's language."""
        return Notice(wording.say(key, self.language, **fields), key)


Handler = Callable[[Call], AsyncIterator[ReplyEvent]]


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table. `group` sorts the help."""

    name: str
    takes: Takes
    run: Handler
    group: str


def number(words: str, name: str, allowed: str) -> int:
    """A number a person wrote, within `allowed` ("1-6")."""
    low, high = (int(end) for end in allowed.split("-"))
    if not (words.isascii() and words.isdigit() and len(words) < 6 and low <= int(words) <= high):
        raise BadValue(name=name, value=words, allowed=allowed)
    return int(words)
