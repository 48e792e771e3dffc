"""What a piece remembers beside its passages: its lore, and what of everything the model saw for a passage."""

from dataclasses import dataclass, replace

from engine import lorebook, safety
from engine.errors import Impossible
from engine.finding import Finding, account_of, place_of
from engine.lorebook import Drop, Put
from engine.messages import ContextView, Person, Section, SessionKey
from engine.text import lore as scanning
from engine.together.together import Together
from storage.db import Duplicate
from storage.history import History
from storage.records import LoreRow


@dataclass(frozen=True, slots=True)
class Changed:
    """An entry of the lore before and after somebody changed it; None before it was there, and when it is gone.

    `everywhere` is a key of it that stands in every passage so far.
    """

    before: LoreRow | None
    after: LoreRow | None
    everywhere: str = ""


class Remembering:
    """Reads and changes lore, and looks into prompts; in pieces of the key's place only."""

    def __init__(self, history: History, finding: Finding, together: Together) -> None:
        self._history = history
        self._finding = finding
        self._together = together

    async def lore(self, key: SessionKey, name: str = "") -> tuple[LoreRow, ...]:
        """The entries of the piece by number, or those of that number or key; raises NotFound."""
        piece, _ = await self._finding.load(key)
        return lorebook.find(piece.lore, name) if name else piece.lore

    async def change(self, key: SessionKey, person: Person, asked: Put | Drop, delivery: str = "") -> Changed:
        """Add, change or delete an entry; raises BadLore, NotFound, and nothing is changed then."""
        key = replace(key, piece=await self._finding.id(key))
        piece, tree = await self._finding.load(key)  # nothing is changed in a piece that is not here
        who = await self._history.person(account_of(safety.person(person)))

        def decide(rows: lorebook.Rows) -> lorebook.Rows:
            return lorebook.put(rows, asked) if isinstance(asked, Put) else lorebook.drop(rows, asked)

        sent = safety.delivery(delivery)
        try:
            before, after = await self._history.change_lore(place_of(key), key.piece, who, decide, sent)
        except Duplicate:
            return Changed(None, None)
        gone = next((row for row in before if row not in after), None)
        new = next((row for row in after if row not in before), None)
        texts = [row.text for row in tree.branch(piece.head) if row.text.strip()]
        return Changed(gone, new, scanning.everywhere(new, texts) if new and not new.always else "")

    async def context(self, key: SessionKey, turn: str = "") -> ContextView:
        """What the model saw for its last passage (or for `turn`); raises Impossible, NotFound."""
        piece, tree = await self._finding.load(key, turn)
        await self._together.must_show(piece.id)
        row = tree.meant(piece.head, turn)
        if row.kind != "model":
            raise Impossible(why="not_a_model_passage")
        seen = (await self._history.recipes(piece.id, row.id))[row.id]
        sections = tuple(Section.of(section) for section in seen.sections)
        return ContextView(row.id, seen.prompt, seen.tokens, seen.window, seen.reserved, sections)
