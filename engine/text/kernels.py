"""What a layer does to rows, as loops that numba compiles: int8 weights, float32 sums.

Weights of eight bits are widened in the registers where they are multiplied (half of what bfloat16 moves, a quarter of
float32). Each function does some of the tasks of a stage (see `stages`), from `begin` to `end`. What a row comes to
does not depend on the rows beside it: every number is summed in one order, whichever tile it is in.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import carray, njit

from engine.text.tiles import (
    GROUP,
    TALL,
    WIDE,
    as_bits,
    as_float,
    blend32,
    blend64,
    blend128,
    dots32,
    dots64,
    dots128,
    floats,
    halves,
    tile1,
    tile2,
    tile3,
    tile4,
    tile5,
    tile6,
)  # fmt: skip

SUMS = {"reassoc", "contract", "nsz"}  # may be added in another order, the same for every row; not-a-number stays so
HALF = 2  # bytes of a bfloat16
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


@njit(fastmath=SUMS)
def multiply(weights, layer, x, beside, whose, narrow, out, begin, end):
    """Some panels of x through a linear layer and the voices beside it, into `out` as its mode says."""
    rows, mode, stride, place = len(x), weights.mode, out.shape[1], out.ctypes.data
    if mode <= ADD:
        for panel in range(begin, end):
            to = place + 4 * WIDE * panel
            _panel(weights, layer, panel, x, beside, whose, narrow, to, stride, mode)
        return
    found, other = np.empty((rows, WIDE), np.float32), np.empty((rows, WIDE), np.float32)
    for panel in range(begin, end):
        _panel(weights, layer, panel, x, beside, whose, narrow, found.ctypes.data, WIDE, KEEP)
        if mode == SWIGLU:
            far = panel + weights.codes.shape[1] // 2
            _panel(weights, layer, far, x, beside, whose, narrow, other.ctypes.data, WIDE, KEEP)
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


@njit(fastmath=SUMS)
def narrow(x, layer, at, beside, whose, out, begin, end):
    """What some rows' voices make of x before they widen it again."""
    count = x.shape[1]
    for row in range(begin, end):
        voice = whose[row]
        if voice < 0:
            continue
        rank = beside[voice, at, layer, 0]
        down = carray(floats(beside[voice, at, layer, 1]), (rank, count))
        for r in range(rank):
            total = np.float32(0.0)
            for i in range(count):
                total += x[row, i] * down[r, i]
            out[row, r] = total


@njit(fastmath=SUMS)
def norm(x, norms, epsilon, centred, out, begin, end):
    """RMSNorm or LayerNorm of some rows."""
    width = x.shape[1]
    for row in range(begin, end):
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


@njit
def _look(deep, weights, keys, values, count, asked, out):
    """One query's attention over `count` tokens; all but `deep`, `count` and the array `weights` are addresses."""
    if deep == 64:
        dots64(asked, keys, count, weights.ctypes.data)
        _soften(weights)
        blend64(weights.ctypes.data, values, count, out)
    elif deep == 32:
        dots32(asked, keys, count, weights.ctypes.data)
        _soften(weights)
        blend32(weights.ctypes.data, values, count, out)
    else:
        dots128(asked, keys, count, weights.ctypes.data)
        _soften(weights)
        blend128(weights.ctypes.data, values, count, out)


@njit(fastmath=SUMS)
def _turn(mixed, at, deep, turned, turns, row, out):
    """A head's query or key, which begins at `at` in its row, in its position."""
    if not turned:
        for i in range(deep):
            out[i] = mixed[row, at + i]
        return
    half = deep // 2
    for i in range(half):
        low, high = mixed[row, at + i], mixed[row, at + half + i]
        out[i] = low * turns[0, row, i] + high * turns[1, row, i]
        out[half + i] = high * turns[0, row, half + i] + low * turns[1, row, half + i]


@njit(fastmath=SUMS)
def remember(heads, groups, deep, turned, layer, mixed, turns, places, begin, end):
    """Write the keys and values of some rows down, before any row looks at those of another."""
    key = np.empty(deep, np.float32)
    for row in range(begin, end):
        for group in range(groups):
            _turn(mixed, (heads + group) * deep, deep, turned, turns, row, key)
            to = places[row, 0] + HALF * (layer * places[row, 1] + group * places[row, 3] + places[row, 4] * deep)
            at = (heads + groups + group) * deep
            new_key, new_value = carray(halves(to), (deep,)), carray(halves(to + HALF * places[row, 2]), (deep,))
            for i in range(deep):
                new_key[i], new_value[i] = _shortened(key[i]), _shortened(mixed[row, at + i])


@njit(fastmath=SUMS)
def attend(heads, groups, deep, turned, layer, mixed, turns, places, out, begin, end):
    """What some rows, head by head, take from the tokens before them and their own."""
    many, scale = heads // groups, np.float32(1.0 / np.sqrt(deep))
    asked = np.empty(deep, np.float32)
    for task in range(begin, end):
        row, group = task // groups, task % groups
        keys = places[row, 0] + HALF * (layer * places[row, 1] + group * places[row, 3])
        values, count = keys + HALF * places[row, 2], places[row, 4] + 1
        weights = np.empty(count, np.float32)
        for head in range(group * many, (group + 1) * many):
            _turn(mixed, head * deep, deep, turned, turns, row, asked)
            for i in range(deep):
                asked[i] *= scale
            to = out.ctypes.data + 4 * (row * out.shape[1] + head * deep)
            _look(deep, weights, keys, values, count, asked.ctypes.data, to)
