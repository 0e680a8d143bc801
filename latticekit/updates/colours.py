"""What the sweeps over links share: direction by direction, colour by colour, all links of a colour at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from latticekit.actions import LinkAction
from latticekit.actions.held import free_links
from latticekit.arrays import namespace
from latticekit.lattice import check_sites, coordinates
from latticekit.updates.base import Array

UpdateLinks = Callable[[int, Array, Array, Array], tuple[Any, ...]]
"""(mu, links, V, mask) -> the links of a direction after their update, then counts (chain,)."""


def check_colours(action: LinkAction, sites: tuple[int, ...], who: str) -> None:
    """Links of one colour must stay apart around the lattice: a_nu L_nu mod m = 0 in every direction not open."""
    sites = check_sites(sites)
    for mu in range(len(sites)):
        m, a = action.colours(mu, len(sites))
        for axis, (n, step) in enumerate(zip(sites, a)):
            if step * n % m and axis not in action.open_axes:
                good = next(k for k in range(n, n + m + 1) if all(step * k % m == 0 for step in a))
                raise ValueError(
                    f"extents must be multiples of {m} for the {m} colours of links in {who}: got {n} in {sites}; "
                    f"use {good}, or HMC, which takes any extent"
                )


def colours(action: LinkAction, mu: int, x: Array) -> Iterator[Array]:
    """Masks of the links of a direction that are updated together, colour 0, 1, ...  field -> (*sites)"""
    sites = extents(x)
    modulus, a = action.colours(mu, len(sites))
    total = a[0] * coordinates(sites, 0, x)
    for nu in range(1, len(sites)):
        total = total + a[nu] * coordinates(sites, nu, x)
    xp = namespace(x)
    for colour in range(modulus):
        mask = total % modulus == colour
        if action.held is not None:
            mask = xp.logical_and(mask, xp.reshape(free_links(action.held, x)[:, mu, ...], sites))
        yield mask


def extents(x: Array) -> tuple[int, ...]:
    """Site axes of a link field, as many as directions, last."""
    return tuple(x.shape[-x.shape[1] :])


def swept(x: Array, action: LinkAction, update: UpdateLinks) -> tuple[Any, ...]:
    """The field after an update of every colour of every direction, back on the group; then the sums of the counts."""
    counts: tuple[Any, ...] = ()
    for mu in range(x.shape[1]):
        for mask in colours(action, mu, x):
            v = action.staple(action.group.matrices(x), mu)
            links, *new = update(mu, x[:, mu, ...], v, mask)
            x = _replaced(x, mu, links)
            counts = tuple(a + b for a, b in zip(counts, new)) if counts else tuple(new)
    return action.project(x), *counts


def _replaced(x: Array, mu: int, links: Array) -> Array:
    parts = [x[:, :mu, ...], links[:, None, ...], x[:, mu + 1 :, ...]]
    return namespace(x).concat([part for part in parts if part.shape[1]], axis=1)


def on_links(mask: Array, links: Array) -> Array:
    """A mask of links, ready for the rows and columns of matrices.  (chain, *sites) -> (chain, ..., *sites)"""
    return mask[:, None, None, ...] if links.ndim > mask.ndim else mask


def subgroups(n: int) -> list[tuple[int, int]]:
    """The SU(2) subgroups of SU(n), rows i < j (Cabibbo and Marinari, Phys. Lett. B119 (1982) 387)."""
    return list(combinations(range(n), 2))


def real_like(x: Array) -> Array:
    """Empty real array of the precision, namespace and device of a field."""
    xp = namespace(x)
    empty = xp.reshape(x, (-1,))[:0]
    return xp.real(empty) if xp.isdtype(x.dtype, "complex floating") else empty
