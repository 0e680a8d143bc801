"""What local updates of links ask of an action, and sums that still offer it."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.actions.base import Action, Sum, terms_of
from latticekit.actions.held import free_links
from latticekit.arrays import namespace
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import product_trace

Array = Any


class LinkAction(Action):
    """An action linear in every single link: given all others, its weight is exp(Re tr(U V))."""

    group: GaugeGroup

    @abstractmethod
    def staple(self, u: Array, mu: int) -> Array:
        """V of the links of one direction, couplings included.  (chain, mu, N, N, *sites) -> (chain, N, N, *sites)"""

    @abstractmethod
    def colours(self, mu: int, dim: int) -> tuple[int, tuple[int, ...]]:
        """(m, a): links of direction mu with equal (sum_nu a_nu x_nu) mod m do not occur in each other's V."""

    @property
    def boundary(self) -> str:
        """Fixed where links are held, else open where no loop goes around."""
        return "fixed" if self.held else "open" if self.open_axes else "periodic"

    def linear(self, sites: tuple[int, ...]) -> bool:
        """Whether no loop passes a link twice on these sites, so that the weight is what it says."""
        return min(sites) > 1

    def free_links(self, x: Array) -> int:
        """Number of links that are not held, per chain."""
        dim = x.shape[1]
        links = dim * math.prod(x.shape[-dim:])
        return links if self.held is None else int(namespace(x).count_nonzero(free_links(self.held, x)))

    def link_trace(self, x: Array) -> Array:
        """sum of Re tr(U V) over the links that are not held, in float64.  field -> (chain,)"""
        u, xp, total = self.group.matrices(x), namespace(x), 0.0
        for mu in range(x.shape[1]):
            trace = xp.real(product_trace(u[:, mu, ...], self.staple(u, mu)))
            if self.held is not None:
                free = xp.reshape(free_links(self.held, x)[:, mu, ...], trace.shape[1:])
                trace = xp.where(free, trace, xp.zeros_like(trace))
            total = total + xp.sum(trace, axis=tuple(range(1, trace.ndim)), dtype=xp.float64)
        return total

    @property
    def open_axes(self) -> tuple[int, ...]:
        """Directions that no loop goes around: there the colours need not fit on the extent."""
        return ()

    def __add__(self, other: Action) -> Action:
        terms = (*terms_of(self), *terms_of(other))
        linear = tuple(term for term in terms if isinstance(term, LinkAction))
        return LinkSum(linear) if len(linear) == len(terms) else Sum(terms)


@dataclass(frozen=True)
class LinkSum(Sum, LinkAction):  # type: ignore[misc]
    """S_1 + S_2 + ... of link actions: linear in every single link, like its terms."""

    terms: tuple[LinkAction, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        strangers = [type(term).__name__ for term in self.terms if not isinstance(term, LinkAction)]
        if strangers:
            raise TypeError(f"LinkSum needs link actions, got {', '.join(strangers)}: use Sum")

    def staple(self, u: Array, mu: int) -> Array:
        """Sum of the staples.  (chain, mu, N, N, *sites) -> (chain, N, N, *sites)"""
        total = self.terms[0].staple(u, mu)
        for term in self.terms[1:]:
            total = total + term.staple(u, mu)
        return total

    def colours(self, mu: int, dim: int) -> tuple[int, tuple[int, ...]]:
        """Those of the term of the longest reach, which keep the neighbours in shorter loops apart, too."""
        return max(term.colours(mu, dim) for term in self.terms)

    @property
    def open_axes(self) -> tuple[int, ...]:
        """Those that are open for every term."""
        return tuple(sorted(set.intersection(*(set(term.open_axes) for term in self.terms))))

    def linear(self, sites: tuple[int, ...]) -> bool:
        """Whether all terms are."""
        return all(term.linear(sites) for term in self.terms)
