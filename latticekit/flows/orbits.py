"""Weights W_f(x, y) of an equivariant continuous flow: which pairs of sites share one, and moves to other lattices."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np

from latticekit.lattice import orbits

Sites = tuple[int, ...]
SYMMETRIES = ("hypercubic", "reflections", "translations", "none")
"""What ties weights: translations with reflections and exchanges of equal axes, without exchanges, alone, nothing."""


def check_symmetry(name: str) -> str:
    """The name itself, if it is one of the table."""
    if name not in SYMMETRIES:
        raise ValueError(f"unknown symmetry {name!r} of weights: one of {', '.join(SYMMETRIES)}")
    return name


def is_even(symmetry: str) -> bool:
    """Whether W depends on |x_mu - y_mu| only, so that it is diagonal in the Hartley transform."""
    return symmetry in ("hypercubic", "reflections")


@lru_cache(maxsize=64)
def displacement_orbits(sites: Sites, symmetry: str) -> np.ndarray:
    """Number of the orbit of every displacement, that of 0 first.  (V,)"""
    if symmetry == "hypercubic":
        return orbits(sites).of_site
    if symmetry == "reflections":
        n = np.indices(sites).reshape(len(sites), -1)
        folded = np.minimum(n, np.array(sites)[:, None] - n)
        return _frozen(np.unique(np.ravel_multi_index(tuple(folded), sites), return_inverse=True)[1].reshape(-1))
    return _frozen(np.arange(math.prod(sites)))


@lru_cache(maxsize=64)
def shares(sites: Sites) -> np.ndarray:
    """1 / (size of the hypercubic orbit) of every displacement: W_d = theta_[d] share_d.  (V,)

    So a step of equal size on all theta moves the sum of the kernel by the number of orbits, not by the volume.
    The same factors serve the smaller groups, whose weights then move as those of the full one.
    """
    found = orbits(sites)
    return _frozen(1.0 / found.size[found.of_site])


@lru_cache(maxsize=64)
def cosines(sites: Sites, symmetry: str) -> np.ndarray:
    """Matrix from theta to the spectrum: sum over d of an orbit of share_d prod_mu cos(2 pi k_mu d_mu / L_mu).

    Momenta 0 ... L_mu // 2 along each axis, C order.  (orbits, prod (L_mu // 2 + 1))
    """
    axes = [np.arange(n // 2 + 1) for n in sites]
    waves: np.ndarray = np.ones((1, 1))
    twice: np.ndarray = np.ones(1)
    for half, n in zip(axes, sites):
        waves = np.kron(waves, np.cos(2 * math.pi * (np.outer(half, half) % n) / n))
        twice = np.kron(twice, np.where((half == 0) | (2 * half == n), 1.0, 2.0))
    at = np.ravel_multi_index(tuple(m.reshape(-1) for m in np.meshgrid(*axes, indexing="ij")), sites)
    of_site = displacement_orbits(sites, symmetry)
    made = np.zeros((int(of_site.max()) + 1, len(at)))
    np.add.at(made, of_site[at], waves * (twice * shares(sites)[at])[:, None])
    return _frozen(made)


@lru_cache(maxsize=16)
def pairs(sites: Sites, symmetry: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For W(x, y) as a matrix: orbit of every pair (V V,), pairs of every orbit (orbits, size), share of every pair."""
    volume, strides = math.prod(sites), np.array(sites)[:, None, None]
    n = np.indices(sites).reshape(len(sites), -1)
    displacement = np.ravel_multi_index(tuple((n[:, :, None] - n[:, None, :]) % strides), sites).reshape(-1)
    of_pair = displacement if symmetry == "translations" else np.arange(volume**2)
    members = np.argsort(of_pair, kind="stable").reshape(int(of_pair.max()) + 1, -1)
    return _frozen(of_pair), _frozen(members), _frozen(shares(sites)[displacement])


@lru_cache(maxsize=16)
def transfer(old: Sites, new: Sites, symmetry: str) -> np.ndarray:
    """Matrix from theta on one lattice to theta on another: kernels with the same W_d, folded where they overlap.

    Displacements are taken closest to zero; half a period counts half in either direction, because +-L/2 are two
    displacements on a larger lattice.  theta of orbits that only the new lattice has is zero.  (new, old orbits)
    """
    of_old, of_new = displacement_orbits(old, symmetry), displacement_orbits(new, symmetry)
    made = np.zeros((int(of_new.max()) + 1, int(of_old.max()) + 1))
    images = [[_images(d, a, b) for d in range(a)] for a, b in zip(old, new)]
    count = np.bincount(of_new)
    for site, d in enumerate(itertools.product(*(range(n) for n in old))):
        for image in itertools.product(*(images[mu][n] for mu, n in enumerate(d))):
            at = int(np.ravel_multi_index(tuple(n for n, _ in image), new))
            weight = math.prod(w for _, w in image) * shares(old)[site] / shares(new)[at]
            made[of_new[at], of_old[site]] += weight / count[of_new[at]]
    return _frozen(made)


def _images(d: int, old: int, new: int) -> list[tuple[int, float]]:
    """Where a displacement along an axis comes to lie, and with which weight."""
    if 2 * d == old:
        return [(d % new, 0.5), (-d % new, 0.5)]
    return [((d if 2 * d < old else d - old) % new, 1.0)]


def distances(sites: Sites, symmetry: str) -> np.ndarray:
    """|r| of every orbit of displacements.  (orbits,)"""
    n = np.indices(sites).reshape(len(sites), -1)
    folded = np.minimum(n, np.array(sites)[:, None] - n)
    _, first = np.unique(displacement_orbits(sites, symmetry), return_index=True)
    return np.sqrt(np.sum(folded[:, first] ** 2.0, axis=0))


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
