"""Sites of a periodic lattice of any dimension D >= 1: neighbours, coordinates, parity, masks."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from latticekit.arrays import namespace

Array = Any
Sites = tuple[int, ...]


def check_sites(sites: Sequence[int]) -> Sites:
    """Extents as a tuple of positive integers; raises ValueError that says what is wrong."""
    try:
        checked = tuple(operator.index(n) for n in sites)
    except TypeError:
        raise ValueError(f"lattice must be a sequence of whole extents such as (8, 8), got {sites!r}") from None
    if not checked or min(checked) < 1:
        raise ValueError(f"lattice needs at least one extent, each at least 1: got {checked}")
    if math.prod(checked) >= 2**32:
        raise ValueError(f"lattice {checked} has 2^32 sites or more, beyond the random-number counters")
    return checked


def even_sites(sites: Sequence[int], why: str) -> Sites:
    """Extents, all even, as a checkerboard on a periodic lattice needs."""
    for n in (checked := check_sites(sites)):
        if n % 2:
            raise ValueError(f"sites must be even for {why}: got {n} in {checked}; use {n + 1}")
    return checked


def volume(sites: Sequence[int]) -> int:
    """Number of sites."""
    return math.prod(sites)


def shift(field: Array, mu: int, step: int = 1, *, dim: int | None = None) -> Array:
    """Field seen from the neighbour: result(x) = field(x + step mu).  (..., *sites) -> (..., *sites)

    `dim` is the number of site axes, which stand last; by default all but the first (chain) axis.
    """
    dim = field.ndim - 1 if dim is None else dim
    return namespace(field).roll(field, -step, axis=field.ndim - dim + mu)


def coordinates(sites: Sequence[int], mu: int, like: Array) -> Array:
    """Coordinate x_mu of every site, int64, shape `sites`, in the namespace and on the device of `like`."""
    xp = namespace(like)
    shape = [1] * len(sites)
    shape[mu] = sites[mu]
    line = xp.reshape(xp.arange(sites[mu], dtype=xp.int64, device=like.device), tuple(shape))
    return xp.broadcast_to(line, tuple(sites))


def parity(sites: Sequence[int], like: Array) -> Array:
    """(sum_mu x_mu) mod 2 of every site, int64, shape `sites`."""
    total = coordinates(sites, 0, like)
    for mu in range(1, len(sites)):
        total = total + coordinates(sites, mu, like)
    return total % 2


def checkerboard(sites: Sequence[int], which: int, like: Array) -> Array:
    """Boolean mask of the sites of parity `which` (0 even, 1 odd); neighbours differ on even extents."""
    return parity(sites, like) == which
