"""Where one reply becomes visible in a Telegram chat: drafts by edits, the passage for good with its buttons, notices.

Nothing here raises a Telegram error: what cannot be sent (a blocked bot, a deleted chat) is noted in one line, and the
conversation goes on as if it had been seen.
"""

import logging
from collections.abc import Mapping

from telegram import Bot, InlineKeyboardMarkup
from telegram.constants import ChatAction
from telegram.error import Forbidden, RetryAfter, TelegramError

from bot import wording
from bot.replies import Attachment, Notice, ReplyEvent
from bot.telegram import buttons
from bot.telegram.page import Page, Shown
from bot.telegram.records import Place, file_refs, ref_of
from bot.telegram.sending import FINAL, Pace, refused, seconds
from bot.telegram.sign import Sign
from bot.telegram.splitting import clip, split
from bot.telegram.uploading import upload
from engine.errors import EngineError
from engine.messages import Accepted, MessageRef, Turn
from engine.story import MUSIC

log = logging.getLogger(__name__)

EDITS = {True: 1.0, False: 4.0}  # seconds between two edits, in private chats and in groups (20 a minute)
TOASTS = ("cancelled", "voted", "unvoted")  # notices that a pressed button answers by itself
ANSWER_LIMIT = 200
KINDS = {"image/png": "png", "audio/ogg": "ogg", "audio/midi": "mid"}  # files of music


class ChatOutlet:
    """One reply. `query` is the pressed button it answers; `shown` are the messages of `before`, which it replaces.

    `musical` is set when music is expected, which shows another sign of work. `here` are the messages of the chat
    that hold files of the passage already, by kind; those are not sent again, and a new message answers them.
    """

    def __init__(
        self,
        bot: Bot,
        place: Place,
        pace: Pace,
        language: str,
        query: str = "",
        shown: tuple[Shown, ...] = (),
        before: Turn | None = None,
    ) -> None:
        self._bot, self._place, self._pace, self._language = bot, place, pace, language
        self._page = Page(bot, place, pace, shown)
        self._before = before
        self._query = query
        self._drawn = False
        self._trouble: TelegramError | None = None
        self._sign = Sign(bot, place, lambda: self._drawn and not self.musical)
        self._ended = False
        self._first: Turn | None = None  # the passage whose first file is still to come
        self._apart = bool(shown) or not place.private  # its files may stand far from its text
        self.musical = before is not None and before.form == MUSIC
        self.here: Mapping[str, int] = {}

    async def open(self, event: ReplyEvent) -> None:
        """The first event has come. If a passage is on its way, the button is answered and somebody is seen writing."""
        if isinstance(event, Accepted):
            await self.answer()
            self._sign.show(ChatAction.UPLOAD_VOICE if self.musical else ChatAction.TYPING)

    @property
    def refs(self) -> tuple[MessageRef, ...]:
        """The messages that hold this reply now."""
        return tuple(ref_of(self._place.chat, shown.message) for shown in self._page.shown)

    @property
    def complete(self) -> bool:
        """Whether the chat has all files of the passage."""
        return all(kind in self.here for kind in KINDS.values())

    def adopt(self, messages: tuple[int, ...]) -> None:
        """Show this reply in messages of ours that an earlier attempt at it has left, unless it is shown already."""
        if messages and not self._page.shown:
            self._page.shown = [Shown(message) for message in messages]
            self._drawn = True

    async def close(self) -> None:
        """Stop the sign of work."""
        await self._sign.hide()

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

    async def offer(self, text: str, markup: InlineKeyboardMarkup) -> None:
        """Show a sentence with buttons in this reply's own message."""
        await self._show(self._page, split(text), markup)

    async def attach(self, attachment: Attachment) -> tuple[MessageRef, ...]:
        """Send a file, unless the chat has it; the messages that hold it.

        The first file of a passage answers the message with its buttons, where others may stand between the two, and
        says which version it is, where there are several.
        """
        kind = KINDS.get(attachment.mime, "file") if self._ended else "file"
        if kind in self.here or isinstance(self._trouble, Forbidden):
            return ()
        await self.answer()
        caption, answering = "", None
        if self._first and attachment.turn == self._first.id:
            many, apart = self._first.versions > 1, self._apart and self._page.shown
            caption = wording.say("music_version", self._language, number=self._first.version) if many else ""
            answering = self._page.shown[-1].message if apart else None
            self._first = None
        try:
            message = await upload(self._bot, self._place, self._pace, attachment, caption, answering)
        except FINAL as error:
            self._give_up(f"send {attachment.name}", error)
            return ()
        return file_refs(self._place.chat, message, kind) if attachment.turn else ()

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Show the passage for good; () if Telegram will not have it."""
        self.musical = turn.form == MUSIC
        if self.complete or not self.musical:
            await self.close()
        await self.answer(wording.say("music_above", self._language, number=turn.version) if self.complete else "")
        if self.complete:
            self._page.answering = self.here["ogg"]
        await self._end(turn)
        self._ended = True
        if self.musical and not self.complete:
            self._first = turn
            self._sign.show(ChatAction.UPLOAD_VOICE)
        return self.refs

    async def fail(self, sentence: str, error: EngineError) -> None:
        """End with a sentence: in the draft's place, or over the pressed button; a passage drawn over comes back."""
        await self.close()
        if self._ended:
            await self.say(sentence)
        elif not self._drawn:
            if not await self.answer(sentence):
                await self.say(sentence)
        elif self._before:
            await self._end(self._before)
            await self.say(sentence)
        else:
            await self._show(self._page, split(sentence), None)

    async def answer(self, text: str = "") -> bool:
        """Answer the pressed button, once; False if nobody saw it, because there is none or it was pressed long ago."""
        query, self._query = self._query, ""
        if not query:
            return False
        try:  # once: nobody waits for it long, and what must be read is sent as a message then
            await self._bot.answer_callback_query(query, clip(text, ANSWER_LIMIT) or None)
        except TelegramError as error:
            log.debug("a button was not answered: %s", error.message)
            return False
        return True

    async def _end(self, turn: Turn) -> None:
        if self._drawn:
            await self._pace.rest(1.0)
        markup = buttons.under(turn, self._language, private=self._place.private)
        await self._show(self._page, split(turn.text) or ["…"], markup)

    async def _show(self, page: Page, parts: list[str], markup: InlineKeyboardMarkup | None) -> None:
        if isinstance(self._trouble, Forbidden):
            return
        try:
            await page.show(parts, markup, patient=True)
        except FINAL as error:
            self._give_up("show a message", error)

    def _give_up(self, what: str, error: TelegramError) -> None:
        self._trouble = error
        refused(what, self._place.chat, error)
