"""Topological charge."""

from __future__ import annotations

from dataclasses import dataclass

from latticekit.fields import GradientFlow, topological_charge
from latticekit.groups import U1, Group
from latticekit.observables.base import Array
from latticekit.observables.links import LinkObservable, by_blocks

_FLOW = GradientFlow(step=0.1)


@dataclass(frozen=True)
class TopologicalCharge(LinkObservable):
    """Q: the integer of U(1) in two dimensions; in four, improved clover leaves after gradient flow to `flow_time`."""

    flow_time: float = 2.0
    flow: GradientFlow = _FLOW

    name = "topological_charge"
    costly = True
    long_name = "topological charge"
    symbol = r"Q"

    def __post_init__(self) -> None:
        if not 0 <= self.flow_time < float("inf"):
            raise ValueError(f"TopologicalCharge needs a flow_time of 0 or more, got {self.flow_time}")

    def measure(self, x: Array) -> Array:
        """Q.  field -> (chain,)"""
        return topological_charge(x) if x.shape[1] == 2 else by_blocks(self._after_flow, x)

    def _after_flow(self, x: Array) -> Array:
        return topological_charge(self.flow.advance(x, self.flow_time))

    def unsuited(self, group: Group, sites: tuple[int, ...]) -> str:
        """Needs links in four dimensions, or those of U(1) in two."""
        if found := super().unsuited(group, sites):
            return found
        if len(sites) == 4 or (len(sites) == 2 and isinstance(group, U1)):
            return ""
        return "needs four dimensions, or U(1) in two: elsewhere there is no such charge"
