"""Discord's side of a reply: messages of one channel, written through an interaction while that lives.

An interaction may be answered where the bot itself may not write, and it has limits of its own, so whatever begins with
one is written through it. It ends after fifteen minutes; the same messages are then the channel's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import discord

from bot import wording
from bot.chats.buttons import Rows
from bot.chats.splitting import clip
from bot.chats.wire import Delay, Pace, Refusal
from bot.discord import markup
from bot.discord.files import SOUND, Voice, file_of, speak
from bot.discord.records import Place
from bot.discord.sending import CANNOT_ANSWER, ERRORS, TOO_LARGE, UNKNOWN_MESSAGE, code_of, insist, over, trouble
from bot.discord.views import view_of
from bot.replies import Attachment

log = logging.getLogger(__name__)

T = TypeVar("T")
Interaction = discord.Interaction[Any]

EDITS = 1.2  # seconds between two edits; Discord takes five in five seconds, in each channel
TYPING = 8.0  # seconds; the sign fades after ten
MARGIN = timedelta(seconds=20)


class DiscordWire:
    """A channel for one reply. `interaction` is what it answers, where there is one, deferred already; `waiting`: it
    shows a message that waits to be filled. `hidden`: only the person sees the answer."""

    interval = EDITS
    pause = 0.0

    def __init__(
        self,
        client: discord.Client,
        place: Place,
        pace: Pace,
        language: str,
        interaction: Interaction | None = None,
        *,
        waiting: bool = False,
        hidden: bool = False,
    ) -> None:
        self.pace = pace
        self._channel = client.get_partial_messageable(place.channel)
        self._language, self._interaction, self._hidden = language, interaction, hidden
        self._waiting = waiting
        self._pressed = interaction is not None and not waiting
        self._client = client
        self._voiceless = hidden  # voice messages are not to be sent (any more)
        self._fileless = False  # files are refused, which was said
        self._mine: dict[int, bool] = {}  # messages written through the interaction; whether it is the original
        if interaction and interaction.message and not waiting:
            self._mine[interaction.message.id] = True
        self._typing: asyncio.Task[None] | None = None

    def split(self, text: str) -> list[str]:
        """Messages of at most 2,000 characters."""
        return markup.split(text)

    async def send(self, text: str, rows: Rows, *, answering: int | None, patient: bool, once: str = "") -> int:
        """A new message. Discord knows one that was sent a few minutes ago by its nonce."""
        made = {"content": text, **_view(rows)}
        if not once or self._live:
            return await self._call(lambda: self._new(lambda: made, answering), patient=patient)

        async def call() -> int:
            message = await self._post(lambda: {**made, "nonce": once}, answering)
            if message.content != text:
                await self._change(message.id, content=text, view=view_of(rows))
            return message.id

        return await self._call(call, patient=patient)

    async def edit(self, message: int, text: str, rows: Rows, *, patient: bool) -> bool:
        """Change a message of ours."""
        return await self._call(lambda: self._change(message, content=text, view=view_of(rows)), patient=patient)

    async def mark(self, message: int, rows: Rows) -> None:
        """Change the buttons."""
        await self._call(lambda: self._change(message, view=view_of(rows)), patient=True)

    async def delete(self, message: int) -> None:
        """Take a message away."""
        try:
            await self._call(self._channel.get_partial_message(message).delete, patient=True)
        except Refusal as refusal:
            log.debug("a message stays: %s", refusal)

    async def upload(self, attachment: Attachment, caption: str, answering: int | None) -> int:
        """Send a file, a sound as a voice message if that may be. Where files are refused that is said, once."""
        if self._fileless:
            raise Refusal("files are refused here")
        large = False

        async def call() -> int:
            nonlocal large
            try:
                return await self._file(attachment, caption, answering)
            except discord.HTTPException as error:
                large = error.status == 413 or code_of(error) == TOO_LARGE
                raise

        try:
            return await self._call(call, patient=True)
        except Refusal as refusal:
            self._fileless = not large
            sentence = "discord_too_large" if large else "discord_no_file"
            with suppress(Refusal):
                said = wording.say(sentence, self._language, name=attachment.name)
                await self.send(said, (), answering=None, patient=True)
            raise Refusal(str(refusal)) from None

    async def answer(self, text: str) -> bool:
        """Say something to whoever pressed a button, once; nobody else sees it."""
        pressed, self._pressed = self._pressed, False
        if not pressed or not self._interaction:
            return False
        if not text:
            return True
        try:
            await self._interaction.followup.send(clip(text, markup.LIMIT), ephemeral=True)
        except (*ERRORS, RuntimeError) as error:
            log.debug("a button was not answered: %s", error)
            return False
        return True

    def sign(self, *, musical: bool, enough: Callable[[], bool]) -> None:
        """ "typing"; an interaction that waits shows a sign of its own."""
        if not self._waiting and (self._typing is None or self._typing.done()):
            self._typing = asyncio.create_task(self._type(enough), name="discord sign")

    async def hide(self) -> None:
        """Take the sign away."""
        if self._typing:
            self._typing.cancel()
            await asyncio.gather(self._typing, return_exceptions=True)
            self._typing = None

    @property
    def _live(self) -> Interaction | None:
        """The interaction, while it may be answered."""
        if self._interaction and discord.utils.utcnow() >= self._interaction.expires_at - MARGIN:
            self._interaction = None
        return self._interaction

    async def _file(self, attachment: Attachment, caption: str, answering: int | None) -> int:
        if attachment.mime == SOUND and not (caption or self._waiting or self._voiceless):
            voice = await asyncio.to_thread(Voice, attachment)
            reference = self._reference(answering) if answering else None
            try:
                return await speak(self._client, self._channel.id, voice, reference)
            except discord.HTTPException as error:
                if isinstance(trouble(error), Delay):
                    raise
                log.debug("no voice message: %s", error)
                self._voiceless = True
        more = {"content": caption} if caption else {}
        return await self._new(lambda: {"file": file_of(attachment), **more}, answering)

    async def _new(self, made: Callable[[], dict[str, Any]], answering: int | None) -> int:
        """`made` anew for each try, because a file can be sent only once."""
        live = self._live
        if live:
            try:
                return await self._through(live, made())
            except (discord.HTTPException, RuntimeError) as error:
                if not over(error):
                    raise
                self._interaction = None
        if self._hidden:
            raise Refusal("what only one person may see cannot be said any more")
        return (await self._post(made, answering)).id

    async def _post(self, made: Callable[[], dict[str, Any]], answering: int | None) -> discord.Message:
        """A message of the channel, in answer to another one if that is still there."""
        if answering:
            reference = self._reference(answering)
            try:
                return await self._channel.send(**made(), reference=reference, mention_author=False)
            except discord.HTTPException as error:
                if code_of(error) not in CANNOT_ANSWER:
                    raise
        return await self._channel.send(**made())

    async def _through(self, live: Interaction, more: dict[str, Any]) -> int:
        if self._waiting:
            rest = {name: value for name, value in more.items() if name != "file"}
            if "file" in more:
                rest["attachments"] = [more["file"]]
            number = (await live.edit_original_response(**rest)).id
            self._waiting = False
            self._mine[number] = True
            return number
        message = await live.followup.send(**more, wait=True, ephemeral=self._hidden)
        self._mine[message.id] = False
        return message.id

    async def _change(self, message: int, **more: Any) -> bool:
        live = self._live
        try:
            if live and message in self._mine:
                try:
                    await self._change_through(live, message, more)
                except (discord.HTTPException, RuntimeError) as error:
                    if not over(error):
                        raise
                    self._interaction = None
                else:
                    return True
            await self._channel.get_partial_message(message).edit(**more)
        except discord.NotFound as error:
            if code_of(error) != UNKNOWN_MESSAGE:
                raise
            return False
        return True

    async def _change_through(self, live: Interaction, message: int, more: dict[str, Any]) -> None:
        if self._mine[message]:
            await live.edit_original_response(**more)
        else:
            await live.followup.edit_message(message, **more)

    def _reference(self, message: int) -> discord.MessageReference:
        return discord.MessageReference(message_id=message, channel_id=self._channel.id, fail_if_not_exists=False)

    async def _type(self, enough: Callable[[], bool]) -> None:
        try:
            while not enough():
                await self._channel.typing()
                await asyncio.sleep(TYPING)
        except (*ERRORS, RuntimeError) as error:
            log.debug("no sign of work: %s", error)

    async def _call(self, call: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        try:
            return await (insist(call, self.pace) if patient else call())
        except (Refusal, Delay):
            raise
        except (*ERRORS, RuntimeError) as error:
            raise trouble(error) from None
        finally:
            self.pace.touch()


def _view(rows: Rows) -> dict[str, Any]:
    view = view_of(rows)
    return {"view": view} if view else {}
