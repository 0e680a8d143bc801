"""What the local updates of links need of vectors besides arithmetic: questions about all lanes, wider vectors."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from latticekit.kernels.cpu.gauge_lanes import LINKS
from latticekit.kernels.cpu.lanes import _shuffle
from latticekit.kernels.cpu.target import _inlined
from latticekit.kernels.cpu.vector import VECTOR_BYTES, Vec, intrinsic
from latticekit.kernels.site import Target

TARGETS = {"d": LINKS, "f": Target(f"cpu{VECTOR_BYTES}_links_single", LINKS.primitives, _inlined, single=True)}
"""Formulas on matrices in blocks, by precision."""


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
