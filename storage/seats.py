"""Rows of what people do together in a piece: who takes part, its rules, clocks and votes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.records import Heard, NewsRow, PieceRow, Place


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody who takes part in a piece, or did, under a pen name."""

    person: str
    pen: str
    role: str
    seat: int
    here: bool


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A clock that was set in a piece."""

    piece: str
    kind: str
    number: int
    due: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class GatheringRow:
    """A piece that several people write, as it stood at `version` (0: it is not kept yet).

    `votes` are the passages that people chose in the vote that is open, by person; "" for no opinion. `heard` are the
    chats it is linked to, as they were read with it.
    """

    piece: str
    version: int
    mover: str | None
    last: str | None
    state: Mapping[str, Any]
    members: tuple[MemberRow, ...]
    votes: Mapping[str, str]
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """How a gathering changes: `row` takes the place of the version it names, or nothing happens (`Stale`).

    `timers` are set, and those that were set for another number than `number` are taken away. `fired` is the clock
    that led here, which must still be there. `news` is to be said; what is to be said in the place `here` only from
    `due` on, because somebody reads along there and says it.
    """

    row: GatheringRow
    number: int
    moment: datetime
    due: datetime
    timers: tuple[TimerRow, ...] = ()
    fired: str = ""
    delivery: str = ""
    place: Place | None = None
    news: tuple[NewsRow, ...] = ()
    here: Place | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A passage that was voted into a piece, over the other `options`, by these `votes` (passages by person)."""

    piece: PieceRow
    winner: str
    options: tuple[str, ...]
    votes: Mapping[str, str]
