"""Sine and cosine together, for many arguments of moderate size: the features of continuous flows."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.primitives import alternating, rint
from latticekit.kernels.site.rebinding import Constant, Site

Number = Any
TWO_OVER_PI = 0.6366197723675814
# pi / 2 in two parts, the first with so few bits that k times it is exact for |k| < 2^20 (float32: 2^12)
HALF_PI_1 = Constant(1.5707963267341256, single=1.57080078125)
HALF_PI_2 = Constant(6.077100506506192e-11, single=-4.454455103380768e-06)


@Site
def wave_double(half: Number) -> tuple[Number, Number]:
    """sin 2x, cos 2x of x, |x| <= 1e6, to 2 ulp of 1.

    Half angles because sin 2r = 2 sin r cos r and cos 2r = 1 - 2 sin^2 r need polynomials for |r| <= pi / 4 only.
    They are Chebyshev interpolants of (sin r - r) / r^3 and (cos r - 1 + r^2 / 2) / r^4 in r^2, to 2e-17.
    """
    k = rint(half * TWO_OVER_PI)
    r = half - k * HALF_PI_1 - k * HALF_PI_2
    z = r * r
    s = -2.5051124031382081e-8 + z * 1.5917567478906799e-10
    s = -1.9841269836686008e-4 + z * (2.7557316064986772e-6 + z * s)
    s = -0.16666666666666666 + z * (0.0083333333333309004 + z * s)
    c = 2.0876141380294957e-9 - z * 1.1382280957702633e-11
    c = 2.4801587298720292e-5 + z * (-2.7557317248229366e-7 + z * c)
    c = -0.5 + z * (0.041666666666666665 + z * (-0.0013888888888887367 + z * c))
    sine = r + (r * z) * s
    twice = sine + sine
    return alternating(twice * (1.0 + z * c), k), alternating(1.0 - twice * sine, k)


@Site
def wave_single(half: Number) -> tuple[Number, Number]:
    """The same in float32, |x| <= 6e3: polynomials to 1.3e-8."""
    k = rint(half * TWO_OVER_PI)
    r = half - k * HALF_PI_1 - k * HALF_PI_2
    z = r * r
    s = -0.16666664638209855 + z * (0.0083327435951818240 - z * 0.00019586882765702046)
    c = 0.041666664635352460 + z * (-0.0013888298350940013 + z * 0.000024546931841332071)
    c = -0.5 + z * c
    sine = r + (r * z) * s
    twice = sine + sine
    return alternating(twice * (1.0 + z * c), k), alternating(1.0 - twice * sine, k)
