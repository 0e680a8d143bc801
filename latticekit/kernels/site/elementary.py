"""Elementary functions without branches, so that they run in vectors: absolute (sin, cos) or relative error <= 2 ulp.

Range reduction, then the Taylor polynomial to the degree at which the remainder is below a tenth of an ulp.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.primitives import alternating, clip, exponent, fma, mantissa, power_of_two, rint
from latticekit.kernels.site.rebinding import Constant, Site

Number = Any
INVERSE_PI = 0.3183098861837907
TWO_PI = 6.283185307179586
# pi and ln 2 cut into parts with so few bits that k times a leading part is exact for the k that occur
PI_1 = Constant(3.1415926534682512, single=3.140625)
PI_2 = Constant(1.2154201012607932e-10, single=0.0009675025939941406)
PI_3 = Constant(4.044532497591901e-21, single=1.5099580252808664e-07)
INVERSE_LN2 = 1.4426950408889634
LN2_1 = Constant(0.693147180559663, single=0.693145751953125)
LN2_2 = Constant(2.8235290563031577e-13, single=1.428606765330187e-06)
EXP_LOW = Constant(-746.0, single=-104.0)
EXP_HIGH = Constant(710.0, single=89.0)


@Site
def sin_core(r: Number) -> Number:
    """sin r for |r| <= pi/2: Taylor to r^21."""
    z = r * r
    q = -1 / 121645100408832000 + z * (1 / 51090942171709440000)
    q = -1 / 1307674368000 + z * (1 / 355687428096000 + z * q)
    q = -1 / 39916800 + z * (1 / 6227020800 + z * q)
    q = -1 / 5040 + z * (1 / 362880 + z * q)
    return r + r * z * (-1 / 6 + z * (1 / 120 + z * q))


@Site
def cos_core(r: Number) -> Number:
    """cos r for |r| <= pi/2: Taylor to r^22."""
    z = r * r
    q = 1 / 2432902008176640000 - z * (1 / 1124000727777607680000)
    q = 1 / 20922789888000 + z * (-1 / 6402373705728000 + z * q)
    q = 1 / 479001600 + z * (-1 / 87178291200 + z * q)
    q = 1 / 40320 + z * (-1 / 3628800 + z * q)
    return 1.0 - z * (0.5 + z * (-1 / 24 + z * (1 / 720 - z * q)))


@Site
def sin(x: Number) -> Number:
    """sin x, |x| <= 1e5 (float32: 5e3)."""
    k = rint(x * INVERSE_PI)
    return alternating(sin_core(x - k * PI_1 - k * PI_2 - k * PI_3), k)


@Site
def cos(x: Number) -> Number:
    """cos x = (-1)^k sin(x - (k - 1/2) pi), |x| <= 1e5 (float32: 5e3)."""
    k = rint(x * INVERSE_PI + 0.5)
    h = k - 0.5
    return alternating(sin_core(x - h * PI_1 - h * PI_2 - h * PI_3), k)


@Site
def turn(u: Number) -> tuple[Number, Number]:
    """cos(2 pi u), sin(2 pi u) for u in [0, 1]; the reduction to half a turn is exact."""
    k = rint(2.0 * u)
    r = TWO_PI * (u - 0.5 * k)
    sign = 1.0 - 2.0 * k * (2.0 - k)
    return sign * cos_core(r), sign * sin_core(r)


@Site
def exp_core(r: Number) -> Number:
    """exp r - 1 for |r| <= ln(2)/2: Taylor to r^14."""
    q = 1 / 6227020800 + r * (1 / 87178291200)
    q = 1 / 39916800 + r * (1 / 479001600 + r * q)
    q = 1 / 362880 + r * (1 / 3628800 + r * q)
    q = 1 / 5040 + r * (1 / 40320 + r * q)
    q = 1 / 120 + r * (1 / 720 + r * q)
    q = 0.5 + r * (1 / 6 + r * (1 / 24 + r * q))
    return r + r * r * q


@Site
def exp(x: Number) -> Number:
    """exp x = 2^k exp r, |r| <= ln(2)/2; 0 and infinity where it under- or overflows."""
    x = clip(x, EXP_LOW, EXP_HIGH)
    k = rint(x * INVERSE_LN2)
    half = rint(0.5 * k)
    return (1.0 + exp_core(x - k * LN2_1 - k * LN2_2)) * power_of_two(half) * power_of_two(k - half)


@Site
def log(x: Number) -> Number:
    """log x = e ln 2 + log(1 + f), x = 2^e (1 + f) positive and normal.

    With s = f/(2 + f), log(1 + f) = 2 artanh s = f - f^2/2 + s (f^2/2 + R), R = sum_n 2 s^(2n)/(2n + 1), n = 1..10.
    """
    e = exponent(x)
    f = mantissa(x) - 1.0
    s = f / (2.0 + f)
    z = s * s
    q = 2 / 19 + z * (2 / 21)
    q = 2 / 15 + z * (2 / 17 + z * q)
    q = 2 / 11 + z * (2 / 13 + z * q)
    q = 2 / 7 + z * (2 / 9 + z * q)
    q = z * (2 / 3 + z * (2 / 5 + z * q))
    half = 0.5 * f * f
    return e * LN2_1 + (f - (half - fma(s, half + q, e * LN2_2)))
