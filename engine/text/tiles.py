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
MORE = 3  # rows of a blend from which on it is written in two halves

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


def _by_height(builder: Any, rows: Any, body: Callable[[int], None]) -> None:
    """The code for so many rows, of 1 to TALL."""
    after = builder.append_basic_block("written")
    blocks = [builder.append_basic_block(f"rows{number}") for number in range(1, TALL + 1)]
    switch = builder.switch(rows, after)
    for number, block in enumerate(blocks, 1):
        switch.add_case(LONG(number), block)
        builder.position_at_end(block)
        body(number)
        builder.branch(after)
    builder.position_at_end(after)


def _rows(builder: Any, begin: Any, stride: Any, size: int, rows: int, kind: Any) -> list[Any]:
    """Where so many rows begin, `stride` numbers of `size` bytes apart, as pointers to this kind."""
    return [
        builder.inttoptr(builder.add(begin, builder.mul(stride, LONG(size * row))), kind.as_pointer())
        for row in range(rows)
    ]


@intrinsic
def tile(
    typing: Any, rows: Any, x: Any, sizes: Any, stride: Any, weights: Any, count: Any, scales: Any, bias: Any, out: Any,
    apart: Any, adds: Any,
) -> Any:  # fmt: skip
    """Up to TALL rows x 16 outputs of a product, `apart` numbers apart.

    x is int16 (rows, count), `sizes` float32 (rows, count / GROUP) says what 1 stands for; rows are `stride` numbers of
    x, and `stride` / GROUP sizes, apart. The weights are int8 (count / 2, 16, 2), `scales` (count / GROUP, 16) and
    `bias` (16) float32. Each output is the sum of its products, whole numbers GROUP by GROUP, each times its two
    scales, plus its bias, and what was there if `adds`.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, x, sizes, stride, weights, count, scales, bias, out, apart, adds = args
        number, vector, numbers = ir.IntType(32), ir.VectorType(FLOAT, WIDE), ir.VectorType(ir.IntType(32), WIDE)
        bytes_, shorts = ir.VectorType(BYTE, 2 * WIDE), ir.VectorType(ir.IntType(16), 2 * WIDE)
        first, begin = builder.inttoptr(weights, bytes_.as_pointer()), _read(builder, bias)
        pairs, groups = builder.udiv(count, LONG(2)), builder.udiv(count, LONG(GROUP))
        more = builder.icmp_signed("!=", adds, LONG(0))

        def body(tall: int) -> None:
            begins = _rows(builder, x, stride, 2, tall, number)
            theirs = _rows(builder, sizes, builder.udiv(stride, LONG(GROUP)), 4, tall, FLOAT)
            totals = [cgutils.alloca_once(builder, vector) for _ in range(tall)]
            for total in totals:
                builder.store(begin, total)
            with cgutils.for_range(builder, groups) as group:
                base = builder.mul(group.index, LONG(GROUP // 2))

                def turn(pair: Any, sums: Sequence[Any]) -> list[Any]:
                    at = builder.add(base, pair)
                    _fetch(builder, builder.gep(first, [builder.add(at, pairs)]))
                    codes = builder.sext(builder.load(builder.gep(first, [at]), align=1), shorts)
                    twos = [_everywhere(builder, builder.load(builder.gep(begin, [at]), align=2)) for begin in begins]
                    return [
                        builder.add(sum_, _paired(builder, builder.bitcast(two, shorts), codes))
                        for two, sum_ in zip(twos, sums, strict=True)
                    ]

                following = _loop(builder, LONG(GROUP // 2), [ir.Constant(numbers, [0] * WIDE)] * tall, turn)
                scale = _read(builder, builder.add(scales, builder.mul(group.index, LONG(4 * WIDE))))
                for size, total, found in zip(theirs, totals, following, strict=True):
                    much = _everywhere(builder, builder.load(builder.gep(size, [group.index])))
                    sized = builder.fmul(builder.sitofp(found, vector), much)
                    builder.store(builder.call(_fma(builder), [sized, scale, builder.load(total)]), total)
            for place, total in zip(_rows(builder, out, apart, 4, tall, vector), totals, strict=True):
                found = builder.load(total)
                found = builder.select(more, builder.fadd(found, builder.load(place, align=4)), found)
                builder.store(found, place, align=4)

        _by_height(builder, rows, body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 11), code


def _sums(read: Callable[[Any, Any], Any], size: int, passes: Callable[[int], tuple[int, int]], adds: bool) -> Any:
    """See `blend` and `enrich`: vectors of numbers of `size` bytes; `passes` of how many times 16 each, by rows."""

    @intrinsic
    def sums(
        typing: Any, rows: Any, weights: Any, stride: Any, many: Any, between: Any, count: Any, out: Any, apart: Any
    ) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            rows, weights, stride, many, between, count, out, apart = args
            vector, step = ir.VectorType(FLOAT, WIDE), builder.mul(between, LONG(size))

            def body(tall: int) -> None:
                begins = _rows(builder, weights, stride, 4, tall, FLOAT)
                tos = _rows(builder, out, apart, 4, tall, vector)
                times, parts = passes(tall)
                for first in range(0, times * parts, parts):
                    some = range(first, first + parts)
                    places = [builder.gep(to, [LONG(part)]) for to in tos for part in some]

                    def turn(at: Any, sums: Sequence[Any], some: range = some) -> list[Any]:
                        begin = builder.add(many, builder.mul(at, step))
                        found = [read(builder, builder.add(begin, LONG(size * WIDE * part))) for part in some]
                        much = [_everywhere(builder, builder.load(builder.gep(place, [at]))) for place in begins]
                        pairs = [(one, other) for one in much for other in found]
                        return [
                            builder.call(_fma(builder), [*pair, sum_]) for pair, sum_ in zip(pairs, sums, strict=True)
                        ]

                    nothing = ir.Constant(vector, [0.0] * WIDE)
                    before = [builder.load(place, align=4) if adds else nothing for place in places]
                    for place, total in zip(places, _loop(builder, count, before, turn), strict=True):
                        builder.store(total, place, align=4)

            _by_height(builder, rows, body)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 8), code

    return sums


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


blend = _sums(_widened, 2, lambda rows: (2, 1) if rows >= MORE else (1, 2), adds=False)
"""blend(rows, weights, stride, many, between, count, out, apart): sums of `count` vectors, up to TALL ways of weighing.

The weights are float32 (rows, count), `stride` numbers apart, the vectors bfloat16 (count, 32), `between` apart, the
sums float32 (rows, 32), `apart` apart. Each is one chain, so that vectors of weight 0 at its end change no bit.
"""
enrich = _sums(_read, 4, lambda _: (1, 1), adds=True)
"""As `blend`, but the vectors are float32 (count, 16), and the sums begin with what is there."""


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
