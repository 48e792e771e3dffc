"""The webhook: Telegram posts each update, and is answered when its words are stored.

An own handler and not python-telegram-bot's, which answers as soon as the update is in a queue in memory.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from telegram import Update
from telegram.error import TelegramError
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from bot.telegram.intake import Intake
from bot.telegram.sending import Client

log = logging.getLogger(__name__)

HEADER = "X-Telegram-Bot-Api-Secret-Token"
PATIENCE = 8.0  # seconds an answer may take; a message that waits in line longer is acknowledged unstored
FETCHING = 35.0  # the same where a file must be fetched first
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where to listen, the public address Telegram shall post to, and the secret it must send along ("": made anew)."""

    listen: str
    port: int
    url: str
    secret: str = field(default="", repr=False)


class _Receive(RequestHandler):
    def initialize(self, bot: Client, intake: Intake, secret: str) -> None:
        self._bot, self._intake, self._secret = bot, intake, secret

    async def post(self) -> None:
        if not hmac.compare_digest(self.request.headers.get(HEADER, "").encode(), self._secret.encode()):
            self.set_status(403)
            return
        if not self._intake.ready:
            self.set_status(503)
            return
        try:
            update = Update.de_json(json.loads(self.request.body), self._bot)
        except (ValueError, TypeError, KeyError, AttributeError, TelegramError):
            log.warning("Telegram: a request to the webhook was not an update")
            self.set_status(400)
            return
        taken = self._intake.take(update)
        await asyncio.wait([taken.stored], timeout=FETCHING if taken.fetches else PATIENCE)

    def log_exception(self, *args: object) -> None:
        log.error("Telegram: the webhook failed", exc_info=args[:3])  # type: ignore[arg-type]  # tornado hands it over


@asynccontextmanager
async def listening(bot: Client, intake: Intake, settings: WebhookSettings, secret: str) -> AsyncIterator[None]:
    """Accept updates on `settings.listen:port`, at any path, so that a proxy in front may change it; raises OSError."""
    application = Application(
        [(r"/.*", _Receive, {"bot": bot, "intake": intake, "secret": secret})], log_function=lambda _: None
    )
    server = HTTPServer(application, max_body_size=LARGEST)
    server.listen(settings.port, settings.listen)
    try:
        yield
    finally:
        server.stop()
        await server.close_all_connections()
