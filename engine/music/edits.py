"""What can be done to a phrase that exists: extend, vary, harmonize, accompany, redraw bars, morph.

Each function takes the desk and a phrase and returns a new phrase; cells it does not name come out exactly as they went
in. Bars are counted from 1 here, because these numbers come from people.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.music.chords import chord_lane
from engine.music.desk import Brief, Desk, family_of, heard_chords, pulses
from engine.music.errors import NothingToEdit
from engine.music.metrics import motif_repetition
from engine.music.phrase import BEAT, HOLD, TRIPLET, UNKNOWN, Phrase, canonical, notes_of, sounding

MAX_BARS = 64


def extend(desk: Desk, phrase: Phrase, bars: int, seed: int, candidates: int = 4) -> Phrase:
    """So many new bars after the old ones, closing at the end."""
    _checked(phrase, bars)
    known = _with_chords(phrase)
    more = bars * phrase.metre.bar
    longer = replace(phrase, lanes=tuple(lane + (UNKNOWN,) * more for lane in phrase.lanes), chords=())
    old = pulses(known)
    fixed: list[int | None] = [*old, *[None] * (-(-more // phrase.metre.pulse))]
    fixed[-1] = phrase.key.tonic + (12 if phrase.key.is_minor else 0)
    longer = desk.with_chords(longer, family_of(len(phrase.lanes)), seed, _free(fixed, len(old)))
    longer = replace(longer, chords=known.chords + longer.chords[phrase.cells :])
    brief = _brief(phrase, candidates, closes=(longer.bars - 1,))
    return desk.fill(longer, brief, seed)[0][0]


def vary(
    desk: Desk, phrase: Phrase, strength: float, seed: int, keep: Sequence[int] = (), candidates: int = 4
) -> Phrase:
    """Beats drawn again, about a sixth of them at strength 0 and nearly all at 1; the first beat stays."""
    _checked(phrase, 0)
    rng = np.random.default_rng(seed)
    share = 0.15 + 0.8 * min(max(strength, 0.0), 1.0)
    known = _with_chords(phrase)
    free = [index for index in range(len(phrase.lanes)) if index not in keep]
    if not free:
        raise NothingToEdit(why="all_kept")
    beats = -(-phrase.cells // BEAT)
    hidden = rng.random((len(phrase.lanes), beats)) < share
    hidden[:, 0] = beats == 1
    if not hidden[free].any():
        # Short pieces may have no luck in the draw, and a variation that changes nothing is none.
        hidden[free[0], int(rng.integers(1, beats))] = True
    lanes = [_hide(lane, hidden[i].tolist()) if i in free else lane for i, lane in enumerate(phrase.lanes)]
    brief = _brief(phrase, candidates, closes=(phrase.bars - 1,))
    return desk.fill(replace(known, lanes=tuple(lanes)), brief, seed)[0][0]


def harmonize(desk: Desk, phrase: Phrase, seed: int, candidates: int = 4) -> Phrase:
    """Three voices under the first lane, which comes out as it went in, whatever its octave.

    In 6/8, which no training chorale has, the voices move with the chords.
    """
    _checked(phrase, 0)
    shift = _to_reach(phrase.lanes[0])
    melody = replace(phrase, lanes=(_moved(phrase.lanes[0], shift),), chords=())
    melody = replace(melody, chords=chord_lane(melody))
    if phrase.metre.name == "6/8":
        return _under(phrase.lanes[0], _block_harmony(melody), shift)
    blank = (UNKNOWN,) * melody.cells
    four = replace(melody, lanes=(melody.lanes[0], blank, blank, blank))
    fixed = pulses(melody)
    # The melody's own chords hold on its strong beats; between them the chorale's habits may move.
    strong = [c if i * melody.metre.pulse % (melody.metre.bar // 2) == 0 else None for i, c in enumerate(fixed)]
    four = desk.with_chords(four, family_of(4), seed, strong)
    made = desk.fill(four, Brief("chorale", candidates=candidates, closes=(phrase.bars - 1,)), seed)[0][0]
    return _under(phrase.lanes[0], made, shift)


def accompany(phrase: Phrase) -> Phrase:
    """The first lane alone with chords from its notes, ready for `arrange`."""
    _checked(phrase, 0)
    return heard_chords(replace(phrase, lanes=phrase.lanes[:1], chords=()))


def redraw(
    desk: Desk,
    phrase: Phrase,
    first: int,
    last: int,
    change: str,
    seed: int,
    keep: Sequence[int] = (),
    candidates: int = 6,
) -> Phrase:
    """Bars first to last drawn anew; "sparser" has fewer notes there than before, "denser" more, where that can be."""
    _checked(phrase, 0)
    if not 1 <= first <= last <= phrase.bars:
        raise NothingToEdit(why="bars", bars=phrase.bars, first=first, last=last)
    here = range((first - 1) * phrase.metre.bar, min(last * phrase.metre.bar, phrase.cells))
    lanes = tuple(
        lane if i in keep else canonical([UNKNOWN if c in here else cell for c, cell in enumerate(lane)])
        for i, lane in enumerate(phrase.lanes)
    )
    if not any(UNKNOWN in lane for lane in lanes):
        raise NothingToEdit(why="all_kept")
    density, hold = {"sparser": (1, 1.2), "denser": (5, -1.2)}.get(change, (0, 0.0))
    brief = replace(_brief(phrase, candidates, closes=(phrase.bars - 1,)), density=density, hold=hold)
    found = desk.fill(replace(_with_chords(phrase), lanes=lanes), brief, seed)
    if change == "sparser":
        return min((p for p, _ in found), key=lambda p: _onsets(p, here))
    if change == "denser":
        return max((p for p, _ in found), key=lambda p: _onsets(p, here))
    return found[0][0]


def morph(desk: Desk, start: Phrase, goal: Phrase, bars: int, seed: int, candidates: int = 4) -> Phrase:
    """Beats of both phrases, first more of the one, then of the other, and new ones where they meet."""
    if start.metre != goal.metre:
        raise NothingToEdit(why="metres", metre=start.metre.name, metre2=goal.metre.name)
    if not 2 <= bars <= 32:
        raise NothingToEdit(why="morph_bars", bars=bars)
    _checked(start, 0)
    _checked(goal, 0)
    shift = (start.key.tonic - goal.key.tonic + 6) % 12 - 6
    other = goal.transposed(shift)
    count, cells = min(len(start.lanes), len(other.lanes)), bars * start.metre.bar
    rng = np.random.default_rng(seed)
    lanes = []
    for index in range(count) if count < 2 else [*range(count - 1), -1]:
        rows = [_stretched(p.lanes[index], cells) for p in (start, other)]
        row: list[int] = []
        for beat in range(cells // BEAT):
            at = beat / max(1, cells // BEAT - 1)
            new = rng.random() < 1.4 * min(at, 1 - at)
            source = rows[int(rng.random() < at)][beat * BEAT : beat * BEAT + BEAT]
            row += [UNKNOWN] * BEAT if new else source
        lanes.append(canonical(row))
    mixed = Phrase(start.metre, start.key, tuple(lanes))
    mixed = replace(mixed, chords=chord_lane(mixed))
    return desk.fill(mixed, _brief(mixed, candidates, closes=(bars - 1,)), seed)[0][0]


def _checked(phrase: Phrase, more: int) -> None:
    """Raises NothingToEdit for phrases without notes, without lanes the engine knows, or beyond its length."""
    if not 1 <= len(phrase.lanes) <= 4 or not any(notes_of(lane) for lane in phrase.lanes):
        raise NothingToEdit(why="no_notes")
    if more < 0 or phrase.bars + more > MAX_BARS:
        raise NothingToEdit(why="too_long", most=MAX_BARS, bars=phrase.bars + more)


def _with_chords(phrase: Phrase) -> Phrase:
    """The chords it has, or those its notes imply: what plays under bars that nobody touches must not change."""
    return phrase if phrase.chords else heard_chords(phrase)


def _brief(phrase: Phrase, candidates: int, closes: tuple[int, ...]) -> Brief:
    """Imitate what the phrase itself is like: its metre's style, its range, its triplets."""
    pitches = [cell for cell in phrase.lanes[0] if cell >= 0] or [72]
    style = {"3/4": "waltz", "6/8": "jig"}.get(phrase.metre.name, "air")
    notes = len(pitches) / max(phrase.bars, 1)
    if style == "air" and notes > 6.5:
        style = "reel"
    reach = (min(pitches) - 4, max(*pitches, min(pitches) + 9) + 4)
    repeats = motif_repetition(phrase) > 0
    return Brief(style, melody_range=reach, triplets=any(TRIPLET in lane for lane in phrase.lanes) and repeats,
                 candidates=candidates, closes=closes)  # fmt: skip


def _free(fixed: list[int | None], old: int) -> list[int | None]:
    """Old chords outside the scale would leave the chain no way; only the last one matters to what follows."""
    return [c if i >= old - 1 else None for i, c in enumerate(fixed)]


def _hide(lane: Sequence[int], beats: Sequence[bool]) -> tuple[int, ...]:
    return canonical([UNKNOWN if beats[i // BEAT] else cell for i, cell in enumerate(lane)])


def _onsets(phrase: Phrase, here: range) -> int:
    return sum(lane[i] >= 0 for lane in phrase.lanes for i in here)


def _under(melody: tuple[int, ...], four: Phrase, shift: int) -> Phrase:
    """The voices under the melody at its own octave: an octave lower with a tenor's tune, never below a bass's E."""
    down = 12 if shift >= 12 else 0
    return replace(
        four, lanes=(melody, *(tuple(c - down if c >= 28 + down else c for c in lane) for lane in four.lanes[1:]))
    )


def _to_reach(lane: Sequence[int]) -> int:
    """By how many semitones, whole octaves, the lane must move so that its middle lies where a soprano sings."""
    pitches = sorted(cell for cell in lane if cell >= 0)
    middle = pitches[len(pitches) // 2]
    shift = 0
    while middle + shift < 64:
        shift += 12
    while middle + shift > 80:
        shift -= 12
    return shift


def _moved(lane: Sequence[int], shift: int) -> tuple[int, ...]:
    return tuple(cell + shift if cell >= 0 else cell for cell in lane)


def _stretched(lane: Sequence[int], cells: int) -> list[int]:
    """The lane repeated or cut to a length; its first cell never is a HOLD."""
    repeated = list(lane) * (-(-cells // len(lane)))
    return [cell if i or cell != HOLD else UNKNOWN for i, cell in enumerate(repeated[:cells])]


def _block_harmony(melody: Phrase) -> Phrase:
    """Chord notes below the melody, one a pulse: alto and tenor next below it, the root as bass."""
    heard = sounding(melody.lanes[0])
    lanes: list[list[int]] = [[], [], []]
    for cell in range(melody.cells):
        chord = melody.chords[cell]
        starts = cell % melody.metre.pulse == 0
        quality, root = divmod(chord, 12)
        classes = [(root + step) % 12 for step in ((0, 4, 7), (0, 3, 7), (0, 3, 6))[quality]] if chord >= 0 else [0]
        top = heard[cell] if heard[cell] >= 0 else 72
        below = [p for p in range(top - 3, top - 20, -1) if p % 12 in classes]
        bass = 43 + (classes[0] - 43) % 12
        for lane, pitch in zip(lanes, (below[0], below[1], bass), strict=True):
            lane.append(pitch if starts else HOLD)
    return replace(melody, lanes=(melody.lanes[0], *(canonical(lane) for lane in lanes)))
