"""Observables along the gradient flow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from latticekit.arrays import namespace
from latticekit.fields import GradientFlow, action_density, plaquette_density
from latticekit.observables.base import Array
from latticekit.observables.links import LinkObservable, by_blocks

_FLOW = GradientFlow(step=0.05)


@dataclass(frozen=True)
class FlowedActionDensity(LinkObservable):
    """E(t), mean over sites, at flow times t = 0, spacing, 2 spacing, ... up to `longest`: for t0 and w0.

    From clover leaves, or with `clover` = False from plaquettes (1006.4518, section 3).
    """

    longest: float = 4.0
    spacing: float = 0.1
    flow: GradientFlow = _FLOW
    clover: bool = True

    name = "flowed_action_density"
    costly = True
    dims = ("flow_time",)
    long_name = "action density at positive flow time"
    symbol = r"E(t)"

    def __post_init__(self) -> None:
        if not 0 < self.spacing <= self.longest < math.inf:
            raise ValueError(
                f"FlowedActionDensity needs 0 < spacing <= longest, got spacing={self.spacing}, longest={self.longest}"
            )

    @property
    def times(self) -> list[float]:
        """The flow times."""
        return [k * self.spacing for k in range(math.floor(self.longest / self.spacing + 1e-9) + 1)]

    def measure(self, x: Array) -> Array:
        """E(t).  field -> (chain, flow_time)"""
        return by_blocks(self._along_flow, x)

    def _along_flow(self, x: Array) -> Array:
        density = action_density if self.clover else plaquette_density
        return namespace(x).stack([density(y) for y in self.flow.at(x, self.times)], axis=1)

    def coords(self, sites: tuple[int, ...]) -> dict[str, np.ndarray]:
        """The flow times, in units of the lattice spacing squared."""
        return {"flow_time": np.array(self.times)}
