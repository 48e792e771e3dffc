"""What a layer does to rows, as loops that numba compiles.

Weights of eight bits (half of what bfloat16 moves, a quarter of float32) are multiplied with rows of sixteen bits in
whole numbers, two products an instruction; all else is float32. Each function does some of the tasks of a stage (see
`stages`), from `begin` to `end`. What a row comes to does not depend on the rows beside it: every number is summed in
one order, whichever tile it is in.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import carray, njit

from engine.text.tiles import GROUP, TALL, WIDE, as_bits, as_float, blend, enrich, halves, tile, turn_over

SUMS = {"reassoc", "contract", "nsz"}  # may be added in another order, the same for every row; not-a-number stays so
WHOLE, HALF = 4, 2  # bytes of a float32, and of a bfloat16 or an int16
CODES, LEAST = np.float32(32767.0), np.float32(1e-30)  # the largest int16; less than this is nothing
BROAD = 32
"""Tokens or numbers that attention looks at together; heads are of so many numbers, or a multiple."""
SIGNLESS = np.uint32(0x7FFFFFFF)
KEEP, ADD, GELU, SWIGLU = range(4)
"""What becomes of a product's outputs."""


class Weights(NamedTuple):
    """A linear layer of every block: int8 codes (layers, panels, inputs / 2, 16, 2),
    scales (layers, panels, inputs / GROUP, 16), biases (layers, panels, 16).

    `at`: which of a block's products it is; `mode`: what becomes of its outputs. (As variables: numba compiles
    once more for every constant.)
    """

    codes: Any
    scales: Any
    biases: Any
    at: int
    mode: int


class Rounded(NamedTuple):
    """Rows before a product: int16 codes (rows, inputs or more) and what 1 stands for, float32 (rows, 1 a GROUP)."""

    codes: Any
    sizes: Any


@njit
def _height(rows):
    """How many of these rows go next: two tiles of one height take less than a full one and a rest."""
    if rows >= 2 * TALL or rows == TALL:
        return TALL
    return rows if rows < TALL else rows - rows // 2


@njit
def _tiles(rows, x, sizes, stride, weights, count, scales, bias, out, out_stride, adds):
    """`tile` of any number of rows."""
    while rows > 0:
        tall = _height(rows)
        tile(tall, x, sizes, stride, weights, count, scales, bias, out, out_stride, adds)
        x, sizes = x + HALF * stride * tall, sizes + WHOLE * (stride // GROUP) * tall
        out, rows = out + WHOLE * out_stride * tall, rows - tall


@njit
def round_off(x, rounded, begin, end):
    """Some rows in sixteen bits: of every GROUP the largest is 32767. One with a number that is none comes to none."""
    groups = x.shape[1] // GROUP
    for row in range(begin, end):
        for group in range(groups):
            some, to = x[row, group * GROUP : (group + 1) * GROUP], rounded.codes[row, group * GROUP :]
            top = np.uint32(0)
            for i in range(GROUP):  # as whole numbers, which go by size as positive float32 do, infinity and NaN last
                top = max(top, np.uint32(as_bits(some[i]) & SIGNLESS))
            most = as_float(top)
            rounded.sizes[row, group] = most / CODES
            inverse = CODES / most if LEAST < most < np.inf else np.float32(0.0)
            for i in range(GROUP):
                to[i] = np.int16(np.rint(some[i] * inverse)) if inverse else np.int16(0)


@njit(fastmath=SUMS, error_model="numpy")
def _exp(x):
    """e to the x in float32 within 2e-7, for x up to 88: a polynomial (Cephes), which goes eight at a time."""
    odd = x - x  # not a number where x is none
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    whole = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    x = x - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
    y = np.float32(1.9875691500e-4)
    y = y * x + np.float32(1.3981999507e-3)
    y = y * x + np.float32(8.3334519073e-3)
    y = y * x + np.float32(4.1665795894e-2)
    y = y * x + np.float32(1.6666665459e-1)
    y = y * x + np.float32(5.0000001201e-1)
    y = y * x * x + x + np.float32(1.0)
    return y * as_float(np.uint32((np.int32(whole) + np.int32(127)) << np.int32(23))) + odd


@njit(fastmath=SUMS, error_model="numpy")
def _swish(gates, values):
    """SwiGLU (Shazeer 2020): each gate becomes gate x sigmoid(gate) x value. Flat, so that it goes eight at a time."""
    for i in range(len(gates)):
        gates[i] = gates[i] / (np.float32(1.0) + _exp(-gates[i])) * values[i]


@njit(fastmath=SUMS, error_model="numpy")
def _gelu(values):
    """GELU (Hendrycks & Gimpel 2016, with tanh), in place."""
    for i in range(len(values)):
        y = values[i]
        bend = np.float32(1.5957691216) * (y + np.float32(0.044715) * y * y * y)
        values[i] = y / (np.float32(1.0) + _exp(-bend))


@njit(fastmath=SUMS, error_model="numpy")
def _panel(weights, layer, panel, rows, rounded, beside, whose, narrow, out, out_stride, adds):
    """One panel's outputs for all rows, at the address `out`: the base's, its bias, and what each row's voice adds."""
    panels, count = weights.codes.shape[1], 2 * weights.codes.shape[2]
    at = layer * panels + panel
    codes, scales = (
        weights.codes.ctypes.data + at * count * WIDE,
        weights.scales.ctypes.data + at * (count // GROUP) * WHOLE * WIDE,
    )
    bias = weights.biases.ctypes.data + at * WHOLE * WIDE
    x, sizes, stride = rounded.codes.ctypes.data, rounded.sizes.ctypes.data, rounded.codes.shape[1]
    _tiles(rows, x, sizes, stride, codes, count, scales, bias, out, out_stride, adds)
    if not narrow.shape[1] or weights.at >= beside.shape[1]:
        return
    row = 0
    while row < rows:
        begin, row = row, _alike(whose, row, rows)
        rank = beside[whose[begin], weights.at, layer, 0] if whose[begin] >= 0 else 0
        if rank:
            up = beside[whose[begin], weights.at, layer, 2] + WHOLE * WIDE * panel
            mine = narrow.ctypes.data + WHOLE * narrow.shape[1] * begin
            to = out + WHOLE * out_stride * begin
            _enriched(row - begin, mine, narrow.shape[1], up, panels * WIDE, rank, to, out_stride)


@njit(fastmath=SUMS, error_model="numpy")
def multiply(weights, layer, rows, rounded, beside, whose, narrow, out, begin, end):
    """Some panels of the rounded rows through a linear layer and the voices beside it, into `out` as its mode says."""
    mode, stride, place = weights.mode, out.shape[1], out.ctypes.data
    apart = np.empty((2, rows, WIDE), np.float32)
    for panel in range(begin, end):
        for half in range(2 if mode == SWIGLU else 1):
            far, to, to_stride = panel + half * weights.codes.shape[1] // 2, place + WHOLE * WIDE * panel, stride
            if mode > ADD:
                to, to_stride = apart[half].ctypes.data, WIDE
            _panel(weights, layer, far, rows, rounded, beside, whose, narrow, to, to_stride, np.int64(mode == ADD))
        if mode == SWIGLU:
            _swish(apart[0].reshape(-1), apart[1].reshape(-1))
        elif mode == GELU:
            _gelu(apart[0].reshape(-1))
        for row in range(rows if mode > ADD else 0):
            for i in range(WIDE):
                out[row, WIDE * panel + i] = apart[0, row, i]


@njit
def _alike(whose, row, end):
    """The first row after this one that has another voice."""
    begin = row
    while row < end and whose[row] == whose[begin]:
        row += 1
    return row


@njit
def _enriched(rows, weights, stride, many, between, count, out, out_stride):
    """`enrich` of any number of rows."""
    while rows > 0:
        tall = _height(rows)
        enrich(tall, weights, stride, many, between, count, out, out_stride)
        weights, out, rows = weights + WHOLE * stride * tall, out + WHOLE * out_stride * tall, rows - tall


@njit
def narrow(x, layer, at, beside, whose, out, begin, end):
    """What some rows' voices make of x before they widen it again; nothing beside the ranks."""
    count, row = x.shape[1], begin
    for some in range(begin, end):
        for i in range(out.shape[1]):
            out[some, i] = 0.0
    while row < end:
        first, row = row, _alike(whose, row, end)
        rank = beside[whose[first], at, layer, 0] if whose[first] >= 0 else 0
        between = (rank + WIDE - 1) // WIDE * WIDE
        for r in range(0, rank, WIDE):
            to = out.ctypes.data + WHOLE * (out.shape[1] * first + r)
            mine, down = x.ctypes.data + WHOLE * count * first, beside[whose[first], at, layer, 1] + WHOLE * r
            _enriched(row - first, mine, count, down, between, count, to, out.shape[1])


@njit(fastmath=SUMS, error_model="numpy")
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


@njit(fastmath=SUMS | {"nnan"})
def _largest(weights):
    """The largest; any of them where one is not a number."""
    best = weights[0]
    for weight in weights:
        best = max(best, weight)
    return best


@njit(fastmath=SUMS, error_model="numpy")
def _soften(weights):
    """Softmax, in place; of a not-a-number come nothing but such."""
    best, total = _largest(weights), np.float32(0.0)
    for t in range(len(weights)):
        weights[t] = _exp(weights[t] - best)
        total += weights[t]
    share = np.float32(1.0) / total
    for t in range(len(weights)):
        weights[t] *= share


@njit
def _blends(rows, weights, stride, many, between, count, out, out_stride):
    """`blend` of any number of rows."""
    while rows > 0:
        tall = _height(rows)
        blend(tall, weights, stride, many, between, count, out, out_stride)
        weights, out, rows = weights + WHOLE * stride * tall, out + WHOLE * out_stride * tall, rows - tall


@njit
def _look(asked, counts, keys, values, turned, weights, seen):
    """Attention of queries (number, deep), each over its first `counts` tokens, into `seen`, (number, deep).

    `keys` and `values` are addresses; the last query sees most. Keys are turned over, 32 at a time, so that sixteen are
    weighed at once; what a query does not see weighs nothing.
    """
    many, deep = asked.shape
    count, stride = counts[many - 1], weights.shape[1]
    for begin in range(0, count, BROAD):
        for part in range(0, BROAD, WIDE):
            first = min(begin + part, count - 1)
            for at in range(0, deep, WIDE):
                to = turned.ctypes.data + HALF * (at * BROAD + part)
                turn_over(keys + HALF * (first * deep + at), deep, count - 1 - first, to, BROAD)
        place = weights.ctypes.data + WHOLE * begin
        _blends(many, asked.ctypes.data, deep, turned.ctypes.data, BROAD, deep, place, stride)
    for query in range(many):
        _soften(weights[query, : counts[query]])
        for at in range(counts[query], stride):
            weights[query, at] = 0.0
    for at in range(0, deep, BROAD):
        to = seen.ctypes.data + WHOLE * at
        _blends(many, weights.ctypes.data, stride, values + HALF * at, deep, count, to, deep)


@njit(fastmath=SUMS, error_model="numpy")
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


@njit(fastmath=SUMS, error_model="numpy")
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


@njit(fastmath=SUMS, error_model="numpy")
def attend(heads, groups, deep, turned, mixed, turns, places, layer, blocks, out, begin, end):
    """What the heads of a group take, for all rows of a block, from the tokens before each and its own."""
    many, scale = heads // groups, np.float32(1.0 / np.sqrt(deep))
    flipped = np.empty((deep, BROAD), np.uint16)
    for task in range(begin, end):
        block, group = task // groups, task % groups
        first, last = blocks[block], blocks[block + 1] - 1
        asked = np.empty(((last + 1 - first) * many, deep), np.float32)
        counts = np.empty(len(asked), np.int64)
        for query in range(len(asked)):
            row, head = first + query // many, group * many + query % many
            _turn(mixed, head * deep, deep, turned, turns, row, asked[query])
            for i in range(deep):
                asked[query, i] *= scale
            counts[query] = places[row, 4] + 1
        keys = places[first, 0] + HALF * (layer * places[first, 1] + group * places[first, 3])
        weights = np.empty((len(asked), (places[last, 4] // BROAD + 1) * BROAD), np.float32)
        seen = np.empty((len(asked), deep), np.float32)
        _look(asked, counts, keys, keys + HALF * places[first, 2], flipped, weights, seen)
        for query in range(len(asked)):
            row, head = first + query // many, group * many + query % many
            for i in range(deep):
                out[row, head * deep + i] = seen[query, i]
