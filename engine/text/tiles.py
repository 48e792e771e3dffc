"""The innermost loops of `kernels`, in LLVM's own terms: sixteen numbers at a time.

Addresses are whole numbers, strides count numbers. Vectors of sixteen become two registers of AVX2 or one of AVX-512.
Sums stay in registers, each output in one chain over its inputs, so that its bits depend on nothing but its own row.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDE = 16
"""Outputs side by side in a panel."""
GROUP = 64
"""Inputs that share a scale."""
TALL = 6  # rows of a tile: with two registers of eight a row, what AVX2 can hold
MORE = 3  # rows of a blend from which on it is 16 numbers wide, not 32

FLOAT, BYTE, LONG = ir.FloatType(), ir.IntType(8), ir.IntType(64)


def _everywhere(builder: Any, number: Any) -> Any:
    """A number of 32 bits sixteen times."""
    some = ir.Constant(ir.VectorType(number.type, WIDE), ir.Undefined)
    first = builder.insert_element(some, number, ir.IntType(32)(0))
    return builder.shuffle_vector(first, some, ir.Constant(ir.VectorType(ir.IntType(32), WIDE), [0] * WIDE))


def _read(builder: Any, address: Any) -> Any:
    """Sixteen float32 at an address."""
    return builder.load(builder.inttoptr(address, ir.VectorType(FLOAT, WIDE).as_pointer()), align=4)


def _widened(builder: Any, address: Any) -> Any:
    """Sixteen bfloat16 at an address, as float32."""
    wide = ir.VectorType(ir.IntType(32), WIDE)
    bits = builder.load(builder.inttoptr(address, ir.VectorType(ir.IntType(16), WIDE).as_pointer()), align=2)
    whole = builder.shl(builder.zext(bits, wide), ir.Constant(wide, [16] * WIDE))
    return builder.bitcast(whole, ir.VectorType(FLOAT, WIDE))


def _fma(builder: Any) -> Any:
    vector = ir.VectorType(FLOAT, WIDE)
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), "llvm.fma.v16f32")


Turn = Callable[[Any, Sequence[Any]], list[Any]]


def _loop(builder: Any, count: Any, begin: Sequence[Any], turn: Turn) -> list[Any]:
    """What vectors come to that stay in registers while `turn(number, vectors)` makes new ones, `count` times."""
    before = builder.block
    loop, after = builder.append_basic_block("loop"), builder.append_basic_block("looped")
    builder.branch(loop)
    builder.position_at_end(loop)
    at, kept = builder.phi(LONG), [builder.phi(vector.type) for vector in begin]
    found = turn(at, kept)
    onward = builder.add(at, LONG(1))
    builder.cbranch(builder.icmp_signed("<", onward, count), loop, after)
    for phi, first, next_ in zip([at, *kept], [LONG(0), *begin], [onward, *found], strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(next_, loop)
    builder.position_at_end(after)
    return found


def _fetch(builder: Any, place: Any) -> None:
    """Have the next panel's weights on their way while this one's are used."""
    number = ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(fetch, [place, number(0), number(2), number(1)])


def _paired(builder: Any, one: Any, other: Any) -> Any:
    """Sixteen int32: of two times sixteen pairs of int16, the sum of each pair's products (x86's pmaddwd)."""
    whole = ir.VectorType(ir.IntType(32), 2 * WIDE)
    both = builder.mul(builder.sext(one, whole), builder.sext(other, whole))
    first, second = (
        builder.shuffle_vector(both, both, ir.Constant(ir.VectorType(ir.IntType(32), WIDE), [*range(at, 2 * WIDE, 2)]))
        for at in range(2)
    )
    return builder.add(first, second)


def _tile(rows: int) -> Any:
    """tile(x, sizes, stride, weights, count, scales, bias, out, out_stride, adds): `rows` x 16 outputs.

    x is int16 (rows, count), `sizes` float32 (rows, count / GROUP) says what 1 stands for; rows are `stride` numbers of
    x, and `stride` / GROUP sizes, apart. The weights are int8 (count / 2, 16, 2), `scales` (count / GROUP, 16) and
    `bias` (16) float32. Each output is the sum of its products, whole numbers GROUP by GROUP, each times its two
    scales, plus its bias, and what was there if `adds`.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, sizes, stride, weights, count, scales, bias, out, out_stride, adds = args
        number, vector, numbers = ir.IntType(32), ir.VectorType(FLOAT, WIDE), ir.VectorType(ir.IntType(32), WIDE)
        bytes_, shorts = ir.VectorType(BYTE, 2 * WIDE), ir.VectorType(ir.IntType(16), 2 * WIDE)
        begins = [
            builder.inttoptr(builder.add(x, builder.mul(stride, LONG(2 * row))), number.as_pointer())
            for row in range(rows)
        ]
        first = builder.inttoptr(weights, bytes_.as_pointer())
        pairs, groups = builder.udiv(count, LONG(2)), builder.udiv(count, LONG(GROUP))
        totals = [cgutils.alloca_once(builder, vector) for _ in range(rows)]
        start = _read(builder, bias)
        for total in totals:
            builder.store(start, total)
        with cgutils.for_range(builder, groups) as group:
            base = builder.mul(group.index, LONG(GROUP // 2))

            def turn(pair: Any, sums: Sequence[Any], base: Any = base) -> list[Any]:
                at = builder.add(base, pair)
                _fetch(builder, builder.gep(first, [builder.add(at, pairs)]))
                codes = builder.sext(builder.load(builder.gep(first, [at]), align=1), shorts)
                twos = [_everywhere(builder, builder.load(builder.gep(begin, [at]), align=2)) for begin in begins]
                return [
                    builder.add(sum_, _paired(builder, builder.bitcast(two, shorts), codes))
                    for two, sum_ in zip(twos, sums, strict=True)
                ]

            following = _loop(builder, LONG(GROUP // 2), [ir.Constant(numbers, [0] * WIDE)] * rows, turn)
            scale = _read(builder, builder.add(scales, builder.mul(group.index, LONG(4 * WIDE))))
            for row, (total, found) in enumerate(zip(totals, following, strict=True)):
                to = builder.add(builder.mul(builder.udiv(stride, LONG(GROUP)), LONG(row)), group.index)
                size = builder.load(builder.gep(builder.inttoptr(sizes, FLOAT.as_pointer()), [to]))
                sized = builder.fmul(builder.sitofp(found, vector), _everywhere(builder, size))
                builder.store(builder.call(_fma(builder), [sized, scale, builder.load(total)]), total)
        more = builder.icmp_signed("!=", adds, LONG(0))
        for row, total in enumerate(totals):
            place = builder.inttoptr(builder.add(out, builder.mul(out_stride, LONG(4 * row))), vector.as_pointer())
            found = builder.load(total)
            found = builder.select(more, builder.fadd(found, builder.load(place, align=4)), found)
            builder.store(found, place, align=4)
        return context.get_dummy_value()

    @intrinsic
    def tile(
        typing: Any, x: Any, sizes: Any, stride: Any, weights: Any, count: Any, scales: Any, bias: Any, out: Any,
        apart: Any, adds: Any,
    ) -> Any:  # fmt: skip
        return types.void(*[types.int64] * 10), code

    return tile


def _blend(rows: int) -> Any:
    """blend(weights, stride, many, apart, count, out, out_stride): sums of `count` vectors, `rows` ways of weighing.

    The weights are float32 (rows, count), `stride` apart, the vectors bfloat16 (count, 32), `apart` apart, of which few
    rows take all, more take 16. Each sum is one chain, so that vectors of weight 0 at its end change no bit.
    """
    parts = range(2 if rows < MORE else 1)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        weights, stride, many, apart, count, out, out_stride = args
        vector = ir.VectorType(FLOAT, WIDE)
        begins = [
            builder.inttoptr(builder.add(weights, builder.mul(stride, LONG(4 * row))), FLOAT.as_pointer())
            for row in range(rows)
        ]

        def turn(at: Any, sums: Sequence[Any]) -> list[Any]:
            place = builder.add(many, builder.mul(at, builder.mul(apart, LONG(2))))
            found = [_widened(builder, builder.add(place, LONG(2 * WIDE * part))) for part in parts]
            much = [_everywhere(builder, builder.load(builder.gep(begin, [at]))) for begin in begins]
            pairs = [(one, other) for one in much for other in found]
            return [builder.call(_fma(builder), [*pair, sum_]) for pair, sum_ in zip(pairs, sums, strict=True)]

        begin = [ir.Constant(vector, [0.0] * WIDE)] * (rows * len(parts))
        for number, total in enumerate(_loop(builder, count, begin, turn)):
            row, part = divmod(number, len(parts))
            place = builder.add(out, builder.mul(out_stride, LONG(4 * row)))
            place = builder.inttoptr(builder.add(place, LONG(4 * WIDE * part)), vector.as_pointer())
            builder.store(total, place, align=4)
        return context.get_dummy_value()

    @intrinsic
    def blend(
        typing: Any, weights: Any, stride: Any, many: Any, apart: Any, count: Any, out: Any, out_stride: Any
    ) -> Any:
        return types.void(*[types.int64] * 7), code

    return blend


@intrinsic
def turn_over(typing: Any, many: Any, apart: Any, last: Any, out: Any, out_apart: Any) -> Any:
    """Of 16 x 16 numbers of sixteen bits, what were rows become columns; from row `last` on all rows are that one."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        many, apart, last, out, out_apart = args
        vector = ir.VectorType(ir.IntType(16), WIDE)
        pointer, half = vector.as_pointer(), WIDE // 2
        rows = []
        for row in range(WIDE):
            at = builder.select(builder.icmp_signed("<", LONG(row), last), LONG(row), last)
            place = builder.add(many, builder.mul(at, builder.mul(apart, LONG(2))))
            rows.append(builder.load(builder.inttoptr(place, pointer), align=2))
        low, high = (
            ir.Constant(
                ir.VectorType(ir.IntType(32), WIDE), [at + i for i in range(half) for at in (begin, begin + WIDE)]
            )
            for begin in (0, half)
        )
        for _ in range(4):  # shuffled like two halves of a deck of cards, which after four times is a transpose
            rows = [
                builder.shuffle_vector(rows[at], rows[at + half], order) for at in range(half) for order in (low, high)
            ]
        for row, found in enumerate(rows):
            place = builder.add(out, builder.mul(out_apart, LONG(2 * row)))
            builder.store(found, builder.inttoptr(place, pointer), align=2)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), code


tile1, tile2, tile3, tile4, tile5, tile6 = (_tile(rows) for rows in range(1, TALL + 1))
blend1, blend2, blend3, blend4, blend5, blend6 = (_blend(rows) for rows in range(1, TALL + 1))


@intrinsic
def add_to(typing: Any, address: Any, amount: Any) -> Any:
    """What an int64 was before so much was added, in one step that all threads see in the same order."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", builder.inttoptr(args[0], LONG.as_pointer()), args[1], "acq_rel")

    return types.int64(types.int64, types.int64), code


@intrinsic
def look_at(typing: Any, address: Any) -> Any:
    """An int64 that other threads add to."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], LONG.as_pointer()), "acquire", 8)

    return types.int64(types.int64), code


@intrinsic
def give_way(typing: Any) -> Any:
    """Let another thread have the core (POSIX sched_yield)."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if os.name == "posix":
            kind = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def floats(typing: Any, address: Any) -> Any:
    """An address as a pointer to float32."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float32)(types.int64), code


@intrinsic
def halves(typing: Any, address: Any) -> Any:
    """An address as a pointer to what bfloat16 is kept in."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.uint16)(types.int64), code


@intrinsic
def as_float(typing: Any, bits: Any) -> Any:
    """The float32 of these bits."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], FLOAT)

    return types.float32(types.uint32), code


@intrinsic
def as_bits(typing: Any, number: Any) -> Any:
    """The bits of a float32."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.uint32(types.float32), code
