"""What a command can answer with, beside the engine's own events."""

from dataclasses import dataclass

from engine.errors import Refused
from engine.messages import Event


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence that is not part of the piece; `name` says which, for outlets that treat one specially.

    `choices` are what can be chosen under it: what stands on the button, and the passage it stands for.
    """

    text: str
    name: str = ""
    session: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file for the person."""

    name: str
    mime: str
    data: bytes
    turn: str = ""


ReplyEvent = Event | Notice | Attachment


class UnknownCommand(Refused):
    """Fields: `command`, and a `hint` in the person's language."""

    code = "unknown_command"
