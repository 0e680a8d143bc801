"""Momenta of a periodic lattice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from latticekit.arrays import namespace
from latticekit.lattice.sites import coordinates

Array = Any


def momenta(sites: Sequence[int], mu: int, like: Array) -> Array:
    """k_mu = 2 pi n_mu / L_mu of every mode, n_mu = 0 .. L_mu - 1, float64, shape `sites`."""
    xp = namespace(like)
    return xp.astype(coordinates(sites, mu, like), xp.float64) * (2 * math.pi / sites[mu])


def lattice_momentum_squared(sites: Sequence[int], like: Array) -> Array:
    """khat^2 = sum_mu 4 sin^2(k_mu / 2), the spectrum of minus the lattice Laplacian, shape `sites`."""
    xp = namespace(like)
    total = 0.0 * momenta(sites, 0, like)
    for mu in range(len(sites)):
        total = total + 4.0 * xp.sin(0.5 * momenta(sites, mu, like)) ** 2.0
    return total


def to_momentum(field: Array, *, dim: int | None = None) -> Array:
    """phi(k) = sum_x exp(-i k x) phi(x) over the last `dim` axes (default: all but the chain axis)."""
    xp, dim = namespace(field), field.ndim - 1 if dim is None else dim
    if xp.isdtype(field.dtype, "real floating"):  # the standard's fftn is for complex fields
        field = xp.astype(field, xp.complex64 if field.dtype == xp.float32 else xp.complex128)
    return xp.fft.fftn(field, axes=tuple(range(field.ndim - dim, field.ndim)))
