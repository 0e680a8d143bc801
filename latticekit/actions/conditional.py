"""What local and cluster updates ask of an action beyond its value and force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

Array = Any


@dataclass(frozen=True)
class Conditional:
    """Weight of one real variable given all others, exp(-(quadratic phi^2 + quartic phi^4 - linear phi)).

    `linear` depends on the neighbours, (chain, *sites); the other two are the same at every site.
    """

    quadratic: float
    quartic: float
    linear: Array

    def value(self, phi: Array) -> Array:
        """Part of the action that depends on each site's variable.  (chain, *sites) -> (chain, *sites)"""
        square = phi * phi
        return (self.quadratic + self.quartic * square) * square - self.linear * phi


@runtime_checkable
class HasConditional(Protocol):
    """An action whose sites of one parity are independent given the other parity: a checkerboard can update it."""

    def conditional(self, x: Array) -> Conditional:
        """Weight of every site's variable given its neighbours.  (chain, *sites) -> Conditional"""


@runtime_checkable
class HasBonds(Protocol):
    """An action that depends on the signs of the field through nearest neighbours alone."""

    def bonds(self, x: Array) -> Array:
        """k of S = -sum k_mu(x) + (terms even in every phi(x)), k odd in both ends.  -> (chain, mu, *sites)"""
