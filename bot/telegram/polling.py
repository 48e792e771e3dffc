"""Long polling that never acknowledges an update before it is answered, so that a killed process answers after all.

python-telegram-bot's own poller acknowledges what it has just put into a queue in memory; a process killed right then
would lose it. Asking for updates from an offset acknowledges all before it, so here the offset waits; the updates that
come again meanwhile are known, and after a restart they are known to the database.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from telegram import Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.chats.intake import Taken
from bot.telegram.intake import Intake
from bot.telegram.sending import Client, seconds

log = logging.getLogger(__name__)

ALLOWED = [
    *(Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MESSAGE_REACTION),
    Update.MY_CHAT_MEMBER,
]
"""Not the counts of anonymous reactions: a vote is somebody's, who may take it back and has a say in learning."""
LONG = timedelta(seconds=25)
FIRST = 1.0  # seconds until the second try in an outage; they double
AGAIN = 0.5  # seconds until Telegram is asked again while something is not answered yet
PATIENCE = 60.0  # seconds after which an update that is stored is acknowledged although it is not answered
WAITING = 50  # so many may wait; with more, the oldest that are stored are acknowledged without an answer
FULL = 90  # with so many the oldest are acknowledged unstored, or nothing new would come (Telegram gives 100)


class News(HTTPXRequest):
    """Asks for updates, and leaves out those that are `known`.

    What is not acknowledged comes with every answer, and to make objects of a hundred updates holds up everything else
    for a third of a second.
    """

    def __init__(self) -> None:
        super().__init__(connection_pool_size=2, read_timeout=10)
        self.known: set[int] = set()

    def parse_json_payload(self, payload: bytes) -> dict[str, Any]:  # type: ignore[override]  # it is called on an instance
        """The answer, with only the updates that are news."""
        answer = HTTPXRequest.parse_json_payload(payload)
        if isinstance(answer.get("result"), list):
            answer["result"] = [each for each in answer["result"] if each.get("update_id") not in self.known]
        return answer


class Poller:
    """Fetches updates until its task is cancelled; `news` is what the bot asks for them with."""

    def __init__(self, bot: Client, intake: Intake, news: News) -> None:
        self._bot, self._intake, self._known = bot, intake, news.known
        self._waiting: dict[int, Taken] = {}
        self._newest = 0

    async def run(self) -> None:
        """Poll for ever; returns only when Telegram refuses the token."""
        pause = FIRST
        while True:
            try:
                await self._round()
                if pause > FIRST:
                    log.info("Telegram answers again")
                pause = FIRST
                continue
            except InvalidToken:
                log.error("Telegram: the token is refused; nothing more is received")  # noqa: TRY400  # the owner's, not a bug
                return
            except RetryAfter as error:
                pause = seconds(error)
            except Conflict as error:
                log.warning("Telegram: no updates (%s)", error.message)
                await self._unhook(error)
            except TelegramError as error:
                level = logging.WARNING if pause == FIRST else logging.DEBUG  # an outage is said once
                log.log(level, "Telegram: no updates (%s); again in %.0f s", error.message, pause)
            except Exception:
                log.exception("Telegram: updates could not be read; again in %.0f s", pause)
            await asyncio.sleep(pause)
            pause = min(30.0, pause * 2)

    async def _unhook(self, error: Conflict) -> None:
        """Take away the webhook of an earlier run, which keeps updates from being polled."""
        if "webhook" in error.message:
            with suppress(TelegramError):
                await self._bot.delete_webhook()

    async def confirm(self) -> None:
        """Acknowledge what is answered, without asking for more."""
        try:
            await self._bot.get_updates(self._offset(), limit=1, timeout=timedelta(0), allowed_updates=ALLOWED)
        except TelegramError as error:
            log.info("Telegram: the last updates will come again: %s", error.message)

    async def _round(self) -> None:
        offset = self._offset()
        wait = timedelta(0) if self._waiting else LONG
        for update in await self._bot.get_updates(offset, timeout=wait, allowed_updates=ALLOWED):
            self._waiting[update.update_id] = self._intake.take(update)
            self._known.add(update.update_id)
            self._newest = max(self._newest, update.update_id)
        if self._waiting:
            handled = [taken.handled for taken in self._waiting.values()]
            await asyncio.wait(handled, timeout=AGAIN, return_when=asyncio.FIRST_COMPLETED)

    def _offset(self) -> int | None:
        """The oldest update that is not answered yet; all before it are acknowledged by asking for it."""
        begun = time.monotonic() - PATIENCE
        for number in sorted(self._waiting):
            taken = self._waiting[number]
            enough = taken.stored.done() and (taken.since < begun or len(self._waiting) > WAITING)
            if taken.handled.done() or enough or len(self._waiting) > FULL:
                del self._waiting[number]
        offset = min(self._waiting, default=self._newest + 1 if self._newest else None)
        self._known.difference_update([number for number in self._known if offset and number < offset])
        return offset
