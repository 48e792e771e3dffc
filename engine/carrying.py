"""Take a piece home as a file, and bring one in.

A long piece takes a second to write down or to read, and its music longer, so all of that is done in threads;
nothing of a file is stored before all of it was read.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine import safety, story
from engine.books import reading
from engine.books.book import Book, File, Says
from engine.books.brought import Passing
from engine.books.formats import EVERYTHING, writer
from engine.composing import Composing
from engine.errors import EngineError, Impossible
from engine.finding import Finding, account_of, place_of
from engine.messages import Piece, SentFile, SessionKey, UserMessage
from engine.music.score import to_row
from engine.picturing import Picturing
from engine.story import Tree
from engine.text.flavour import write_teller
from engine.together.together import Together
from engine.writing import Writes
from storage.db import Duplicate, new_id, now
from storage.history import History
from storage.records import BroughtPiece, BroughtTurn, Edit, NewTurn, PieceRow, Recipe, ScoreRow, TurnRow

log = logging.getLogger(__name__)

MUSIC = ("mid", "ogg", "png")
BOUND = ("epub", "docx", EVERYTHING)  # formats with a cover


class Carrying:
    """Writes pieces down as files."""

    def __init__(
        self,
        history: History,
        finding: Finding,
        together: Together,
        music: Composing,
        pictures: Picturing,
        writer: Writes,
    ) -> None:
        self._history = history
        self._finding = finding
        self._together = together
        self._music = music
        self._pictures = pictures
        self._writer = writer

    async def export(self, key: SessionKey, format: str, say: Says) -> File:  # noqa: A002  # its name in the API
        """The piece as a file with its authorship ledger: file name, MIME type, content; `say` has its sentences.

        All but "json" and "zip" hold the live branch alone. Raises UnknownFormat, NotFound, Impossible.
        """
        write = writer(format)
        piece, tree = await self._finding.load(key)
        await self._together.must_show(piece.id)
        return await asyncio.to_thread(write, await self._book(piece, tree, say, format))

    async def changes(self, key: SessionKey, turn: str) -> tuple[Edit, ...]:
        """What people changed in a passage, oldest first, without what was undone. Raises NotFound, Impossible."""
        piece, tree = await self._finding.load(key, turn)
        await self._together.must_show(piece.id)
        return tuple(edit for edit in await self._edits(piece, tree) if edit.turn == turn)

    async def bring(self, message: UserMessage) -> Piece:
        """Make a piece of the file that a message brings, and open it: our own JSON, Markdown, or plain text.

        The same `delivery` again finds the piece it made. Raises BadFile, TextTooLong, BadMidi, Impossible (no_file).
        """
        if message.file is None:
            raise Impossible(why="no_file")
        place, person = place_of(message.key), account_of(safety.person(message.person))
        safety.place(message.key)
        safety.delivery(message.delivery)
        found = await asyncio.to_thread(self._read, message.file)
        try:
            row = await self._history.bring(place, await self._history.person(person), found, message.delivery)
        except Duplicate:
            known = await self._history.received(place, message.delivery)
            return story.view(*await self._finding.rows(place, known.piece if known else ""))
        return story.view(*await self._finding.rows(place, row.id))

    def _read(self, file: SentFile) -> BroughtPiece:
        found = reading.read(file.name, file.data, self._writer.forms)
        ids = {one.name: new_id() for one in found.passages}
        depths: dict[str | None, int] = {None: 0}
        turns = []
        for one in found.passages:
            depths[one.name] = depths[one.parent] + 1
            turns.append(self._turn(one, ids, depths[one.name]))
        head = ids[found.head] if found.head else None
        like = found.flavour
        return BroughtPiece(
            title=found.title,
            memory=found.memory,
            note=found.note,
            turns=tuple(turns),
            head=head,
            lore=found.lore,
            motifs=found.motifs,
            genre=like.genre,
            mood=like.mood,
            teller=write_teller(like.teller),
        )

    def _turn(self, one: Passing, ids: Mapping[str, str], depth: int) -> BroughtTurn:
        score = None
        if one.midi:
            music, midi = self._music.musician.hear(one.midi)
            score = ScoreRow(to_row(music), midi)
        told = one.recipe
        words = told.get("completion", ""), told.get("prompt", "")
        recipe = Recipe(*words, told.get("sampling", {}), drawn=told.get("drawn"))
        turn = NewTurn(
            ids[one.parent] if one.parent else None,
            depth,
            one.kind,
            one.text,
            one.form,
            one.starts,
            told.get("model", ""),
            told.get("adapter", ""),
            told.get("seed", 0),
            told.get("finish"),
            recipe,
            score,
        )
        changes = tuple((change.by, change.before, change.after) for change in one.changes)
        return BroughtTurn(ids[one.name], turn, one.author, one.created or now(), changes)

    async def _book(self, piece: PieceRow, tree: Tree, say: Says, format: str) -> Book:  # noqa: A002
        live = tree.branch(piece.head)
        beside = {row.id for row in live}
        whole = format in ("json", EVERYTHING)
        return Book(
            story.view(piece, tree),
            await self._edits(piece, tree),
            await self._history.recipes(piece.id),
            say,
            frozenset(row.id for row in tree.rows.values() if row.starts),
            tuple(tree.view(row) for row in tree.rows.values() if row.id not in beside),
            await self._scores(tree.rows.values()) if whole else {},
            await self._files(live) if format == EVERYTHING else (),
            await self._history.motifs.of(piece.id) if whole else (),
            await self._cover(live) if format in BOUND else b"",
        )

    async def _cover(self, live: tuple[TurnRow, ...]) -> bytes:
        """The last cover on the live branch, empty where there is none."""
        last = next((row for row in reversed(live) if row.form == "cover" and row.kind == "model"), None)
        found = [data for _, _, data in await self._files((last,))] if last else []
        return found[0] if found else b""

    async def _edits(self, piece: PieceRow, tree: Tree) -> tuple[Edit, ...]:
        """Those in force, oldest first, and those of a passage that was copied on its copy, too."""
        moves = await self._history.moves(piece.id)
        undone = {move.edit for move in moves} - story.in_force(moves, piece.step)  # a file's own edits have no moves
        edits = [edit for edit in await self._history.edits(piece.id) if edit.id not in undone]
        copies = {row.origin: row.id for row in tree.rows.values() if row.origin}
        return (*edits, *(replace(edit, turn=copies[edit.turn]) for edit in edits if edit.turn in copies))

    async def _scores(self, rows: Iterable[TurnRow]) -> dict[str, bytes]:
        found = {row.id: await self._history.score(row.id) for row in rows if story.is_music(row)}
        return {turn: score.midi for turn, score in found.items() if score}

    async def _files(self, rows: tuple[TurnRow, ...]) -> tuple[File, ...]:
        """The music and the pictures of a branch as files, numbered by passage. What cannot be rendered is left out."""
        found: list[File] = []
        for number, row in enumerate(rows, 1):
            kinds = MUSIC if story.is_music(row) else ("png",) if story.is_look(row) else ()
            folder, maker = ("looks", self._pictures) if story.is_look(row) else ("music", self._music)
            for kind in kinds:
                try:
                    name, mime, data = await maker.file(row, kind)
                except EngineError:
                    continue  # a passage without notes, or nobody here to render them
                except Exception:
                    log.exception("a passage could not be rendered as %s", kind)
                else:
                    found.append((f"{folder}/{number:03}-{name}", mime, data))
        return tuple(found)
