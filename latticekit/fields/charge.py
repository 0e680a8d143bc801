"""Topological charge: the integer of U(1) in two dimensions, and clover leaves in four."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace
from latticekit.fields.clover import IMPROVED, charge_density
from latticekit.groups.u1 import wrap
from latticekit.lattice import shift

Array = Any


def plaquette_angle(theta: Array, mu: int = 0, nu: int = 1) -> Array:
    """theta_mu(x) + theta_nu(x+mu) - theta_mu(x+nu) - theta_nu(x) of U(1), in [-pi, pi).  -> (chain, *sites)"""
    dim, a, b = theta.shape[1], theta[:, mu, ...], theta[:, nu, ...]
    return wrap(a + shift(b, mu, dim=dim) - shift(a, nu, dim=dim) - b)


def geometric_charge(theta: Array) -> Array:
    """Q = (1/2 pi) sum over plaquettes of their angle, an integer.  (chain, 2, *sites) -> (chain,) float64

    The angles before wrapping add up to zero, so Q counts the turns that wrapping takes out, and rounding is left out
    of it.  Luescher, CMP 85 (1982) 39.
    """
    xp = namespace(theta)
    if theta.ndim != 4 or theta.shape[1] != 2:
        raise ValueError(f"geometric_charge needs U(1) angles (chain, 2, *sites), got shape {tuple(theta.shape)}")
    total = xp.sum(plaquette_angle(theta), axis=(1, 2), dtype=xp.float64)
    return xp.round(total * (0.5 / math.pi))


def topological_charge(x: Array, leaves: dict[int, float] = IMPROVED) -> Array:
    """Q of U(1) in two dimensions, exactly; in four sum_x q(x) from clover leaves.  field -> (chain,) float64

    In four dimensions the field should be smooth: see GradientFlow.
    """
    xp, dim = namespace(x), x.shape[1]
    if dim == 2 and x.ndim == 4:
        return geometric_charge(x)
    if dim != 4:
        raise ValueError(
            "no topological charge here: U(1) has one in two dimensions, and every group in four; "
            f"got shape {tuple(x.shape)}"
        )
    return xp.sum(charge_density(x, leaves), axis=(1, 2, 3, 4), dtype=xp.float64)
