"""The tree of a piece: which passages lead to which, what stands beside what, and where a story goes on. Pure.

A branch is the way from the first passage to an end. The live branch is the one the piece's head ends. Passages are
versions of each other when the model wrote them at the same place, for the same form.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from engine.art.wishes import Kind as LookKind
from engine.errors import Impossible, NotFound
from engine.messages import BranchView, Finish, Flavour, Piece, Turn, TurnKind
from engine.music.orders import Order
from engine.text.flavour import stored_teller
from engine.text.task import Passage
from storage.records import Move, PieceRow, TurnRow

FIRST_FORM = "story"
MUSIC, SENT_MUSIC = "music", "midi"  # forms of passages that are no text: what was composed, what a person sent
LOOKS = ("palette", "cover")  # and pictures
MADE = (MUSIC, *LOOKS)  # to an order, which may be carried out again
MUSICAL = (MUSIC, SENT_MUSIC)
WORDLESS = (*MUSICAL, *LOOKS)
ENDING = 80
LONGEST_VERSE = 90  # characters of a line

Kind = Literal["reply", "continue", "retry", "alternatives", "compare", "music", "look", "ghost"]


class Tree:
    """Every passage of a piece, by where it stands. Cheap to make: one pass over the rows."""

    def __init__(
        self, rows: Iterable[TurnRow], votes: Mapping[str, tuple[int, int]] | None = None, *, shared: bool = False
    ) -> None:
        self.rows = {row.id: row for row in rows}
        self.shared = shared  # between several chats
        self._votes = votes or {}
        self._children: dict[str | None, list[TurnRow]] = {}
        for row in self.rows.values():
            self._children.setdefault(row.parent, []).append(row)

    def find(self, turn: str) -> TurnRow:
        """The passage of that id; raises NotFound."""
        if turn not in self.rows:
            raise NotFound(what="passage", id=turn)
        return self.rows[turn]

    def branch(self, end: str | None) -> tuple[TurnRow, ...]:
        """The way from the first passage to `end`."""
        way: list[TurnRow] = []
        while end is not None:
            way.append(self.rows[end])
            end = way[-1].parent
        return tuple(reversed(way))

    def section(self, end: str | None) -> tuple[TurnRow, ...]:
        """The last part of that way: from where its section began."""
        way = self.branch(end)
        begins = [place for place, row in enumerate(way) if row.starts]
        return way[begins[-1] if begins else 0 :]

    def below(self, turn: str | None) -> tuple[TurnRow, ...]:
        """What stands directly under a passage, or at the beginning, in the order of writing."""
        return tuple(self._children.get(turn, ()))

    def versions(self, row: TurnRow) -> tuple[TurnRow, ...]:
        """What the model wrote at the same place, in the order of writing; a person's words have no versions."""
        if row.kind != "model":
            return (row,)
        beside = self._children[row.parent]
        return tuple(one for one in beside if (one.kind, one.form, one.starts) == ("model", row.form, row.starts))

    def beside(self, row: TurnRow, step: int) -> TurnRow:
        """The version before (-1) or after (1); raises Impossible if there is none."""
        if row.kind != "model":
            raise Impossible(why="not_a_model_passage")
        versions = self.versions(row)
        place = versions.index(row) + step
        if place < 0:
            raise Impossible(why="first_version")
        if place >= len(versions):
            raise Impossible(why="last_version")
        return versions[place]

    def last_shown(self, turn: str) -> str:
        """Where the story last stood at or after this passage, so that coming back to it finds what followed."""
        below, latest = [self.rows[turn]], self.rows[turn]
        while below:
            row = below.pop()
            latest = max(latest, row, key=lambda one: (one.shown, one.number))
            below += self._children.get(row.id, ())
        return latest.id

    def last_model(self, end: str | None) -> TurnRow | None:
        """The last passage of the model on the way to `end`."""
        return next((row for row in reversed(self.branch(end)) if row.kind == "model"), None)

    def last_music(self, end: str | None, before: str = "") -> TurnRow | None:
        """The last passage of music on the way to `end`; with `before`, the last one that stands before that one."""
        way = self.branch(end)
        if before:
            way = way[: next((place for place, row in enumerate(way) if row.id == before), len(way))]
        return next((row for row in reversed(way) if is_music(row)), None)

    def last_verse(self, end: str | None) -> TurnRow | None:
        """The last passage in lines of verse on the way to `end`, whoever wrote it."""
        rows = (row for row in reversed(self.branch(end)) if not is_music(row) and row.form not in LOOKS)
        return next((row for row in rows if is_verse(row.text)), None)

    def meant(self, head: str | None, turn: str) -> TurnRow:
        """The passage a person means: the one they name, or the model's last; raises NotFound, Impossible."""
        row = self.find(turn) if turn else self.last_model(head)
        if row is None:
            raise Impossible(why="nothing_written")
        return row

    def ends(self, head: str | None) -> tuple[TurnRow, ...]:
        """Where branches end, in the order of writing; the live end is one even if something follows it."""
        return tuple(row for row in self.rows.values() if row.id == head or row.id not in self._children)

    def view(self, row: TurnRow) -> Turn:
        """The passage as people see it."""
        versions = self.versions(row)
        likes, dislikes = self._votes.get(row.id, (0, 0))
        return Turn(
            id=row.id,
            session=row.piece,
            parent=row.parent,
            kind=cast("TurnKind", row.kind),
            author=row.author,
            text=row.text,
            form=row.form,
            created=row.created,
            version=versions.index(row) + 1,
            versions=len(versions),
            likes=likes,
            dislikes=dislikes,
            edited=row.edited,
            model=row.model,
            adapter=row.adapter,
            seed=row.seed,
            finish=cast("Finish | None", row.finish),
            shared=self.shared,
        )


def is_verse(text: str) -> bool:
    """Whether a text is in lines of verse: at least two, none of them as long as a sentence of prose may be."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and all(len(line) <= LONGEST_VERSE for line in lines)


def is_music(row: TurnRow) -> bool:
    """Whether a passage has notes: it was composed, or it is a file that a person sent."""
    return row.form == SENT_MUSIC or (row.form == MUSIC and row.kind == "model")


def is_look(row: TurnRow) -> bool:
    """Whether a passage is a picture."""
    return row.form in LOOKS and row.kind == "model"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants written. `turn` is the passage to write again (or the music to change); "" is the last one.

    A `ghost` is Ghostnote's own turn, asked for by nobody; it is `unread` if nobody reads along while it writes.

    With an `order` it is music, with a `look` such a picture. `drafts` 0 leaves the number of versions to the order's
    words. `adapters` write one version each, instead of the one that is live.
    """

    kind: Kind
    words: str = ""
    form: str = ""
    drafts: int = 1
    turn: str = ""
    order: Order | None = None
    look: LookKind | None = None
    adapters: tuple[str, ...] = ()
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a wish's passage will stand and what comes before it.

    The person's own words, if there are any, will stand under `parent` and the model's passage under them.
    """

    parent: str | None
    depth: int
    form: str
    starts: bool
    before: tuple[Passage, ...]
    avoid: tuple[str, ...] = ()
    retried: str = ""
    again: str = ""  # the passage of music, or the picture, whose order is carried out again


def plan(tree: Tree, head: str | None, wish: Wish) -> Plan:
    """Find the place for a wish; raises Impossible or NotFound."""
    end = None if head is None else tree.rows[head]
    if wish.order:
        return _after(tree, end, MUSIC, starts=False)
    if wish.look:
        return _after(tree, end, wish.look, starts=False)
    if wish.kind == "reply":
        text = last_text(tree, head)
        return _after(tree, end, wish.form or (text.form if text else FIRST_FORM), starts=bool(wish.form) or not text)
    if wish.kind == "ghost" and last_text(tree, head) is None:
        return _after(tree, end, FIRST_FORM, starts=True)
    if wish.kind in ("continue", "compare", "ghost"):
        if end is None:
            raise Impossible(why="nothing_written")
        return _answer(tree, end)
    if wish.turn:
        return _again(tree, tree.find(wish.turn), wish.kind)
    if end is None:
        raise Impossible(why="nothing_to_retry")
    # A person's words at the live end are words nobody answered yet: write the answer that is missing.
    return _again(tree, end, wish.kind) if end.kind == "model" else _answer(tree, end)


def _answer(tree: Tree, end: TurnRow) -> Plan:
    """What comes after `end` without new words: more of the text, or what was ordered and never made."""
    if end.form in MADE and end.kind == "person":
        return replace(_after(tree, end, end.form, starts=False), again=end.id)
    text = last_text(tree, end.id)
    if text is None:
        raise Impossible(why="no_text")
    return _after(tree, end, text.form, starts=False)


def last_text(tree: Tree, end: str | None) -> TurnRow | None:
    """The last passage of words up to `end`."""
    way = tree.branch(end)
    return next((row for row in reversed(way) if row.form not in WORDLESS), None)


def _after(tree: Tree, end: TurnRow | None, form: str, *, starts: bool) -> Plan:
    before = () if starts or end is None else tree.section(end.id)
    parent, depth = (end.id, end.depth + 1) if end else (None, 1)
    return Plan(parent, depth, form, starts, passages(before))


def _again(tree: Tree, row: TurnRow, kind: Kind) -> Plan:
    if row.kind != "model":
        raise Impossible(why="not_a_model_passage")
    before = () if row.starts else tree.section(row.parent)
    avoid = tuple(one.text for one in tree.versions(row))
    retried = row.id if kind == "retry" else ""
    again = row.id if row.form in MADE else ""
    return Plan(row.parent, row.depth, row.form, row.starts, passages(before), avoid, retried, again)


def passages(rows: Sequence[TurnRow]) -> tuple[Passage, ...]:
    """Rows as the writer reads them; music and pictures are not text to go on from."""
    texts = (row for row in rows if row.form not in WORDLESS)
    return tuple(Passage(cast("TurnKind", row.kind), row.author, row.text) for row in texts)


def view(piece: PieceRow, tree: Tree) -> Piece:
    """The piece with its live branch."""
    return line(piece, tuple(tree.view(row) for row in tree.branch(piece.head)))


def line(piece: PieceRow, turns: tuple[Turn, ...] = ()) -> Piece:
    """The piece as a line of a list."""
    return Piece(
        id=piece.id,
        title=piece.title,
        created=piece.created,
        updated=piece.updated,
        form=piece.form or FIRST_FORM,
        memory=piece.memory,
        note=piece.note,
        lore=piece.lore,
        turns=turns,
        is_open=piece.is_open,
        passages=piece.passages,
        linked=piece.linked,
        flavour=flavour_of(piece),
    )


def flavour_of(piece: PieceRow) -> Flavour:
    """What was chosen for a piece."""
    return Flavour(piece.genre, piece.mood, stored_teller(piece.teller))


def named(rows: Sequence[PieceRow], name: str) -> PieceRow | None:
    """The piece somebody means by an id, a number in the list, a title or how it begins; the newest of several."""
    wanted = " ".join(name.split()).casefold()
    if wanted.isdecimal() and 1 <= int(wanted[:9]) <= len(rows):
        return rows[int(wanted[:9]) - 1]
    tests: tuple[Callable[[PieceRow], bool], ...] = (
        lambda row: row.id == wanted,
        lambda row: row.title.casefold() == wanted,
        lambda row: bool(wanted) and row.title.casefold().startswith(wanted),
    )
    return next((row for test in tests for row in reversed(rows) if test(row)), None)


def branches(tree: Tree, head: str | None) -> tuple[BranchView, ...]:
    """Every branch, numbered from 1 in the order their ends were written."""
    return tuple(
        BranchView(number, row.id, row.depth, _ending(row.text), row.id == head)
        for number, row in enumerate(tree.ends(head), 1)
    )


def in_force(moves: Iterable[Move], step: int) -> frozenset[str]:
    """The edits that were not undone: those of the steps that lead to `step`."""
    by_number = {move.number: move for move in moves}
    edits: set[str] = set()
    while step:
        move = by_number[step]
        edits |= {move.edit} if move.edit else set()
        step = move.previous
    return frozenset(edits)


def _ending(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= ENDING else "…" + words[1 - ENDING :]
