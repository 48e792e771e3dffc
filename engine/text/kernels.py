"""A step of the rows that write, as compiled code: int8 weights, float32 sums, a handful of threads (T).

A small model's step moves its weights through the processor once, and everything else in it is many tiny kernels. Here
the whole step is one call: weights of eight bits are widened in the registers where they are multiplied (half of what
bfloat16 moves, a quarter of float32), and norms, rotation, attention, activation and the voices are done where their
numbers lie. Compiled by numba for the processor at hand at the first start, then kept on disk.

What a row comes to does not depend on the rows beside it: every number is summed in one order, whichever tile it is in.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import carray, njit, prange

from engine.text.tiles import (
    GROUP,
    TALL,
    WIDE,
    as_bits,
    as_float,
    blend32,
    blend32h,
    blend64,
    blend64h,
    blend128,
    blend128h,
    dots32,
    dots32h,
    dots64,
    dots64h,
    dots128,
    dots128h,
    floats,
    halves,
    tile1,
    tile2,
    tile3,
    tile4,
    tile5,
    tile6,
)  # fmt: skip

TILES = "cdaae86d"
"""Of `tiles.py`, the beginning of its SHA-256: numba compiles anew when this file changes, and looks at no other."""
SUMS = {"reassoc", "contract", "nsz"}  # may be added in another order, the same for every row; not-a-number stays so
KEEP, ADD, GELU, SWIGLU = range(4)
"""What becomes of a product's outputs."""


class Weights(NamedTuple):
    """A linear layer of every block: int8 codes (layers, panels, inputs, 16),
    scales (layers, panels, inputs / GROUP, 16), biases (layers, panels, 16).

    `at`: which of a block's products it is; `mode`: what becomes of its outputs. (As variables: numba compiles
    once more for every constant.)
    """

    codes: Any
    scales: Any
    biases: Any
    at: int
    mode: int


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


@njit
def _one_tile(rows, x, stride, weights, count, scales, bias, out, out_stride, adds):
    """`tile` of at most six rows."""
    if rows == 1:
        tile1(x, stride, weights, count, scales, bias, out, out_stride, adds)
    elif rows == 2:
        tile2(x, stride, weights, count, scales, bias, out, out_stride, adds)
    elif rows == 3:
        tile3(x, stride, weights, count, scales, bias, out, out_stride, adds)
    elif rows == 4:
        tile4(x, stride, weights, count, scales, bias, out, out_stride, adds)
    elif rows == 5:
        tile5(x, stride, weights, count, scales, bias, out, out_stride, adds)
    elif rows == 6:
        tile6(x, stride, weights, count, scales, bias, out, out_stride, adds)


@njit
def _tiles(rows, x, stride, weights, count, scales, bias, out, out_stride, adds):
    """`tile` of any number of rows."""
    while rows > 0:
        tall = TALL
        if rows < 2 * TALL and rows != TALL:  # two of one height take less than a full one and a rest
            tall = rows if rows < TALL else rows - rows // 2
        _one_tile(tall, x, stride, weights, count, scales, bias, out, out_stride, adds)
        x, out, rows = x + 4 * stride * tall, out + 4 * out_stride * tall, rows - tall


@njit(fastmath=SUMS)
def _exp(x):
    """e to the x in float32 within 2e-7, for x up to 88: a polynomial (Cephes), which goes eight at a time."""
    x = min(max(x, np.float32(-87.0)), np.float32(88.0)) if x == x else x
    whole = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    x = x - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
    y = np.float32(1.9875691500e-4)
    y = y * x + np.float32(1.3981999507e-3)
    y = y * x + np.float32(8.3334519073e-3)
    y = y * x + np.float32(4.1665795894e-2)
    y = y * x + np.float32(1.6666665459e-1)
    y = y * x + np.float32(5.0000001201e-1)
    y = y * x * x + x + np.float32(1.0)
    return y * as_float(np.uint32((np.int32(whole) + np.int32(127)) << np.int32(23)))


@njit(fastmath=SUMS)
def _panel(weights, layer, panel, x, beside, whose, narrow, out, out_stride, adds):
    """One panel's outputs for all rows, at the address `out`: the base's, its bias, and what each row's voice adds."""
    rows, count = x.shape
    panels = weights.codes.shape[1]
    at = layer * panels + panel
    codes, scales = (
        weights.codes.ctypes.data + at * count * WIDE,
        weights.scales.ctypes.data + at * (count // GROUP) * 4 * WIDE,
    )
    bias = weights.biases.ctypes.data + at * 4 * WIDE
    _tiles(rows, x.ctypes.data, count, codes, count, scales, bias, out, out_stride, adds)
    if not narrow.shape[1]:
        return
    for row in range(rows):
        voice = whose[row]
        rank = beside[voice, weights.at, layer, 0] if voice >= 0 else 0
        mine = carray(floats(out + 4 * out_stride * row), (WIDE,))
        for r in range(rank):
            up = carray(floats(beside[voice, weights.at, layer, 2] + 4 * WIDE * (r * panels + panel)), (WIDE,))
            much = narrow[row, r]
            for i in range(WIDE):
                mine[i] += much * up[i]


@njit(parallel=True, nogil=True, cache=True, fastmath=SUMS)
def _multiply(weights, layer, x, beside, whose, narrow, threads, out):
    """x through a linear layer and the voices beside it, into `out` as its mode says; both are whole panels wide."""
    rows, mode, stride, place = len(x), weights.mode, out.shape[1], out.ctypes.data
    panels = weights.codes.shape[1] // (2 if mode == SWIGLU else 1)
    shares = min(threads, panels)
    for share in prange(shares):
        if mode <= ADD:
            for panel in range(share * panels // shares, (share + 1) * panels // shares):
                to = place + 4 * WIDE * panel
                _panel(weights, layer, panel, x, beside, whose, narrow, to, stride, mode)
        else:
            found, other = np.empty((rows, WIDE), np.float32), np.empty((rows, WIDE), np.float32)
            for panel in range(share * panels // shares, (share + 1) * panels // shares):
                _panel(weights, layer, panel, x, beside, whose, narrow, found.ctypes.data, WIDE, KEEP)
                if mode == SWIGLU:
                    _panel(weights, layer, panel + panels, x, beside, whose, narrow, other.ctypes.data, WIDE, KEEP)
                for row in range(rows):
                    into = carray(floats(place + 4 * (stride * row + WIDE * panel)), (WIDE,))
                    if mode == SWIGLU:
                        for i in range(WIDE):
                            y = found[row, i]
                            into[i] = y / (np.float32(1.0) + _exp(-y)) * other[row, i]
                    else:
                        for i in range(WIDE):
                            y = found[row, i]
                            bend = np.float32(1.5957691216) * (y + np.float32(0.044715) * y * y * y)
                            into[i] = y / (np.float32(1.0) + _exp(-bend))


@njit(parallel=True, nogil=True, cache=True, fastmath=SUMS)
def _narrow(x, layer, at, beside, whose, out):
    """What each row's voice makes of x before it widens it again."""
    rows, count = x.shape
    most = out.shape[1]
    for task in prange(rows * most):
        row, r = task // most, task % most
        voice = whose[row]
        if voice >= 0 and r < beside[voice, at, layer, 0]:
            down = carray(floats(beside[voice, at, layer, 1]), (beside[voice, at, layer, 0], count))
            total = np.float32(0.0)
            for i in range(count):
                total += x[row, i] * down[r, i]
            out[row, r] = total


@njit(nogil=True, cache=True, fastmath=SUMS)
def _norm(x, norms, epsilon, centred, out):
    """RMSNorm or LayerNorm of every row."""
    rows, width = x.shape
    for row in range(rows):
        mean = np.float32(0.0)
        if centred:
            for i in range(width):
                mean += x[row, i]
            mean /= np.float32(width)
        total = np.float32(0.0)
        for i in range(width):
            apart = x[row, i] - mean
            total += apart * apart
        scale = np.float32(1.0) / np.sqrt(total / np.float32(width) + np.float32(epsilon))
        for i in range(width):
            out[row, i] = (x[row, i] - mean) * scale * norms[0, i] + norms[1, i]


@njit
def _shortened(number):
    """float32 to the nearest bfloat16; halves to even."""
    bits = as_bits(number)
    return np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@njit
def _dot(one, many, count, deep, coarse, out):
    """`dots` of this depth."""
    if deep == 64:
        if coarse:
            dots64h(one, many, count, out)
        else:
            dots64(one, many, count, out)
    elif deep == 32:
        if coarse:
            dots32h(one, many, count, out)
        else:
            dots32(one, many, count, out)
    elif coarse:
        dots128h(one, many, count, out)
    else:
        dots128(one, many, count, out)


@njit
def _mix(weights, many, count, deep, coarse, out):
    """`blend` of this depth."""
    if deep == 64:
        if coarse:
            blend64h(weights, many, count, out)
        else:
            blend64(weights, many, count, out)
    elif deep == 32:
        if coarse:
            blend32h(weights, many, count, out)
        else:
            blend32(weights, many, count, out)
    elif coarse:
        blend128h(weights, many, count, out)
    else:
        blend128(weights, many, count, out)


@njit(fastmath=SUMS)
def _soften(weights):
    """Softmax, in place."""
    best = weights[0]
    for weight in weights:
        best = max(best, weight)
    total = np.float32(0.0)
    for t in range(len(weights)):
        weights[t] = _exp(weights[t] - best)
        total += weights[t]
    for t in range(len(weights)):
        weights[t] /= total


@njit(parallel=True, nogil=True, cache=True, fastmath=SUMS)
def _attend(heads, groups, deep, turned, layer, mixed, turns, places, coarse, out):
    """Every row's attention over what it has written, and this step's keys and values written down."""
    rows, many = len(mixed), heads // groups
    scale = np.float32(1.0 / np.sqrt(deep))
    for task in prange(rows * groups):
        row, group = task // groups, task % groups
        asked = np.empty((many + 1, deep), np.float32)
        for q in range(many + 1):
            at = (group * many + q) * deep if q < many else (heads + group) * deep
            for i in range(deep):
                asked[q, i] = mixed[row, at + i]
            if turned:
                half = deep // 2
                for i in range(half):
                    low, high = mixed[row, at + i], mixed[row, at + half + i]
                    asked[q, i] = low * turns[0, row, i] + high * turns[1, row, i]
                    asked[q, half + i] = high * turns[0, row, half + i] + low * turns[1, row, half + i]
            if q < many:
                for i in range(deep):
                    asked[q, i] *= scale
        count, size = places[row, 4] + 1, 2 if coarse else 4
        keys = places[row, 0] + size * (layer * places[row, 1] + group * places[row, 3])
        values = keys + size * places[row, 2]
        last = size * (count - 1) * deep
        at = (heads + groups + group) * deep
        if coarse:
            new_key, new_value = carray(halves(keys + last), (deep,)), carray(halves(values + last), (deep,))
            for i in range(deep):
                new_key[i], new_value[i] = _shortened(asked[many, i]), _shortened(mixed[row, at + i])
        else:
            whole_key, whole_value = carray(floats(keys + last), (deep,)), carray(floats(values + last), (deep,))
            for i in range(deep):
                whole_key[i], whole_value[i] = asked[many, i], mixed[row, at + i]
        weights = np.empty(count, np.float32)
        for q in range(many):
            _dot(asked[q].ctypes.data, keys, count, deep, coarse, weights.ctypes.data)
            _soften(weights)
            place = out.ctypes.data + 4 * (row * out.shape[1] + (group * many + q) * deep)
            _mix(weights.ctypes.data, values, count, deep, coarse, place)


@njit(nogil=True, cache=True)
def step(plan, x, turns, places, coarse, beside, whose, most, threads, scores):
    """Each row writes on: x, its embedded token (rows, width), becomes what it ends as; scores are filled.

    `turns`: cosines and sines (2, rows, deep). `places`: of each row its memory's address, then in numbers how far
    apart layers, keys and values, and heads lie there, and how many tokens it holds; `coarse`: they are bfloat16.
    `beside`: of each voice, product and layer the rank and where its two matrices lie, (voices, 4, layers, 3); `whose`
    voice each row has, -1 for none; `most`, the highest rank. scores: (rows, panels x 16), float32.
    """
    rows, width = x.shape
    qkv, out, up, down = plan.products
    normed = np.empty((rows, width), np.float32)
    mixed = np.empty((rows, qkv.codes.shape[1] * WIDE), np.float32)
    seen = np.empty((rows, plan.heads * plan.deep), np.float32)
    inner = np.empty((rows, down.codes.shape[2]), np.float32)
    narrow = np.empty((rows, most), np.float32)
    for layer in range(len(plan.norms) // 2):
        _norm(x, plan.norms[2 * layer], plan.epsilon, plan.centred, normed)
        if most:
            _narrow(normed, layer, qkv.at, beside, whose, narrow)
        _multiply(qkv, layer, normed, beside, whose, narrow, threads, mixed)
        _attend(plan.heads, plan.groups, plan.deep, plan.turned, layer, mixed, turns, places, coarse, seen)
        if most:
            _narrow(seen, layer, out.at, beside, whose, narrow)
        _multiply(out, layer, seen, beside, whose, narrow, threads, x)
        _norm(x, plan.norms[2 * layer + 1], plan.epsilon, plan.centred, normed)
        if most:
            _narrow(normed, layer, up.at, beside, whose, narrow)
        _multiply(up, layer, normed, beside, whose, narrow, threads, inner)
        if most:
            _narrow(inner, layer, down.at, beside, whose, narrow)
        _multiply(down, layer, inner, beside, whose, narrow, threads, x)
    _norm(x, plan.norms[-1], plan.epsilon, plan.centred, normed)
    nobody = np.full(rows, -1)
    _multiply(plan.head, np.int64(0), normed, beside, nobody, narrow, threads, scores)


@njit(nogil=True, cache=True)
def product(weights, layer, x, together, threads, out):
    """x (rows, inputs) through a linear layer into out (rows, panels x 16), so many rows at a time."""
    nobody, nothing = np.full(together, -1), np.empty((together, 0), np.float32)
    beside = np.empty((0, 4, 1, 3), np.int64)
    for begin in range(0, len(x), together):
        end = min(begin + together, len(x))
        _multiply(weights, layer, x[begin:end], beside, nobody, nothing, threads, out[begin:end])
