"""The branches of a piece: its tree as a drawing is made of it, two of them side by side, and passages taken across.

A piece grows a fork with every retry, so a drawing that went one step to the right with each would soon leave a phone.
Here the stem (what leads to the live end, else the longest way) stays where it is, and what parts from it stands aside.
"""

from dataclasses import dataclass

from engine.errors import BadValue, Impossible, NotFound
from engine.finding import Finding
from engine.messages import Person, Piece, SessionKey, Turn
from engine.shifting import Shifting
from engine.story import Tree, view
from engine.together.together import Together
from storage.db import new_id
from storage.records import PieceRow, Shift, TurnRow

MOST = 200  # passages that are taken at once

Stretch = tuple[TurnRow, int, bool]


@dataclass(frozen=True, slots=True)
class Limb:
    """A stretch of passages without a fork. `number` is that of the branch which ends with it, 0 if none does.

    `aside` counts how often one parted from the stem to come here; `parts`: once more than what it grows from.
    `live`: it is on the way to the live end.
    """

    aside: int
    passages: int
    opening: str
    number: int
    live: bool
    ends_live: bool
    parts: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """Two branches from where they part: how many passages they share, and what each has for itself."""

    shared: int
    number: int
    live: tuple[Turn, ...]
    other: tuple[Turn, ...]


def limbs(tree: Tree, head: str | None) -> tuple[Limb, ...]:
    """The tree from the first passage on, each stretch behind the one it grows from, the stem last of those."""
    numbers = {row.id: number for number, row in enumerate(tree.ends(head), 1)}
    live = {row.id for row in tree.branch(head)}
    size: dict[str, int] = {}
    for row in sorted(tree.rows.values(), key=lambda one: -one.depth):
        size[row.id] = 1 + sum(size[child.id] for child in tree.below(row.id))
    found, ahead = list[Limb](), _parted(tree.below(None), 0, live, size)
    while ahead:
        row, aside, parts = ahead.pop()
        first, passages = row, 1
        while row.id != head and len(below := tree.below(row.id)) == 1:
            row, passages = below[0], passages + 1
        found.append(Limb(aside, passages, first.text, numbers.get(row.id, 0), first.id in live, row.id == head, parts))
        ahead += _parted(tree.below(row.id), aside, live, size)
    return tuple(found)


def _parted(rows: tuple[TurnRow, ...], aside: int, live: set[str], size: dict[str, int]) -> list[Stretch]:
    """What grows here, how far aside, and whether it parts. The last is shown first, because the stem comes last."""
    ordered = sorted(rows, key=lambda row: (row.id in live, size[row.id], -row.number))
    return [(row, aside + (row is not ordered[-1]), row is not ordered[-1]) for row in ordered[::-1]]


class Branching:
    """What people do with branches, beyond going from one to another."""

    def __init__(self, finding: Finding, shifting: Shifting, together: Together) -> None:
        self._finding = finding
        self._shifting = shifting
        self._together = together

    async def limbs(self, key: SessionKey) -> tuple[Limb, ...]:
        """The tree of the piece. Raises Impossible where one sees only the last line."""
        piece, tree = await self._seen(key)
        return limbs(tree, piece.head)

    async def beside(self, key: SessionKey, number: int) -> Beside:
        """The live branch and the one of that number. Raises NotFound, Impossible (same_branch)."""
        piece, tree = await self._seen(key)
        shared, live, other = _apart(tree, piece.head, number)
        return Beside(shared, number, tuple(map(tree.view, live)), tuple(map(tree.view, other)))

    async def take(
        self, key: SessionKey, person: Person, number: int, first: int = 0, last: int = 0, delivery: str = ""
    ) -> Piece:
        """Copy passages of another branch to the live end, in one step that can be undone.

        `first` and `last` count in that branch from its first passage; 0 takes all from where it parts. Whose words
        they are stays with them. Raises NotFound, BadValue, Impossible (same_branch).
        """

        async def decide(piece: PieceRow, tree: Tree) -> Shift:
            await self._together.must_show(piece.id)
            _, _, other = _apart(tree, piece.head, number)
            way = tree.branch(_end(tree, piece.head, number).id)
            if first and not 1 <= first <= (last or first) <= len(way):
                raise BadValue(name="passage", value=f"{first}-{last}" if last else first, allowed=f"1-{len(way)}")
            taken = way[first - 1 : last or first] if first else other
            if len(taken) > MOST:
                raise BadValue(name="passages", value=len(taken), allowed=f"1-{MOST}")
            grown = tuple((new_id(), row.id) for row in taken)
            return Shift(grown[-1][0], "take", grown=grown)

        return view(*await self._shifting.run(key, person, decide, delivery=delivery))

    async def _seen(self, key: SessionKey) -> tuple[PieceRow, Tree]:
        piece, tree = await self._finding.load(key)
        await self._together.must_show(piece.id)
        return piece, tree


def _end(tree: Tree, head: str | None, number: int) -> TurnRow:
    ends = tree.ends(head)
    if not 1 <= number <= len(ends):
        raise NotFound(what="branch", id=number)
    return ends[number - 1]


def _apart(tree: Tree, head: str | None, number: int) -> tuple[int, tuple[TurnRow, ...], tuple[TurnRow, ...]]:
    """How many passages the live branch and that one share, and what each has beyond them."""
    live, other = tree.branch(head), tree.branch(_end(tree, head, number).id)
    shared = sum(1 for one, two in zip(live, other, strict=False) if one is two)
    if shared == len(other):
        raise Impossible(why="same_branch")
    return shared, live[shared:], other[shared:]
