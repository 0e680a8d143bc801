"""SU(2) subgroups of a link: draws from exp(alpha a0), reflections, rotations of two rows.

An element of SU(2) is g0 + i (g1, g2, g3).sigma, four real numbers with |g| = 1.
Reference: `latticekit.updates.links_heatbath`.  Cabibbo and Marinari, Phys. Lett. B119 (1982) 387.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.elementary import exp, log, turn
from latticekit.kernels.site.primitives import choose, fma, sqrt
from latticekit.kernels.site.rebinding import Constant, Site

Number = Any
Quaternion = tuple[Number, Number, Number, Number]
TINY = 1e-30
SMALLEST = Constant(1.002084180004486e-292, single=9.860761e-32)
"""Squares below have lost digits to underflow."""
CROSSOVER = 1.68
"""alpha at which the two ways to draw a0 accept alike, 71 %."""


@Site
def part(a: Number, ai: Number, b: Number, bi: Number, c: Number, ci: Number, d: Number, di: Number) -> Quaternion:
    """w with Re tr(g M) = 2 (g0 w0 - g.w), M = ((a, b), (c, d)): w0 = Re tr M/2, w_j = Im tr(s_j M)/2."""
    return 0.5 * (a + d), 0.5 * (bi + ci), 0.5 * (b - c), 0.5 * (ai - di)


@Site
def norm_squared(w0: Number, w1: Number, w2: Number, w3: Number) -> Number:
    """k^2 = |w|^2."""
    return fma(w3, w3, fma(w2, w2, fma(w1, w1, w0 * w0)))


@Site
def reflection(w0: Number, w1: Number, w2: Number, w3: Number) -> Quaternion:
    """(w^dagger)^2 / k^2, which maps w/k to its inverse and keeps Re tr; 1 where k = 0."""
    square = norm_squared(w0, w1, w2, w3)
    scale = choose(SMALLEST, square, 2.0 / square, 0.0)
    turned = -scale * w0
    return choose(SMALLEST, square, scale * w0 * w0 - 1.0, 1.0), turned * w1, turned * w2, turned * w3


@Site
def over(a0: Number, a1: Number, a2: Number, a3: Number, w0: Number, w1: Number, w2: Number, w3: Number) -> Quaternion:
    """a w^dagger / k; a where k = 0."""
    square = norm_squared(w0, w1, w2, w3)
    scale = choose(SMALLEST, square, 1.0 / sqrt(square), 0.0)
    w0, w1, w2, w3 = choose(SMALLEST, square, scale * w0, 1.0), scale * w1, scale * w2, scale * w3
    return (
        fma(a3, w3, fma(a2, w2, fma(a1, w1, a0 * w0))),
        fma(-a3, w2, fma(a2, w3, fma(a1, w0, -(a0 * w1)))),
        fma(-a1, w3, fma(a3, w1, fma(a2, w0, -(a0 * w2)))),
        fma(-a2, w1, fma(a1, w2, fma(a3, w0, -(a0 * w3)))),
    )


@Site
def rotated(
    g0: Number, g1: Number, g2: Number, g3: Number, x: Number, xi: Number, y: Number, yi: Number
) -> tuple[Number, Number, Number, Number]:
    """g (x, y) of two complex numbers, a column of the two rows that g acts on."""
    return (
        fma(-g1, yi, fma(g2, y, fma(-g3, xi, g0 * x))),
        fma(g1, y, fma(g2, yi, fma(g3, x, g0 * xi))),
        fma(g3, yi, fma(g0, y, fma(-g1, xi, -(g2 * x)))),
        fma(-g3, y, fma(g0, yi, fma(g1, x, -(g2 * xi)))),
    )


@Site
def exponential(r1: Number, r2: Number, r3: Number) -> Number:
    """x > 0 of density sqrt(x) exp(-x): -ln r1 - cos^2(2 pi r2) ln r3."""
    c, _ = turn(r2)
    return -fma(c * c, log(r3), log(r1))


@Site
def kennedy_pendleton(x: Number, alpha: Number) -> tuple[Number, Number]:
    """delta = 1 - a0 = x/alpha, and the bound of r4^2 below which it is accepted.

    Kennedy and Pendleton, Phys. Lett. B156 (1985) 393.
    """
    delta = x / alpha
    return delta, 1.0 - 0.5 * delta


@Site
def log_of_rest(y: Number) -> Number:
    """ln(1 - y), 0 <= y < 1, relative to its own size: the rounding of 1 - y is put back."""
    u = 1.0 - y
    return log(u) + ((1.0 - u) - y) / u


@Site
def creutz(r1: Number, alpha: Number) -> tuple[Number, Number]:
    """delta = 1 - a0, a0 of density exp(alpha a0) on (-1, 1), and the bound of r4^2; 0 <= alpha <= 1.68.

    delta = -ln(1 - (1 - r1)(1 - e^(-2 alpha)))/alpha with 1 - e^(-2 alpha) = 2 e^(-alpha) sinh alpha; at alpha = 0,
    where a0 is uniform, 2 (1 - r1).  Creutz, Phys. Rev. D21 (1980) 2308.
    """
    alpha = choose(TINY, alpha, alpha, TINY)
    alpha = choose(alpha, CROSSOVER, alpha, CROSSOVER)
    z = alpha * alpha
    q = 1 / 51090942171709440000 + z * (1 / 25852016738884976640000)
    q = 1 / 355687428096000 + z * (1 / 121645100408832000 + z * q)
    q = 1 / 6227020800 + z * (1 / 1307674368000 + z * q)
    q = 1 / 362880 + z * (1 / 39916800 + z * q)
    q = 1.0 + z * (1 / 6 + z * (1 / 120 + z * (1 / 5040 + z * q)))
    span = 2.0 * alpha * q * exp(-alpha)
    delta = -log_of_rest((1.0 - r1) * span) / alpha
    return delta, delta * (2.0 - delta)


@Site
def completed(delta: Number, q1: Number, c: Number, s: Number) -> Quaternion:
    """a0 = 1 - delta and a vector of uniform direction: third component |a| (1 - 2 q1), phase (c, s) of the others."""
    square = delta * (2.0 - delta)
    size = sqrt(choose(square, 0.0, 0.0, square))
    across = 2.0 * size * sqrt(q1 * (1.0 - q1))
    return 1.0 - delta, across * c, across * s, size * (1.0 - 2.0 * q1)
