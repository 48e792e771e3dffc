"""What is true of a piece that several people write: who takes part, by which rules, and whose turn it is. Frozen.

At any time one of these holds: everyone may write (`free`), one person is to move (`mover`), Ghostnote is (`ghost`), a
vote is open (`ballot`), whoever of the writers comes first may (`open`), or nobody is there who could.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Role = Literal["host", "writer", "reader"]
Mode = Literal["free", "round-robin", "vote", "host"]
MODES: tuple[Mode, ...] = ("free", "round-robin", "vote", "host")
ROUND = -1  # Ghostnote writes when everybody has had their turn
ABSTAINED = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """How turns are taken. `deadline` is in seconds, 0 for none.

    Every `ghost`-th turn is Ghostnote's; 0: only when it is asked; ROUND: after each round. A vote is between `drafts`
    continuations and ends with `quorum` votes, 0 for those of all who write.
    """

    mode: Mode = "free"
    deadline: int = 0
    ghost: int = 0
    drafts: int = 3
    quorum: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who takes part, under a pen name. Turns go round by `seat`. Who left is remembered, but not `here`."""

    person: str
    pen: str
    role: Role
    seat: int
    here: bool = True

    @property
    def writes(self) -> bool:
        """Whether they may have a turn."""
        return self.here and self.role != "reader"


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote between passages (their ids, in the order in which they are shown). One vote a person, by person."""

    options: tuple[str, ...]
    votes: dict[str, str] = field(default_factory=dict)

    def tally(self) -> tuple[int, ...]:
        """How many chose each."""
        chosen = list(self.votes.values())
        return tuple(chosen.count(option) for option in self.options)


@dataclass(frozen=True, slots=True)
class State:
    """All of it. `number` counts what has been waited for: a clock that was set for another number has no say.

    `seat` is where the order of turns stands, `last` who wrote last, `written` how many turns people took since
    Ghostnote's last, `missed` how many in a row nobody took, `tries` how often Ghostnote was asked to take its own.
    """

    members: tuple[Member, ...] = ()
    rules: Rules = field(default_factory=Rules)
    corpse: bool = False
    number: int = 0
    mover: str = ""
    ghost: bool = False
    ballot: Ballot | None = None
    seat: int = 0
    last: str = ""
    written: int = 0
    missed: int = 0
    tries: int = 0
    since: datetime | None = None
    language: str = "en"

    @property
    def writers(self) -> tuple[Member, ...]:
        """Who may have a turn, in the order of turns."""
        return tuple(member for member in self.members if member.writes)

    @property
    def host(self) -> Member | None:
        """Who decides, if anybody is here."""
        return next((member for member in self.members if member.here and member.role == "host"), None)

    @property
    def free(self) -> bool:
        """Whether nobody waits for anybody."""
        return self.rules.mode == "free"

    @property
    def open(self) -> bool:
        """Whether any of the writers may write now."""
        return not (self.free or self.mover or self.ghost or self.ballot) and bool(self.writers)

    def member(self, person: str) -> Member | None:
        """Somebody who takes part or did."""
        return next((member for member in self.members if member.person == person), None)

    def pen(self, person: str) -> str:
        """What somebody is called here."""
        member = self.member(person)
        return member.pen if member else ""

    def named(self, name: str) -> Member | None:
        """Who is meant by a name or how it begins, if that is one person who is here."""
        wanted = " ".join(name.split()).removeprefix("@").casefold()
        here = [member for member in self.members if member.here]
        same = [member for member in here if member.pen.casefold() == wanted]
        like = [member for member in here if wanted and member.pen.casefold().startswith(wanted)]
        return same[0] if same else like[0] if len(like) == 1 else None
