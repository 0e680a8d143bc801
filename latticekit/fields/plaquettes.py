"""Plaquettes: the smallest closed loops."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.fields.links import matrices
from latticekit.fields.loops import planes
from latticekit.groups.matrices import mul, mul_dagger, re_trace
from latticekit.lattice import shift

Array = Any


def plaquette(u: Array, mu: int, nu: int) -> Array:
    """U_mu(x) U_nu(x+mu) U_mu(x+nu)^dagger U_nu(x)^dagger.  (chain, mu, N, N, *sites) -> (chain, N, N, *sites)"""
    dim = u.shape[1]
    first, second = u[:, mu, ...], u[:, nu, ...]
    return mul_dagger(mul(first, shift(second, mu, dim=dim)), mul(second, shift(first, nu, dim=dim)))


@accelerated(numpy="latticekit.kernels.cpu.gauge:plane_averages", cupy="latticekit.kernels.cuda.gauge:plane_averages")
def plane_averages(x: Array) -> Array:
    """Mean of Re tr P_{mu nu} / N over sites, per plane, float64.  field -> (chain, planes)"""
    u, xp = matrices(x), namespace(x)
    scale = 1.0 / (u.shape[2] * math.prod(u.shape[4:]))
    traces = [re_trace(plaquette(u, mu, nu)) for mu, nu in planes(u.shape[1])]
    axes = tuple(range(1, u.ndim - 3))
    return xp.stack([xp.sum(t, axis=axes, dtype=xp.float64) * scale for t in traces], axis=1)
