"""Links that may move together: those of one direction and one colour of sites."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd, prod
from typing import Any

import numpy as np

from latticekit.arrays import namespace
from latticekit.fields import Path
from latticekit.lattice import check_sites

Array = Any
Sites = tuple[int, ...]


@dataclass(frozen=True)
class ActiveLinks:
    """Active are the links U_mu(x) with (sum_nu a_nu x_nu) mod modulus = colour; all others are frozen.

    modulus 2: parity, a_nu = 1, for plaquettes.  modulus 4: a_mu = 2 and 1 else, for rectangles too, which reach two
    sites.  With a window ((first, extent), ...), one pair per axis, only links of sites within that box are active.
    """

    mu: int
    colour: int = 0
    modulus: int = 2
    window: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", tuple((int(first), int(extent)) for first, extent in self.window))
        if self.modulus not in (2, 4):
            raise ValueError(f"modulus must be 2 (plaquettes) or 4 (rectangles too), got {self.modulus}")
        if self.mu < 0 or not 0 <= self.colour < self.modulus:
            raise ValueError(
                f"expected a direction mu >= 0 and a colour below {self.modulus}, got {self.mu} and {self.colour}"
            )

    def coefficients(self, dim: int) -> tuple[int, ...]:
        """a_nu."""
        return tuple(self.modulus // 2 if nu == self.mu else 1 for nu in range(dim))

    def check(self, sites: Sites) -> Sites:
        """The extents, if the colours close around the lattice; else ValueError."""
        sites = check_sites(sites)
        if self.mu >= len(sites) or (self.window and len(self.window) != len(sites)):
            raise ValueError(f"{self} needs other directions than those of {sites}")
        for nu, (n, a) in enumerate(zip(sites, self.coefficients(len(sites)))):
            period = self.modulus // gcd(a, self.modulus)
            if n % period:
                raise ValueError(
                    f"the extent along direction {nu} must be a multiple of {period}, so that no active link sees "
                    f"another one: got {n} in {sites}"
                )
        return sites

    def sees_itself(self, staple: Path, dim: int) -> bool:
        """Whether the staple of an active link, from x + mu to x, has links of the same direction and colour."""
        a = self.coefficients(dim)
        at = a[self.mu]
        for step in staple:
            nu, forward = (step, True) if step >= 0 else (~step, False)
            at -= 0 if forward else a[nu]
            if nu == self.mu and at % self.modulus == 0:
                return True
            at += a[nu] if forward else 0
        return False

    def active(self, sites: Sites) -> np.ndarray:
        """Flat indices of active sites, ascending, int64, read-only.  -> (A,)"""
        return _indices(self, sites)[0]


@lru_cache(maxsize=256)
def _indices(links: ActiveLinks, sites: Sites) -> tuple[np.ndarray, np.ndarray]:
    """Flat indices of active sites, and for every site its own index, or V + n at the n-th active one."""
    sites, x = links.check(sites), np.indices(sites)
    mask = np.tensordot(np.array(links.coefficients(len(sites))), x, 1) % links.modulus == links.colour
    for nu, (first, extent) in enumerate(links.window):
        mask &= (x[nu] - first) % sites[nu] < extent
    active, back = np.flatnonzero(mask), np.arange(prod(sites))
    if not active.size:
        raise ValueError(f"{links} has no active link on {sites}: widen its window")
    back[active] = prod(sites) + np.arange(active.size)
    active.flags.writeable = back.flags.writeable = False
    return active, back


def take(field: Array, links: ActiveLinks, sites: Sites) -> Array:
    """Values at active sites.  (..., *sites) -> (..., A)"""
    xp = namespace(field)
    index = xp.asarray(_indices(links, sites)[0], device=field.device)
    return xp.take(_flat(field, sites), index, axis=field.ndim - len(sites))


def put(field: Array, values: Array, links: ActiveLinks, sites: Sites) -> Array:
    """The field with other values at active sites.  (..., *sites), (..., A) -> (..., *sites)"""
    xp, axis = namespace(field), field.ndim - len(sites)
    index = xp.asarray(_indices(links, sites)[1], device=field.device)
    both = xp.concat([_flat(field, sites), values], axis=axis)
    return xp.reshape(xp.take(both, index, axis=axis), field.shape)


def _flat(field: Array, sites: Sites) -> Array:
    """(..., *sites) -> (..., V)"""
    return namespace(field).reshape(field, (*field.shape[: field.ndim - len(sites)], prod(sites)))
