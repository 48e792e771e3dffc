"""A wish on its way to a stored passage: who waits for it, what was found for it, and the records that are made of it.

The way itself is `engine/writing`; nothing here does anything.
"""

import asyncio
import secrets
from dataclasses import asdict, dataclass, replace

from engine import composing, picturing, safety
from engine.art.painter import Drawn, LookTask
from engine.messages import UserMessage
from engine.music.musician import Made, MusicTask
from engine.ports import Sampling
from engine.relay import Relay
from engine.story import Plan, Wish, flavour_of
from engine.text import recipes, sentences
from engine.text.task import Composition, Passage, Task
from engine.together.state import State
from engine.together.telling import last_line
from storage.history import Loaded
from storage.records import Delivery, NewTurn, Outcome, PieceRow, Place, Recipe

Passages = Composition | Made | Drawn
Found = tuple[Delivery | None, Loaded]


class Work:
    """One wish while it is being fulfilled."""

    def __init__(self) -> None:
        self.relay = Relay()
        self.accepted = False
        self.cancelled = False  # a person asked
        self.gone = False  # nobody reads any more
        self.composing: asyncio.Task[tuple[Passages, ...]] | None = None
        self.begun: Composition | None = None
        self.text = ""

    def cancel(self) -> bool:
        """Stop writing because a person asked; False if all is written already."""
        if self.composing and not self.composing.cancel():
            return False
        self.cancelled = True
        return True

    def leave(self, task: asyncio.Task[None]) -> None:
        """Stop because the reader went away; what waits for its turn gives it up."""
        self.gone = True
        if self.composing:
            self.composing.cancel()
        elif not self.accepted:
            task.cancel()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wish and where it belongs."""

    message: UserMessage
    wish: Wish
    place: Place


@dataclass(frozen=True, slots=True)
class Started:
    """A wish whose words are stored. `move` is the step the reply completes, None if it makes one of its own.

    `state` is whose turn it was and is, where people take turns; `quiet`: then it is not Ghostnote's, and nothing is
    written now.
    """

    piece: PieceRow
    plan: Plan
    person: str
    known: Delivery | None
    move: int | None
    order: MusicTask | LookTask | None = None
    state: State | None = None

    @property
    def quiet(self) -> bool:
        """Whether the words are all."""
        answered = self.order or self.known is None or self.known.turn is None
        return bool(self.state and not self.state.free and not self.state.ghost and not answered)

    @property
    def voted(self) -> int:
        """How many drafts are voted on; 0 where there is no vote."""
        state = self.state
        return state.rules.drafts if state and state.ghost and state.rules.mode == "vote" and not self.order else 0


def task_of(begun: Started, wanted: Wanted, adapter: str) -> Task:
    """What the writer is asked for."""
    passages = begun.plan.before
    if begun.state and begun.state.corpse and passages:  # it sees what the others see
        passages = (replace(passages[-1], text=last_line(passages[-1].text)),)
    return Task(
        form=begun.plan.form,
        passages=passages,
        seed=secrets.randbits(31),
        memory=begun.piece.memory,
        note=begun.piece.note,
        language=wanted.message.person.language,
        drafts=begun.voted or wanted.wish.drafts,
        avoid=begun.plan.avoid,
        adapter=adapter,
        owner=begun.piece.id,
        lore=begun.piece.lore,
        flavour=flavour_of(begun.piece),
    )


def part_of(work: Work) -> tuple[Composition, ...]:
    """What was written before it was stopped, up to the last whole sentence or line; half a piece of music is none."""
    ends = [*sentences.ends(work.text), work.text.rfind("\n")]
    text = work.text[: max(ends)].rstrip() if max(ends) > 0 else ""
    if not text:
        return ()
    recipe = work.begun or Composition("", "", "", "", "", Sampling(), 0, "cancelled", 0, 0, 0)
    return (replace(recipe, text=text, completion=work.text, finish="cancelled", remarks=()),)


def outcome_of(begun: Started, wanted: Wanted, compositions: tuple[Passages, ...]) -> Outcome:
    """What came of it, to be stored."""
    return Outcome(
        person=begun.person,
        kind=wanted.wish.kind,
        versions=tuple(_version(begun.plan, composition) for composition in compositions),
        title=safety.title_from(compositions[0].text),
        move=begun.move,
        retried=begun.plan.retried,
        delivery=wanted.message.delivery,
    )


def said_by(name: str, words: str) -> Passage:
    """A person's words as the writer reads them."""
    return Passage("person", name, words)


def _version(plan: Plan, made: Passages) -> NewTurn:
    turn = NewTurn(plan.parent, plan.depth, "model", made.text, plan.form, plan.starts, made.model)
    match made:
        case Made():
            return composing.version(turn, made)
        case Drawn():
            return picturing.version(turn, made)
    return replace(
        turn,
        adapter=made.adapter,
        seed=made.seed,
        finish=made.finish,
        recipe=Recipe(
            completion=made.completion,
            prompt=made.prompt,
            sampling=asdict(made.sampling),
            sections=tuple(asdict(section) for section in made.sections),
            tokens=made.tokens,
            window=made.window,
            reserved=made.reserved,
            drawn=recipes.kept(made.task, made.pick) if made.task else None,
        ),
    )
