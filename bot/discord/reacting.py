"""Reactions that come and go, on messages of any age: the same votes as the buttons.

Discord tells of one emoji of one person at a time. One that is taken away, by its person or by a moderator, takes back
the vote that it cast, and no other: whoever changes 👍 into 👎 may remove the 👍 last, or vote by button since.
"""

import discord

from bot.chats.pressing import Pressing
from bot.chats.refs import ref_of
from bot.chats.replies import Stored
from bot.discord.desk import Desk, safely
from bot.discord.records import PLATFORM, Place, person_of, vote_of
from engine.messages import Person, Reaction

Cleared = discord.RawReactionClearEvent | discord.RawReactionClearEmojiEvent


class Reacting:
    """Acts on reactions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pressing = Pressing(desk.replies)

    async def changed(self, payload: discord.RawReactionActionEvent, *, added: bool) -> None:
        """A person's reaction came or went."""
        value, me = vote_of(payload.emoji), self._desk.client.user
        if value is None or me is None or payload.user_id == me.id or (payload.member and payload.member.bot):
            return
        place = await self._place(payload.channel_id, payload.guild_id, payload.user_id)
        person = self._person(payload.user_id, payload.member)
        ref = ref_of(place.key, payload.message_id)
        reaction = Reaction(place.key, person, value if added else 0, ref=ref, sign=payload.emoji.name)

        async def act(stored: Stored) -> None:
            await self._pressing.reacted(reaction, self._desk.outlet(place, person.language))

        await safely(act)(lambda: None)

    async def cleared(self, payload: Cleared, sign: str = "") -> None:
        """Reactions of all were taken away, of one sort or every one."""
        place = await self._place(payload.channel_id, payload.guild_id, 0)

        async def act(stored: Stored) -> None:
            ref = ref_of(place.key, payload.message_id)
            await self._pressing.cleared(place.key, ref, sign, self._desk.outlet(place, "en"))

        await safely(act)(lambda: None)

    async def _place(self, channel: int, guild: int | None, user: int) -> Place:
        client = self._desk.client
        where = client.get_channel(channel) or client.get_partial_messageable(channel, guild_id=guild)
        return await self._desk.place(where, user)

    def _person(self, user: int, member: discord.Member | None) -> Person:
        language, known = self._desk.language(user), member or self._desk.client.get_user(user)
        return person_of(known, language) if known else Person(PLATFORM, str(user), "", language)
