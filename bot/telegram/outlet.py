"""Where one reply becomes visible in a Telegram chat: drafts by edits, the passage for good with its buttons, notices.

Nothing here raises a Telegram error: what cannot be sent (a blocked bot, a deleted chat) is noted in one line, and the
conversation goes on as if it had been seen.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot, InlineKeyboardMarkup, InputFile
from telegram.constants import ChatAction
from telegram.error import Forbidden, RetryAfter, TelegramError

from bot.replies import Attachment, Notice, ReplyEvent
from bot.telegram import buttons
from bot.telegram.page import Page, Shown
from bot.telegram.records import Place, ref_of
from bot.telegram.sending import FINAL, Pace, insist, refused, seconds
from bot.telegram.splitting import clip, split
from engine.errors import EngineError
from engine.messages import Accepted, MessageRef, Turn

log = logging.getLogger(__name__)

EDITS = {True: 1.0, False: 4.0}  # seconds between two edits, in private chats and in groups (20 a minute)
TOASTS = ("cancelled", "voted", "unvoted")  # notices that a pressed button answers by itself
ANSWER_LIMIT = 200


class ChatOutlet:
    """One reply. `query` is the pressed button it answers, `shown` the messages it may write over."""

    def __init__(
        self,
        bot: Bot,
        place: Place,
        pace: Pace,
        language: str,
        query: str = "",
        shown: tuple[Shown, ...] = (),
    ) -> None:
        self._bot, self._place, self._pace, self._language = bot, place, pace, language
        self._page = Page(bot, place, pace, shown)
        self._before = shown
        self._query = query
        self._drawn = False
        self._trouble: TelegramError | None = None
        self._typing: asyncio.Task[None] | None = None

    async def open(self, event: ReplyEvent) -> None:
        """The first event has come. If a passage is on its way, the button is answered and somebody is seen writing."""
        if isinstance(event, Accepted) and self._typing is None:
            await self.answer()
            self._typing = asyncio.create_task(self._type(), name="telegram typing")

    @property
    def refs(self) -> tuple[MessageRef, ...]:
        """The messages that hold this reply now."""
        return tuple(ref_of(self._place.chat, shown.message) for shown in self._page.shown)

    def adopt(self, messages: tuple[int, ...]) -> None:
        """Show this reply in messages of ours that an earlier attempt at it has left, unless it is shown already."""
        if messages and not self._page.shown:
            self._page.shown = [Shown(message) for message in messages]
            self._drawn = True

    async def close(self) -> None:
        """Stop the sign of writing."""
        if self._typing:
            self._typing.cancel()
            await asyncio.gather(self._typing, return_exceptions=True)

    async def draft(self, text: str) -> None:
        """Show the text so far, if the chat is ready for another edit and the text is another one."""
        parts = split(text)
        if self._trouble or not parts or not self._pace.ready(EDITS[self._place.private]):
            return
        if self._drawn and parts == [shown.text for shown in self._page.shown]:
            return
        try:
            await self._page.show(parts, buttons.stop(self._language), patient=False)
            self._drawn = True
        except RetryAfter as error:
            self._pace.block(seconds(error))
        except FINAL as error:
            self._give_up("show a draft", error)
        except TelegramError:
            self._pace.block(1.0)  # a network that is down; the final text insists

    async def notice(self, notice: Notice) -> None:
        """A sentence of its own; a place in the queue only until the draft takes its place."""
        if notice.name == "queued":
            await self.draft(notice.text)
        elif not (notice.name in TOASTS and await self.answer(notice.text)):
            await self.say(notice.text)

    async def say(self, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """A message that is not part of the piece."""
        await self.answer()
        await self._show(Page(self._bot, self._place, self._pace), split(text), markup)

    async def attach(self, attachment: Attachment) -> None:
        """Send a file: pictures and sound as what they are, anything else as a document."""
        await self.answer()
        where: dict[str, Any] = {"chat_id": self._place.chat, "message_thread_id": self._place.topic}
        send, name = self._sender(attachment)

        def call() -> Awaitable[object]:
            return send(**where, **{name: InputFile(attachment.data, attachment.name)})

        try:
            await insist(call, self._pace)
        except FINAL as error:
            refused(f"send {attachment.name}", self._place.chat, error)

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Show the passage for good; () if Telegram will not have it."""
        await self.close()
        await self.answer()
        if self._drawn:
            await self._pace.rest(1.0)
        markup = buttons.under(turn, self._language, private=self._place.private)
        await self._show(self._page, split(turn.text) or ["…"], markup)
        return self.refs

    async def fail(self, sentence: str, error: EngineError) -> None:
        """End with a sentence: in the draft's place, or over the pressed button; a passage drawn over comes back."""
        await self.close()
        if not self._drawn:
            if not await self.answer(sentence):
                await self.say(sentence)
        elif self._before:
            await self._restore()
            await self.say(sentence)
        else:
            await self._show(self._page, split(sentence), None)

    async def answer(self, text: str = "") -> bool:
        """Answer the pressed button, once; False if nobody saw it, because there is none or it was pressed long ago."""
        query, self._query = self._query, ""
        if not query:
            return False
        try:
            await insist(lambda: self._bot.answer_callback_query(query, clip(text, ANSWER_LIMIT) or None))
        except FINAL as error:
            log.debug("a button was not answered: %s", error.message)
            return False
        return True

    async def _restore(self) -> None:
        """Put back the passage that was there before this reply began to write over it."""
        texts = [shown.text or "" for shown in self._before]
        if all(texts):
            await self._show(self._page, texts, self._before[-1].markup)

    async def _show(self, page: Page, parts: list[str], markup: InlineKeyboardMarkup | None) -> None:
        if isinstance(self._trouble, Forbidden):
            return
        try:
            await page.show(parts, markup, patient=True)
        except FINAL as error:
            self._give_up("show a message", error)

    async def _type(self) -> None:
        """Say that somebody is writing until the first words are there; once in a group, which has a low limit."""
        try:
            while not self._drawn:
                await self._bot.send_chat_action(
                    self._place.chat, ChatAction.TYPING, message_thread_id=self._place.topic
                )
                await asyncio.sleep(4.5 if self._place.private else 60)
        except TelegramError as error:
            log.debug("no sign of writing: %s", error.message)

    def _sender(self, attachment: Attachment) -> tuple[Callable[..., Awaitable[object]], str]:
        kinds: dict[str, tuple[Callable[..., Awaitable[object]], str]] = {
            "image/png": (self._bot.send_photo, "photo"),
            "image/jpeg": (self._bot.send_photo, "photo"),
            "audio/ogg": (self._bot.send_voice, "voice"),
            "audio/mpeg": (self._bot.send_audio, "audio"),
            "audio/mp4": (self._bot.send_audio, "audio"),
        }
        return kinds.get(attachment.mime, (self._bot.send_document, "document"))

    def _give_up(self, what: str, error: TelegramError) -> None:
        self._trouble = error
        refused(what, self._place.chat, error)
