"""The records that cross the line between the platforms and the engine.

All are frozen, so whoever holds one can keep it; none knows what Telegram, Discord or HTTP is. What goes down is named
as a wish (`UserMessage`, `Reaction`), what comes up is named as a fact (`Accepted`, `Snapshot`, `Done`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from storage.records import LoreRow

Vote = Literal[-1, 0, 1]
TurnKind = Literal["person", "model"]
Finish = Literal["end", "stop", "length", "cancelled", "failed"]
Fact = tuple[str, Mapping[str, str | int]]
"""The name of a sentence (see bot/wording) and what fills it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who writes or votes. `(platform, id)` is the identity; the name is only for reading."""

    platform: str
    id: str
    name: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Which conversation: a chat (or a thread in it), and in it the open piece unless `piece` names another."""

    platform: str
    chat: str
    thread: str = ""
    piece: str = ""


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message as its platform counts it, so that a later reaction or answer finds the turn behind it."""

    platform: str
    chat: str
    message: str


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file a person sent, or answered to."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What a person sent. `delivery` is the platform's own update id: the same one twice acts once.

    `alone`: nobody else can read what is answered here.
    """

    key: SessionKey
    person: Person
    text: str = ""
    ref: MessageRef | None = None
    reply_to: MessageRef | None = None
    delivery: str = ""
    file: SentFile | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """A 👍 (1), a 👎 (-1) or one taken back (0), on a turn named by its id or by the message that showed it.

    `sign` is the native reaction that came or went, "" for a button or a command. The same `delivery` twice acts once.
    """

    key: SessionKey
    person: Person
    value: Vote
    turn: str = ""
    ref: MessageRef | None = None
    sign: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One passage as people see it. `version` of `versions` says where it stands among its alternatives, from 1.

    `shared`: its piece is written in several chats, so that others vote on it even where one is alone in a chat.
    """

    id: str
    session: str
    parent: str | None
    kind: TurnKind
    author: str
    text: str
    form: str
    created: datetime
    version: int = 1
    versions: int = 1
    likes: int = 0
    dislikes: int = 0
    edited: bool = False
    model: str = ""
    adapter: str = ""
    seed: int = 0
    finish: Finish | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells a piece. `name` is a persona's; `description` and `sample` are a person's own words."""

    kind: Literal["", "first", "narrator", "persona", "like"] = ""
    name: str = ""
    description: str = ""
    sample: str = ""

    @property
    def label(self) -> str:
        """What people call it, in a few words: "first", "narrator", a name, or how the sample begins; "" for none."""
        if self.kind == "like":
            return " ".join(self.sample.split())[:40]
        return self.name or self.kind


@dataclass(frozen=True, slots=True)
class Flavour:
    """What a piece is to be like: a genre, one of the moods of `engine.text.mood`, and who tells it."""

    genre: str = ""
    mood: str = ""
    teller: Teller = Teller()

    def __bool__(self) -> bool:
        return bool(self.genre or self.mood or self.teller.kind)


@dataclass(frozen=True, slots=True)
class Piece:
    """A named piece: its live branch from the first passage to the last, and what it remembers.

    It may be `linked` to several chats.
    """

    id: str
    title: str
    created: datetime
    updated: datetime
    form: str = "story"
    memory: str = ""
    note: str = ""
    lore: tuple[LoreRow, ...] = ()
    turns: tuple[Turn, ...] = ()
    is_open: bool = False
    passages: int = 0
    linked: bool = False
    flavour: Flavour = Flavour()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a prompt: how many tokens it took, why it is there, and what was left out and why (None: nothing).

    One without tokens says only what was left out of something, or why something that was named is not there.
    """

    name: str
    tokens: int
    text: str
    cut: Fact | None = None
    why: tuple[Fact, ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Section":
        """A section as it was stored; in old rows the cut is a sentence."""
        cut, why = stored.get("cut"), stored.get("why", ())
        told: Fact | None = (
            ("cut_said", {"text": cut}) if cut and isinstance(cut, str) else (cut and (cut[0], cut[1])) or None
        )
        return cls(stored["name"], stored["tokens"], stored["text"], told, tuple((name, facts) for name, facts in why))


@dataclass(frozen=True, slots=True)
class ContextView:
    """What the model saw for one turn: the exact prompt, and the same by section."""

    turn: str
    prompt: str
    tokens: int
    window: int
    reserved: int
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class BranchView:
    """A leaf of the tree: where it ends, how long it is, and whether it is the live one."""

    number: int
    turn: str
    passages: int
    ending: str
    live: bool


@dataclass(frozen=True, slots=True)
class VoiceView:
    """A version of an adapter, or the bare model where `reference` is "": for which scopes it speaks, and its manifest.

    `data` and `metrics` are what its training wrote down: how many votes of how many people, how it was judged.
    """

    reference: str
    scopes: tuple[str, ...] = ()
    base: str = ""
    made: str = ""
    parents: tuple[str, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions by two adapters; how often people picked the first adapter's over the other's, and the reverse."""

    one: Turn
    two: Turn
    wins: int
    losses: int


# ── what a reply is made of, in the order it can arrive ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Accepted:
    """The person's words are stored; from here on nothing can lose them. `turn` is None for `/continue`.

    `linked`: the piece is written in other chats, too, so there may be news that come before the answer; of an answer
    that was written `before`, those from before that.
    """

    session: str
    turn: str | None = None
    linked: bool = False
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """The device is busy; `place` is 1 for the next in line."""

    place: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole text so far, never a difference; a later one replaces it, even by a shorter text."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The turn is stored. `remarks` are names of sentences the person should read (see bot/wording), with fields."""

    turn: Turn
    remarks: tuple[tuple[str, dict[str, str | int]], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class News:
    """Something to be said in the chat of `key` that answers no message, or does not only do that.

    `fields` fill the sentence `news_…` of that name (see bot/wording). With a `turn` it is that passage, which is to be
    shown there. It is said again, perhaps by another process, until `Conversation.told` has heard that it was said.
    """

    number: int
    key: SessionKey
    name: str
    fields: Mapping[str, Any]
    language: str = "en"
    turn: str = ""


Event = Accepted | Queued | Snapshot | Done | News
