"""What local updates of links ask of an action."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from latticekit.actions.base import Action
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
