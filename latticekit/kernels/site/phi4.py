"""phi^4 at one site: S = sum_x [ sum_mu (phi(x+mu) - phi)^2 + m^2 phi^2 + lambda phi^4 ]."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.primitives import fma
from latticekit.kernels.site.rebinding import Site

Number = Any


@Site
def force(phi: Number, around: Number, linear: Number, cubic: Number) -> Number:
    """-dS/dphi = 2 around - phi (linear + cubic phi^2); around: sum of the 2D neighbours.

    linear = 4 D + 2 m^2, cubic = 4 lambda.
    """
    return around + around - phi * (linear + cubic * phi * phi)


@Site
def kick(p: Number, phi: Number, around: Number, twice: Number, linear: Number, cubic: Number) -> Number:
    """p + e F: twice = 2 e; linear and cubic are those of `force` times e."""
    return p + twice * around - phi * (linear + cubic * phi * phi)


@Site
def drift(phi: Number, p: Number, step: Number) -> Number:
    """phi + step p."""
    return phi + step * p


@Site
def potential(phi: Number, mass_squared: Number, coupling: Number) -> Number:
    """m^2 phi^2 + lambda phi^4."""
    square = phi * phi
    return square * (mass_squared + coupling * square)


@Site
def bond(total: Number, phi: Number, ahead: Number) -> Number:
    """total + (phi(x+mu) - phi)^2."""
    difference = ahead - phi
    return fma(difference, difference, total)
