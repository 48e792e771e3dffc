"""A whole step as one compiled call, which any number of threads may share.

A small model's step moves its weights through the processor once, and everything else in it is many tiny kernels: here
norms, rotation, attention, activation and the voices are stages of one function. Threads take the tasks of a stage
from a tally and go on to the next stage when all are done, by whomever. Compiled by numba for the processor at hand at
the first start, then kept on disk.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from engine.text.kernels import SWIGLU, Rounded, Weights, attend, multiply, narrow, norm, remember, round_off
from engine.text.tiles import add_to, give_way, look_at

SOURCES = "115c4f54"
"""Of `tiles.py` and `kernels.py`, the beginning of their SHA-256: numba compiles anew when this file changes only."""
NORM_IN, MIX, REMEMBER, ATTEND, ROUND_OUT, OUT, NORM_MID, UP, ROUND_DOWN, DOWN, LAST, HEAD = range(12)
"""The stages of a layer, and the two after the last."""
SHARES = 8  # into which a stage is cut, so that a thread that is held up holds up little
PATIENCE = 4000  # looks at a number before another thread may have the core


class Plan(NamedTuple):
    """A model. `norms`: weights and biases (2 x layers + 1, 2, width); `groups` heads have keys, of `deep` numbers."""

    norms: Any
    epsilon: float
    centred: bool  # LayerNorm, else RMSNorm
    turned: bool  # rotary positions
    products: tuple[Weights, Weights, Weights, Weights]
    head: Weights
    heads: int
    groups: int
    deep: int


class Given(NamedTuple):
    """What a step is about.

    `x` are the rows (rows, width), `turns` cosines and sines (2, rows, deep). `places`: of each row its memory's
    address, then in numbers how far apart layers, keys and values, and heads lie there, and how many tokens come before
    it; all of it bfloat16. `blocks`: where rows begin that go on where the one before them is, and the number of rows.
    `beside`: of each voice, product and layer the rank and where its two matrices lie, (voices, 4, layers, 3); `whose`
    voice each row has, -1 for none. `scores` (len(wanted), panels x 16) are of the rows `wanted`.
    """

    plan: Plan
    x: Any
    turns: Any
    places: Any
    blocks: Any
    beside: Any
    whose: Any
    wanted: Any
    scores: Any


class Work(NamedTuple):
    """Room for what is in between: (rows, as wide as it is), float32; `last` has the wanted rows.

    `rounded` is what the next product takes, of whatever width.
    """

    normed: Any
    mixed: Any
    seen: Any
    inner: Any
    narrow: Any
    last: Any
    rounded: Rounded


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
def _share(kind, many, total, tally, stage, layer, work, given):
    """This thread's share of a stage, so many tasks at a time; returns when the stage is done."""
    begin = _take(tally, stage, many, total)
    while begin < total:
        end = min(begin + many, total)
        _do(kind, layer, work, given, begin, end)
        add_to(tally.ctypes.data + 16 * stage + 8, end - begin)
        begin = _take(tally, stage, many, total)
    _wait(tally, stage, total)


@njit
def _ready(x, layer, at, work, given, begin, end):
    """Have some rows ready for a product."""
    round_off(x, work.rounded, begin, end)
    if work.narrow.shape[1]:
        narrow(x, layer, at, given.beside, given.whose, work.narrow, begin, end)


@njit
def _product(weights, layer, work, given, out, begin, end):
    """Some panels of a product of all rows."""
    multiply(weights, layer, len(given.x), work.rounded, given.beside, given.whose, work.narrow, out, begin, end)


@njit
def _do(kind, layer, work, given, begin, end):
    """Some tasks of a stage."""
    plan = given.plan
    qkv, out, up, down = plan.products
    if kind == NORM_IN:
        norm(given.x, plan.norms[2 * layer], plan.epsilon, plan.centred, work.normed, begin, end)
        _ready(work.normed, layer, qkv.at, work, given, begin, end)
    elif kind == MIX:
        _product(qkv, layer, work, given, work.mixed, begin, end)
    elif kind == REMEMBER:
        remember(
            plan.heads, plan.groups, plan.deep, plan.turned, layer, work.mixed, given.turns, given.places, begin, end,
        )  # fmt: skip
    elif kind == ATTEND:
        attend(
            plan.heads, plan.groups, plan.deep, plan.turned, work.mixed, given.turns, given.places, layer, given.blocks,
            work.seen, begin, end,
        )  # fmt: skip
    elif kind == ROUND_OUT:
        _ready(work.seen, layer, out.at, work, given, begin, end)
    elif kind == OUT:
        _product(out, layer, work, given, given.x, begin, end)
    elif kind == NORM_MID:
        norm(given.x, plan.norms[2 * layer + 1], plan.epsilon, plan.centred, work.normed, begin, end)
        _ready(work.normed, layer, up.at, work, given, begin, end)
    elif kind == UP:
        _product(up, layer, work, given, work.inner, begin, end)
    elif kind == ROUND_DOWN:
        _ready(work.inner, layer, down.at, work, given, begin, end)
    elif kind == DOWN:
        _product(down, layer, work, given, given.x, begin, end)
    elif kind == LAST:
        for at in range(begin, end):
            for i in range(given.x.shape[1]):
                work.last[at, i] = given.x[given.wanted[at], i]
        norm(work.last, plan.norms[-1], plan.epsilon, plan.centred, work.last, begin, end)
        round_off(work.last, work.rounded, begin, end)
    else:
        nobody = work.narrow[:, :0]
        multiply(
            plan.head, layer, len(work.last), work.rounded, given.beside, given.whose, nobody, given.scores, begin, end,
        )  # fmt: skip


@njit(nogil=True, cache=True)
def step(given, work, tally):
    """Each row is a token that goes through all layers: its x becomes what it ends as; the scores are filled.

    Any number of threads may call it with the same arguments, at any time: they take from `tally` (stages, 2), zeros
    at first, what is left to do. It returns when all is done, whoever did it.
    """
    plan, rows = given.plan, len(given.x)
    layers = len(plan.norms) // 2
    qkv, out, up, down = plan.products
    stage = np.int64(0)
    for layer in range(layers):
        for kind in range(NORM_IN, DOWN + 1):
            total, shares = rows, 2
            if kind == MIX:
                total, shares = qkv.codes.shape[1], SHARES
            elif kind == ATTEND:
                total, shares = (len(given.blocks) - 1) * plan.groups, SHARES
            elif kind == OUT:
                total, shares = out.codes.shape[1], SHARES
            elif kind == UP:
                total, shares = up.codes.shape[1] // (2 if up.mode == SWIGLU else 1), SHARES
            elif kind == DOWN:
                total, shares = down.codes.shape[1], SHARES
            many = max(1, total // shares)
            _share(kind, many, total, tally, stage, layer, work, given)
            stage += 1
    count = len(given.wanted)
    for kind in range(LAST, HEAD + 1):
        total = count if kind == LAST or not count else plan.head.codes.shape[1]
        _share(kind, max(1, total // (4 * SHARES)), total, tally, stage, np.int64(0), work, given)
        stage += 1
