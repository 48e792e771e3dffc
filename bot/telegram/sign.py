"""The sign in a chat that somebody is at work: "typing", or for music "sending a voice message"."""

import asyncio
import logging
from collections.abc import Callable

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.telegram.records import Place

log = logging.getLogger(__name__)

FIRST = {True: 0.0, False: 2.0}  # seconds until it is shown, in private chats and in groups (20 calls a minute)
AGAIN = {True: 4.5, False: 60.0}  # the same until it is shown again; it fades after five


class Sign:
    """Shown from `show` until `hide`, or until `enough` says that there is something better to look at."""

    def __init__(self, bot: Bot, place: Place, enough: Callable[[], bool]) -> None:
        self._bot, self._place, self._enough = bot, place, enough
        self._showing: asyncio.Task[None] | None = None

    def show(self, action: ChatAction) -> None:
        """Begin, unless it is shown already."""
        if self._showing is None or self._showing.done():
            self._showing = asyncio.create_task(self._show(action), name="telegram sign")

    async def hide(self) -> None:
        """End it."""
        if self._showing:
            self._showing.cancel()
            await asyncio.gather(self._showing, return_exceptions=True)
            self._showing = None

    async def _show(self, action: ChatAction) -> None:
        try:
            await asyncio.sleep(FIRST[self._place.private])
            while not self._enough():
                await self._bot.send_chat_action(self._place.chat, action, message_thread_id=self._place.topic)
                await asyncio.sleep(AGAIN[self._place.private])
        except TelegramError as error:
            log.debug("no sign of work: %s", error.message)
