"""Ghostnote on Telegram: connects, receives updates by long polling or webhook, and shuts down without losing any.

python-telegram-bot's `Bot` and rate limiter do the talking. Its `Application` is left out: Ghostnote has one way for
everything a person sends, and updates must be acknowledged only when they are stored (see bot/telegram/intake).
"""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from secrets import token_urlsafe

from telegram import BotCommand
from telegram.error import InvalidToken, TelegramError
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot import commands, wording
from bot.chats.herald import Herald
from bot.telegram.intake import Intake
from bot.telegram.polling import ALLOWED, News, Poller
from bot.telegram.records import PLATFORM
from bot.telegram.replying import Replies
from bot.telegram.sending import FINAL, Client, insist
from bot.telegram.webhook import WebhookSettings, listening
from engine.conversation import Conversation

log = logging.getLogger(__name__)

PUBLIC = "https://api.telegram.org"
TALKERS = ("httpx", "telegram.Bot", "telegram.ext.ExtBot")  # loggers that write the address of a call
GRACE = 4.0  # seconds that replies have to end when the process stops

__all__ = ["PUBLIC", "TelegramUnavailable", "WebhookSettings", "serve"]


class TelegramUnavailable(Exception):
    """Telegram cannot be served; the message is one sentence for the owner of the machine, without the token."""


@asynccontextmanager
async def serve(
    conversation: Conversation, *, token: str, api: str = PUBLIC, webhook: WebhookSettings | None = None
) -> AsyncIterator[None]:
    """Serve Telegram until the block is left: with `webhook` by its posts, otherwise by long polling.

    `api` is the root of a Bot API server. Raises `TelegramUnavailable` when the token is refused or the webhook cannot
    be opened. A server that cannot be reached is said once in the log and tried again until it can, in the background.
    Installs no signal handlers. On leaving, replies are stopped, shown as far as they came, and stored.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_quiet(token))
        bot = _bot(token, api, news := News())
        stack.push_async_callback(bot.shutdown)
        replies = Replies(conversation, bot)
        intake = Intake(replies)
        herald = Herald(replies, PLATFORM, replies.opened)
        service = _Service(bot, api, intake, Poller(bot, intake, news), herald, webhook, token_urlsafe(32))
        connected = await service.connect()
        if webhook is None:
            stack.push_async_callback(service.poller.confirm)
        stack.push_async_callback(intake.close, GRACE)
        if webhook:
            await service.listen(stack, webhook)
        source = asyncio.create_task(service.run(connected=connected), name="telegram")
        stack.push_async_callback(_end, source)
        yield


@dataclass(frozen=True, slots=True)
class _Service:
    """One bot at one server, and how it hears of updates. `secret` is for a webhook that was given none."""

    bot: Client
    api: str
    intake: Intake
    poller: Poller
    herald: Herald
    webhook: WebhookSettings | None
    secret: str

    async def connect(self) -> bool:
        """Ask who we are; False, and a line in the log, when nobody answers."""
        try:
            await self.bot.initialize()
        except InvalidToken:
            raise TelegramUnavailable(wording.say("telegram_token_refused", "en")) from None
        except TelegramError as error:
            log.warning("%s (%s)", wording.say("telegram_unreachable", "en", api=self.api), error.message)
            return False
        return True

    async def listen(self, stack: AsyncExitStack, webhook: WebhookSettings) -> None:
        """Open the webhook's port."""
        try:
            await stack.enter_async_context(listening(self.bot, self.intake, webhook, webhook.secret or self.secret))
        except (OSError, OverflowError) as error:
            where = f"{webhook.listen}:{webhook.port}"
            raise TelegramUnavailable(wording.say("telegram_webhook_port", "en", where=where, why=error)) from None

    async def run(self, *, connected: bool) -> None:
        """Everything after the start: connect if that is still to do, offer the menu, receive."""
        pause = 1.0
        try:
            while not connected:
                await asyncio.sleep(pause)
                pause = min(30.0, pause * 2)
                connected = await self._try()
            self.intake.ready = True
            log.info("Telegram: @%s is listening", self.bot.username)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._offer(), name="telegram menu")
                group.create_task(self.herald.run(), name="telegram herald")
                group.create_task(self._hook(self.webhook) if self.webhook else self.poller.run(), name="telegram news")
        except InvalidToken:
            log.error("%s", wording.say("telegram_token_refused", "en"))  # noqa: TRY400  # the owner's, not a bug
        except Exception:
            log.exception("Telegram stopped")

    async def _try(self) -> bool:
        """Ask again who we are; raises InvalidToken."""
        try:
            await self.bot.initialize()
        except InvalidToken:
            raise
        except TelegramError as error:
            log.debug("Telegram: %s", error.message)
            return False
        return True

    async def _hook(self, webhook: WebhookSettings) -> None:
        """Tell Telegram where to post updates."""
        secret = webhook.secret or self.secret
        try:
            await insist(lambda: self.bot.set_webhook(webhook.url, allowed_updates=ALLOWED, secret_token=secret))
        except FINAL as error:
            log.error("%s", wording.say("telegram_webhook_refused", "en", url=webhook.url, why=error.message))  # noqa: TRY400

    async def _offer(self) -> None:
        """Tell Telegram which commands to offer in which language; without that they work just the same."""
        try:
            for code in (None, *wording.LANGUAGES):
                menu = [
                    BotCommand(each.name, wording.say(f"command_{each.name}", code or "en")) for each in commands.TABLE
                ]
                await insist(functools.partial(self.bot.set_my_commands, menu, language_code=code))
        except FINAL as error:
            log.warning("Telegram: the menu of commands was not taken: %s", error.message)


def _bot(token: str, api: str, news: News) -> Client:
    root = api.rstrip("/")
    try:
        return ExtBot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=HTTPXRequest(connection_pool_size=64, read_timeout=20, pool_timeout=30),
            get_updates_request=news,
            rate_limiter=AIORateLimiter(max_retries=0),
        )
    except InvalidToken:
        raise TelegramUnavailable(wording.say("telegram_token_refused", "en")) from None


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextmanager
def _quiet(token: str) -> Iterator[None]:
    """Keep the token out of what libraries log, and the trace of every 429 out of what the rate limiter does."""

    def hide(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if token in text:
            record.msg, record.args = text.replace(token, "•••"), ()
        return True

    limiter = logging.getLogger("telegram.ext.AIORateLimiter")
    level, talkers = limiter.level, [logging.getLogger(name) for name in TALKERS]
    limiter.setLevel(logging.CRITICAL)
    for talker in talkers:
        talker.addFilter(hide)
    try:
        yield
    finally:
        for talker in talkers:
            talker.removeFilter(hide)
        limiter.setLevel(level)
