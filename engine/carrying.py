"""Take a piece home as a file.

A long piece takes a second to write down, and its music longer to render, so all of that is done in threads.
"""

import asyncio
import logging
from collections.abc import Iterable

from engine import story
from engine.books.book import Book, File, Says
from engine.books.formats import EVERYTHING, writer
from engine.composing import Composing
from engine.errors import EngineError
from engine.finding import Finding
from engine.messages import SessionKey
from engine.story import Tree
from engine.together.together import Together
from storage.history import History
from storage.records import PieceRow, TurnRow

log = logging.getLogger(__name__)

MUSIC = ("mid", "ogg", "png")


class Carrying:
    """Writes pieces down as files."""

    def __init__(self, history: History, finding: Finding, together: Together, music: Composing) -> None:
        self._history = history
        self._finding = finding
        self._together = together
        self._music = music

    async def export(self, key: SessionKey, format: str, say: Says) -> File:  # noqa: A002  # its name in the API
        """The piece as a file with its authorship ledger: file name, MIME type, content; `say` has its sentences.

        All but "json" and "zip" hold the live branch alone. Raises UnknownFormat, NotFound, Impossible.
        """
        write = writer(format)
        piece, tree = await self._finding.load(key)
        await self._together.must_show(piece.id)
        return await asyncio.to_thread(write, await self._book(piece, tree, say, format))

    async def _book(self, piece: PieceRow, tree: Tree, say: Says, format: str) -> Book:  # noqa: A002
        force = story.in_force(await self._history.moves(piece.id), piece.step)
        live = tree.branch(piece.head)
        beside = {row.id for row in live}
        whole = format in ("json", EVERYTHING)
        return Book(
            story.view(piece, tree),
            tuple(edit for edit in await self._history.edits(piece.id) if edit.id in force),
            await self._history.recipes(piece.id),
            say,
            frozenset(row.id for row in tree.rows.values() if row.starts),
            tuple(tree.view(row) for row in tree.rows.values() if row.id not in beside),
            await self._scores(tree.rows.values()) if whole else {},
            await self._files(live) if format == EVERYTHING else (),
        )

    async def _scores(self, rows: Iterable[TurnRow]) -> dict[str, bytes]:
        found = {row.id: await self._history.score(row.id) for row in rows if story.is_music(row)}
        return {turn: score.midi for turn, score in found.items() if score}

    async def _files(self, rows: tuple[TurnRow, ...]) -> tuple[File, ...]:
        """The music of a branch as files, numbered by passage. What cannot be rendered is left out."""
        found: list[File] = []
        for number, row in enumerate(rows, 1):
            for kind in MUSIC if story.is_music(row) else ():
                try:
                    name, mime, data = await self._music.file(row, kind)
                except EngineError:
                    continue  # a passage without notes, or nobody here to render them
                except Exception:
                    log.exception("music could not be rendered as %s", kind)
                else:
                    found.append((f"{number:03}-{name}", mime, data))
        return tuple(found)
