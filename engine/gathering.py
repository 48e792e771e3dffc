"""What people who write a piece together do beside writing, and what the clock does in their stead.

The rules are pure and stand in `engine/together`; here is what of it has Ghostnote write.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from engine.finding import place_of
from engine.messages import Event, MessageRef, Person, SessionKey, UserMessage
from engine.news import Newsroom
from engine.story import Wish
from engine.together.state import State
from engine.together.together import Make, Together
from engine.writing import Writing


class Gathering:
    """Joining, taking turns, voting, in any piece."""

    def __init__(self, together: Together, writing: Writing, newsroom: Newsroom) -> None:
        self._together = together
        self._writing = writing
        self._newsroom = newsroom
        newsroom.before = self.tick

    async def state(self, key: SessionKey) -> State:
        """Who takes part in the open piece (or the one the key names), by which rules, and whose turn it is."""
        return await self._together.state(key)

    async def seen_at(self, key: SessionKey) -> tuple[State, int]:
        """The same, and a number that grows with every change of the piece. Raises NotFound."""
        return await self._together.seen_at(key)

    async def ballot(self, key: SessionKey) -> tuple[MessageRef, ...]:
        """The messages of this chat that offered the last vote in a piece."""
        return await self._newsroom.messages(place_of(key), key.piece, "vote")

    async def act(self, message: UserMessage, make: Make) -> AsyncGenerator[Event, None]:
        """Let something happen (see `engine/together/events`): first what is to be said of it, then Ghostnote's passage
        if it is its turn now. Raises NotYourTurn, NotHost, Impossible; the same delivery acts once.
        """
        happened = await self._together.act(message.key, message.person, make, message.delivery)
        for news in happened.news:
            yield news
        if happened.ghost:
            alone = replace(message, text="", delivery="", ref=None)
            async with aclosing(self._writing.run(alone, Wish("ghost"))) as events:
                async for event in events:
                    yield event

    async def tick(self) -> None:
        """Do what is due by the clock. Ghostnote's own turns are written in tasks of their own, and become news."""
        for place, piece, host in await self._together.tick():
            key = SessionKey(place.platform, place.chat, place.thread, piece)
            person = Person(host.platform, host.account, host.name, host.language)
            self._writing.begin(UserMessage(key, person), Wish("ghost", unread=True))
