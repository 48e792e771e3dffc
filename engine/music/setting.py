"""Where the syllables of a line fall in the bar: one path through the beat grid, found by dynamic programming. Pure.

A stressed syllable wants a heavy place and a weak one a light place; notes want usual lengths, longer ones where sense
pauses; the last one wants to be long, on a beat near the end. Every line has a window of whole bars, but its first weak
syllable may stand before the barline, as verse that begins weak is sung ("The | sun goes down"). What is cheapest in
sum is sung. `habit` shifts the price of places a little, so that another seed sings another rhythm.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.music.phrase import METRES, Metre
from engine.text.singing import HALF, STRONG, WEAK, Line, Syllable

STEP = 2  # cells: syllables begin on eighths
UPBEAT = 4  # cells that a line may begin before its window
_MOST: Mapping[str, int] = {"4/4": 12, "3/4": 7, "6/8": 11}  # syllables that two bars hold at ease
_TAIL: Mapping[str, int] = {"4/4": 8, "3/4": 8, "6/8": 6}  # cells that the last note has before its window ends
# How heavy each eighth of a bar is.
_WEIGHTS: Mapping[str, tuple[float, ...]] = {
    "4/4": (1.0, 0.1, 0.5, 0.1, 0.85, 0.1, 0.45, 0.1),
    "3/4": (1.0, 0.1, 0.4, 0.1, 0.45, 0.1),
    "6/8": (1.0, 0.1, 0.25, 0.8, 0.1, 0.25),
}
_LENGTHS: Mapping[str, Mapping[int, float]] = {
    "4/4": {2: 0.25, 4: 0.0, 6: 0.4, 8: 0.55},
    "3/4": {2: 0.35, 4: 0.0, 6: 0.5, 8: 0.3},
    "6/8": {2: 0.05, 4: 0.0, 6: 0.2, 8: 0.9},
}
_HEAVY: Mapping[int, tuple[float, float]] = {STRONG: (0.0, 2.4), HALF: (0.25, 0.9), WEAK: (1.7, 0.0)}
"""What a syllable pays on the heaviest place and on the lightest."""
_STRANGE = 0.6  # for a place where the line whose melody returns had no note


@dataclass(frozen=True, slots=True)
class Frame:
    """A window of bars in a metre of the network's (2/4 is counted in fours), and its prices.

    `before`: where the line whose melody returns here had its notes, () for a new one.
    """

    metre: Metre
    bars: int
    habit: tuple[float, ...]
    before: frozenset[int] = frozenset()

    @property
    def cells(self) -> int:
        """Sixteenths of the window."""
        return self.bars * self.metre.bar

    @property
    def last(self) -> int:
        """The latest place of the last syllable."""
        return self.cells - _TAIL[self.metre.name]


def counted(metre: str) -> Metre:
    """The metre in which lines are counted."""
    return METRES["4/4" if metre == "2/4" else metre]


def frame(metre: Metre, bars: int, dice: random.Random, before: Sequence[int] = ()) -> Frame:
    """A window with the habits of these dice."""
    habit = tuple(dice.uniform(0.0, 0.35) for _ in range(metre.bar // STEP))
    return Frame(metre, bars, habit, frozenset(before))


def bars_for(lines: Sequence[Line], metre: Metre) -> int:
    """How many bars each of these lines has: two, or four when one of them needs it."""
    return 2 if max(map(len, lines), default=0) <= _MOST[metre.name] else 4


def weight(cell: int, metre: Metre) -> float:
    """How heavy a place in the bar is, from 0 to 1."""
    return _WEIGHTS[metre.name][cell % metre.bar // STEP] if cell % STEP == 0 else 0.0


def is_strong(cell: int, metre: Metre) -> bool:
    """Whether a place is one of the strong beats of its bar: the first, and the middle where there is one."""
    return weight(cell, metre) >= 0.8


def placed(line: Line, window: Frame) -> tuple[int, ...]:
    """The cell of each syllable, counted from the window's first; the first may be negative (an upbeat)."""
    places = range(-UPBEAT, window.last + 1, STEP)
    costs = [dict.fromkeys(places, 0.0)]
    costs[0] = {at: _place(line[0], at, window) + _start(at) for at in places if at <= window.metre.bar // 2}
    back: list[dict[int, int]] = []
    for before, one in pairwise(line):
        row, source = dict[int, float](), dict[int, int]()
        for at in places:
            ways = [(cost + _step(before, was, at, window), was) for was, cost in costs[-1].items() if was < at]
            if ways:
                best, source[at] = min(ways)
                row[at] = best + _place(one, at, window)
        costs.append(row)
        back.append(source)
    at = min(costs[-1], key=lambda place: costs[-1][place] + _end(line[-1], place, window))
    way = [at]
    for source in reversed(back):
        way.append(source[way[-1]])
    return tuple(reversed(way))


def _place(one: Syllable, at: int, window: Frame) -> float:
    heavy, light = _HEAVY[one.stress]
    share = weight(at, window.metre)
    strange = _STRANGE * (bool(window.before) and at not in window.before)
    return heavy * share + light * (1 - share) + window.habit[at % window.metre.bar // STEP] + strange


def _start(at: int) -> float:
    """Lines begin with the bar or just before it; a rest at the beginning is a loss."""
    return 0.12 * at if at > 0 else 0.0


def _step(one: Syllable, was: int, at: int, window: Frame) -> float:
    """The price of a note of this length at this place."""
    length = at - was
    table, pulse = _LENGTHS[window.metre.name], window.metre.pulse
    cost = table.get(length, 0.8 + 0.15 * (length - 8))
    if length >= 6:
        cost += 0.5 * (one.stress == WEAK) + 0.3 * (not one.ends_word)
    if one.pause:
        cost += 0.5 if length < 4 else -0.3 * one.pause * (length >= 6)
    into = was % pulse
    if into and into + length > pulse:
        cost += 0.9  # a note that hides the next beat
    if pulse == 6 and into == STEP and length > STEP:
        cost += 0.5
    return cost


def _end(one: Syllable, at: int, window: Frame) -> float:
    """The last syllable belongs into the window's second half, late, and onto a beat."""
    early = max(0, window.cells - window.metre.bar - at)
    return (
        0.22 * early
        + 0.6 * (at % window.metre.pulse != 0)
        + 0.3 * (one.stress == STRONG) * (1 - weight(at, window.metre))
    )
