"""One passage as it stands in a chat: the messages that hold it, and how they are brought to a newer text."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.error import BadRequest

from bot.telegram.records import Place
from bot.telegram.sending import Pace, insist

T = TypeVar("T")

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of ours. The text is None when it is not known, because another process wrote it."""

    message: int
    text: str | None = None
    markup: InlineKeyboardMarkup | None = None


class Page:
    """Shows a text in as many messages as it takes; only what differs from what is there is sent."""

    def __init__(self, bot: Bot, place: Place, pace: Pace, shown: tuple[Shown, ...] = ()) -> None:
        self._bot, self._place, self._pace = bot, place, pace
        self.shown = list(shown)
        self.answering = place.answering

    async def show(self, parts: list[str], markup: InlineKeyboardMarkup | None, *, patient: bool) -> None:
        """Bring the messages to these texts, with the buttons under the last.

        Patient: every call is repeated until Telegram takes it. Otherwise the first trouble is raised. Either way a
        message that was deleted meanwhile is sent again, and what cannot be is raised as `sending.FINAL`. Messages that
        are too many are deleted only by the patient, because a draft may come to nothing.
        """
        for number, text in enumerate(parts):
            wanted = markup if number == len(parts) - 1 else None
            if number < len(self.shown):
                self.shown[number] = await self._edit(self.shown[number], text, wanted, patient=patient)
            else:
                self.shown.append(await self._send(text, wanted, patient=patient))
        while patient and len(self.shown) > len(parts):
            await self._delete(self.shown.pop().message)

    async def _edit(self, old: Shown, text: str, markup: InlineKeyboardMarkup | None, *, patient: bool) -> Shown:
        new = Shown(old.message, text, markup)
        if old == new:
            return old
        try:
            await self._call(
                lambda: self._bot.edit_message_text(
                    text, self._place.chat, old.message, reply_markup=markup, link_preview_options=_NO_PREVIEW
                ),
                patient=patient,
            )
        except BadRequest as error:
            if "not modified" in error.message:
                return new
            if "not found" not in error.message and "can't be edited" not in error.message:
                raise
            return await self._send(text, markup, patient=patient)
        return new

    async def _send(self, text: str, markup: InlineKeyboardMarkup | None, *, patient: bool) -> Shown:
        place = self._place
        answering = None
        if self.answering and not self.shown:
            answering = ReplyParameters(self.answering, allow_sending_without_reply=True)
        message = await self._call(
            lambda: self._bot.send_message(
                place.chat,
                text,
                message_thread_id=place.topic,
                reply_markup=markup,
                reply_parameters=answering,
                link_preview_options=_NO_PREVIEW,
            ),
            patient=patient,
        )
        return Shown(message.message_id, text, markup)

    async def _delete(self, message: int) -> None:
        try:
            await self._call(lambda: self._bot.delete_message(self._place.chat, message), patient=True)
        except BadRequest:
            return  # it is gone already, or too old to be deleted

    async def _call(self, call: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        try:
            return await (insist(call, self._pace) if patient else call())
        finally:
            self._pace.touch()
