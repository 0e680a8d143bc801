"""The invariant measure of a gauge group as a prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.priors import Prior
from latticekit.groups import GaugeGroup
from latticekit.random import Key

Array = Any


@dataclass(frozen=True)
class Haar(Prior):
    """Independent links of the invariant measure, strong coupling: log q = 0 with respect to it."""

    gauge_group: GaugeGroup

    def __post_init__(self) -> None:
        if not isinstance(self.gauge_group, GaugeGroup):
            raise TypeError(f"Haar needs a compact group such as U1() or SU(3), got {self.gauge_group!r}")

    @property
    def group(self) -> GaugeGroup:
        """The group of the links."""
        return self.gauge_group

    def draw(self, key: Key, chains: int, sites: tuple[int, ...], like: Array) -> tuple[Array, Array]:
        """Links from the key's stream "prior"."""
        x = self.group.random(key.fold("prior"), self.group.shape(chains, sites), like)
        return x, self.log_q(x)

    def log_q(self, x: Array) -> Array:
        """0."""
        xp = namespace(x)
        return xp.zeros(x.shape[0], dtype=xp.float64, device=x.device)

    def score(self, x: Array) -> Array:
        """0: no element of the group is preferred."""
        xp, shape = namespace(x), self.group.algebra_shape(tuple(x.shape))
        real = xp.float32 if x.dtype in (xp.float32, xp.complex64) else xp.float64
        return xp.zeros(shape, dtype=real, device=x.device)
