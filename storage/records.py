"""What storage hands up and takes: plain frozen rows. No SQL above this line, no tree logic below it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, or a thread in one. Every piece begins in one, and may be linked to others."""

    platform: str
    chat: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Someone as their platform knows them."""

    platform: str
    account: str
    name: str = ""
    language: str = "en"

    def same(self, other: "Account") -> bool:
        """Whether it is the same person, whatever they are called."""
        return (self.platform, self.account) == (other.platform, other.account)


@dataclass(frozen=True, slots=True)
class LoreRow:
    """An entry of a piece's lore: what is known of somebody or something, and what shows it to the model.

    One of the `keys` must be named, one of each group of second keys (`also`) as well, and none of `never`; or it is in
    view `always`. A lower `rank` goes first; it stays for `sticky` replies after it was named last. See
    `engine/text/lore`.
    """

    number: int
    text: str
    keys: tuple[str, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()
    never: tuple[str, ...] = ()
    always: bool = False
    rank: int = 100
    sticky: int = 0


@dataclass(frozen=True, slots=True)
class MotifRow:
    """A short melody that stands for somebody or some place in a piece: `notes` as `engine/music/motif` writes them."""

    name: str
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A piece, as it was read from `place`. `step` is the move that undo takes back (0: none).

    `clock` grows with every change of its tree. It may be `linked` to several places; `guest`: it began in another one.
    Its `lore` is there in a piece that was found, not in one of a list.
    """

    id: str
    place: Place
    title: str
    memory: str
    note: str
    head: str | None
    step: int
    clock: int
    created: datetime
    updated: datetime
    is_open: bool = False
    passages: int = 0
    form: str = ""
    linked: bool = False
    guest: bool = False
    lore: tuple[LoreRow, ...] = ()
    genre: str = ""
    mood: str = ""
    teller: str = ""


@dataclass(frozen=True, slots=True)
class PersonaRow:
    """A teller that somebody made. `scope` is whose it is: "person:…" or "chat:…"; `person` whose words these are."""

    scope: str
    name: str
    description: str
    sample: str
    person: str


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A passage without its recipe. `author` is the person's name or pen name here, or "" for the model.

    `origin` is the passage of another branch that it is a copy of.
    """

    id: str
    piece: str
    number: int
    shown: int
    changed: int
    parent: str | None
    depth: int
    kind: str
    author: str
    form: str
    starts: bool
    edited: bool
    created: datetime
    model: str
    adapter: str
    seed: int
    finish: str | None
    text: str
    person: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the model came to a passage: exactly what it saw and how it drew.

    `drawn` is the task and which of its drafts was taken, None where that was not kept.
    """

    completion: str = ""
    prompt: str = ""
    sampling: dict[str, Any] = field(default_factory=dict)
    sections: tuple[dict[str, Any], ...] = ()
    tokens: int = 0
    window: int = 0
    reserved: int = 0
    drawn: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """The music of a passage: notes and wish as the music engine writes them, and the MIDI file made of them."""

    score: dict[str, Any]
    midi: bytes


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A passage to be stored under `parent`; the storage gives it its id, number and time."""

    parent: str | None
    depth: int
    kind: str
    text: str
    form: str
    starts: bool = False
    model: str = ""
    adapter: str = ""
    seed: int = 0
    finish: str | None = None
    recipe: Recipe = field(default_factory=Recipe)
    score: ScoreRow | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class BroughtTurn:
    """A passage that comes from a file, under the id it gets. `author` is whoever wrote it there ("" for a model, None
    for who brings it); `changes` are the edits that stood, as (who, before, after)."""

    id: str
    turn: NewTurn
    author: str | None
    created: datetime
    changes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BroughtPiece:
    """A piece that comes from a file, every passage behind the one it stands under; its live end is `head`."""

    title: str
    memory: str
    note: str
    turns: tuple[BroughtTurn, ...]
    head: str | None
    lore: tuple[LoreRow, ...] = ()
    motifs: tuple[MotifRow, ...] = ()
    genre: str = ""
    mood: str = ""
    teller: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A platform update that was stored: what it said, and what was written for it if anything was yet.

    `news` is what became news just now by storing it.
    """

    piece: str
    turn: str | None
    reply: str | None
    move: int | None
    cancelled: bool
    news: tuple["NewsRow", ...] = ()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A person's words that were stored, and still are the live end of their piece, or whose answer was not shown."""

    place: Place
    account: Account
    delivery: str
    text: str
    form: str


@dataclass(frozen=True, slots=True)
class Move:
    """One step that undo takes back whole."""

    number: int
    previous: int
    kind: str
    before: str | None
    after: str | None
    edit: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """New words for a passage. `first`: it was as written until then."""

    id: str
    turn: str
    author: str
    before: str
    after: str
    first: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """Where the live end goes, and all that goes with it.

    A new step (`step` None) is written down under `kind`; a step taken back or brought back names the move that is
    undoable from then on. `text` gives `turn` new words; `over` is the version that was left for `turn`. `grown` are
    copies of other passages that grow at the live end first, one under the other: the new id, and whose copy it is.
    """

    head: str | None
    kind: str = ""
    step: int | None = None
    turn: str = ""
    over: str = ""
    text: str | None = None
    before: str = ""
    edited: bool = True
    first: bool = True
    delivery: str = ""
    grown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ballot:
    """A person's vote on a turn of a piece: 1, -1, or 0 for none.

    `sign` is the native reaction that casts it ("": something else does); with value 0 only its own vote is taken back.
    """

    turn: str
    person: str
    value: int
    sign: str
    place: Place
    piece: str
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a wish: versions of one passage, the live one first.

    They complete the step `move` (a person's words and their reply are one step), or make a new one of `kind`. Those
    that are `held` are kept beside each other, and none is live. They get these `ids` if any are given.
    """

    person: str
    kind: str
    versions: tuple[NewTurn, ...]
    title: str = ""
    move: int | None = None
    retried: str = ""
    delivery: str = ""
    held: bool = False
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came with a wish: the platform's update id, and the messages that show its words."""

    kind: str
    title: str = ""
    delivery: str = ""
    messages: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NewsRow:
    """Something to be said in a place, as the outbox keeps it. `number` is 0 until it is kept.

    `fields` fill the sentence `name`; `turn` is the passage that is to be shown with it; `person` whom it is about.
    """

    place: Place
    piece: str
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    language: str = "en"
    turn: str | None = None
    person: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """A chat in which a linked piece is heard, and the language of what is said there by itself."""

    place: Place
    language: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code with which a chat can be linked to a piece; `home` is where the piece began."""

    code: str
    piece: str
    home: Place
    expires: datetime
    used: bool


@dataclass(frozen=True, slots=True)
class NewLink:
    """A chat is linked to a piece, with a code, by somebody of this language."""

    code: str
    piece: str
    place: Place
    person: str
    language: str
