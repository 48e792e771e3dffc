"""Messages that have come and wait for their turn, so that a process killed meanwhile still owes them an answer.

For platforms that tell of a message once; others repeat what was not acknowledged.
"""

from datetime import timedelta

from engine.messages import MessageRef
from engine.news import Clock
from storage.arrivals import Arrivals


class Arriving:
    """Knows who waits at the door."""

    def __init__(self, arrivals: Arrivals, clock: Clock) -> None:
        self._arrivals = arrivals
        self._clock = clock

    async def waits(self, ref: MessageRef) -> None:
        """This message has come, and its words are not stored yet."""
        await self._arrivals.add(ref.platform, ref.chat, ref.message, self._clock())

    async def entered(self, ref: MessageRef) -> None:
        """Its words are stored, or there was nothing to store."""
        await self._arrivals.remove(ref.platform, ref.chat, ref.message)

    async def left(self, platform: str, within: timedelta) -> tuple[MessageRef, ...]:
        """Those that came in the last while and still wait, oldest first; before a process listens: left by another."""
        found = await self._arrivals.since(platform, self._clock() - within)
        return tuple(MessageRef(platform, chat, message) for chat, message in found)
