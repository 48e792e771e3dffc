"""The innermost loops of `kernels`, in LLVM's own terms: sixteen numbers at a time.

Addresses are whole numbers, strides count numbers. Vectors of sixteen become two registers of AVX2 or one of AVX-512.
Sums stay in registers, each output in one chain of fused multiply-adds over its inputs, so that its bits depend on
nothing but its own row.
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
DEPTHS = (32, 64, 128)
"""Widths of a head that attention is written for."""

FLOAT, BYTE, LONG = ir.FloatType(), ir.IntType(8), ir.IntType(64)


def _everywhere(builder: Any, number: Any) -> Any:
    """A number sixteen times."""
    some = ir.Constant(ir.VectorType(FLOAT, WIDE), ir.Undefined)
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


def _tile(rows: int) -> Any:
    """tile(x, stride, weights, count, scales, bias, out, out_stride, adds): `rows` x 16 outputs.

    Addresses and strides in numbers; x is float32, the weights are int8 (count, 16), `scales` (count / GROUP, 16) and
    `bias` (16) float32. Each output is the sum of its products, GROUP by GROUP times a scale, plus its bias, and what
    was there if `adds`.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, stride, weights, count, scales, bias, out, out_stride, adds = args
        vector, bytes_ = ir.VectorType(FLOAT, WIDE), ir.VectorType(BYTE, WIDE)
        begins = [
            builder.inttoptr(builder.add(x, builder.mul(stride, LONG(4 * row))), FLOAT.as_pointer())
            for row in range(rows)
        ]
        first = builder.inttoptr(weights, bytes_.as_pointer())
        totals = [cgutils.alloca_once(builder, vector) for _ in range(rows)]
        start = _read(builder, bias)
        for total in totals:
            builder.store(start, total)
        with cgutils.for_range(builder, builder.udiv(count, LONG(GROUP))) as groups:
            base = builder.mul(groups.index, LONG(GROUP))

            def turn(number: Any, sums: Sequence[Any], base: Any = base) -> list[Any]:
                at = builder.add(base, number)
                _fetch(builder, builder.gep(first, [builder.add(at, count)]))
                codes = builder.load(builder.gep(first, [at]), align=1)
                wide = builder.sitofp(builder.sext(codes, ir.VectorType(ir.IntType(32), WIDE)), vector)
                ones = [_everywhere(builder, builder.load(builder.gep(begin, [at]))) for begin in begins]
                return [builder.call(_fma(builder), [one, wide, sum_]) for one, sum_ in zip(ones, sums, strict=True)]

            following = _loop(builder, LONG(GROUP), [ir.Constant(vector, [0.0] * WIDE)] * rows, turn)
            scale = _read(builder, builder.add(scales, builder.mul(groups.index, LONG(4 * WIDE))))
            for total, found in zip(totals, following, strict=True):
                builder.store(builder.call(_fma(builder), [found, scale, builder.load(total)]), total)
        more = builder.icmp_signed("!=", adds, LONG(0))
        for row, total in enumerate(totals):
            place = builder.inttoptr(builder.add(out, builder.mul(out_stride, LONG(4 * row))), vector.as_pointer())
            found = builder.load(total)
            found = builder.select(more, builder.fadd(found, builder.load(place, align=4)), found)
            builder.store(found, place, align=4)
        return context.get_dummy_value()

    @intrinsic
    def tile(
        typing: Any, x: Any, stride: Any, weights: Any, count: Any, scales: Any, bias: Any, out: Any, apart: Any,
        adds: Any,
    ) -> Any:  # fmt: skip
        return types.void(*[types.int64] * 9), code

    return tile


def _of_four(code: Any) -> Any:
    """What takes four whole numbers and returns nothing."""

    @intrinsic
    def four(typing: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
        return types.void(*[types.int64] * 4), code

    return four


def _dots(chunks: int) -> Any:
    """dots(one, many, count, out): what a float32 vector of `chunks` x 16 comes to with `count` others of bfloat16."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one, many, count, out = args
        vector = ir.VectorType(FLOAT, WIDE)
        kind = ir.FunctionType(FLOAT, [FLOAT, vector])
        add_up = cgutils.get_or_insert_function(builder.module, kind, "llvm.vector.reduce.fadd.v16f32")
        mine = [_read(builder, builder.add(one, LONG(4 * WIDE * chunk))) for chunk in range(chunks)]
        with cgutils.for_range(builder, count) as loop:
            place = builder.add(many, builder.mul(loop.index, LONG(chunks * 2 * WIDE)))
            total = ir.Constant(vector, [0.0] * WIDE)
            for chunk, part in enumerate(mine):
                other = _widened(builder, builder.add(place, LONG(2 * WIDE * chunk)))
                total = builder.call(_fma(builder), [part, other, total])
            found = builder.call(add_up, [FLOAT(0.0), total], fastmath=("reassoc",))
            builder.store(found, builder.gep(builder.inttoptr(out, FLOAT.as_pointer()), [loop.index]))
        return context.get_dummy_value()

    return _of_four(code)


def _blend(chunks: int) -> Any:
    """blend(weights, many, count, out): the weighted sum, float32, of `count` vectors of `chunks` x 16 bfloat16."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        weights, many, count, out = args
        vector = ir.VectorType(FLOAT, WIDE)

        def turn(at: Any, sums: Sequence[Any]) -> list[Any]:
            much = _everywhere(builder, builder.load(builder.gep(builder.inttoptr(weights, FLOAT.as_pointer()), [at])))
            place = builder.add(many, builder.mul(at, LONG(chunks * 2 * WIDE)))
            others = [_widened(builder, builder.add(place, LONG(2 * WIDE * chunk))) for chunk in range(chunks)]
            return [builder.call(_fma(builder), [much, *pair]) for pair in zip(others, sums, strict=True)]

        for chunk, total in enumerate(_loop(builder, count, [ir.Constant(vector, [0.0] * WIDE)] * chunks, turn)):
            place = builder.add(out, LONG(4 * WIDE * chunk))
            builder.store(total, builder.inttoptr(place, vector.as_pointer()), align=4)
        return context.get_dummy_value()

    return _of_four(code)


tile1, tile2, tile3, tile4, tile5, tile6 = (_tile(rows) for rows in range(1, TALL + 1))
dots32, dots64, dots128 = (_dots(deep // WIDE) for deep in DEPTHS)
blend32, blend64, blend128 = (_blend(deep // WIDE) for deep in DEPTHS)


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
