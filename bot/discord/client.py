"""The bot on Discord: what it asks to hear of, and who acts on it."""

import asyncio
import logging
from typing import Any

import discord
from discord import app_commands

from bot.discord import syncing
from bot.discord.choosing import Choosing
from bot.discord.desk import Desk
from bot.discord.hearing import Hearing
from bot.discord.reacting import Reacting
from bot.discord.resuming import Resuming
from bot.discord.slash import Chinese, fill
from bot.discord.views import Pressed
from engine.conversation import Conversation

log = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds of a flood limit that discord.py waits for itself


def intents() -> discord.Intents:
    """What is needed: where things happen, messages and reactions. Not the content of messages that are not for us."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True, guild_reactions=True, dm_reactions=True)


class Ghost(discord.AutoShardedClient):
    """Ghostnote as a client of Discord."""

    def __init__(self, conversation: Conversation, shard_count: int | None = None) -> None:
        super().__init__(
            intents=intents(),
            shard_count=shard_count,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            max_ratelimit_timeout=PATIENCE,
        )
        self.desk = Desk(conversation, self)
        self.choosing = Choosing(self.desk)
        self.hearing, self.reacting, self.resuming = Hearing(self.desk), Reacting(self.desk), Resuming(self.desk)
        self.tree = app_commands.CommandTree(
            self,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        fill(self.tree, self.choosing)
        self.listening = asyncio.Event()
        self._menu: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Before it connects: buttons of any age, what is owed, and the menus."""
        self.add_dynamic_items(Pressed)
        await self.resuming.begin()
        await self.tree.set_translator(Chinese())
        self._menu = asyncio.create_task(syncing.offer(self.tree), name="discord menu")

    async def close(self) -> None:
        """Leave, whatever becomes of the menus."""
        if self._menu:
            self._menu.cancel()
            await asyncio.gather(self._menu, return_exceptions=True)
        await super().close()

    async def on_ready(self) -> None:
        """Say so."""
        self.listening.set()
        log.info("Discord: %s is listening", self.user)
        await self.resuming.catch_up(self.hearing.said)

    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote."""
        await self.hearing.said(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Somebody changed what they wrote, or Discord added a preview to it."""
        await self.hearing.rewritten(payload.message)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """A form was sent; the rest goes through the tree and the buttons."""
        if interaction.type is discord.InteractionType.modal_submit:
            self.choosing.submitted(interaction)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Somebody reacted."""
        await self.reacting.changed(payload, added=True)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Somebody took a reaction back."""
        await self.reacting.changed(payload, added=False)

    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """All reactions of a message are gone."""
        await self.reacting.cleared(payload)

    async def on_raw_reaction_clear_emoji(self, payload: discord.RawReactionClearEmojiEvent) -> None:
        """All reactions of one sort are gone."""
        await self.reacting.cleared(payload, payload.emoji.name)
