"""Vectors of links: numbers of a matrix in memory, and moves of lanes over the edge of sub-lattices."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.np.arrayobj import make_array

from latticekit.kernels.cpu.lanes import (
    _I32,
    _I64,
    _lanes_of,
    _pointer,
    _shuffle,
    _transposed,
    call,
    keep_apart,
    lanes,
    like,
    vld,
    vst,
)
from latticekit.kernels.cpu.primitives import PRIMITIVES
from latticekit.kernels.cpu.target import _inlined
from latticekit.kernels.cpu.vector import VECTOR_BYTES, intrinsic, vector_type
from latticekit.kernels.site import Target

Array = Any


@intrinsic
def permute(typingctx: Any, v: Any, moves: Any, at: Any) -> Any:
    """v with lane l from lane moves[at + l]; moves: flat int64 for float64, int32 for float32."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vec, v = sig.args[0], args[0]
        index = ir.VectorType(_I64 if vec.dtype.bitwidth == 64 else _I32, vec.w)
        data = make_array(sig.args[1])(context, builder, args[1]).data
        pointer = builder.bitcast(builder.gep(data, [args[2]]), index.as_pointer())
        return _permuted(builder, v, builder.load(pointer, align=vec.dtype.bitwidth // 8))

    return v(v, moves, types.intp), codegen


def _permuted(builder: Any, v: Any, index: Any) -> Any:
    """One instruction where the processor has it, else lane by lane."""
    if VECTOR_BYTES == 64:
        name = "df" if v.type.count == 8 else "sf"
        return call(builder, f"llvm.x86.avx512.permvar.{name}.512", v.type, [v, index])
    if VECTOR_BYTES == 32:
        halves, words = ir.VectorType(ir.FloatType(), 8), ir.VectorType(_I32, 8)
        if v.type.count == 4:  # lanes of doubles as pairs 2 i, 2 i + 1 of floats
            twice = builder.mul(index, ir.Constant(index.type, [2 * (1 + (1 << 32))] * 4))
            index = builder.bitcast(builder.add(twice, ir.Constant(index.type, [1 << 32] * 4)), words)
        moved = call(builder, "llvm.x86.avx2.permps", halves, [builder.bitcast(v, halves), index])
        return builder.bitcast(moved, v.type)
    result = ir.Constant(v.type, ir.Undefined)
    for lane in range(v.type.count):
        here = ir.Constant(_I32, lane)
        moved = builder.extract_element(v, builder.extract_element(index, here))
        result = builder.insert_element(result, moved, here)
    return result


@intrinsic
def prefetch(typingctx: Any, a: Any, i: Any) -> Any:
    """Ask for the cache line of element i of a flat array."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = make_array(sig.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        read, second_cache, for_data = (ir.Constant(_I32, n) for n in (0, 2, 1))
        call(builder, "llvm.prefetch.p0", ir.VoidType(), [place, read, second_cache, for_data])
        return context.get_dummy_value()

    return types.void(a, types.intp), codegen


def carry(out: Array, to: int, field: Array, at: int, numbers: int, moves: Array, code: int) -> None:
    """Copy the `numbers` vectors of a link through a lane move; to, at: flat indices of the first."""
    keep_apart()
    w = lanes(field)
    for k in range(0, numbers * w, w):
        vst(out, to + k, permute(vld(field, at + k), moves, code * w))


def carry_back(field: Array, at: int, ghost: int, numbers: int, moves: Array, code: int) -> None:
    """What was added to a copy goes to where it came from: vectors at `at` += those at `ghost`, which become zero."""
    keep_apart()
    w = lanes(field)
    for k in range(0, numbers * w, w):
        there, here = vld(field, at + k), vld(field, ghost + k)
        vst(field, at + k, there + permute(here, moves, code * w))
        vst(field, ghost + k, like(0.0, here))


@intrinsic
def _ld(typingctx: Any, a: Any, at: Any, k: Any) -> Any:
    """Number k of the link that starts at element `at` of a block."""
    vec = _lanes_of(a)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = builder.add(args[1], builder.mul(args[2], ir.Constant(_I64, vec.w)))
        pointer = _pointer(context, builder, sig, [args[0], place], vector_type(vec))
        return builder.load(pointer, align=vec.dtype.bitwidth // 8)

    return vec(a, types.intp, types.intp), codegen


@intrinsic
def _st(typingctx: Any, a: Any, at: Any, k: Any, v: Any) -> Any:
    """Set number k of the link that starts at element `at` of a block."""
    vec = _lanes_of(a)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = builder.add(args[1], builder.mul(args[2], ir.Constant(_I64, vec.w)))
        pointer = _pointer(context, builder, sig, [args[0], place], vector_type(vec))
        builder.store(args[3], pointer, align=vec.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(a, types.intp, types.intp, vec), codegen


def _row(context: Any, builder: Any, array: Any, t: Any, place: Any, vector: Any) -> Any:
    """Pointer to the vector at element `place` of a flat array."""
    data = make_array(t)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [place]), vector.as_pointer())


def _turning(into_lanes: bool, parts: int) -> Any:
    """Intrinsic that moves w/2 numbers of two rows of each lane, by a transposition in registers."""

    def turn(
        typingctx: Any, block: Any, at: Any, other: Any, pitch: Any, field: Any, starts: Any, start: Any, start2: Any,
        filled: Any,
    ) -> Any:  # fmt: skip
        vec = _lanes_of(block)
        half, places = vec.w // 2, (types.intp,) * 3

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            vector, align = vector_type(vec), vec.dtype.bitwidth // 8
            halves = ir.VectorType(vector.element, half)
            begin = make_array(sig.args[5])(context, builder, args[5]).data

            def lane(n: int, row: int) -> Any:
                place = builder.add(args[6 + row], builder.load(builder.gep(begin, [ir.Constant(_I64, n)])))
                return _row(context, builder, args[4], sig.args[4], place, halves)

            def number(n: int) -> Any:
                site = builder.mul(args[3], ir.Constant(_I64, n % half // parts))
                place = builder.add(builder.add(args[1 + n // half], site), ir.Constant(_I64, n % parts * vec.w))
                return _row(context, builder, args[0], sig.args[0], place, vector)

            if into_lanes:
                pairs = [[builder.load(lane(n, row), align=align) for row in (0, 1)] for n in range(vec.w)]
                rows = _transposed(builder, [_shuffle(builder, a, b, [*range(vec.w)]) for a, b in pairs])
                for n, row in enumerate(rows):
                    builder.store(row, number(n), align=align)
                return context.get_dummy_value()
            rows = _transposed(builder, [builder.load(number(n), align=align) for n in range(vec.w)])
            for n, row in enumerate(rows):
                with builder.if_then(builder.icmp_signed("<", ir.Constant(_I64, n), args[8])):
                    for k in (0, 1):
                        part = _shuffle(builder, row, row, [*range(k * half, (k + 1) * half)])
                        builder.store(part, lane(n, k), align=align)
            return context.get_dummy_value()

        return types.void(block, *places, field, starts, *places), codegen

    turn.__name__ = turn.__qualname__ = f"turn_{'in' if into_lanes else 'out'}_{parts}"
    return intrinsic(turn)


TURN_IN = {parts: _turning(True, parts) for parts in (1, 2)}
"""(block, at, other, pitch, field, starts, start, start2, filled): w/2 numbers of every lane into a block.

Those from start + starts[lane] on go to `at`, those from start2 + starts[lane] on to `other`; parts numbers per site.
"""
TURN_OUT = {parts: _turning(False, parts) for parts in (1, 2)}
"""The same arguments: back out of the block, for the lanes below `filled`."""

LINKS = Target(f"cpu{VECTOR_BYTES}_links", {**PRIMITIVES, "ld": _ld, "st": _st}, _inlined)
"""Formulas on matrices in blocks: their `ld` and `st` (`site.su`) read and write vectors; either precision."""
