"""What local updates of links ask of an action, and sums that still offer it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.actions.base import Action, Sum, terms_of
from latticekit.groups import GaugeGroup

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
