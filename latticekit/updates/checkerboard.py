"""What the sweeps over sites share: even sites first, then odd sites, each parity at once."""

from __future__ import annotations

from collections.abc import Iterator

from latticekit.arrays import namespace
from latticekit.lattice import check_sites, checkerboard, even_sites
from latticekit.updates.base import Array


def check_parities(sites: tuple[int, ...], who: str) -> None:
    """Every extent must be even, or 1 (which adds no neighbour)."""
    even_sites([n for n in check_sites(sites) if n != 1] or [2], f"the checkerboard of {who}")


def parities(x: Array) -> Iterator[Array]:
    """Masks of the even, then of the odd sites, shape (*sites)."""
    for which in (0, 1):
        yield checkerboard(tuple(x.shape[1:]), which, x)


def count(mask: Array) -> Array:
    """Number of true sites, float64.  (chain, *sites) -> (chain,)"""
    xp = namespace(mask)
    return xp.sum(xp.astype(mask, xp.float64), axis=tuple(range(1, mask.ndim)))
