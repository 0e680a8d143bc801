"""Maps of the circle: scalings of tan(x/2), and what their mixture needs of each component."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.angles import atan2
from latticekit.kernels.site.primitives import fma
from latticekit.kernels.site.rebinding import Site

Number = Any


@Site
def projection(s: Number, c: Number, a: Number) -> tuple[Number, Number]:
    """2 atan(a tan(x/2)) and its slope a / (c^2 + a^2 s^2), given s, c = sin, cos of x/2, |x| <= pi."""
    scaled = a * s
    return 2.0 * atan2(scaled, c), a / fma(c, c, scaled * scaled)


@Site
def bending(s: Number, c: Number, a: Number, slope: Number) -> Number:
    """Second derivative a (1 - a^2) s c / D^2 = slope^2 (1/a - a) s c."""
    return slope * slope * (1.0 / a - a) * s * c


@Site
def widening(s: Number, c: Number, a: Number, slope: Number, y_bar: Number, ratio: Number) -> Number:
    """y_bar dh/dalpha + ratio dh'/dalpha = slope (2 y_bar s c + ratio (c^2 - a^2 s^2) / D), 1/D = slope / a."""
    scaled = a * s
    spread = fma(c, c, -(scaled * scaled)) * (slope / a)
    return slope * fma(2.0 * y_bar, s * c, ratio * spread)
