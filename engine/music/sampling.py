"""How a piece is asked for when it is to be measured: like one window or tune of real music, and nothing more.

What the product does for a person's words, but conditioned on a real piece's mode and place, so that what is made can
be compared with what is real. Known notes must come out as they went in; that is asserted here, on every sample.
"""

from collections.abc import Sequence
from dataclasses import replace

from engine.music import edits
from engine.music.composer import Composer
from engine.music.corpus import BARS, Piece, Window
from engine.music.desk import Brief, Desk, heard_chords, pulses
from engine.music.limits import Effort
from engine.music.phrase import UNKNOWN, Phrase
from engine.music.progressions import CHORALE, tonic_chord
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


def harmonised(desk: Desk, phrase: Phrase, seed: int, effort: Effort, tries: int) -> Phrase:
    """Three voices under a real melody, as `edits.harmonize` writes them."""
    blank = (UNKNOWN,) * phrase.cells
    melody = Phrase(phrase.metre, phrase.key, (phrase.lanes[0],))
    known = pulses(heard_chords(melody))
    strong = [chord if i % 2 == 0 else None for i, chord in enumerate(known)]
    told = desk.with_chords(replace(melody, lanes=(phrase.lanes[0], blank, blank, blank)), CHORALE, seed, strong)
    made = desk.fill(told, Brief("chorale", candidates=tries, effort=effort), seed)[0][0]
    return kept(phrase, made, [(0, 0, phrase.cells)])


def accompanied(desk: Desk, phrase: Phrase, seed: int, effort: Effort, tries: int) -> Phrase:
    """A real melody and bass, with the two voices between them written new."""
    blank = (UNKNOWN,) * phrase.cells
    told = replace(heard_chords(phrase), lanes=(phrase.lanes[0], blank, blank, phrase.lanes[3]))
    made = desk.fill(told, Brief("chorale", candidates=tries, effort=effort), seed)[0][0]
    return kept(phrase, made, [(0, 0, phrase.cells), (3, 0, phrase.cells)])


def extended(desk: Desk, phrase: Phrase, seed: int, effort: Effort, tries: int) -> Phrase:
    """The first two bars of a real window and two new ones."""
    half = phrase.cells // 2
    made = edits.extend(desk, phrase.window(0, half), 2, seed, tries)
    return kept(phrase, made, [(lane, 0, half) for lane in range(len(phrase.lanes))])


def refilled(desk: Desk, phrase: Phrase, seed: int, effort: Effort, tries: int) -> Phrase:
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
    """The folk tunes whose first part has at least eight bars, of the styles that can be asked for in words."""
    return [p for p in pieces if p.style in WORDS and p.phrase.bars >= 8 and 8 in p.ends]


def folk_sample(desk: Desk, like: Piece, seed: int) -> Phrase:
    """An eight-bar tune from a wish in words: a real one's style, mode and metre."""
    words = f"8 bars {WORDS[like.style]} in C {like.phrase.key.mode}, {like.phrase.metre.name}"
    return Composer(desk).compose(read_wish(words), seed)[0].phrase
