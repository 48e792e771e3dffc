"""A motif: a short melody that stands for somebody or some place, and is known again by its intervals. Pure.

It is kept as it was heard, in its own key and metre, so that nothing of it is lost; how it comes back is `returning`'s
affair. The opening is taken, because that is what people keep of a tune: at most two bars and nine notes, no wider than
an octave, so that every voice and instrument can have it, and with its last note on a beat if there is such a one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from engine.music.keys import Key
from engine.music.notation import write_names
from engine.music.phrase import BEAT, CELL, METRES, TRIPLET, Note, Phrase, canonical, lane_of, notes_of
from engine.music.setting import counted
from engine.text.lore import index

FEWEST, MOST = 3, 9  # notes
BARS = 2
SPAN = 12  # semitones
NAME = 60  # characters


@dataclass(frozen=True, slots=True)
class Motif:
    """A melody with the name of whom it stands for: `lane` has at most two bars of cells, as in `phrase`."""

    name: str
    key: Key
    metre: str
    lane: tuple[int, ...]

    @property
    def phrase(self) -> Phrase:
        """It alone, as music."""
        return Phrase(METRES[self.metre], self.key, (self.lane,))

    @property
    def notes(self) -> list[Note]:
        """Its notes in order."""
        return notes_of(self.lane)

    @property
    def spelled(self) -> str:
        """Its notes by name with metre and key before them, as /notes reads them."""
        return re.sub(r" R\S*$", "", write_names(self.phrase))


def taken(phrase: Phrase, name: str) -> Motif | None:
    """The motif that music opens with, from the first downbeat on which a note begins; None if it has too few notes."""
    lane, bar = phrase.lanes[0], counted(phrase.metre.name).bar
    bars = range(0, len(lane), bar)
    for first in (*(at for at in bars if lane[at] >= 0), *(at for at in bars if lane[at] < 0)):
        notes = _opening(notes_of(canonical(lane[first : first + BARS * bar])), phrase.metre.pulse * CELL)
        if notes:
            end = notes[-1].start + notes[-1].length
            return Motif(name, phrase.key, phrase.metre.name, lane_of(notes, -(-end // (bar * CELL)) * bar))
    return None


def named(motifs: Sequence[Motif], text: str) -> tuple[Motif, ...]:
    """Those whose names stand in a text, as keys of the lore are found, in the order in which they are named."""
    found = index(frozenset(one.name for one in motifs)).find(text)
    return tuple(sorted((one for one in motifs if one.name in found), key=lambda one: found[one.name]))


def character(motif: Motif) -> float:
    """How easily a motif is kept in mind: a leap or two, more than one length, about six notes; higher is better."""
    notes = motif.notes
    moves = [abs(b.pitch - a.pitch) for a, b in pairwise(notes)]
    leaps = sum(move > 2 for move in moves)
    lengths = len({note.length for note in notes})
    still = sum(move == 0 for move in moves)
    return min(leaps, 2) + min(lengths, 3) - 0.4 * abs(len(notes) - 6) - 0.5 * still


def plain(motif: Motif) -> dict[str, Any]:
    """A motif as JSON holds it."""
    key = motif.key
    return {"name": motif.name, "key": [key.tonic, key.mode, key.flat], "metre": motif.metre, "lane": list(motif.lane)}


def read(fields: Mapping[str, Any]) -> Motif:
    """The motif that `plain` wrote. Raises ValueError for what it never writes."""
    try:
        tonic, mode, flat = fields["key"]
        name, metre, lane = fields["name"], fields["metre"], tuple(fields["lane"])
        motif = Motif(name, Key(tonic, mode, flat is True), metre, lane)
        whole = isinstance(name, str) and type(tonic) is int
        whole = whole and all(type(cell) is int and TRIPLET <= cell < 128 for cell in lane)
        fits = len(lane) <= BARS * counted(metre).bar and len(lane) % BEAT == 0 and canonical(lane) == lane
        if whole and fits and FEWEST <= len(motif.notes) <= MOST:
            return motif
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError("not a motif") from error
    raise ValueError("not a motif")


def _opening(notes: Sequence[Note], pulse: int) -> Sequence[Note]:
    """As many of the first notes as make a motif, () for none."""
    counts = [count for count in range(FEWEST, min(MOST, len(notes)) + 1) if 0 < _span(notes[:count]) <= SPAN]
    firm = [count for count in counts if count > FEWEST and notes[count - 1].start % pulse == 0]
    return notes[: max(firm or counts, default=0)]


def _span(notes: Sequence[Note]) -> int:
    pitches = [note.pitch for note in notes]
    return max(pitches) - min(pitches)
