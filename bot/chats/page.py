"""One passage as it stands in a chat: the messages that hold it, and how they are brought to a newer text."""

from dataclasses import dataclass

from bot.chats.buttons import Rows
from bot.chats.wire import Wire


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of ours. The text is None when it is not known, because another process wrote it."""

    message: int
    text: str | None = None
    rows: Rows = ()


class Page:
    """Shows a text in as many messages as it takes; only what differs from what is there is sent."""

    def __init__(self, wire: Wire, shown: tuple[Shown, ...] = (), answering: int | None = None) -> None:
        self._wire = wire
        self.shown = list(shown)
        self.answering = answering
        self.once = ""  # the name of the page, under which none of its messages is shown twice

    async def show(self, parts: list[str], rows: Rows, *, patient: bool) -> None:
        """Bring the messages to these texts, with the buttons under the last.

        Patient: every call is repeated until the platform takes it. Otherwise the first trouble is raised. Either way a
        message that was deleted meanwhile is sent again, and what cannot be is raised as `Refusal`. Messages that
        are too many are deleted only by the patient, because a draft may come to nothing.
        """
        for number, text in enumerate(parts):
            wanted = rows if number == len(parts) - 1 else ()
            if number < len(self.shown):
                self.shown[number] = await self._edit(self.shown[number], text, wanted, patient=patient)
            else:
                self.shown.append(await self._send(text, wanted, patient=patient))
        while patient and len(self.shown) > len(parts):
            await self._wire.delete(self.shown.pop().message)

    async def _edit(self, old: Shown, text: str, rows: Rows, *, patient: bool) -> Shown:
        new = Shown(old.message, text, rows)
        if old == new or await self._wire.edit(old.message, text, rows, patient=patient):
            return new
        return await self._send(text, rows, patient=patient)

    async def _send(self, text: str, rows: Rows, *, patient: bool) -> Shown:
        answering = None if self.shown else self.answering
        once = f"{self.once}.{len(self.shown)}" if self.once else ""
        return Shown(await self._wire.send(text, rows, answering=answering, patient=patient, once=once), text, rows)
