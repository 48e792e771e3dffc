"""Write a passage again from its recipe, and say whether it comes out as it was written.

For the owner of the machine: no place is asked for, and nothing is stored. What a passage was written from is its task
(`engine/text/recipes`): the base, the voice, every passage before it with the words it had then, the seed, and which of
the drafts was taken.
"""

from dataclasses import dataclass
from typing import Protocol

from engine import safety, story
from engine.errors import BadValue, NoReplay, NotFound
from engine.finding import Finding
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


@dataclass(frozen=True, slots=True)
class Replayed:
    """A passage beside what its recipe led to now. `before` is the text as the machine wrote it, edits aside."""

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

    def __init__(self, history: History, finding: Finding, writer: Rewrites, voices: Prepares, base: str) -> None:
        self._history = history
        self._finding = finding
        self._writer = writer
        self._voices = voices
        self._base = base

    async def replay(self, recipe: str) -> Replayed:
        """Write the passage of this recipe again. Raises NotFound, NoReplay, and what a writer raises."""
        piece, tree, row = await self._found(safety.known_id(recipe.strip().lower(), "recipe"))
        held = (await self._history.recipes(piece.id, row.id))[row.id]
        if row.kind != "model" or story.is_music(row) or row.finish == "cancelled":
            why = "person" if row.kind != "model" else "music" if story.is_music(row) else "stopped"
            raise NoReplay(why=why, recipe=row.id)
        if not held.drawn:
            raise NoReplay(why="erased" if not held.prompt else "old", recipe=row.id)
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
