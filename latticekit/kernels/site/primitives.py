"""Operations that differ from target to target.  The Python versions here define them."""

from __future__ import annotations

import math
from typing import Any

from latticekit.kernels.site.rebinding import Primitive

Number = Any
_ROOT = math.sqrt(0.5)


@Primitive
def sqrt(x: Number) -> Number:
    """Square root."""
    return math.sqrt(x)


@Primitive
def fma(x: Number, y: Number, z: Number) -> Number:
    """x y + z, rounded once where the processor can.

    Compilers fuse x y + z by themselves.  The sum of two products is different: which of the two is fused depends on
    the code around it, and so would the last bit.  Formulas therefore write such a sum with `fma`.
    """
    return x * y + z


@Primitive
def rint(x: Number) -> Number:
    """Nearest whole number, ties to even, as a float."""
    return float(round(x)) if x - x == 0 else x


@Primitive
def floor(x: Number) -> Number:
    """Largest whole number that is not above x, as a float."""
    return float(math.floor(x)) if x - x == 0 else x


@Primitive
def alternating(x: Number, k: Number) -> Number:
    """(-1)^k x of a whole float k, |k| < 2^20."""
    return -x if k % 2 else x


@Primitive
def clip(x: Number, low: Number, high: Number) -> Number:
    """x within [low, high]; NaN stays NaN."""
    return low if x < low else high if x > high else x


@Primitive
def choose(a: Number, b: Number, x: Number, y: Number) -> Number:
    """x where a < b, else y (also where a or b is NaN); both are computed."""
    return x if a < b else y


@Primitive
def power_of_two(k: Number) -> Number:
    """2^k for a whole float k in the range of normal exponents, exactly."""
    return math.ldexp(1.0, int(k)) if k == k else k


@Primitive
def exponent(x: Number) -> Number:
    """e of x = m 2^e with m in [1/sqrt(2), sqrt(2)), as a float; x positive and normal."""
    m, e = math.frexp(x)
    return float(e - 1 if m < _ROOT else e)


@Primitive
def mantissa(x: Number) -> Number:
    """m of x = m 2^e with m in [1/sqrt(2), sqrt(2)); x positive and normal."""
    m, _ = math.frexp(x)
    return 2 * m if m < _ROOT else m


@Primitive
def unit_double(high: Number, low: Number) -> Number:
    """(k + 1/2) 2^-52 of the 52 top bits of two 32-bit words, exactly."""
    k = (int(high) >> 6) << 26 | int(low) >> 6
    return (k + 0.5) * 2.0**-52


@Primitive
def unit_single(high: Number) -> Number:
    """(k + 1/2) 2^-23 of the 23 top bits of a 32-bit word, exactly."""
    return ((int(high) >> 9) + 0.5) * 2.0**-23


@Primitive
def word(k: int) -> Number:
    """A whole number as a uint64 word."""
    return int(k)


@Primitive
def whole(k: int) -> Number:
    """A whole number as a float of the target's precision: an integer times float32 would be float64."""
    return float(k)


@Primitive
def double(x: Number) -> Number:
    """A number in float64, the precision of sums."""
    return float(x)
