"""An explicit SIMD vector as a Numba type: site formulas on `Vec` compile to packed instructions, always."""

from __future__ import annotations

import operator
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import config, types
from numba.core.datamodel import models, register_default
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic as _intrinsic
from numba.extending import lower_builtin

FLAGS = ("contract", "nsz", "arcp", "afn")
"""Fused multiply-add allowed; never "reassoc", which would undo range reductions."""


def _vector_bytes() -> int:
    """Bytes of the widest vector registers that Numba compiles for on this processor."""
    asked = getattr(config, "CPU_FEATURES", None)
    present = asked.split(",") if asked else [f"+{f}" for f, on in llvm.get_host_cpu_features().items() if on]
    return 64 if "+avx512f" in present and "+avx512dq" in present else 32 if "+avx2" in present else 16


VECTOR_BYTES = _vector_bytes()
WORDS = VECTOR_BYTES // 8
"""Lanes of 64-bit words: the width of vectors of random numbers, in either precision."""


def intrinsic(function: Any) -> Any:
    """Numba's decorator, without a static type: calls lack the typing context that definitions have."""
    return _intrinsic(function)


def width(itemsize: int) -> int:
    """Lanes of a register."""
    return VECTOR_BYTES // itemsize


class Vec(types.Type):
    """`w` lanes of float64, float32 or uint64."""

    def __init__(self, dtype: Any, w: int) -> None:
        self.dtype, self.w = dtype, w
        super().__init__(name=f"vec{w}x{dtype}")


def lane_type(dtype: Any) -> ir.Type:
    """LLVM type of one lane."""
    return {types.float64: ir.DoubleType(), types.float32: ir.FloatType(), types.uint64: ir.IntType(64)}[dtype]


def vector_type(vec: Vec) -> ir.VectorType:
    """LLVM type of the vector."""
    return ir.VectorType(lane_type(vec.dtype), vec.w)


@register_default(Vec)
class VecModel(models.PrimitiveModel):
    """A Vec is an LLVM vector in memory and in registers."""

    def __init__(self, dmm: Any, fe_type: Vec) -> None:
        super().__init__(dmm, fe_type, vector_type(fe_type))


def splat(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    """A scalar in every lane."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), mask)


def _same(args: tuple[Any, ...]) -> Vec | None:
    """The one vector type among operands whose others are numbers."""
    vec = next((a for a in args if isinstance(a, Vec)), None)
    return vec if vec and all(a == vec or isinstance(a, types.Number) for a in args) else None


def _binary(op: Any, emit_float: str | None, emit_word: str | None) -> None:
    @infer_global(op)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            vec = _same(args)
            if vec is None or len(args) != 2 or not (emit_word if vec.dtype == types.uint64 else emit_float):
                return None
            return signature(vec, *(a if a == vec else vec.dtype for a in args))

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = vector_type(sig.return_type)
        x, y = (a if isinstance(t, Vec) else splat(builder, a, vector) for t, a in zip(sig.args, args))
        if sig.return_type.dtype == types.uint64:
            return getattr(builder, emit_word or "")(x, y)
        return getattr(builder, emit_float or "")(x, y, flags=FLAGS)

    for left, right in ((Vec, Vec), (Vec, types.Number), (types.Number, Vec)):
        lower_builtin(op, left, right)(lower)


_binary(operator.add, "fadd", "add")
_binary(operator.sub, "fsub", "sub")
_binary(operator.mul, "fmul", "mul")
_binary(operator.truediv, "fdiv", None)
_binary(operator.and_, None, "and_")
_binary(operator.or_, None, "or_")
_binary(operator.xor, None, "xor")
_binary(operator.rshift, None, "lshr")
_binary(operator.lshift, None, "shl")


@infer_global(operator.neg)
class _Negative(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(args[0], args[0]) if isinstance(args[0], Vec) else None


@lower_builtin(operator.neg, Vec)
def _negate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.fneg(args[0], flags=FLAGS)
