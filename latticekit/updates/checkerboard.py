"""What the local updates share: even sites first, then odd sites, each parity at once."""

from __future__ import annotations

from collections.abc import Iterator

from latticekit.actions import HasConditional
from latticekit.arrays import namespace
from latticekit.lattice import check_sites, checkerboard, even_sites
from latticekit.updates.base import Array, State, Update


class Checkerboard(Update):
    """A sweep that updates each parity given the other one; a site's neighbours have the other parity."""

    def __post_init__(self) -> None:
        if not isinstance(self.action, HasConditional):
            raise TypeError(
                f"{type(self).__name__} needs an action with a weight per site (a method `conditional`), which "
                f"{type(self.action).__name__} lacks: use HMC"
            )

    def init(self, x: Array) -> State:
        """State of a field on even extents."""
        self.check(tuple(x.shape[1:]))
        return super().init(x)

    def check(self, sites: tuple[int, ...]) -> None:
        """Every extent must be even, or 1 (which adds no neighbour)."""
        even_sites([n for n in check_sites(sites) if n != 1] or [2], f"the checkerboard of {type(self).__name__}")


def parities(x: Array) -> Iterator[Array]:
    """Masks of the even, then of the odd sites, shape (*sites)."""
    for which in (0, 1):
        yield checkerboard(tuple(x.shape[1:]), which, x)


def count(mask: Array) -> Array:
    """Number of true sites, float64.  (chain, *sites) -> (chain,)"""
    xp = namespace(mask)
    return xp.sum(xp.astype(mask, xp.float64), axis=tuple(range(1, mask.ndim)))
