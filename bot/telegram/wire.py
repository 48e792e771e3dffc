"""Telegram's side of a reply: calls of the Bot API for one chat, made patiently or at most once."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot import wording
from bot.chats.buttons import Rows
from bot.chats.splitting import clip, split
from bot.chats.wire import Delay, Pace, Refusal
from bot.replies import Attachment
from bot.telegram.records import Place
from bot.telegram.sending import FINAL, Client, insist, seconds
from bot.telegram.sign import Sign
from bot.telegram.uploading import upload

log = logging.getLogger(__name__)

T = TypeVar("T")

LIMIT = 4096
ANSWER_LIMIT = 200
EDITS = {True: 1.0, False: 4.0}  # seconds between two edits, in private chats and in groups (20 a minute)

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramWire:
    """A chat for one reply; `query` is the pressed button it answers."""

    pause = 1.0

    def __init__(self, bot: Client, place: Place, pace: Pace, language: str, query: str = "") -> None:
        self.pace, self.interval = pace, EDITS[place.private]
        self._bot, self._place, self._language, self._query = bot, place, language, query
        self._told = False
        self._sign: Sign | None = None

    def split(self, text: str) -> list[str]:
        """Messages of at most 4,096 units."""
        return split(text, LIMIT)

    async def send(self, text: str, rows: Rows, *, answering: int | None, patient: bool, once: str = "") -> int:
        """A new message; Telegram cannot tell one that was sent before."""
        reply = ReplyParameters(answering, allow_sending_without_reply=True) if answering else None

        async def call() -> int:
            place = self._place
            message = await self._bot.send_message(
                place.chat,
                text,
                message_thread_id=place.topic,
                reply_markup=keyboard(rows),
                reply_parameters=reply,
                link_preview_options=_NO_PREVIEW,
            )
            return message.message_id

        return await self._call(call, patient=patient)

    async def edit(self, message: int, text: str, rows: Rows, *, patient: bool) -> bool:
        """Change a message of ours."""

        async def call() -> bool:
            try:
                await self._bot.edit_message_text(
                    text,
                    self._place.chat,
                    message,
                    reply_markup=keyboard(rows),
                    link_preview_options=_NO_PREVIEW,
                )
            except ChatMigrated as error:  # what was written in the old chat stays as it is
                self._follow(error)
                return False
            except BadRequest as error:
                if "not found" in error.message or "can't be edited" in error.message:
                    return False
                if "not modified" not in error.message:
                    raise
            return True

        return await self._call(call, patient=patient)

    async def mark(self, message: int, rows: Rows) -> None:
        """Change the buttons."""

        async def call() -> object:
            return await self._bot.edit_message_reply_markup(self._place.chat, message, reply_markup=keyboard(rows))

        try:
            await insist(call, self.pace)
        except FINAL as error:
            raise _refusal(error) from None

    async def delete(self, message: int) -> None:
        """Take a message away."""
        try:
            await self._call(lambda: self._bot.delete_message(self._place.chat, message), patient=True)
        except Refusal as refusal:
            log.debug("a message stays: %s", refusal)  # it is gone already, or too old to be deleted

    async def upload(self, attachment: Attachment, caption: str, answering: int | None) -> int:
        """Send a file."""

        async def call() -> int:
            return await upload(self._bot, self._place, self.pace, attachment, caption, answering)

        try:
            return await self._call(call, patient=True)
        except Refusal as refusal:
            if not refusal.closed:
                await self._say_no_file(attachment.name)
            raise

    async def answer(self, text: str) -> bool:
        """Answer the pressed button, once."""
        query, self._query = self._query, ""
        if not query:
            return False
        try:  # once: nobody waits for it long, and what must be read is sent as a message then
            await self._bot.answer_callback_query(query, clip(text, ANSWER_LIMIT) or None)
        except TelegramError as error:
            log.debug("a button was not answered: %s", error.message)
            return False
        return True

    def sign(self, *, musical: bool, enough: Callable[[], bool]) -> None:
        """ "typing", or for music "sending a voice message"."""
        self._sign = self._sign or Sign(self._bot, self._place, enough)
        self._sign.show(ChatAction.UPLOAD_VOICE if musical else ChatAction.TYPING)

    async def hide(self) -> None:
        """Take the sign away."""
        if self._sign:
            await self._sign.hide()

    async def _say_no_file(self, name: str) -> None:
        """A group may forbid files; that is said once, and not for each file of a passage."""
        if not self._told:
            self._told = True
            with suppress(Refusal):
                sentence = wording.say("telegram_no_file", self._language, name=name)
                await self.send(sentence, (), answering=None, patient=True)

    def _follow(self, error: ChatMigrated) -> None:
        """The group has become a supergroup in mid-reply; the rest is written there."""
        self._place = replace(self._place, chat=error.new_chat_id)

    async def _call(self, call: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        try:
            return await self._made(call, patient=patient)
        except ChatMigrated as error:
            self._follow(error)
        return await self._call(call, patient=patient)

    async def _made(self, call: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        try:
            return await (insist(call, self.pace) if patient else call())
        except ChatMigrated:
            raise
        except RetryAfter as error:
            raise Delay(seconds(error)) from None
        except FINAL as error:
            raise _refusal(error) from None
        except TelegramError:
            raise Delay(1.0) from None  # a network that is down
        finally:
            self.pace.touch()


def keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    """Buttons as Telegram wants them."""
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(each.label, callback_data=each.data) for each in row] for row in rows]
    )


def _refusal(error: TelegramError) -> Refusal:
    return Refusal(error.message, closed=isinstance(error, Forbidden))
