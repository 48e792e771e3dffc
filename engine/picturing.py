"""Pictures in a piece: what a look is about, its task, and the passage that comes of it.

The way a wish goes (`engine/writing`) is the same for words, music and pictures; what differs stands here.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from engine import story
from engine.art.painter import Drawn, LookTask, Painter
from engine.art.sketch import from_row, to_row
from engine.art.wishes import Kind, Look, loaded, read_look, stored, titled
from engine.errors import NotFound
from engine.makers import present
from engine.messages import UserMessage
from engine.music import orders
from engine.story import Plan, Tree, Wish, flavour_of
from storage.history import History
from storage.records import NewTurn, PieceRow, Recipe, TurnRow

FILE = "png"
READ = 6000  # characters of the story, from its end


class Picturing:
    """Finds what a picture is about, and writes down what was drawn."""

    def __init__(self, history: History, painter: Painter | None) -> None:
        self._history = history
        self._painter = painter

    @property
    def painter(self) -> Painter:
        """Who draws; raises Impossible where nobody does."""
        return present(self._painter, "no_painter")

    async def task(self, piece: PieceRow, tree: Tree, plan: Plan, wish: Wish, message: UserMessage) -> LookTask | None:
        """The task of a plan for a picture, None for anything else. Raises a Refused for what cannot be drawn."""
        if plan.form not in story.LOOKS:
            return None
        look = await self._look(piece, tree, plan, wish)
        return LookTask(look, secrets.randbits(31), max(1, wish.drafts), message.person.language)

    async def file(self, row: TurnRow, kind: str) -> tuple[str, str, bytes]:
        """A passage's picture as a file: name, MIME type, content. Raises NotFound."""
        try:
            sketch = from_row(await self._recipe(row.piece, row.id))
        except ValueError:
            sketch = None
        if sketch is None or kind != FILE:
            raise NotFound(what="picture", id=kind[:20])
        return f"{sketch.kind}-{row.id[:4]}.{FILE}", "image/png", await self.painter.file(sketch)

    async def _look(self, piece: PieceRow, tree: Tree, plan: Plan, wish: Wish) -> Look:
        """The look that is asked for now, or once more, under the title that the piece has now."""
        if plan.again:
            return titled(loaded({"kind": plan.form, **await self._recipe(piece.id, plan.again)}), piece.title)
        named = tree.find(wish.turn) if wish.turn else None
        base = loaded(await self._recipe(piece.id, named.id)) if named and story.is_look(named) else None
        rows = (named,) if named and named.form not in story.WORDLESS else tree.branch(piece.head)
        told = "\n".join(row.text for row in rows if row.form not in story.WORDLESS)[-READ:]
        kind = cast("Kind", plan.form)
        return await asyncio.to_thread(read_look, kind, wish.words, flavour_of(piece), told, piece.title, base)

    async def _recipe(self, piece: str, turn: str) -> Mapping[str, Any]:
        """What was asked for and drawn in a passage, as it is stored."""
        return (await self._history.recipes(piece, turn))[turn].sampling


def version(turn: NewTurn, made: Drawn) -> NewTurn:
    """The passage of a finished picture: what it has beside what all passages have."""
    task = made.task
    recipe = replace(
        recipe_of(task.look),
        sampling=to_row(task.look, made.sketch),
        drawn=orders.drawn(task.seed, task.drafts, made.pick),
    )
    return replace(turn, seed=made.sketch.seed, finish="end", recipe=recipe)


def recipe_of(look: Look) -> Recipe:
    """A look as it is stored."""
    section = {"name": "order", "tokens": 0, "text": f"{look.kind} {look.words}".strip(), "cut": ""}
    return Recipe(prompt=look.words, sampling=stored(look), sections=(section,))
