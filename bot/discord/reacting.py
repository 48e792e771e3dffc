"""Reactions that come and go, on messages of any age: the same votes as the buttons.

Discord tells of one emoji of one person at a time. One that is taken away takes back the vote that it was, and no
other: whoever changes 👍 into 👎 may remove the 👍 last. When somebody clears a message, only votes are taken
back that this process has seen cast by reactions; a vote by button is nobody else's to clear.
"""

from collections import OrderedDict
from dataclasses import replace

import discord

from bot.chats.pressing import Pressing
from bot.chats.refs import ref_of
from bot.chats.replies import Stored
from bot.discord.desk import Desk, safely
from bot.discord.records import PLATFORM, Place, person_of, vote_of
from engine.messages import Person, Reaction, Vote

REMEMBERED = 10_000  # messages


class Reacting:
    """Acts on reactions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pressing = Pressing(desk.replies)
        self._seen: OrderedDict[int, dict[int, tuple[str, Place]]] = OrderedDict()

    async def changed(self, payload: discord.RawReactionActionEvent, *, added: bool) -> None:
        """A person's reaction came or went."""
        value, me = vote_of(payload.emoji), self._desk.client.user
        if value is None or me is None or payload.user_id == me.id or (payload.member and payload.member.bot):
            return
        client, channel = self._desk.client, payload.channel_id
        where = client.get_channel(channel) or client.get_partial_messageable(channel, guild_id=payload.guild_id)
        place = await self._desk.place(where, payload.user_id)
        name = payload.emoji.name
        seen = self._remembered(payload.message_id)
        if added:
            seen[payload.user_id] = (name, place)
        elif seen.get(payload.user_id, ("", place))[0] == name:
            del seen[payload.user_id]
        await self._vote(payload.message_id, place, self._person(payload.user_id, payload.member), value, added=added)

    async def cleared(self, message: int, emoji: discord.PartialEmoji | None = None) -> None:
        """Reactions of all were taken away, of one sort or every one."""
        seen = self._seen.get(message, {})
        for user, (name, place) in tuple(seen.items()):
            value = vote_of(discord.PartialEmoji(name=name))
            if value is not None and (emoji is None or emoji.name == name):
                del seen[user]
                await self._vote(message, place, self._person(user, None), value, added=False)

    async def _vote(self, message: int, place: Place, person: Person, value: Vote, *, added: bool) -> None:
        ref, talk = ref_of(place.key, message), self._desk.conversation

        async def act(stored: Stored) -> None:
            if not added:
                turn = await talk.turn_at(ref, place.key)
                own = await talk.votes(replace(place.key, piece=turn.session), person) if turn else {}
                if turn is None or own.get(turn.id) != value:
                    return
            reaction = Reaction(place.key, person, value if added else 0, ref=ref)
            await self._pressing.reacted(reaction, self._desk.outlet(place, person.language))

        await safely(act)(lambda: None)

    def _person(self, user: int, member: discord.Member | None) -> Person:
        language, known = self._desk.language(user), member or self._desk.client.get_user(user)
        return person_of(known, language) if known else Person(PLATFORM, str(user), "", language)

    def _remembered(self, message: int) -> dict[int, tuple[str, Place]]:
        seen = self._seen.setdefault(message, {})
        self._seen.move_to_end(message)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return seen
