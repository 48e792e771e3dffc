"""Pictures in a piece: what a look is about, its task, and the passage that comes of it.

The way a wish goes (`engine/writing`) is the same for words, music and pictures; what differs stands here.
"""

import secrets
from dataclasses import replace

from engine import story
from engine.art.painter import Drawn, LookTask, Painter
from engine.art.sketch import Sketch, from_row, to_row
from engine.art.wishes import Kind, Look, lettered, loaded, read_look, stored
from engine.errors import Impossible, NotFound
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
        if self._painter is None:
            raise Impossible(why="no_painter")
        return self._painter

    async def task(self, piece: PieceRow, tree: Tree, plan: Plan, wish: Wish, message: UserMessage) -> LookTask | None:
        """The task of a plan for a picture, None for anything else. Raises a Refused for what cannot be drawn."""
        if plan.form not in story.LOOKS:
            return None
        look = await self._look(piece, tree, plan, wish)
        return LookTask(look, secrets.randbits(31), max(1, wish.drafts), message.person.language)

    async def file(self, row: TurnRow, kind: str) -> tuple[str, str, bytes]:
        """A passage's picture as a file: name, MIME type, content. Raises NotFound."""
        sketch = await self.sketch(row)
        if sketch is None or kind != FILE:
            raise NotFound(what="picture", id=kind[:20])
        return f"{sketch.kind}-{row.id[:4]}.{FILE}", "image/png", await self.painter.file(sketch)

    async def sketch(self, row: TurnRow) -> Sketch | None:
        """What a passage was painted from, None where that is gone."""
        recipe = (await self._history.recipes(row.piece, row.id)).get(row.id)
        try:
            return from_row(recipe.sampling) if recipe and story.is_look(row) else None
        except ValueError:
            return None

    async def _look(self, piece: PieceRow, tree: Tree, plan: Plan, wish: Wish) -> Look:
        """The look that is asked for now, or once more, under the title that the piece has now."""
        if plan.again:
            recipe = (await self._history.recipes(piece.id, plan.again)).get(plan.again)
            look = loaded(recipe.sampling if recipe else {"kind": plan.form})
            return replace(look, text=lettered(piece.title)) if look.text else look
        kind: Kind = "cover" if plan.form == "cover" else "palette"
        named = tree.find(wish.turn) if wish.turn else None
        before = await self._before(piece, named)  # what was said first counts, so new words go before the old ones
        rows = (named,) if named and named.form not in story.WORDLESS else tree.branch(piece.head)
        told = "\n".join(row.text for row in rows if row.form not in story.WORDLESS)[-READ:]
        words = ", ".join(filter(None, (wish.words, before)))
        return read_look(kind, words, flavour_of(piece), told, piece.title)

    async def _before(self, piece: PieceRow, named: TurnRow | None) -> str:
        """The words of the picture that is to be changed, "" where none is."""
        if named is None or not story.is_look(named):
            return ""
        recipe = (await self._history.recipes(piece.id, named.id)).get(named.id)
        return loaded(recipe.sampling).words if recipe else ""


def version(plan: Plan, made: Drawn) -> NewTurn:
    """The passage of a finished picture."""
    task = made.task
    return NewTurn(
        parent=plan.parent,
        depth=plan.depth,
        kind="model",
        text=made.text,
        form=plan.form,
        starts=plan.starts,
        model=made.model,
        seed=made.sketch.seed,
        finish="end",
        recipe=replace(
            recipe_of(task.look),
            sampling=to_row(task.look, made.sketch),
            drawn=orders.drawn(task.seed, task.drafts, made.pick),
        ),
    )


def recipe_of(look: Look) -> Recipe:
    """A look as it is stored."""
    section = {"name": "order", "tokens": 0, "text": f"{look.kind} {look.words}".strip(), "cut": ""}
    return Recipe(prompt=look.words, sampling=stored(look), sections=(section,))
