"""Weight of one phi^4 variable, exp(-(a phi^2 + lambda phi^4 - b phi)), and the bounds it is drawn from.

References: `latticekit.actions.conditional`, `latticekit.updates.sites_heatbath`.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.elementary import exp, log
from latticekit.kernels.site.phi4 import potential
from latticekit.kernels.site.primitives import fma, sqrt
from latticekit.kernels.site.rebinding import Site

Number = Any
THIRD = 1 / 3


@Site
def value(phi: Number, a: Number, lam: Number, b: Number) -> Number:
    """a phi^2 + lambda phi^4 - b phi."""
    return fma(-b, phi, potential(phi, a, lam))


@Site
def cube_root(x: Number) -> Number:
    """x^(1/3) for x > 0; for x = 0 a number too small to matter in a sum."""
    return exp(THIRD * log(x))


@Site
def precision(a: Number, lam: Number, b: Number, start: Number) -> Number:
    """A of the Gaussian bound that rejects least, by Newton's method from above; start: the root at b = 0."""
    last = 0.5 * lam * b * b
    root = cube_root(last) + start
    for _ in range(6):
        slope = (3.0 * root - 2.0 * a) * root - lam
        root = root - (fma((root - a) * root, root, -lam * root) - last) / slope
    return root


@Site
def change(here: Number, there: Number, lam: Number, square: Number) -> Number:
    """lambda (y^2 - c)^2 - lambda (x^2 - c)^2 from x (here) to y (there)."""
    x, y = here * here, there * there
    return lam * (y - x) * (y + x - 2.0 * square)


@Site
def one_sided_accept(phi: Number, lam: Number, square: Number) -> Number:
    """Log of the acceptance of a proposal from the one Gaussian."""
    rest = phi * phi - square
    return -lam * (rest * rest)


@Site
def upper(a: Number, lam: Number, b: Number, rho: Number) -> Number:
    """Probability of the Gaussian at phi > 0 of the two: 1 / (1 + exp(-slope b / K))."""
    k, slope = stiffness(a, lam, rho), pull(lam, rho)
    return 1.0 / (1.0 + exp(-slope * b / k))


@Site
def stiffness(a: Number, lam: Number, rho: Number) -> Number:
    """K = a + 3 lambda rho^2."""
    return a + 3.0 * lam * rho * rho


@Site
def pull(lam: Number, rho: Number) -> Number:
    """2 lambda rho^3."""
    return 2.0 * lam * rho * rho * rho


@Site
def two_sided_radius(a: Number, lam: Number, along: Number, rho: Number, normal: Number) -> Number:
    """Proposed r = s phi of the Gaussian on side s; along = s b."""
    double = 2.0 * stiffness(a, lam, rho)
    return fma(normal, 1.0 / sqrt(double), (pull(lam, rho) + along) / double)


@Site
def two_sided_accept(r: Number, lam: Number, rho: Number) -> Number:
    """Log of the acceptance of a proposal r >= 0 from the two Gaussians."""
    away = r - rho
    return -lam * r * (away * away) * (r + 2.0 * rho)
