"""Where flows start: densities that are drawn exactly."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.flows.base import sum_chains
from latticekit.groups import Group, Real
from latticekit.random import Key

Array = Any


@dataclass(frozen=True)
class Prior(ABC):
    """A density of fields that can be drawn independently."""

    @property
    @abstractmethod
    def group(self) -> Group:
        """Where its variables live."""

    @property
    def normalised(self) -> bool:
        """Whether log_q is a normalised density (Haar measure); if not, log Z of a flow is relative to the prior's."""
        return True

    @abstractmethod
    def draw(self, key: Key, chains: int, sites: tuple[int, ...], like: Array) -> tuple[Array, Array]:
        """Independent fields and their log density.  -> field, log_q (chain,) float64"""

    @abstractmethod
    def log_q(self, x: Array) -> Array:
        """Log density.  field -> (chain,) float64"""

    @abstractmethod
    def score(self, x: Array) -> Array:
        """d log q: log_q(translate(x, e v)) = log_q(x) + e inner(score, v) + O(e^2).  field -> algebra"""


@dataclass(frozen=True)
class Normal(Prior):
    """Independent sites of mean 0 and width `scale`: log q = -sum z^2 / (2 scale^2) - V log(scale sqrt(2 pi))."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"the width of a normal prior must be positive, got {self.scale}")

    @property
    def group(self) -> Group:
        """The real line."""
        return Real()

    def draw(self, key: Key, chains: int, sites: tuple[int, ...], like: Array) -> tuple[Array, Array]:
        """Box-Muller numbers of the key's stream "prior"."""
        z = key.fold("prior").normal((chains, *sites), like) * self.scale
        return z, self.log_q(z)

    def log_q(self, x: Array) -> Array:
        """-sum x^2 / (2 scale^2) - V log(scale sqrt(2 pi))."""
        volume = math.prod(x.shape[1:])
        return sum_chains(x * x) * (-0.5 / self.scale**2) - volume * math.log(self.scale * math.sqrt(2 * math.pi))

    def score(self, x: Array) -> Array:
        """-x / scale^2."""
        return x * (-1.0 / self.scale**2)
