"""A whole step as one compiled call, which any number of threads may share.

A small model's step moves its weights through the processor once, and everything else in it is many tiny kernels: here
norms, rotation, attention, activation and the voices are stages of one function. Threads take the tasks of a stage
from a tally and go on to the next stage when all are done, by whomever. Compiled by numba for the processor at hand at
the first start, then kept on disk.
"""

from typing import Any, NamedTuple

from numba import njit

from engine.text.kernels import SWIGLU, Rounded, Weights, attend, multiply, narrow, norm, remember, round_off
from engine.text.tiles import add_to, give_way, look_at

SOURCES = "88e0310a"
"""Of `tiles.py` and `kernels.py`, the beginning of their SHA-256: numba compiles anew when this file changes only."""
MIX, OUT, UP, DOWN, HEAD = range(5)
"""The products: into queries, keys and values; out of attention; both of the feed-forward part; into scores."""
READY, MULTIPLY, REMEMBER, ATTEND = range(4)
"""What a stage does: have rows ready for a product, that product, and what is between the first two."""
ORDER = (
    (READY, MIX), (MULTIPLY, MIX), (REMEMBER, MIX), (ATTEND, MIX), (READY, OUT), (MULTIPLY, OUT), (READY, UP),
    (MULTIPLY, UP), (READY, DOWN), (MULTIPLY, DOWN),
)  # fmt: skip
"""The stages of a layer. After the last layer come those of HEAD."""
SHARES = 8  # into which a stage is cut, so that a thread that is held up holds up little
PATIENCE = 4000  # looks at a number before another thread may have the core


class Plan(NamedTuple):
    """A model. `norms`: weights and biases (2 x layers + 1, 2, width); `groups` heads have keys, of `deep` numbers."""

    norms: Any
    epsilon: float
    centred: bool  # LayerNorm, else RMSNorm
    turned: bool  # rotary positions
    products: tuple[Weights, Weights, Weights, Weights, Weights]
    heads: int
    groups: int
    deep: int


class Given(NamedTuple):
    """What a step is about.

    `x` are the rows (rows, width), `turns` cosines and sines (2, rows, deep). `places`: of each row its memory's
    address, then in numbers how far apart layers, keys and values, and heads lie there, and how many tokens come before
    it; all of it bfloat16. `blocks`: where rows begin that go on where the one before them is, and the number of rows.
    `beside`: of each voice, product and layer the rank and where its two matrices lie, (voices, 4, layers, 3); `whose`
    voice each row has, -1 for none. `wanted` are the rows that get scores.
    """

    plan: Plan
    x: Any
    turns: Any
    places: Any
    blocks: Any
    beside: Any
    whose: Any
    wanted: Any


class Work(NamedTuple):
    """Room for what is in between: what goes into each product and comes out of it, float32 (rows, as wide as it is).

    Those of HEAD have the wanted rows. `rounded` is what the next product takes, `narrow` (rows, highest rank) what the
    rows' voices make of it; nothing where nobody has a voice.
    """

    before: tuple[Any, Any, Any, Any, Any]
    after: tuple[Any, Any, Any, Any, Any]
    rounded: Rounded
    narrow: Any


@njit
def _take(tally, stage, many, total):
    """The next tasks of a stage for this thread: where they begin, past the last if none are left."""
    return min(add_to(tally.ctypes.data + 16 * stage, many), total)


@njit
def _wait(tally, stage, total):
    """Until the tasks of a stage are done, by whomever."""
    place, tries = tally.ctypes.data + 16 * stage + 8, 0
    while look_at(place) < total:
        tries += 1
        if tries > PATIENCE:
            give_way()


@njit
def _tasks(kind, at, work, given):
    """How many tasks a stage has, and into how many shares they are cut."""
    rows = len(work.before[at])
    if kind == MULTIPLY:
        weights = given.plan.products[at]
        panels = weights.codes.shape[1] // (2 if weights.mode == SWIGLU else 1)
        return (panels if rows else 0), (4 * SHARES if at == HEAD else SHARES)
    if kind == ATTEND:
        return (len(given.blocks) - 1) * given.plan.groups, SHARES
    return rows, 2


@njit
def _do(kind, at, layer, work, given, begin, end):
    """Some tasks of a stage."""
    plan, before = given.plan, work.before[at]
    if kind == READY:
        if at == HEAD:
            for row in range(begin, end):
                for i in range(before.shape[1]):
                    before[row, i] = given.x[given.wanted[row], i]
        if at in (MIX, UP, HEAD):
            source = before if at == HEAD else given.x
            norms = plan.norms[2 * layer + (1 if at == UP else 0)]
            norm(source, norms, plan.epsilon, plan.centred, before, begin, end)
        round_off(before, work.rounded, begin, end)
        if work.narrow.shape[1] and at != HEAD:
            narrow(before, layer, at, given.beside, given.whose, work.narrow, begin, end)
    elif kind == MULTIPLY:
        multiply(
            plan.products[at], 0 if at == HEAD else layer, len(before), work.rounded, given.beside, given.whose,
            work.narrow, work.after[at], begin, end,
        )  # fmt: skip
    elif kind == REMEMBER:
        remember(
            plan.heads, plan.groups, plan.deep, plan.turned, layer, work.after[MIX], given.turns, given.places, begin,
            end,
        )  # fmt: skip
    else:
        attend(
            plan.heads, plan.groups, plan.deep, plan.turned, work.after[MIX], given.turns, given.places, layer,
            given.blocks, work.before[OUT], begin, end,
        )  # fmt: skip


@njit(nogil=True, cache=True)
def step(given, work, tally):
    """Each row is a token that goes through all layers: its x becomes what it ends as; the scores are filled.

    Any number of threads may call it with the same arguments, at any time: they take from `tally` (stages, 2), zeros
    at first, what is left to do. It returns when all is done, whoever did it.
    """
    layers = len(given.plan.norms) // 2
    for stage in range(layers * len(ORDER) + 2):
        layer, number = stage // len(ORDER), stage % len(ORDER)
        kind, at = ORDER[number] if layer < layers else (READY + number, HEAD)
        total, shares = _tasks(kind, at, work, given)
        many = max(1, total // shares)
        begin = _take(tally, stage, many, total)
        while begin < total:
            end = min(begin + many, total)
            _do(kind, at, layer, work, given, begin, end)
            add_to(tally.ctypes.data + 16 * stage + 8, end - begin)
            begin = _take(tally, stage, many, total)
        _wait(tally, stage, total)
