"""Angles and directions in the plane, without branches: errors of at most 2 units in the last place."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.elementary import INVERSE_PI, PI_1, PI_2, PI_3, cos_core, sin_core
from latticekit.kernels.site.primitives import alternating, choose, fma, rint, sqrt
from latticekit.kernels.site.rebinding import Constant, Site

Number = Any
PI = 3.141592653589793
HALF_PI = 1.5707963267948966
# the largest angle that is below pi after rounding up
BELOW_PI = Constant(3.1415926535897927, single=3.141592502593994)


@Site
def direction_of(angle: Number) -> tuple[Number, Number]:
    """cos x, sin x, |x| <= 1e5 (float32: 5e3), with one reduction for both."""
    k = rint(angle * INVERSE_PI)
    r = angle - k * PI_1 - k * PI_2 - k * PI_3
    return alternating(cos_core(r), k), alternating(sin_core(r), k)


@Site
def atan_core(t: Number) -> Number:
    """atan t for |t| <= tan(pi/8): Taylor to t^41, by pairs of terms in t^4."""
    z = t * t
    q = -1 / 39 + z * (1 / 41)
    q = -1 / 35 + z * (1 / 37 + z * q)
    q = -1 / 31 + z * (1 / 33 + z * q)
    q = -1 / 27 + z * (1 / 29 + z * q)
    q = -1 / 23 + z * (1 / 25 + z * q)
    q = -1 / 19 + z * (1 / 21 + z * q)
    q = -1 / 15 + z * (1 / 17 + z * q)
    q = -1 / 11 + z * (1 / 13 + z * q)
    q = -1 / 7 + z * (1 / 9 + z * q)
    return t + t * z * (-1 / 3 + z * (1 / 5 + z * q))


@Site
def atan2(y: Number, x: Number) -> Number:
    """Angle of (x, y) in (-pi, pi]; 0 at the origin, where x^2 + y^2 must not underflow elsewhere.

    With m <= M the sides |x|, |y|: atan(m/M) = 2 atan(m / (M + sqrt(m^2 + M^2))), an eighth of a turn at most.
    """
    across, along = choose(x, 0.0, -x, x), choose(y, 0.0, -y, y)
    low, high = choose(along, across, along, across), choose(along, across, across, along)
    base = high + sqrt(fma(low, low, high * high))
    angle = 2.0 * atan_core(low / choose(0.0, base, base, 1.0))
    angle = choose(across, along, HALF_PI - angle, angle)
    angle = choose(x, 0.0, PI - angle, angle)
    return choose(y, 0.0, -angle, angle)


@Site
def half_open(angle: Number) -> Number:
    """An angle of `atan2` in [-pi, pi): what rounds to pi becomes -pi."""
    return choose(BELOW_PI, angle, -PI, angle)
