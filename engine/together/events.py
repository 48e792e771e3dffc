"""What can happen to a piece that several people write, and what follows from it. Frozen; see `rules`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from engine.together.state import Role, Rules

Kind = Literal["half", "end", "ghost"]


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody takes part from now on, at the end of the round; or is called otherwise."""

    person: str
    pen: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody does not take part any more. `by` is whoever sent them away, if anybody did."""

    person: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class SetRole:
    """The host makes somebody a writer or a reader."""

    by: str
    person: str
    role: Role


@dataclass(frozen=True, slots=True)
class SetRules:
    """The host says how turns are taken from now on."""

    by: str
    rules: Rules
    language: str = "en"


@dataclass(frozen=True, slots=True)
class SetCorpse:
    """The host says whether one sees only the last line."""

    by: str
    on: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """Somebody gives up their turn, or has no opinion in a vote."""

    person: str


@dataclass(frozen=True, slots=True)
class Give:
    """The host gives the turn to somebody; to Ghostnote if `person` is ""."""

    by: str
    person: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """A person's passage, of words or of music, is about to be stored."""

    person: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asks Ghostnote to go on."""

    person: str


@dataclass(frozen=True, slots=True)
class GhostWrote:
    """Ghostnote's passage is about to be stored; several `options` are to be voted on."""

    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GhostFailed:
    """Ghostnote could not take its turn, or was stopped."""


@dataclass(frozen=True, slots=True)
class Voted:
    """Somebody wants this passage to stay."""

    person: str
    option: str


@dataclass(frozen=True, slots=True)
class Due:
    """A clock that was set when `number` began to be waited for has run out."""

    kind: Kind
    number: int


Event = (
    Join | Leave | SetRole | SetRules | SetCorpse | Pass | Give | Wrote | Asked | GhostWrote | GhostFailed | Voted | Due
)


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence for everybody; `name` is that of a sentence `news_…`, `person` whom it is about."""

    name: str
    fields: dict[str, str | int] = field(default_factory=dict)
    person: str = ""


@dataclass(frozen=True, slots=True)
class Timer:
    """Set a clock."""

    kind: Kind
    due: datetime


@dataclass(frozen=True, slots=True)
class Chosen:
    """This passage goes into the piece, and those stay out."""

    winner: str
    votes: dict[str, str]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteNow:
    """Ghostnote is to take its turn now."""


Effect = Say | Timer | Chosen | WriteNow
