"""How a piece is asked for when it is to be measured: like one window or tune of real music, and nothing more.

What the product does for a person's words, but conditioned on a real piece's mode and place, so that what is made can
be compared with what is real. Known notes must come out as they went in; that is asserted here, on every sample.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from engine.music import arrange, edits
from engine.music.composer import Composer
from engine.music.corpus import BARS, Piece, Window, windows_of
from engine.music.desk import Brief, Desk, heard_chords
from engine.music.form import Plan, Step
from engine.music.limits import Effort
from engine.music.phrase import UNKNOWN, Note, Phrase, lane_of
from engine.music.progressions import CHORALE, tonic_chord
from engine.music.styles import STYLES
from engine.music.wishes import read_wish

WORDS = {"reel": "reel", "hornpipe": "hornpipe", "jig": "jig", "air": "folk air", "waltz": "waltz"}


def chorale_sample(desk: Desk, like: Window, seed: int, effort: Effort, tries: int) -> Phrase:
    """Four bars from nothing, told only the mode and whether the piece ends here, as the window's is."""
    blank = Phrase(like.phrase.metre, like.phrase.key, ((UNKNOWN,) * like.phrase.cells,) * 4)
    ends: list[int | None] = [None] * (blank.cells // blank.metre.pulse)
    if like.to_end == 0:
        ends[-1] = tonic_chord(blank.key)
    told = desk.with_chords(blank, CHORALE, seed, ends)
    closes = (BARS - 1 + like.to_end,) if like.to_end == 0 else ()
    return desk.fill(told, Brief("chorale", candidates=tries, closes=closes, effort=effort), seed)[0][0]


def one_shot_sample(desk: Desk, like: Window, seed: int) -> Phrase:
    """Four bars all at once, for the control that knows no other way: no second look, no choice, no guard."""
    blank = Phrase(like.phrase.metre, like.phrase.key, ((UNKNOWN,) * like.phrase.cells,) * 4)
    brief = Brief("chorale", candidates=1, effort=Effort(repairs=0, redraws=0, attempts=1))
    return desk.fill(desk.with_chords(blank, CHORALE, seed), brief, seed, Plan((Step(0, BARS),), ("A",), ()))[0][0]


def harmonised(desk: Desk, phrase: Phrase, seed: int, tries: int) -> Phrase:
    """Three voices under a real melody."""
    made = edits.harmonize(desk, replace(phrase, lanes=phrase.lanes[:1], chords=()), seed, tries)
    return kept(phrase, made, [(0, 0, phrase.cells)])


def inner_voices(desk: Desk, phrase: Phrase, seed: int, tries: int) -> Phrase:
    """A real melody and bass, with the two voices between them written new."""
    blank = (UNKNOWN,) * phrase.cells
    told = replace(heard_chords(phrase), lanes=(phrase.lanes[0], blank, blank, phrase.lanes[3]))
    made = desk.fill(told, Brief("chorale", candidates=tries), seed)[0][0]
    return kept(phrase, made, [(0, 0, phrase.cells), (3, 0, phrase.cells)])


def accompanied(phrase: Phrase) -> Phrase:
    """A real melody with what a piano and a bass play around it by rule, as one lane for each note of a chord."""
    melody = edits.accompany(replace(phrase, lanes=phrase.lanes[:1], chords=()))
    lanes: list[list[Note]] = []
    for part in arrange.accompanied(melody, read_wish("ballad with piano and bass")):
        for n in () if part.drums else sorted(part.notes):
            free = next((lane for lane in lanes if lane[-1].start + lane[-1].length <= n.start), None)
            if free is None:
                lanes.append(free := [])
            free.append(Note(int(n.start), int(n.length), n.pitch))
    rows = tuple(lane_of(lane, phrase.cells) for lane in lanes)
    return kept(phrase, replace(melody, lanes=(melody.lanes[0], *rows)), [(0, 0, phrase.cells)])


def extended(desk: Desk, phrase: Phrase, seed: int, tries: int) -> Phrase:
    """The first two bars of a real window and two new ones."""
    half = phrase.cells // 2
    made = edits.extend(desk, phrase.window(0, half), 2, seed, tries)
    return kept(phrase, made, [(lane, 0, half) for lane in range(len(phrase.lanes))])


def refilled(desk: Desk, phrase: Phrase, seed: int, tries: int) -> Phrase:
    """A real window whose second and third bars are written new in every voice."""
    made = edits.redraw(desk, phrase, 2, 3, "other", seed, candidates=tries)
    bar = phrase.metre.bar
    known = [(lane, *part) for lane in range(len(phrase.lanes)) for part in ((0, bar), (3 * bar, phrase.cells))]
    return kept(phrase, made, known)


def kept(before: Phrase, after: Phrase, places: Sequence[tuple[int, int, int]]) -> Phrase:
    """`after`, once every known (lane, first cell, last cell) is exactly as before; AssertionError if not."""
    for lane, first, last in places:
        if before.lanes[lane][first:last] != after.lanes[lane][first:last]:
            raise AssertionError(f"known notes were changed in lane {lane}, cells {first} to {last}")
    return after


def tunes_of(pieces: Sequence[Piece]) -> list[Piece]:
    """The folk tunes with a part of eight bars that can be asked for in words: a jig in four, say, cannot."""
    asked = {style: STYLES[word.split()[0]].metres for style, word in WORDS.items()}
    return [p for p in pieces if p.phrase.metre.name in asked.get(p.style, ()) and p.phrase.bars >= 8 and 8 in p.ends]


def folk_sample(desk: Desk, like: Piece, seed: int) -> Phrase:
    """An eight-bar tune from a wish in words: a real one's style, mode and metre."""
    words = f"8 bars {WORDS[like.style]} in C {like.phrase.key.mode}, {like.phrase.metre.name}"
    return Composer(desk).compose(read_wish(words), seed)[0].phrase


def chorale_windows(pieces: Sequence[Piece]) -> list[Window]:
    """The four-bar windows of chorales in 4/4."""
    return [w for w in windows_of(pieces) if w.style == "chorale" and w.phrase.metre.name == "4/4"]


KINDS = ("chorale", "folk", "harmonize", "inner voices", "extend", "fill", "accompany", "cross-entropy only",
         "folk, cross-entropy only", "one-shot")  # fmt: skip
TRIES = 4
EDITS = {"harmonize": harmonised, "inner voices": inner_voices, "extend": extended, "fill": refilled}


@dataclass(frozen=True)
class Maker:
    """Makes any sample of any kind; the same one for the same seed and number, like the same held-out piece."""

    desk: Desk
    cross_entropy: Desk
    one_shot: Desk
    held: tuple[Piece, ...]

    @cached_property
    def windows(self) -> list[Window]:
        """What chorale samples are like."""
        return chorale_windows(self.held)

    @cached_property
    def tunes(self) -> list[Piece]:
        """What folk samples are like."""
        return tunes_of(self.held)

    def make(self, kind: str, seed: int, number: int) -> Phrase:
        """One sample of a kind of `KINDS`."""
        dice, own = random.Random(seed * 1_000_003 + number), seed * 10_000 + number
        window, tune = dice.choice(self.windows), dice.choice(self.tunes)
        if kind in EDITS:
            return EDITS[kind](self.desk, window.phrase, own, TRIES)
        match kind:
            case "chorale" | "cross-entropy only":
                return chorale_sample(self._desk(kind), window, own, Effort(), TRIES)
            case "folk" | "folk, cross-entropy only":
                return folk_sample(self._desk(kind), tune, own)
            case "accompany":
                return accompanied(window.phrase)
            case "one-shot":
                return one_shot_sample(self.one_shot, window, own)
        raise ValueError(f"no such kind of sample: {kind!r}")

    def _desk(self, kind: str) -> Desk:
        return self.cross_entropy if kind.endswith("cross-entropy only") else self.desk
