"""U(1) at one link: draws from exp(k cos delta), reflections.

Reference: `latticekit.updates.links_heatbath`.  Best and Fisher, Appl. Statist. 28 (1979) 152.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.elementary import log
from latticekit.kernels.site.primitives import choose, fma, sqrt
from latticekit.kernels.site.rebinding import Constant, Site

Number = Any
SMALLEST = Constant(1.002084180004486e-292, single=9.860761e-32)


@Site
def proposal(k: Number, c: Number, s: Number) -> tuple[Number, Number, Number]:
    """cos delta, sin delta of a wrapped Cauchy number made from a uniform direction (c, s), and C for `log_accept`.

    cos delta = (1 + r c)/(r + c), a Moebius map of the circle.  With t = 1 + sqrt(1 + 4 k^2) the best r is t/(2k), and
    sqrt(r^2 - 1) = sqrt(2t)/(2k), C = k (r - cos delta) = t/d, d = t + 2 k c = (t - 2 k) + 2 k (1 + c): nothing
    cancels, however small or large k is.
    """
    twice = k + k
    root = sqrt(twice * twice + 1.0)
    t, rest = 1.0 + root, 1.0 + 1.0 / (root + twice)
    inverse = 1.0 / (rest + twice * (1.0 + c))
    return 1.0 - rest * (1.0 - c) * inverse, s * sqrt(t + t) * inverse, t * inverse


@Site
def log_accept(bound: Number, u: Number) -> Number:
    """ln(C/u) + 1 - C, to be accepted where >= 0."""
    return log(bound / u) + (1.0 - bound)


@Site
def unit(x: Number, y: Number) -> tuple[Number, Number]:
    """(x, y)/|(x, y)|; (1, 0) for the origin."""
    square = fma(y, y, x * x)
    scale = choose(SMALLEST, square, 1.0 / sqrt(square), 0.0)
    return choose(SMALLEST, square, scale * x, 1.0), scale * y


@Site
def against(c: Number, s: Number, x: Number, y: Number) -> tuple[Number, Number]:
    """Direction (c, s) turned back by (x, y): e^(i delta) times the conjugate of V/|V|."""
    return fma(s, y, c * x), fma(s, x, -(c * y))


@Site
def reflected(c: Number, s: Number, x: Number, y: Number) -> tuple[Number, Number]:
    """Conjugate of U v^2, with v = (x, y) of length 1 and U = (c, s): theta -> -2 arg V - theta."""
    re, im = fma(-y, y, x * x), 2.0 * x * y
    return fma(-im, s, re * c), -fma(im, c, re * s)
