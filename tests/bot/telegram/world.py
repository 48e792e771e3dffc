"""What a Bot API server remembers: people, chats, messages, and the updates nobody has confirmed yet.

Everything that leaves it is an aiogram type, and everything the bot asks for arrives as an aiogram method, so neither
side of the schema is ours. People act through its plain methods (`say`, `press`, `react`, `edit`).
"""

import asyncio
import itertools
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiogram.types import (
    CallbackQuery,
    Chat,
    ChatMemberAdministrator,
    ChatMemberLeft,
    ChatMemberMember,
    ChatMemberRestricted,
    ChatMemberUpdated,
    Document,
    InaccessibleMessage,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    MessageReactionUpdated,
    ReactionTypeEmoji,
    Update,
    User,
)
from pydantic import BaseModel

DEFAULT_OFF = {"message_reaction", "message_reaction_count", "chat_member"}


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


@dataclass
class World:
    """The server's state. `updates` are in the order of their ids; confirmed ones are gone."""

    bot: User = field(
        default_factory=lambda: User(id=4242, is_bot=True, first_name="Ghostnote", username="ghostnote_bot")
    )
    chats: dict[int, dict[int, Message]] = field(default_factory=lambda: defaultdict(dict))
    rooms: dict[int, Chat] = field(default_factory=dict)
    topics: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    history: list[tuple[str, Message]] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    allowed: set[str] | None = None
    answers: dict[str, str] = field(default_factory=dict)
    queries: set[str] = field(default_factory=set)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    menus: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    admin: bool = True
    hears_all: bool = True
    moved: dict[int, int] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _update_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(700))

    # ── what people do ──────────────────────────────────────────────────────────────────────────────────────────────

    def person(self, number: int, name: str = "", language: str = "en") -> User:
        """Somebody with an account."""
        return User(id=number, is_bot=False, first_name=name or f"Person {number}", language_code=language)

    def private(self, person: User) -> Chat:
        """The person's chat with the bot; its id is the person's, as on Telegram."""
        return self.rooms.setdefault(person.id, Chat(id=person.id, type="private", first_name=person.first_name))

    def group(self, number: int, title: str = "The writers", *, forum: bool = False, kind: str = "supergroup") -> Chat:
        """A group; `number` is negative."""
        return self.rooms.setdefault(number, Chat(id=number, type=kind, title=title, is_forum=forum or None))

    def upgrade(self, chat: Chat, number: int) -> Chat:
        """A group becomes a supergroup of that number, which is said in both; the old one takes nothing any more."""
        new = self.group(number, chat.title or "")
        somebody = self.person(1)
        self.push(message=self._message(chat, somebody, migrate_to_chat_id=number))
        self.moved[chat.id] = number
        self.push(message=self._message(new, somebody, migrate_from_chat_id=chat.id))
        return new

    def standing(self, chat: Chat, person: User, old: str, new: str) -> None:
        """Somebody changes what the bot is in a group: left, member, restricted, administrator."""
        if new == "left":
            self.blocked.add(chat.id)
        else:
            self.blocked.discard(chat.id)
        before, after = (_member(self.bot, status) for status in (old, new))
        change = ChatMemberUpdated(
            chat=chat, from_user=person, date=_now(), old_chat_member=before, new_chat_member=after
        )
        self.push(my_chat_member=change)

    def say(
        self,
        chat: Chat,
        person: User,
        text: str | None,
        *,
        topic: int | None = None,
        reply_to: int | None = None,
        **more: Any,  # any other field of aiogram's Message
    ) -> Message:
        """Send a message as a person; entities for commands and mentions are found as Telegram does."""
        if topic:
            self.topics[chat.id].add(topic)
        message = self._message(
            chat,
            person,
            text=text,
            is_topic_message=True if topic else None,
            reply_to_message=self.chats[chat.id][reply_to] if reply_to else None,
            **{"entities": _entities(text or "") or None, "message_thread_id": topic, **more},
        )
        self._store("said", message)
        if chat.type == "private" or self.hears_all or self._is_for_bot(message):
            self.push(message=message)
        return message

    def _is_for_bot(self, message: Message) -> bool:
        """What a bot is shown whose privacy is on: commands, its name, answers to it."""
        answered = message.reply_to_message and message.reply_to_message.from_user
        if answered and answered.id == self.bot.id:
            return True
        text = message.text or message.caption or ""
        return text.startswith("/") or f"@{self.bot.username}" in text

    def send_file(
        self,
        chat: Chat,
        person: User,
        name: str,
        data: bytes,
        caption: str | None = None,
        *,
        mime: str | None = "audio/midi",
        size: int | None = -1,
        **more: Any,
    ) -> Message:
        """Send a document as a person; Telegram tells its true size unless `size` says otherwise."""
        key = f"f{len(self.files) + 1}"
        self.files[key] = (f"documents/{key}/{name}", data)
        told = len(data) if size == -1 else size
        document = Document(file_id=key, file_unique_id=f"u{key}", file_name=name, mime_type=mime, file_size=told)
        marks = _entities(caption or "") or None
        return self.say(chat, person, None, document=document, caption=caption, caption_entities=marks, **more)

    def rewrite(self, message: Message, text: str) -> Message:
        """Edit a person's own message."""
        changed = message.model_copy(
            update={"text": text, "edit_date": _seconds(), "entities": _entities(text) or None}
        )
        self._store("rewritten", changed)
        self.push(edited_message=changed)
        return changed

    def press(
        self, chat: Chat, number: int, label: str, person: User, *, data: str | None = None, old: bool = False
    ) -> str:
        """Press the button whose label contains `label` under a message (or send `data` as a forged client would).

        Of an `old` message Telegram tells nothing but its number.
        """
        message = self.chats[chat.id][number]
        if data is None:
            data = next(button.callback_data for button in self.buttons(chat, number) if label in button.text)
        query = f"q{next(self._numbers)}"
        self.queries.add(query)
        self.push(
            callback_query=CallbackQuery(
                id=query,
                from_user=person,
                chat_instance="1",
                message=InaccessibleMessage(chat=chat, message_id=number, date=0) if old else message,
                data=data,
            )
        )
        return query

    def react(
        self, chat: Chat, number: int, person: User | None, old: str, new: str, actor: Chat | None = None
    ) -> None:
        """Change a native reaction; strings of emoji, "" for none. Groups tell only a bot that is an administrator."""
        if chat.type != "private" and not self.admin:
            return
        self.push(
            message_reaction=MessageReactionUpdated(
                chat=chat,
                message_id=number,
                user=person,
                actor_chat=actor,
                date=_now(),
                old_reaction=[ReactionTypeEmoji(emoji=emoji) for emoji in old.split()],
                new_reaction=[ReactionTypeEmoji(emoji=emoji) for emoji in new.split()],
            )
        )

    # ── what can be looked at ───────────────────────────────────────────────────────────────────────────────────────

    def from_bot(self, chat: Chat, topic: int | None = None) -> list[Message]:
        """The bot's messages in a chat as they stand now, oldest first."""
        return [
            message
            for message in self.chats[chat.id].values()
            if message.from_user
            and message.from_user.id == self.bot.id
            and (topic is None or message.message_thread_id == topic)
        ]

    def buttons(self, chat: Chat, number: int) -> list[Any]:
        """The inline buttons under a message, left to right."""
        markup = self.chats[chat.id][number].reply_markup
        return [button for row in (markup.inline_keyboard if markup else []) for button in row]

    def labels(self, chat: Chat, number: int) -> list[str]:
        """What is written on the buttons under a message."""
        return [button.text for button in self.buttons(chat, number)]

    # ── what the server does for both ───────────────────────────────────────────────────────────────────────────────

    def push(self, **kind: Any) -> Update | None:
        """A new update, unless the bot did not ask for its kind."""
        (name,) = kind
        wanted = name not in DEFAULT_OFF if not self.allowed else name in self.allowed
        if not wanted:
            return None
        update = Update(update_id=next(self._update_ids), **kind)
        self.updates.append(update)
        self._wake()
        return update

    def again(self, update: Update) -> None:
        """Deliver an update a second time, as Telegram does when an acknowledgement got lost."""
        self.updates.append(update)
        self.updates.sort(key=lambda each: each.update_id)
        self._wake()

    def post(self, chat_id: int | str, **content: Any) -> Message:
        """A message of the bot."""
        chat = self._room(chat_id)
        message = self._message(chat, self.bot, **content)
        self._store("sent", message)
        return message

    def change(self, chat_id: int | str | None, number: int | None, **content: Any) -> Message:
        """Edit a message of the bot; refuses as Telegram does when it is not there, not the bot's, or not changed."""
        chat = self._room(chat_id or 0)
        message = self.chats[chat.id].get(number or 0)
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        if not message.from_user or message.from_user.id != self.bot.id:
            raise ApiError(400, "Bad Request: message can't be edited")
        changed = message.model_copy(update={**content, "edit_date": _seconds()})
        if (changed.text, changed.reply_markup) == (message.text, message.reply_markup):
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        self._store("edited", changed)
        return changed

    def remove(self, chat_id: int | str, number: int) -> None:
        """Delete a message."""
        if self.chats[self._room(chat_id).id].pop(number, None) is None:
            raise ApiError(400, "Bad Request: message to delete not found")
        self._wake()

    def _room(self, chat_id: int | str) -> Chat:
        chat = self.rooms.get(int(chat_id))
        if chat and chat.id in self.moved:
            new = self.moved[chat.id]
            raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=new)
        if chat is None:
            raise ApiError(400, "Bad Request: chat not found")
        if chat.id in self.blocked:
            left = "blocked by the user" if chat.type == "private" else "kicked from the supergroup chat"
            raise ApiError(403, f"Forbidden: bot was {left}")
        return chat

    def _message(self, chat: Chat, author: User, **content: Any) -> Message:
        given = {name: value for name, value in content.items() if value is not None}
        return Message(message_id=next(self._numbers), date=_now(), chat=chat, from_user=author, **given)

    def _store(self, what: str, message: Message) -> None:
        self.chats[message.chat.id][message.message_id] = message
        self.history.append((what, message))
        self._wake()

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _seconds() -> int:
    return int(_now().timestamp())


def _member(bot: User, status: str) -> Any:
    """What the bot is in a group."""

    def rights(kind: type[BaseModel], *, given: bool) -> dict[str, Any]:
        return {name: given for name in kind.model_fields if name.startswith("can_")}

    match status:
        case "left":
            return ChatMemberLeft(user=bot)
        case "restricted":
            few = rights(ChatMemberRestricted, given=False)
            return ChatMemberRestricted(user=bot, is_member=True, until_date=_now(), **few)
        case "administrator":
            all_ = rights(ChatMemberAdministrator, given=True)
            return ChatMemberAdministrator(user=bot, is_anonymous=False, **all_)
    return ChatMemberMember(user=bot)


def _entities(text: str) -> list[MessageEntity]:
    """Bot commands and mentions, by UTF-16 offsets."""
    found = []
    for match in re.finditer(r"(?<!\S)(?:/\w+(?:@\w+)?|@\w{5,})", text):
        kind = "bot_command" if match[0].startswith("/") else "mention"
        offset, length = (len(part.encode("utf-16-le")) // 2 for part in (text[: match.start()], match[0]))
        found.append(MessageEntity(type=kind, offset=offset, length=length))
    return found


Keyboard = InlineKeyboardMarkup
