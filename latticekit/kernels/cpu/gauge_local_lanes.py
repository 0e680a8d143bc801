"""What the local updates of links need of vectors besides arithmetic: registers, questions about all lanes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import alloca_once
from numba.np.arrayobj import make_array

from latticekit.kernels.cpu.gauge_lanes import LINKS
from latticekit.kernels.cpu.lanes import _I64, _lanes_of, _pointer, _shuffle
from latticekit.kernels.cpu.target import _inlined
from latticekit.kernels.cpu.vector import VECTOR_BYTES, Vec, intrinsic, vector_type
from latticekit.kernels.site import Target

SLOTS = 72
"""Vectors in `registers`: the matrix of the largest N that kernels are compiled for."""


@intrinsic
def registers(typingctx: Any, a: Any) -> Any:
    """Room for the numbers of a matrix, of vectors like those of an array, that `ld` and `st` know, at place 0.

    After loops are unrolled the compiler keeps it in registers, which it never does with elements of an array.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        room = alloca_once(builder, ir.ArrayType(vector_type(sig.return_type.dtype), SLOTS))
        return builder.bitcast(room, vector_type(sig.return_type.dtype).as_pointer())

    return types.CPointer(_lanes_of(a))(a), codegen


def _vector_of(a: Any) -> Vec:
    return a.dtype if isinstance(a, types.CPointer) else _lanes_of(a)


def _place(context: Any, builder: Any, sig: Any, args: Any, vec: Vec) -> tuple[Any, int]:
    """Pointer to number args[2] of the link at args[1] of args[0], and its alignment."""
    if isinstance(sig.args[0], types.CPointer):
        return builder.gep(args[0], [builder.add(args[1], args[2])]), VECTOR_BYTES
    place = builder.add(args[1], builder.mul(args[2], ir.Constant(_I64, vec.w)))
    return _pointer(context, builder, sig, [args[0], place], vector_type(vec)), vec.dtype.bitwidth // 8


@intrinsic
def _ld(typingctx: Any, a: Any, at: Any, k: Any) -> Any:
    """Number k of the link that starts at element `at` of a block, or in registers."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place, align = _place(context, builder, sig, args, sig.return_type)
        return builder.load(place, align=align)

    return _vector_of(a)(a, types.intp, types.intp), codegen


@intrinsic
def _st(typingctx: Any, a: Any, at: Any, k: Any, v: Any) -> Any:
    """Set number k of the link that starts at element `at` of a block, or in registers."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place, align = _place(context, builder, sig, args, sig.args[3])
        builder.store(args[3], place, align=align)
        return context.get_dummy_value()

    return types.void(a, types.intp, types.intp, _vector_of(a)), codegen


_PRIMITIVES = {**LINKS.primitives, "ld": _ld, "st": _st}
TARGETS = {
    "d": Target(f"cpu{VECTOR_BYTES}_local_double", _PRIMITIVES, _inlined),
    "f": Target(f"cpu{VECTOR_BYTES}_local_single", _PRIMITIVES, _inlined, single=True),
}
"""Formulas on matrices in blocks and registers, by precision."""


@intrinsic
def melt_in(typingctx: Any) -> Any:
    """The loop that calls this becomes part of its callers, other than the loops that it calls itself."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.function.attributes.add("alwaysinline")
        return context.get_dummy_value()

    return types.void(), codegen


def _lent(context: Any, builder: Any, t: Any, value: Any) -> Any:
    if isinstance(t, (types.Tuple, types.UniTuple)):
        parts = [_lent(context, builder, one, builder.extract_value(value, n)) for n, one in enumerate(t.types)]
        return context.make_tuple(builder, t, parts)
    if not isinstance(t, types.Array):
        return value
    array = make_array(t)(context, builder, value)
    array.meminfo = ir.Constant(array.meminfo.type, None)
    array.parent = ir.Constant(array.parent.type, None)
    return array._getvalue()


@intrinsic
def lent(typingctx: Any, a: Any) -> Any:
    """An array, or a tuple of some, without reference counts, for as long as the kernel's caller holds it.

    Counting is atomic: every call of a loop that stays a function of its own would cost as much as its arithmetic.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _lent(context, builder, sig.args[0], args[0])

    return a(a), codegen


@intrinsic
def any_less(typingctx: Any, a: Any, b: Any) -> Any:
    """Whether a < b in any lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        less = builder.fcmp_ordered("<", args[0], args[1])
        bits = builder.bitcast(less, ir.IntType(less.type.count))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(a, a), codegen


@intrinsic
def joined(typingctx: Any, v: Any, w: Any) -> Any:
    """The lanes of v, then those of w, in one vector."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _shuffle(builder, args[0], args[1], [*range(sig.return_type.w)])

    return Vec(v.dtype, 2 * v.w)(v, v), codegen
