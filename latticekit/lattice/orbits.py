"""Displacements, or momenta, that the symmetries of the periodic box carry into each other."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from latticekit.lattice.sites import Sites


class Orbits(NamedTuple):
    """Classes of displacements n of a box under n_mu -> -n_mu and exchanges of axes of equal extent.  Read-only."""

    of_site: np.ndarray
    """Number of the orbit of every displacement, C order.  (V,)"""
    members: np.ndarray
    """Displacements of every orbit, filled up with V.  (orbits, largest size)"""
    size: np.ndarray
    """Number of displacements of every orbit, float64.  (orbits,)"""


@lru_cache(maxsize=64)
def orbits(sites: Sites) -> Orbits:
    """The orbits on a lattice, the one of n = 0 first."""
    of_site = np.unique(_representative(sites), return_inverse=True)[1].reshape(-1)
    size = np.bincount(of_site)
    order = np.argsort(of_site, kind="stable")
    first = np.cumsum(size) - size
    members = np.full((len(size), int(size.max())), math.prod(sites))
    members[of_site[order], np.arange(len(order)) - first[of_site[order]]] = order
    made = Orbits(of_site, members, size.astype(float))
    for array in made:
        array.flags.writeable = False
    return made


def _representative(sites: Sites) -> np.ndarray:
    """The smallest number of a displacement that is in the orbit of each.  (V,)"""
    n = np.indices(sites).reshape(len(sites), -1)
    folded = np.minimum(n, np.array(sites)[:, None] - n)
    for extent in set(sites):
        axes = [mu for mu, other in enumerate(sites) if other == extent]
        folded[axes] = np.sort(folded[axes], axis=0)
    return np.ravel_multi_index(tuple(folded), sites)
