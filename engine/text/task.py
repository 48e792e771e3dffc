"""What the conversation asks of the writer, and what comes back.

These records are all the two share: the conversation knows trees and people but no prompts, the writer knows prompts
and drafts but no database.
"""

from dataclasses import dataclass, field

from engine.messages import Finish, Flavour, Section, TurnKind
from engine.ports import Sampling
from storage.records import LoreRow

Remark = tuple[str, dict[str, str | int]]


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage of the live branch."""

    kind: TurnKind
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """Write the next passage.

    `passages` are the live branch since its section began, oldest first; `avoid` are texts the result must not repeat
    (the other versions of the same passage). `drafts` versions are wanted. `adapter` (`name@version`) is who speaks,
    "" for the base. `owner` is whose turn it takes on the device, which pieces share fairly. `flavour` is what the
    piece is to be like. The same task gives the same texts.
    """

    form: str
    passages: tuple[Passage, ...]
    seed: int
    memory: str = ""
    note: str = ""
    language: str = "en"
    drafts: int = 1
    avoid: tuple[str, ...] = ()
    adapter: str = ""
    owner: str = ""
    lore: tuple[LoreRow, ...] = ()
    flavour: Flavour = field(default_factory=Flavour)


@dataclass(frozen=True, slots=True)
class Composition:
    """One finished passage, with all that is needed to make it again: prompt, base, adapter, sampling and seed.

    `pick` says which of the drafts of that seed it was, because the one that a reader saw grow is preferred, and what
    they saw is a matter of pace; -1 where lines were chosen by rule alone, or where nothing was.
    """

    text: str
    completion: str
    prompt: str
    model: str
    adapter: str
    sampling: Sampling
    seed: int
    finish: Finish
    tokens: int
    window: int
    reserved: int
    sections: tuple[Section, ...] = ()
    pick: int = -1
    task: Task | None = None
    remarks: tuple[Remark, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Written:
    """The end of a task: as many compositions as were asked for, best first."""

    compositions: tuple[Composition, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """The prompt is made: a composition without words, so that a passage stopped half-way has its recipe too."""

    composition: Composition
