"""A Bot API server on aiohttp: the HTTP side of `World`, and everything that can go wrong on the way.

Each call is parsed into the `aiogram.methods` model of its name (an unknown parameter or a wrong type is refused),
each answer is an aiogram type dumped as JSON. Trouble is ordered with `fail` (the next calls of a method) and `flood`
(a limit per chat, as Telegram's).
"""

import asyncio
import inspect
import logging
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiogram.methods
from aiogram.types import Audio, BufferedInputFile, Document, File, PhotoSize, Update, Voice, WebhookInfo
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.bot.telegram.schema import Call, checked, dump, method_of, parameters, parse, picture, sound, trimmed
from tests.bot.telegram.world import ApiError, World

log = logging.getLogger(__name__)

SHOWN = ("sendmessage", "editmessagetext", "senddocument", "sendphoto", "sendaudio", "sendvoice")


@dataclass
class Trouble:
    """The next `times` calls of a method (of one chat, if given) are answered with this."""

    method: str
    code: int
    description: str
    retry_after: int = 0
    times: int = 1
    chat: int | None = None
    after: int = 0


@dataclass
class BotApi:
    """The server. `calls` are all calls the bot made that were well formed; `refused` those answered with an error."""

    world: World = field(default_factory=World)
    token: str = "4242:AAH-a-secret-that-nobody-may-read-0123456789"
    root: str = ""
    calls: list[tuple[float, str, Call]] = field(default_factory=list)
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    webhook: aiogram.methods.SetWebhook | None = None
    hook_answers: list[int] = field(default_factory=list)
    downloads: int = 0
    _flood: tuple[int, float] | None = None
    _recent: dict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _polling: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["BotApi"]:
        """Listen on a free port of loopback."""
        app = web.Application(client_max_size=60 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.root = f"http://127.0.0.1:{runner.addresses[0][1]}"
        caller = asyncio.create_task(self._call_webhook())
        try:
            yield self
        finally:
            caller.cancel()
            await asyncio.gather(caller, return_exceptions=True)
            await runner.cleanup()

    def fail(self, method: str, code: int, description: str = "", **more: int) -> None:
        """Order trouble: `retry_after`, `times`, `chat`, `after` (calls that still go well)."""
        phrase = description or {429: "Too Many Requests", 500: "Internal Server Error"}.get(code, "Bad Request")
        self.troubles.append(Trouble(method.lower(), code, phrase, **more))

    def flood(self, count: int, seconds: float) -> None:
        """From now on a chat takes at most `count` messages or edits in `seconds`."""
        self._flood = (count, seconds)

    def made(self, method: str) -> list[Any]:
        """The calls of one method, in order, as aiogram models."""
        return [call for _, name, call in self.calls if name == method.lower()]

    async def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until the condition holds; its value."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {inspect.getsource(condition).strip()}")
            await asyncio.sleep(0.01)
        return value

    # ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.match_info["method"].lower()
        try:
            self._authorise(request)
            method = method_of(name)
            call = parse(method, await parameters(request))
            self._hinder(name, call)
            self.calls.append((time.monotonic(), name, call))
            result = getattr(self, f"_do_{name}")(call)
            if inspect.isawaitable(result):
                result = await result
        except ApiError as error:
            self.refused.append((name, error.code, error.description))
            body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
            if error.parameters:
                body["parameters"] = error.parameters
            return web.json_response(body, status=error.code)
        return web.json_response({"ok": True, "result": dump(result)})

    def _authorise(self, request: web.Request) -> None:
        token = request.match_info["token"]
        if ":" not in token:
            raise ApiError(404, "Not Found")
        if token != self.token:
            raise ApiError(401, "Unauthorized")

    def _hinder(self, name: str, call: Call | None) -> None:
        chat = getattr(call, "chat_id", None)
        for trouble in self.troubles:
            if trouble.method != name or trouble.times < 1 or trouble.chat not in (None, chat):
                continue
            if trouble.after > 0:
                trouble.after -= 1
                continue
            trouble.times -= 1
            wait = {"retry_after": trouble.retry_after} if trouble.retry_after else {}
            raise ApiError(trouble.code, trouble.description, **wait)
        if self._flood and name in SHOWN and isinstance(chat, int):
            count, seconds = self._flood
            recent, now = self._recent[chat], time.monotonic()
            while recent and recent[0] < now - seconds:
                recent.popleft()
            if len(recent) >= count:
                wait_for = max(1, round(seconds - (now - recent[0]) + 0.5))
                raise ApiError(429, f"Too Many Requests: retry after {wait_for}", retry_after=wait_for)
            recent.append(now)

    async def _download(self, request: web.Request) -> web.Response:
        try:
            self._authorise(request)
            self._hinder("download", None)
        except ApiError as error:
            return web.Response(status=error.code)
        self.downloads += 1
        for name, data in self.world.files.values():
            if name == request.match_info["path"]:
                return web.Response(body=data)
        raise web.HTTPNotFound

    # ── updates ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _do_getupdates(self, call: aiogram.methods.GetUpdates) -> list[Update]:
        if self.webhook:
            raise ApiError(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
            )
        world = self.world
        self._polling += 1
        mine = self._polling
        if call.allowed_updates is not None:
            world.allowed = set(call.allowed_updates)
        offset = call.offset or 0
        world.updates = [update for update in world.updates if update.update_id >= offset]
        end = time.monotonic() + (call.timeout or 0)
        while not world.updates and (left := end - time.monotonic()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(world.changed.wait(), left)
            if mine != self._polling:
                raise ApiError(
                    409, "Conflict: terminated by other getUpdates request; make sure that only one is running"
                )
        return world.updates[: call.limit or 100]

    def _do_setwebhook(self, call: aiogram.methods.SetWebhook) -> bool:
        self.webhook = call if call.url else None
        self.world.allowed = set(call.allowed_updates) if call.allowed_updates else self.world.allowed
        return True

    def _do_deletewebhook(self, call: aiogram.methods.DeleteWebhook) -> bool:
        self.webhook = None
        if call.drop_pending_updates:
            self.world.updates.clear()
        return True

    def _do_getwebhookinfo(self, call: aiogram.methods.GetWebhookInfo) -> WebhookInfo:
        url = self.webhook.url if self.webhook else ""
        return WebhookInfo(url=url, has_custom_certificate=False, pending_update_count=len(self.world.updates))

    async def _call_webhook(self) -> None:
        """Post what is pending, one at a time, until it is taken."""
        async with ClientSession(timeout=ClientTimeout(10)) as session:
            while True:
                if not (self.webhook and self.world.updates):
                    await asyncio.sleep(0.02)
                    continue
                update = self.world.updates[0]
                headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.secret_token or ""}
                try:
                    async with session.post(self.webhook.url, json=dump(update), headers=headers) as answer:
                        self.hook_answers.append(answer.status)
                        taken = answer.status == 200
                except (ClientError, TimeoutError):
                    taken = False
                if taken and update in self.world.updates:
                    self.world.updates.remove(update)
                else:
                    await asyncio.sleep(0.1)

    # ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _do_getme(self, call: aiogram.methods.GetMe) -> Any:
        return self.world.bot

    def _do_sendmessage(self, call: aiogram.methods.SendMessage) -> Any:
        return self._post(call, text=trimmed(call.text))

    def _do_editmessagetext(self, call: aiogram.methods.EditMessageText) -> Any:
        text, markup = trimmed(call.text or ""), checked(call.reply_markup)
        return self.world.change(call.chat_id, call.message_id, text=text, reply_markup=markup)

    def _do_editmessagereplymarkup(self, call: aiogram.methods.EditMessageReplyMarkup) -> Any:
        return self.world.change(call.chat_id, call.message_id, reply_markup=checked(call.reply_markup))

    def _do_deletemessage(self, call: aiogram.methods.DeleteMessage) -> bool:
        self.world.remove(call.chat_id, call.message_id)
        return True

    def _do_senddocument(self, call: aiogram.methods.SendDocument) -> Any:
        name, data, ids = self._keep(call.document)
        return self._post(call, document=Document(**ids, file_name=name, file_size=len(data)), caption=call.caption)

    def _do_sendphoto(self, call: aiogram.methods.SendPhoto) -> Any:
        _, data, ids = self._keep(call.photo)
        width, height = picture(data)
        photo = PhotoSize(**ids, width=width, height=height, file_size=len(data))
        return self._post(call, photo=[photo], caption=call.caption)

    def _do_sendaudio(self, call: aiogram.methods.SendAudio) -> Any:
        name, data, ids = self._keep(call.audio)
        return self._post(
            call, audio=Audio(**ids, duration=1, file_name=name, file_size=len(data)), caption=call.caption
        )

    def _do_sendvoice(self, call: aiogram.methods.SendVoice) -> Any:
        name, data, ids = self._keep(call.voice)
        if sound(data) != ("OGG", "OPUS"):  # what is no voice message is sent as the file it is
            return self._post(call, document=Document(**ids, file_name=name, file_size=len(data)), caption=call.caption)
        voice = Voice(**ids, duration=call.duration or 0, mime_type="audio/ogg", file_size=len(data))
        return self._post(call, voice=voice, caption=call.caption)

    def _do_sendchataction(self, call: aiogram.methods.SendChatAction) -> bool:
        if call.chat_id in self.world.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        return True

    def _do_answercallbackquery(self, call: aiogram.methods.AnswerCallbackQuery) -> bool:
        if call.callback_query_id not in self.world.queries:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(call.text or "") > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        self.world.queries.discard(call.callback_query_id)
        self.world.answers[call.callback_query_id] = call.text or ""
        return True

    def _do_setmycommands(self, call: aiogram.methods.SetMyCommands) -> bool:
        for command in call.commands:
            right = command.command.replace("_", "a").isalnum() and command.command == command.command.lower()
            if not right or not 1 <= len(command.command) <= 32 or not 1 <= len(command.description) <= 256:
                raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        menu = [(command.command, command.description) for command in call.commands]
        self.world.menus[call.language_code or ""] = menu
        return True

    def _do_getfile(self, call: aiogram.methods.GetFile) -> File:
        if call.file_id not in self.world.files:
            raise ApiError(400, "Bad Request: invalid file_id")
        name, data = self.world.files[call.file_id]
        if len(data) > 20 << 20:
            raise ApiError(400, "Bad Request: file is too big")
        return File(file_id=call.file_id, file_unique_id=f"u{call.file_id}", file_size=len(data), file_path=name)

    def _post(self, call: Any, **content: Any) -> Any:
        topic = call.message_thread_id
        if topic and topic not in self.world.topics[int(call.chat_id)]:
            raise ApiError(400, "Bad Request: message thread not found")
        answered = call.reply_parameters
        there = answered and self.world.chats[int(call.chat_id)].get(answered.message_id)
        if answered and not there and not answered.allow_sending_without_reply:
            raise ApiError(400, "Bad Request: message to be replied not found")
        return self.world.post(
            call.chat_id,
            **content,
            reply_markup=checked(call.reply_markup),
            message_thread_id=topic,
            is_topic_message=True if topic else None,
            reply_to_message=there or None,
        )

    def _keep(self, given: Any) -> tuple[str, bytes, dict[str, Any]]:
        if not isinstance(given, BufferedInputFile):
            raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
        if not given.data:
            raise ApiError(400, "Bad Request: file must be non-empty")
        key = f"f{len(self.world.files) + 1}"
        self.world.files[key] = (f"documents/{given.filename}", given.data)
        return given.filename or "", given.data, {"file_id": key, "file_unique_id": f"u{key}"}
