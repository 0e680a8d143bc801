"""Sums over the lanes of many vectors at once."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.np.arrayobj import make_array

from latticekit.kernels.cpu.vector import Vec, intrinsic, vector_type, width

_I32, _I64 = ir.IntType(32), ir.IntType(64)


@intrinsic
def lane_products(typingctx: Any, a: Any, i: Any, b: Any, j: Any) -> Any:
    """Vector whose lane m is the sum over lanes of a[i + m w ...] b[j + m w ...], w lanes, neighbours added first."""
    vec = Vec(a.dtype, width(a.dtype.bitwidth // 8))

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, align = vector_type(vec), vec.dtype.bitwidth // 8

        def vectors(array: Any, kind: Any, start: Any) -> list[Any]:
            data = make_array(kind)(context, builder, array).data
            at = (builder.gep(data, [builder.add(start, ir.Constant(_I64, m * vec.w))]) for m in range(vec.w))
            return [builder.load(builder.bitcast(p, vector.as_pointer()), align=align) for p in at]

        left = vectors(args[0], sig.args[0], args[1])
        right = vectors(args[2], sig.args[2], args[3])
        rows = [builder.fmul(x, y) for x, y in zip(left, right)]
        while len(rows) > 1:
            rows = [_pairs(builder, x, y) for x, y in zip(rows[::2], rows[1::2])]
        return rows[0]

    return vec(a, types.intp, b, types.intp), codegen


def _pairs(builder: Any, x: Any, y: Any) -> Any:
    """Sums of neighbouring lanes of x, then of y."""
    w = x.type.count
    even, odd = (
        builder.shuffle_vector(
            x, y, ir.Constant(ir.VectorType(_I32, w), [ir.Constant(_I32, n) for n in range(s, 2 * w, 2)])
        )
        for s in (0, 1)
    )
    return builder.fadd(even, odd)
