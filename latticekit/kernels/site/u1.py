"""U(1) links as angles: the plaquette and the pull it exerts on its four links."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.site.elementary import TWO_PI, cos, sin
from latticekit.kernels.site.primitives import floor
from latticekit.kernels.site.rebinding import Site

Number = Any
PI = 3.141592653589793
INVERSE_TURN = 0.15915494309189535


@Site
def plaquette(first: Number, second_ahead: Number, first_ahead: Number, second: Number) -> Number:
    """theta_mu(x) + theta_nu(x+mu) - theta_mu(x+nu) - theta_nu(x)."""
    return (first - first_ahead) + (second_ahead - second)


@Site
def pull(angle: Number, weight: Number) -> Number:
    """weight sin(angle): what the plaquette's first link gets, and the others with alternating sign."""
    return weight * sin(angle)


@Site
def density(angle: Number, weight: Number) -> Number:
    """weight cos(angle)."""
    return weight * cos(angle)


@Site
def wrap(angle: Number) -> Number:
    """The angle in [-pi, pi)."""
    return angle - TWO_PI * floor((angle + PI) * INVERSE_TURN)
