"""Field strength from clover leaves, and the action density made of it."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import namespace
from latticekit.fields.lines import line
from latticekit.fields.links import group_of, matrices
from latticekit.fields.loops import planes
from latticekit.fields.plaquettes import plane_averages
from latticekit.groups.matrices import dagger_mul, mul, mul_dagger
from latticekit.lattice import shift

Array = Any
CLOVER = {1: 1.0}
"""Size of the leaves -> weight: the four plaquettes that meet at a site."""
IMPROVED = {1: 3 / 2, 2: -3 / 5, 3: 1 / 10}
"""Leaves of 1 x 1, 2 x 2 and 3 x 3 without errors of order a^2 and a^4: the three loops of hep-lat/9701012."""


def clover(u: Array, mu: int, nu: int, size: int = 1) -> Array:
    """Mean of the four size x size loops of a plane that start at x, all in the sense mu -> nu.

    (chain, mu, N, N, *sites) -> (chain, N, N, *sites)
    """
    dim = u.shape[1]
    a, b = line(u, mu, size), line(u, nu, size)
    up = mul(a, shift(b, mu, size, dim=dim))
    over = mul(b, shift(a, nu, size, dim=dim))
    first = mul_dagger(up, over)
    second = shift(dagger_mul(a, mul(first, a)), mu, -size, dim=dim)
    fourth = shift(dagger_mul(b, mul(first, b)), nu, -size, dim=dim)
    third = shift(shift(dagger_mul(over, up), mu, -size, dim=dim), nu, -size, dim=dim)
    return (first + second + third + fourth) * 0.25


def field_strength(x: Array, mu: int, nu: int, leaves: dict[int, float] = CLOVER) -> Array:
    """F_a in one plane: sum over leaf sizes of weight comp_a(clover) / size^2.  field -> algebra of a direction

    a^2 F (1 + O(a^2)); with `leaves` = IMPROVED, hep-lat/0203008, a^2 F (1 + O(a^6)).
    """
    group, u = group_of(x), matrices(x)
    total = None
    for size, weight in leaves.items():
        term = group.components(clover(u, mu, nu, size)) * (weight / size**2)
        total = term if total is None else total + term
    return total


def _product(f: Array, g: Array, dim: int) -> Array:
    """f_a g_a.  -> (chain, *sites)"""
    xp = namespace(f)
    return f * g if f.ndim == 1 + dim else xp.sum(f * g, axis=1)


def action_density(x: Array, leaves: dict[int, float] = CLOVER) -> Array:
    """E = (1/4) F^a_{mu nu} F^a_{mu nu}, mean over sites, from clover leaves, float64.  field -> (chain,)"""
    xp, dim = namespace(x), x.shape[1]
    scale, total = 0.5 / math.prod(x.shape[-dim:]), 0.0
    for mu, nu in planes(dim):
        f = field_strength(x, mu, nu, leaves)
        density = _product(f, f, dim)
        total = total + xp.sum(density, axis=tuple(range(1, density.ndim)), dtype=xp.float64) * scale
    return total


def plaquette_density(x: Array) -> Array:
    """E = sum_{mu<nu} Re tr(1 - P) / index, mean over sites, float64 (1006.4518, eq. 3.1).  field -> (chain,)"""
    group, xp = group_of(x), namespace(x)
    return xp.sum(1.0 - plane_averages(x), axis=1) * (group.n / group.index)


def charge_density(x: Array, leaves: dict[int, float] = CLOVER) -> Array:
    """q = (1/32 pi^2) eps_{mu nu rho sigma} tr F_{mu nu} F_{rho sigma} in four dimensions.  field -> (chain, *sites)"""
    dim = x.shape[1]
    if dim != 4:
        raise ValueError(f"the clover charge needs four dimensions, got {dim}; see topological_charge")
    f = {plane: field_strength(x, *plane, leaves) for plane in planes(4)}
    pairs = (((0, 1), (2, 3), 1.0), ((0, 2), (1, 3), -1.0), ((0, 3), (1, 2), 1.0))
    total = 0.0
    for one, other, sign in pairs:
        total = total + _product(f[one], f[other], dim) * sign
    return total * (group_of(x).index / (4 * math.pi**2))
