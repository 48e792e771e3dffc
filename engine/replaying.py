"""Write a passage again from its recipe, and say whether it comes out as it was written.

For the owner of the machine: no place is asked for, and nothing is stored. What a passage was written from is its task
(`engine/text/recipes`): the base, the voice, every passage before it with the words it had then, the seed, and which of
the drafts was taken. Music has its order instead (`engine/music/orders`), the music it was done to, and the taste that
chose; it is compared as ABC and by its MIDI file.
"""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from engine import safety, story
from engine.art.picture import png
from engine.art.sketch import Sketch, from_row, sketched
from engine.art.wishes import loaded
from engine.composing import stored
from engine.errors import BadValue, NoReplay, NotFound
from engine.finding import Finding
from engine.messages import Queued, Snapshot
from engine.music import orders, perform
from engine.music.musician import Composed, MusicTask
from engine.music.notation import write_abc
from engine.music.taste import Taste
from engine.story import Tree
from engine.text import recipes
from engine.text.task import Composition, Task
from engine.together.telling import last_line
from storage.history import History
from storage.records import PieceRow, Recipe, TurnRow


class Rewrites(Protocol):
    """What is needed of `engine.text.writer.Writer`."""

    async def again(self, task: Task, seed: int, pick: int) -> Composition:
        """The composition of that seed and pick which the task led to before."""


class Prepares(Protocol):
    """What is needed of `engine.speaking.Speaking`."""

    async def prepare(self, reference: str) -> None:
        """Have an adapter in memory; raises BadValue for one that cannot be had."""


class Composes(Protocol):
    """What is needed of `engine.music.musician.Musician`."""

    def write(self, task: MusicTask) -> AsyncGenerator[Queued | Snapshot | Composed, None]:
        """What was understood, then the music."""


class Tastes(Protocol):
    """What is needed of `engine.tasting.Tasting`."""

    def known(self, reference: str) -> Taste | None:
        """A taste by its reference; None for none that can be had."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A passage beside what its recipe led to now. `before` is the text as the machine wrote it, edits aside; of music
    it is ABC, and a mark of the MIDI file; of a picture its colours, and a mark of its pixels.
    """

    title: str
    number: int
    recipe: str
    model: str
    adapter: str
    seed: int
    before: str
    after: str
    same_prompt: bool
    edited: bool

    @property
    def same(self) -> bool:
        """Whether it was written again letter by letter, from the same prompt."""
        return self.before == self.after and self.same_prompt


class Replaying:
    """Replays recipes on one device with the base model called `base`."""

    def __init__(
        self,
        history: History,
        finding: Finding,
        writer: Rewrites,
        voices: Prepares,
        base: str,
        musician: Composes,
        tastes: Tastes,
    ) -> None:
        self._history = history
        self._finding = finding
        self._writer = writer
        self._voices = voices
        self._base = base
        self._musician = musician
        self._tastes = tastes

    async def replay(self, recipe: str) -> Replayed:
        """Write the passage of this recipe again. Raises NotFound, NoReplay, and what a writer raises."""
        piece, tree, row = await self._found(safety.known_id(recipe.strip().lower(), "recipe"))
        held = (await self._history.recipes(piece.id, row.id))[row.id]
        if row.kind != "model" or row.finish == "cancelled":
            raise NoReplay(why="person" if row.kind != "model" else "stopped", recipe=row.id)
        if not held.drawn:
            raise NoReplay(why="old" if held.prompt or held.sections else "erased", recipe=row.id)
        if story.is_music(row):
            return await self._composed(piece, row, held)
        if story.is_look(row):
            return _drawn(piece, row, held)
        if row.model != self._base:
            raise NoReplay(why="base", recipe=row.id, model=row.model, base=self._base)
        task, before = await self._task(tree, row, held)
        for voice in {task.adapter, row.adapter} - {""}:
            try:
                await self._voices.prepare(voice)
            except BadValue:
                raise NoReplay(why="voice", recipe=row.id, adapter=voice) from None
        made = await self._writer.again(task, row.seed, held.drawn["pick"])
        same = made.prompt == held.prompt and made.adapter == row.adapter
        return Replayed(
            piece.title,
            row.depth,
            row.id,
            row.model,
            row.adapter,
            row.seed,
            before,
            made.text,
            same,
            before != row.text,
        )

    async def _composed(self, piece: PieceRow, row: TurnRow, held: Recipe) -> Replayed:
        """The same of a passage of music."""
        drawn, order = held.drawn or {}, orders.loaded(held.sampling)
        source, other, before = [await self._music(turn, row.id) for turn in (order.source, order.other, row.id)]
        taste = self._tastes.known(row.adapter) if row.adapter else None
        if row.adapter and not taste:
            raise NoReplay(why="taste", recipe=row.id, adapter=row.adapter)
        task = MusicTask(order, drawn["seed"], source, other and other[0], drawn["drafts"], taste=taste)
        after = None
        async with aclosing(self._musician.write(task)) as events:
            async for event in events:
                if isinstance(event, Composed) and drawn["pick"] < len(event.made):
                    made = event.made[drawn["pick"]]
                    after = made.score, made.midi
        texts = _spelled(before), _spelled(after)
        return Replayed(piece.title, row.depth, row.id, row.model, row.adapter, row.seed, *texts, True, False)

    async def _music(self, turn: str, recipe: str) -> perform.Piece | None:
        """The music of a passage, None for "". Raises NoReplay where it is gone."""
        try:
            return await stored(self._history, turn)
        except NotFound:
            raise NoReplay(why="erased", recipe=recipe) from None

    async def _found(self, turn: str) -> tuple[PieceRow, Tree, TurnRow]:
        """The passage, or the one that it is a copy of."""
        where = await self._history.address(turn)
        if where is None:
            raise NotFound(what="recipe", id=turn)
        piece, tree = await self._finding.rows(*where)
        row = tree.find(turn)
        return await self._found(row.origin) if row.origin else (piece, tree, row)

    async def _task(self, tree: Tree, row: TurnRow, held: Recipe) -> tuple[Task, str]:
        """What it was written from, and its own words as they were written."""
        edits = await self._history.edits(row.piece)
        texts = {text for edit in edits for text in (edit.before, edit.after)}
        texts |= {one.text for one in tree.rows.values()}
        texts |= {last_line(text) for text in texts}  # what one sees of an exquisite corpse
        way = () if row.starts else tree.section(row.parent)
        try:
            task = recipes.task_of(held.drawn or {}, story.passages(way), texts)
        except recipes.WordsGoneError:
            raise NoReplay(why="erased", recipe=row.id) from None
        first = next((edit.before for edit in edits if edit.turn == row.id), row.text)
        return task, first


def _drawn(piece: PieceRow, row: TurnRow, held: Recipe) -> Replayed:
    """The same of a picture, which is compared by the marks of its pixels."""
    drawn = held.drawn or {}
    texts = _marked(from_row(held.sampling)), _marked(sketched(loaded(held.sampling), drawn["seed"] + drawn["pick"]))
    return Replayed(piece.title, row.depth, row.id, row.model, row.adapter, row.seed, *texts, True, False)


def _marked(sketch: Sketch) -> str:
    """The colours of a picture, and a mark of the file."""
    return f"{' '.join(sketch.colours)}\nPNG {hashlib.sha256(png(sketch)).hexdigest()[:12]}"


def _spelled(music: perform.Piece | None) -> str:
    """Notes that can be read, and a mark of the file, in which the accompaniment is too."""
    if music is None:
        return ""
    score, midi = music
    return write_abc(score.phrase, tempo=score.wish.tempo) + f"% MIDI {hashlib.sha256(midi).hexdigest()[:12]}"
