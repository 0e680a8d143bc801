"""The primitives of site formulas on the CPU; one text for vectors and for scalars."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature

from latticekit.kernels.cpu.lanes import call, suffix
from latticekit.kernels.cpu.vector import Vec, intrinsic, splat, vector_type

# bits of a float: width, bits of the fraction, exponent bias, bits of 1/sqrt(2)
_DOUBLE = (64, 52, 1023, 0x3FE6A09E667F3BCD)
_SINGLE = (32, 23, 127, 0x3F3504F3)


def _number(context: Any, t: Any) -> Any:
    return vector_type(t) if isinstance(t, Vec) else context.get_value_type(t)


def _like(t: Any, lane: Any) -> Any:
    """LLVM type with other lanes."""
    return ir.VectorType(lane, t.count) if isinstance(t, ir.VectorType) else lane


def _fill(value: Any, t: Any) -> Any:
    """A constant in every lane."""
    return ir.Constant(t, [ir.Constant(t.element, value)] * t.count if isinstance(t, ir.VectorType) else value)


def _format(x: Any) -> tuple[int, int, int, int]:
    return _SINGLE if getattr(x, "dtype", x) == types.float32 else _DOUBLE


def _spread(builder: Any, value: Any, t: Any) -> Any:
    return splat(builder, value, t) if isinstance(t, ir.VectorType) else value


def _unary(llvm_name: str) -> Any:
    @intrinsic
    def operation(typingctx: Any, x: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            t = args[0].type
            return call(builder, f"llvm.{llvm_name}.{suffix(t)}", t, [args[0]])

        return x(x), codegen

    return operation


@intrinsic
def _fma(typingctx: Any, x: Any, y: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        t = args[0].type
        return call(builder, f"llvm.fmuladd.{suffix(t)}", t, args)

    return x(x, x, x), codegen


@intrinsic
def _clip(typingctx: Any, x: Any, low: Any, high: Any) -> Any:
    lane = getattr(x, "dtype", x)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = args[0]
        low, high = (_spread(builder, a, value.type) for a in args[1:])
        value = builder.select(builder.fcmp_ordered("<", value, low), low, value)
        return builder.select(builder.fcmp_ordered(">", value, high), high, value)

    return x(x, lane, lane), codegen


@intrinsic
def _choose(typingctx: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    number = next((t for t in (a, b, x, y) if isinstance(t, Vec)), a)
    lane = getattr(number, "dtype", number)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        t = _number(context, number)
        a, b, x, y = (v if v.type == t else _spread(builder, v, t) for v in args)
        return builder.select(builder.fcmp_ordered("<", a, b), x, y)

    return number(*(t if isinstance(t, Vec) else lane for t in (a, b, x, y))), codegen


@intrinsic
def _alternating(typingctx: Any, x: Any, k: Any) -> Any:
    bits, fraction, _, _ = _format(x)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        t = args[0].type
        whole = _like(t, ir.IntType(bits))
        shifted = builder.fadd(args[1], _fill(1.5 * 2.0**fraction, t))  # the last bit of the fraction counts ones
        odd = builder.shl(builder.bitcast(shifted, whole), _fill(bits - 1, whole))
        return builder.bitcast(builder.xor(builder.bitcast(args[0], whole), odd), t)

    return x(x, x), codegen


@intrinsic
def _whole(typingctx: Any, k: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sitofp(args[0], ir.DoubleType())

    return types.float64(types.intp), codegen


@intrinsic
def _power_of_two(typingctx: Any, k: Any) -> Any:
    bits, fraction, bias, _ = _format(k)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = _like(args[0].type, ir.IntType(bits))
        biased = builder.add(builder.fptosi(args[0], whole), _fill(bias, whole))
        power = builder.bitcast(builder.shl(biased, _fill(fraction, whole)), args[0].type)
        return builder.select(builder.fcmp_unordered("uno", args[0], args[0]), args[0], power)

    return k(k), codegen


def _above_root(builder: Any, x: Any, form: tuple[int, int, int, int]) -> tuple[Any, Any, Any]:
    """Bits of x, and of x minus 1/sqrt(2): their exponent field counts octaves above 1/sqrt(2)."""
    whole = _like(x.type, ir.IntType(form[0]))
    bits = builder.bitcast(x, whole)
    return whole, bits, builder.sub(bits, _fill(form[3], whole))


@intrinsic
def _exponent(typingctx: Any, x: Any) -> Any:
    form = _format(x)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole, _, above = _above_root(builder, args[0], form)
        return builder.sitofp(builder.ashr(above, _fill(form[1], whole)), args[0].type)

    return x(x), codegen


@intrinsic
def _mantissa(typingctx: Any, x: Any) -> Any:
    form = _format(x)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole, bits, above = _above_root(builder, args[0], form)
        octaves = builder.and_(above, _fill(-(1 << form[1]), whole))
        return builder.bitcast(builder.sub(bits, octaves), args[0].type)

    return x(x), codegen


def _from_fraction(builder: Any, k: Any, real: Any, form: tuple[int, int, int, int]) -> Any:
    """(k + 1/2) 2^-f from k < 2^f as the fraction of a float in [1, 2): 1 + k 2^-f - (1 - 2^(-f-1)), exact."""
    _, fraction, bias, _ = form
    one = builder.or_(k, _fill(bias << fraction, k.type))
    result = _like(k.type, real)
    return builder.fsub(builder.bitcast(one, result), _fill(1 - 2.0 ** (-fraction - 1), result))


def _result(word: Any, real: Any) -> Any:
    return Vec(real, word.w) if isinstance(word, Vec) else real


@intrinsic
def _unit_double(typingctx: Any, high: Any, low: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        t = args[0].type
        top = builder.shl(builder.lshr(args[0], _fill(6, t)), _fill(26, t))
        k = builder.or_(top, builder.lshr(args[1], _fill(6, t)))
        return _from_fraction(builder, k, ir.DoubleType(), _DOUBLE)

    return signature(_result(high, types.float64), high, low), codegen


@intrinsic
def _unit_single(typingctx: Any, high: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        t = args[0].type
        k = builder.trunc(builder.lshr(args[0], _fill(9, t)), _like(t, ir.IntType(32)))
        return _from_fraction(builder, k, ir.FloatType(), _SINGLE)

    return signature(_result(high, types.float32), high), codegen


PRIMITIVES = {
    "sqrt": _unary("sqrt"),
    "rint": _unary("rint"),
    "floor": _unary("floor"),
    "fma": _fma,
    "alternating": _alternating,
    "clip": _clip,
    "whole": _whole,
    "choose": _choose,
    "power_of_two": _power_of_two,
    "exponent": _exponent,
    "mantissa": _mantissa,
    "unit_double": _unit_double,
    "unit_single": _unit_single,
}
