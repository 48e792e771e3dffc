"""The plan of a piece: which bars are new, which return, and where it closes. Pure data, made before any note.

Networks that see four bars wander over thirty-two; music returns. So a piece is cut into units of four bars, named A or
B in the order of a song (A A' B A''), and a unit that returns copies its first bars, a little varied, and closes anew.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

UNIT = 4


@dataclass(frozen=True, slots=True)
class Step:
    """Fill bars `first` to `last` (excluded); with `source`, copy them from there first and redraw a share `vary`."""

    first: int
    last: int
    source: int | None = None
    vary: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, the name of each unit, and the bars that close a section."""

    steps: tuple[Step, ...]
    names: tuple[str, ...]
    closes: tuple[int, ...]


def make_plan(bars: int, rng: random.Random, inner: float = 0.4, vary: float = 0.08) -> Plan:
    """A plan for 1 to any number of bars. `inner` is the chance that a new unit repeats its own first bar in its third;
    `vary` the share of a returning bar's beats that is drawn again."""
    units = [(at, min(at + UNIT, bars)) for at in range(0, bars, UNIT)]
    names = _names(len(units))
    steps: list[Step] = []
    first_of: dict[str, int] = {}
    for (first, last), name in zip(units, names, strict=True):
        if name in first_of:
            half = min(first + UNIT // 2, last)
            steps.append(Step(first, half, first_of[name], vary))
            steps += [Step(half, last)] if last > half else []
        else:
            first_of[name] = first
            steps += _new_unit(first, last, rng.random() < inner, vary)
    closes = tuple(last - 1 for i, (_, last) in enumerate(units) if i % 2 == 1 or i == len(units) - 1)
    return Plan(tuple(steps), tuple(names), closes)


def bars_until(closes: Sequence[int], bar: int) -> int:
    """How many bars stand between a bar and the next close; 0 when it closes itself."""
    return next((close - bar for close in closes if close >= bar), 0)


def bars_since(closes: Sequence[int], bar: int) -> int:
    """How many bars have passed since a section began."""
    return bar - max((close + 1 for close in closes if close < bar), default=0)


def _names(units: int) -> list[str]:
    """A; A A; A B A; A A B A; and for more units A A B B, A A B A in turn, so that the last is A again."""
    short = {1: "A", 2: "AA", 3: "ABA", 5: "AABBA", 6: "AABBAA", 7: "AABBCAA"}
    if units in short:
        return list(short[units])
    return [("AABA" if i // 4 % 2 == 0 else "CCBA")[i % 4] for i in range(units)]


def _new_unit(first: int, last: int, repeats: bool, vary: float) -> list[Step]:
    if last - first < UNIT or not repeats:
        half = first + UNIT // 2
        return [Step(first, last)] if first == 0 or last <= half else [Step(first, half), Step(half, last)]
    return [Step(first, first + 2), Step(first + 2, first + 3, first, vary), Step(first + 3, last)]
