"""What observables of gauge fields share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from latticekit.arrays import namespace
from latticekit.groups import GaugeGroup, Group
from latticekit.observables.base import Array, Observable

_BLOCK = 2**18


class LinkObservable(Observable):
    """A gauge-invariant observable of link fields."""

    fewest_dimensions: ClassVar[int] = 2

    def unsuited(self, group: Group, sites: tuple[int, ...]) -> str:
        """Needs links, and a plane."""
        if not isinstance(group, GaugeGroup):
            return "needs gauge links"
        if len(sites) < self.fewest_dimensions:
            return f"needs {self.fewest_dimensions} dimensions or more"
        return ""


def by_blocks(f: Callable[[Array], Array], x: Array) -> Array:
    """f of a few chains at a time, so that what it makes on the way stays in the cache.  field -> (chain, ...)"""
    size, chains = max(1, _BLOCK // math.prod(x.shape[1:])), x.shape[0]
    blocks = [f(x[first : min(first + size, chains), ...]) for first in range(0, chains, size)]
    return namespace(x).concat(blocks, axis=0)
