"""Interactions: slash commands, the menu of a message, buttons, and forms that are sent."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

import discord

from bot import commands, tunes, wording
from bot.chats import buttons
from bot.chats.outlet import ChatOutlet
from bot.chats.page import Shown
from bot.chats.pressing import Pressing
from bot.chats.refs import ref_of
from bot.chats.replies import Stored
from bot.discord import views
from bot.discord.desk import Desk
from bot.discord.records import Place, delivery
from bot.discord.sending import ERRORS, ODD
from bot.discord.wire import Interaction
from bot.replies import ReplyEvent
from engine import lorebook
from engine.errors import EngineError, Impossible, NotFound
from engine.messages import Turn, UserMessage
from engine.story import MUSICAL, WORDLESS

log = logging.getLogger(__name__)

T = TypeVar("T")

PERSONAL = ("privacy", "owner", "help")  # groups of commands whose answer only the person sees
PREFILL = 1.5  # seconds that looking up what stands in a form may take; it must open within three


class Choosing:
    """Acts on interactions."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._conversation = desk, desk.conversation
        self._pressing = Pressing(desk.replies)

    async def command(
        self, interaction: Interaction, name: str, words: str = "", file: discord.Attachment | None = None
    ) -> None:
        """A slash command; one that asks for a longer text and was given none opens a form."""
        if name in views.FORMS and not words:
            await self._open(interaction, name)
            return
        hidden = commands.BY_NAME[name].group in PERSONAL
        place, person = self._desk.where(interaction)
        asked = replace(
            self._asked(interaction, place),
            text=f"/{name} {words}".strip(),
            ref=ref_of(place.key, interaction.id) if file else None,
            alone=place.private or hidden,
        )

        async def act(stored: Stored, live: Interaction | None) -> None:
            outlet = self._desk.outlet(place, person.language, live, waiting=True, hidden=hidden)
            await self._desk.replies.give(self._desk.answer(asked, file, outlet), outlet, asked, stored)

        urgent, fetches = name == "cancel", file is not None
        self._desk.begin(interaction, place, act, waiting=True, hidden=hidden, urgent=urgent, fetches=fetches)

    async def on_message(self, interaction: Interaction, action: str, message: discord.Message) -> None:
        """A choice from the menu of a message, about the passage that the message shows."""
        place, _ = self._desk.where(interaction)
        ref = ref_of(place.key, message.id)
        if action == "edit":
            turn = await self._quickly(self._conversation.turn_at(ref, place.key))
            if turn and turn.form not in WORDLESS:
                await self._open(interaction, "edit", turn)
                return
        asked = replace(self._asked(interaction, place), reply_to=ref)

        async def events() -> AsyncIterator[ReplyEvent]:
            turn = await self._conversation.turn_at(ref, place.key)
            if turn is None:
                raise NotFound(what="passage")
            if action == "music" and turn.form in MUSICAL:
                raise Impossible(why="not_words")
            if action == "continue":  # from here, wherever the piece is now
                there = replace(asked, delivery=f"{asked.delivery}:branch")
                async for _ in commands.act(self._conversation, there, "branch", turn.id):
                    pass
            async with aclosing(commands.act(self._conversation, asked, action, turn.id)) as reply:  # type: ignore[type-var]  # an async generator
                async for event in reply:
                    yield event

        self._reply(interaction, place, asked, events, musical=action in tunes.COMMANDS)

    async def pieces(self, interaction: Interaction) -> list[tuple[str, str]]:
        """The pieces of the chat."""
        place, person = self._desk.where(interaction)
        try:
            pieces = await self._conversation.pieces(place.key)
        except EngineError:
            return []
        untitled = wording.say("untitled", person.language)
        return [(f"{number}. {piece.title or untitled}", str(number)) for number, piece in enumerate(pieces, 1)]

    async def branches(self, interaction: Interaction) -> list[tuple[str, str]]:
        """The branches of the open piece."""
        place, _ = self._desk.where(interaction)
        try:
            branches = await self._conversation.branches(place.key)
        except EngineError:
            return []
        return [(f"{branch.number}. {branch.ending}", str(branch.number)) for branch in branches]

    async def lore(self, interaction: Interaction) -> list[tuple[str, str]]:
        """The entries of the open piece's lore."""
        place, _ = self._desk.where(interaction)
        try:
            rows = await self._conversation.remembering.lore(place.key)
        except EngineError:
            return []
        return [(f"{row.number}. {lorebook.line(row)}", str(row.number)) for row in rows]

    async def writers(self, interaction: Interaction) -> list[tuple[str, str]]:
        """Who takes part in the open piece."""
        place, _ = self._desk.where(interaction)
        try:
            state = await self._conversation.gathering.state(place.key)
        except EngineError:
            return []
        return [(member.pen, member.pen) for member in state.members if member.here]

    def pressed(self, interaction: Interaction, data: str) -> None:
        """A button under a message."""
        place, person = self._desk.where(interaction)
        press, message, asked = buttons.read(data), interaction.message, self._asked(interaction, place)

        async def act(stored: Stored, live: Interaction | None) -> None:
            def opened(shown: tuple[Shown, ...], before: Turn | None) -> ChatOutlet:
                return self._desk.outlet(place, person.language, live, shown=shown, before=before)

            if press is None or message is None:
                await opened((), None).answer(wording.say("old_button", person.language))
            else:
                await self._pressing.pressed(press, message.id, asked, opened, stored)

        self._desk.begin(interaction, place, act, urgent=True)

    def submitted(self, interaction: Interaction) -> None:
        """A form was sent, perhaps one that an earlier process has opened."""
        found = views.read_form(interaction.data)
        if found is None:
            return
        what, turn, text = found
        place, _ = self._desk.where(interaction)
        asked = replace(self._asked(interaction, place), text=f"/{what} {text}")

        def events() -> AsyncIterator[ReplyEvent]:
            if turn:
                return commands.act(self._conversation, asked, what, turn, text)
            return commands.run(self._conversation, asked)

        self._reply(interaction, place, asked, events)

    def _asked(self, interaction: Interaction, place: Place) -> UserMessage:
        _, person = self._desk.where(interaction)
        return UserMessage(place.key, person, delivery=delivery(interaction.id), alone=place.private)

    def _reply(
        self,
        interaction: Interaction,
        place: Place,
        asked: UserMessage,
        events: Callable[[], AsyncIterator[ReplyEvent]],
        *,
        musical: bool = False,
    ) -> None:
        """Answer with these events in a message that waits for them."""

        async def act(stored: Stored, live: Interaction | None) -> None:
            outlet = self._desk.outlet(place, asked.person.language, live, waiting=True)
            outlet.musical = musical
            await self._desk.replies.give(events(), outlet, asked, stored)

        self._desk.begin(interaction, place, act, waiting=True)

    @staticmethod
    async def _quickly(looking: Awaitable[T]) -> T | None:
        """What stands in a form, None if that cannot be known in time."""
        try:
            async with asyncio.timeout(PREFILL):
                return await looking
        except (TimeoutError, EngineError) as error:
            log.info("Discord: a form is opened empty: %s", error)
            return None

    async def _open(self, interaction: Interaction, what: str, turn: Turn | None = None) -> None:
        """Open a form that holds what there is now."""
        place, person = self._desk.where(interaction)
        number, text = (turn.id, turn.text) if turn else ("", "")
        if turn is None:
            piece = await self._quickly(self._conversation.piece(place.key))
            if piece:
                last = piece.turns[-1] if piece.turns else None
                edited = (last.id, last.text) if last and last.form not in WORDLESS else ("", "")
                number, text = {"memory": ("", piece.memory), "note": ("", piece.note)}.get(what, edited)
        try:
            await interaction.response.send_modal(views.form(what, number, text, person.language))
        except ODD as error:
            log.debug("Discord: a form was opened, and an odd answer came: %s", error)
        except ERRORS as error:
            log.info("Discord: a form could not be opened: %s", error)
