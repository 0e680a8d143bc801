"""Independent fields of known density, to start `check_exact` from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from latticekit.arrays import namespace
from latticekit.lattice import lattice_momentum_squared, to_momentum
from latticekit.random import Key

Array = Any


def normal_draws(
    sites: Sequence[int], chains: int, like: Array, *, scale: float = 1.0, key: Key | None = None
) -> tuple[Array, Array]:
    """Independent normal sites of width `scale`, and their log density.  -> (chain, *sites), log_q (chain,) float64"""
    unit = _noise(sites, chains, like, key)
    return unit * scale, _log_density(unit) - math.prod(sites) * math.log(scale)


def free_field_draws(
    sites: Sequence[int], chains: int, like: Array, *, mass_squared: float, key: Key | None = None
) -> tuple[Array, Array]:
    """Exact draws of S = sum_x [ (d phi)^2 + m^2 phi^2 ], and their log density.  -> (chain, *sites), (chain,) float64

    phi(k) = noise(k) / sqrt(2 (khat^2 + m^2)): exact for the free field, a close start for weak couplings.
    """
    xp, unit = namespace(like), _noise(sites, chains, like, key)
    axes = tuple(range(1, 1 + len(sites)))
    stiffness = 2.0 * (lattice_momentum_squared(sites, like) + mass_squared)
    modes = to_momentum(unit) / xp.astype(xp.sqrt(stiffness), xp.complex128)
    x = xp.astype(xp.real(xp.fft.ifftn(modes, axes=axes)), like.dtype)
    return x, _log_density(unit) + 0.5 * xp.sum(xp.log(stiffness))


def _noise(sites: Sequence[int], chains: int, like: Array, key: Key | None) -> Array:
    return (key or Key(0)).fold("start").normal((chains, *sites), like)


def _log_density(unit: Array) -> Array:
    xp = namespace(unit)
    square = xp.sum(unit * unit, axis=tuple(range(1, unit.ndim)), dtype=xp.float64)
    return -0.5 * square - 0.5 * math.prod(unit.shape[1:]) * math.log(2 * math.pi)
