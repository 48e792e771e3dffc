"""What a chat platform must be able to do in one chat, so that a reply can become visible there.

Everything else about replies is the same on all of them and stands in this folder. A wire keeps its platform's limits
itself: a patient call is repeated until the platform takes it; any other says at once that it did not.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.chats.buttons import Rows
from bot.replies import Attachment


class Refusal(Exception):
    """The platform will not have this, now or later. `closed`: nothing can be written in this chat at all."""

    def __init__(self, message: str, *, closed: bool = False) -> None:
        super().__init__(message)
        self.closed = closed


class Delay(Exception):
    """Not now, but perhaps in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.1f} s")
        self.seconds = seconds


@dataclass(slots=True, weakref_slot=True)
class Pace:
    """When a chat may be written to again, by `time.monotonic`. `shown` is when something last was."""

    shown: float = -1e9
    blocked: float = -1e9

    def ready(self, interval: float) -> bool:
        """Whether the last message is `interval` seconds ago, and no flood limit holds."""
        return time.monotonic() >= max(self.shown + interval, self.blocked)

    def touch(self) -> None:
        """Something was shown just now."""
        self.shown = time.monotonic()

    def block(self, seconds: float) -> None:
        """Write nothing for so long."""
        self.blocked = max(self.blocked, time.monotonic() + seconds)

    async def rest(self, interval: float = 0.0) -> None:
        """Wait until `ready`."""
        while (left := max(self.shown + interval, self.blocked) - time.monotonic()) > 0:  # noqa: ASYNC110  # it may be prolonged meanwhile
            await asyncio.sleep(left)


class Wire(Protocol):
    """One chat, for one reply. Every method raises only `Refusal`, and `Delay` where it is not patient."""

    pace: Pace
    interval: float
    """Seconds between two edits of a draft."""
    pause: float
    """Seconds between the last draft and the text for good."""

    def split(self, text: str) -> list[str]:
        """The text as messages; no parts for a text that is all white space."""

    async def send(self, text: str, rows: Rows, *, answering: int | None, patient: bool, once: str = "") -> int:
        """A new message, with buttons under it; its number.

        Sent again with the name `once`, perhaps by another process, it is the same message, where the platform can do
        that: then it has the newer text.
        """

    async def edit(self, message: int, text: str, rows: Rows, *, patient: bool) -> bool:
        """Change a message of ours; False if it cannot be any more, because somebody deleted it."""

    async def mark(self, message: int, rows: Rows) -> None:
        """Change only the buttons under a message."""

    async def delete(self, message: int) -> None:
        """Take a message of ours away, if it is there."""

    async def upload(self, attachment: Attachment, caption: str, answering: int | None) -> int:
        """Send a file; the number of the message that holds it."""

    async def answer(self, text: str) -> bool:
        """Answer the pressed button, once; False if nobody saw it, because there is none or it was pressed long ago."""

    def sign(self, *, musical: bool, enough: Callable[[], bool]) -> None:
        """Show that somebody is at work, until there is `enough` to look at."""

    async def hide(self) -> None:
        """Take that sign away."""
