"""Motifs of a piece: music tied to somebody or some place, so that it returns where they are named.

The notes are taken from music that is there, or written for the purpose where there is none yet; `engine/music/motif`
says which notes, `engine/music/returning` how they come back.
"""

import asyncio
import secrets
from contextlib import aclosing
from dataclasses import dataclass, replace

from engine import motifbook, safety
from engine.composing import Composing, stored, told_before
from engine.errors import Impossible, NotFound
from engine.finding import Finding, account_of, place_of
from engine.messages import Person, SessionKey
from engine.music import perform
from engine.music.feeling import mood_of
from engine.music.motif import Motif, character, taken
from engine.music.musician import Composed, MusicTask
from engine.music.orders import Order
from engine.story import Tree, is_music
from storage.db import Duplicate
from storage.history import History
from storage.records import PieceRow

DRAFTS = 3


@dataclass(frozen=True, slots=True)
class Tied:
    """A motif as it is now, the one of that name before, and whether it was `made` because there was no music."""

    motif: Motif
    before: Motif | None = None
    made: bool = False


class Tying:
    """Ties motifs and lets them go; in pieces of the key's place only."""

    def __init__(self, history: History, finding: Finding, music: Composing) -> None:
        self._history = history
        self._finding = finding
        self._music = music

    async def motifs(self, key: SessionKey) -> tuple[Motif, ...]:
        """Those of the piece, in order of name."""
        piece, _ = await self._finding.load(key)
        return tuple(map(motifbook.motif_of, await self._history.motifs.of(piece.id)))

    async def tie(self, key: SessionKey, person: Person, name: str, turn: str = "", delivery: str = "") -> Tied:
        """Tie the opening of the music in `turn`, or of the last music, to a name; it replaces the one tied before.

        Where the piece has no music, or `turn` is words, it is composed, in the piece's mood or else that of the words.
        Raises Impossible (many_motifs, no_motif, no_musician), NotFound, Busy; nothing is changed then.
        """
        piece, tree = await self._finding.load(key, turn)
        sent = safety.delivery(delivery)
        if sent and await self._history.received(place_of(key), sent):
            return await self._known(piece, name)
        motifbook.check_room(await self._history.motifs.of(piece.id), name)
        named = tree.find(turn) if turn else tree.last_music(piece.head)
        if named is not None and is_music(named):
            motif, made = await self._heard(named.id, name), False
        else:
            motif, made = await self._improvised(piece, tree, turn, name), True
        who = await self._history.person(account_of(safety.person(person)))
        try:
            before, _ = await self._history.motifs.change(
                place_of(key), piece.id, who, lambda rows: motifbook.put(rows, motif), sent
            )
        except Duplicate:
            return await self._known(piece, name)
        old = next((row for row in before if row.name.casefold() == name.casefold()), None)
        return Tied(motif, motifbook.motif_of(old) if old else None, made)

    async def untie(self, key: SessionKey, person: Person, name: str, delivery: str = "") -> str:
        """Let a motif go; its name. Raises NotFound."""
        piece, _ = await self._finding.load(key)
        who, sent = await self._history.person(account_of(safety.person(person))), safety.delivery(delivery)
        try:
            before, after = await self._history.motifs.change(
                place_of(key), piece.id, who, lambda rows: motifbook.drop(rows, name), sent
            )
        except Duplicate:
            return name
        return next(row.name for row in before if row not in after)

    async def sound(self, motif: Motif) -> tuple[str, str, bytes]:
        """A motif played on a piano: file name, MIME type, content."""
        score, midi = await asyncio.to_thread(perform.heard, motif.spelled.encode())
        data = await self._music.musician.file(f"motif {motif.spelled}", score, midi, "ogg")
        return "motif.ogg", "audio/ogg", data

    async def _known(self, piece: PieceRow, name: str) -> Tied:
        rows = await self._history.motifs.of(piece.id)
        row = next((row for row in rows if row.name.casefold() == name.casefold()), None)
        if row is None:
            raise NotFound(what="motif", id=name)
        return Tied(motifbook.motif_of(row))

    async def _heard(self, turn: str, name: str) -> Motif:
        music = await stored(self._history, turn)
        motif = music and taken(music[0].phrase, name)
        if not motif:
            raise Impossible(why="no_motif")
        return motif

    async def _improvised(self, piece: PieceRow, tree: Tree, turn: str, name: str) -> Motif:
        """The most memorable of several short tunes."""
        musician = self._music.musician
        mood = "" if turn else piece.mood
        mood = mood or mood_of(told_before(tree, piece.head, turn)) or ""
        musician.check_room()
        task = MusicTask(Order("compose", f"4 bars folk {mood}"), secrets.randbits(31), drafts=DRAFTS)
        found: list[Motif] = []
        async with aclosing(musician.write(task)) as events:
            async for event in events:
                if isinstance(event, Composed):
                    found += [motif for made in event.made if (motif := taken(made.score.phrase, name))]
        if not found:
            raise Impossible(why="no_motif")
        return replace(max(found, key=character), name=name)
