"""Where one reply becomes visible in a chat: drafts by edits, the passage for good with its buttons, notices.

Nothing here raises what a platform says: what cannot be sent (a blocked bot, a deleted chat) is noted in one line, and
the conversation goes on as if it had been seen.
"""

import logging
from collections.abc import Mapping

from bot import wording
from bot.chats import buttons
from bot.chats.page import Page, Shown
from bot.chats.refs import file_refs, ref_of, showing
from bot.chats.wire import Delay, Refusal, Wire
from bot.enclosing import FILES
from bot.replies import Attachment, Notice, ReplyEvent
from engine.errors import EngineError
from engine.messages import Accepted, MessageRef, SessionKey, Turn
from engine.story import LOOKS, MUSIC

log = logging.getLogger(__name__)

TOASTS = ("cancelled", "voted", "unvoted", "chosen")  # notices that a pressed button answers by itself
KINDS = {"image/png": "png", "audio/ogg": "ogg", "audio/midi": "mid"}  # files of music and pictures


class ChatOutlet:
    """One reply in the chat of `key`. `shown` are the messages of `before`, which it replaces; `private` is a chat of
    one person with us; `answering` is the message it answers, where that must be told.

    `musical` is set when music is expected, which shows another sign of work. `here` are the messages of the chat
    that hold files of the passage already, by kind; those are not sent again, and a new message answers them.
    """

    def __init__(
        self,
        wire: Wire,
        key: SessionKey,
        language: str,
        *,
        private: bool,
        answering: int | None = None,
        shown: tuple[Shown, ...] = (),
        before: Turn | None = None,
    ) -> None:
        self.key = key
        self._wire, self._language, self._private = wire, language, private
        self._page = Page(wire, shown, answering)
        self._answering, self._before = answering, before
        self._news = ""
        self._drawn = False
        self._trouble: Refusal | None = None
        self._mute = False
        self._ended = False
        self._first: Turn | None = None  # the passage whose first file is still to come
        self._apart = bool(shown) or not private  # its files may stand far from its text
        self.musical = before is not None and before.form == MUSIC
        self._kinds: tuple[str, ...] = ()  # of the files of the passage
        self.here: Mapping[str, int] = {}

    async def open(self, event: ReplyEvent) -> None:
        """The first event has come. If a passage is on its way, the button is answered and somebody is seen writing."""
        if isinstance(event, Accepted):
            await self.answer()
            self._sign()

    @property
    def refs(self) -> tuple[MessageRef, ...]:
        """The messages that hold this reply now."""
        return tuple(ref_of(self.key, shown.message) for shown in self._page.shown)

    @property
    def complete(self) -> bool:
        """Whether the passage has files, and the chat has all of them."""
        return bool(self._kinds) and all(kind in self.here for kind in self._kinds)

    @property
    def unseen(self) -> bool:
        """Whether the platform would not show this reply in the chat at all."""
        return self._closed or self._mute

    def adopt(self, messages: tuple[int, ...]) -> None:
        """Show this reply in messages of ours that an earlier attempt at it has left, unless it is shown already."""
        if messages and not self._page.shown:
            self._page.shown = [Shown(message) for message in messages]
            self._drawn = True

    async def close(self) -> None:
        """Stop the sign of work."""
        await self._wire.hide()

    async def draft(self, text: str) -> None:
        """Show the text so far, if the chat is ready for another edit and the text is another one."""
        parts = self._wire.split(text)
        if self._trouble or not parts or not self._wire.pace.ready(self._wire.interval):
            return
        if self._drawn and parts == [shown.text for shown in self._page.shown]:
            return
        try:
            await self._page.show(parts, buttons.stop(self._language), patient=False)
            self._drawn = True
        except Delay as delay:  # the final text insists
            self._wire.pace.block(delay.seconds)
        except Refusal as refusal:
            self._give_up("show a draft", refusal)

    async def notice(self, notice: Notice) -> tuple[MessageRef, ...]:
        """A sentence of its own; a place in the queue only until the draft takes its place."""
        if notice.name == "queued":
            await self.draft(notice.text)
            return ()
        if notice.name in TOASTS and await self.answer(notice.text):
            return ()
        return await self.say(notice.text, buttons.choices(notice.choices))

    async def say(self, text: str, rows: buttons.Rows = ()) -> tuple[MessageRef, ...]:
        """A message that is not part of the piece; where it stands."""
        await self.answer()
        page = Page(self._wire, (), self._answering)
        page.once = self._news and f"{self._news}s"
        await self._show(page, self._wire.split(text), rows)
        return tuple(ref_of(self.key, shown.message) for shown in page.shown)

    async def offer(self, text: str, turn: Turn) -> None:
        """Say in this reply's own message what was heard in a file, with what can be done to it."""
        await self._show(self._page, self._wire.split(text), buttons.under_heard(turn, self._language))

    async def attach(self, attachment: Attachment) -> tuple[MessageRef, ...]:
        """Send a file, unless the chat has it; the messages that hold it.

        The first file of a passage answers the message with its buttons, where others may stand between the two, and
        says which version it is, where there are several.
        """
        kind = KINDS.get(attachment.mime, "file") if self._ended else "file"
        if kind in self.here or self._closed:
            return ()
        await self.answer()
        caption, answering = "", None
        if self._first and attachment.turn == self._first.id:
            many, apart = self._first.versions > 1, self._apart and self._page.shown
            caption = wording.say("music_version", self._language, number=self._first.version) if many else ""
            answering = self._page.shown[-1].message if apart else None
            self._first = None
        try:
            message = await self._wire.upload(attachment, caption, answering)
        except Refusal as refusal:
            self._give_up(f"send {attachment.name}", refusal)
            return ()
        return file_refs(self.key, message, kind) if attachment.turn else ()

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Show the passage for good; () if the platform will not have it."""
        self.musical, self._kinds = turn.form == MUSIC, FILES.get(turn.form, ())
        if self.complete or not self._kinds:
            await self.close()
        above = "look_above" if turn.form in LOOKS else "music_above"
        await self.answer(wording.say(above, self._language, number=turn.version) if self.complete else "")
        if self.complete:
            self._page.answering = self.here.get("ogg") or self.here["png"]
        await self._end(turn)
        self._ended = True
        if self._kinds and not self.complete:
            self._first = turn
            self._sign()
        return self.refs

    def name(self, once: str, *, news: bool = False) -> None:
        """Name this reply, or this news, so that it is shown once even if another process gives it again."""
        self._page.once = once
        self._news = once if news else ""

    async def settle(self, messages: tuple[MessageRef, ...]) -> None:
        """Take away the buttons under those of these messages that are in this chat."""
        for message in showing(messages, self.key)[0]:
            await self.mark(message, ())

    async def withdraw(self, messages: tuple[str, ...]) -> None:
        """Leave nothing of what these messages of ours say."""
        for message in messages:
            page = Page(self._wire, (Shown(int(message)),))
            await self._show(page, ["…"], ())

    async def relay(self, turn: Turn, text: str, before: tuple[MessageRef, ...]) -> tuple[MessageRef, ...]:
        """Show a passage from another chat in these words, in place of those messages of `before` that are here."""
        self.adopt(showing(before, self.key)[0])
        rows = buttons.under(turn, self._language, private=self._alone(turn)) if turn.kind == "model" else ()
        await self._show(self._page, self._wire.split(text) or ["…"], rows)
        self._ended = True
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
            await self._show(self._page, self._wire.split(sentence), ())

    async def answer(self, text: str = "") -> bool:
        """Answer the pressed button, once; False if nobody saw it."""
        return await self._wire.answer(text)

    async def count(self, message: int, turn: Turn) -> None:
        """Bring the counts on the buttons under a message up to date."""
        await self.mark(message, buttons.under(turn, self._language, private=self._alone(turn)))

    async def mark(self, message: int, rows: buttons.Rows) -> None:
        """Put other buttons under a message of ours."""
        try:
            await self._wire.mark(message, rows)
        except Refusal as refusal:
            log.debug("counts were not updated: %s", refusal)

    @property
    def _closed(self) -> bool:
        return self._trouble is not None and self._trouble.closed

    def _alone(self, turn: Turn) -> bool:
        """Whether the counts on the buttons are one person's own votes."""
        return self._private and not turn.shared

    def _sign(self) -> None:
        self._wire.sign(musical=self.musical, enough=lambda: self._drawn and not self.musical)

    async def _end(self, turn: Turn) -> None:
        if self._drawn:
            await self._wire.pace.rest(self._wire.pause)
        rows = buttons.under(turn, self._language, private=self._alone(turn))
        await self._show(self._page, self._wire.split(turn.text) or ["…"], rows)

    async def _show(self, page: Page, parts: list[str], rows: buttons.Rows) -> None:
        if self._closed:
            return
        try:
            await page.show(parts, rows, patient=True)
        except Refusal as refusal:
            self._mute = not page.shown
            self._give_up("show a message", refusal)

    def _give_up(self, what: str, refusal: Refusal) -> None:
        self._trouble = refusal
        log.warning("%s: could not %s in chat %s: %s", self.key.platform, what, self.key.chat, refusal)
