"""One piece of a rational-quadratic spline; the formulas stand with the reference, `flows.rational_quadratic`."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.elementary import log
from latticekit.kernels.site.primitives import choose, clip, fma, sqrt
from latticekit.kernels.site.rebinding import Site

Number = Any


@Site
def parts(xi: Number, slope: Number, d0: Number, d1: Number) -> tuple[Number, Number, Number]:
    """N, D, A at the place xi of a piece."""
    rest = 1.0 - xi
    q = xi * rest
    n = xi * fma(slope, xi, d0 * rest)
    a = fma(d1, xi * xi, rest * fma(d0, rest, 2.0 * slope * xi))
    return n, slope + (d0 + d1 - 2.0 * slope) * q, a


@Site
def log_slope(slope: Number, d: Number, a: Number) -> Number:
    """log (S^2 A / D^2)."""
    return log((slope / d) * (slope / d) * a)


@Site
def place_of(e: Number, slope: Number, height: Number, d0: Number, d1: Number) -> Number:
    """xi of y = y_k + e: the larger root of a xi^2 + b xi + c = 0, c <= 0, in the form without cancellation."""
    bend = e * (d0 + d1 - 2.0 * slope)
    a = bend + height * (slope - d0)
    b, c = fma(height, d0, -bend), -(slope * e)
    square = fma(b, b, -(4.0 * a * c))
    root = sqrt(choose(square, 0.0, 0.0, square))
    over, under = choose(b, 0.0, root - b, -2.0 * c), choose(b, 0.0, 2.0 * a, b + root)
    return clip(over / under, 0.0, 1.0)


@Site
def slope_bend(xi: Number, slope: Number, d0: Number, d1: Number, d: Number, a: Number) -> Number:
    """d log y' / d xi."""
    turn = 1.0 - 2.0 * xi
    rise = fma(d1, xi, fma(slope, turn, -(d0 * (1.0 - xi))))
    return 2.0 * fma(1.0 / a, rise, -((d0 + d1 - 2.0 * slope) * turn / d))


@Site
def pull(
    xi: Number, slope: Number, height: Number, d0: Number, d1: Number, y_bar: Number, log_bar: Number
) -> tuple[Number, Number, Number, Number, Number]:
    """Cotangents of xi, of S, of the height beside S, and of both end slopes."""
    n, d, a = parts(xi, slope, d0, d1)
    rest = 1.0 - xi
    q = xi * rest
    two, over = 1.0 - 2.0 * q, y_bar * height / (d * d)
    per_a, per_d = log_bar / a, 2.0 * log_bar / d
    xi_bar = fma(over * slope, a, log_bar * slope_bend(xi, slope, d0, d1, d, a))
    slope_bar = fma(over, fma(xi * xi, d, -(n * two)), fma(per_d, -two, 2.0 * fma(per_a, q, log_bar / slope)))
    d0_bar = fma(over * q, d - n, fma(per_a, rest * rest, -(per_d * q)))
    d1_bar = fma(per_a, xi * xi, -(q * fma(over, n, per_d)))
    return xi_bar, slope_bar, y_bar * n / d, d0_bar, d1_bar


@Site
def within(x: Number, low: Number, high: Number, there: Number, elsewhere: Number) -> Number:
    """One number where low < x < high, another elsewhere."""
    return choose(low, x, choose(x, high, there, elsewhere), elsewhere)
