"""An action seen through a flow: HMC on the flow's side, exact for the action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.flows.base import Layer
from latticekit.flows.flow import Flow
from latticekit.groups import Group

Array = Any


@dataclass(frozen=True)
class PulledBack(Action):
    """S'(z) = S(f(z)) - log |det df/dz|: if z has weight exp(-S'), x = f(z) has weight exp(-S).

    Luescher, 0907.5491, eq. 2.8.
    """

    action: Action
    layer: Layer

    @property
    def group(self) -> Group:  # type: ignore[override]
        """That of the action: the layer keeps it."""
        return self.action.group

    @property
    def held(self) -> Any:
        """That of the action."""
        return self.action.held

    def value(self, x: Array) -> Array:
        """S(f(z)) - log_det.  field -> (chain,)"""
        y, log_det, _ = self.layer.apply(x)
        return self.action.value(y) - log_det

    def force(self, x: Array) -> Array:
        """vjp of the action's force at log_det_bar = 1.  field -> algebra"""
        y, log_det, residuals = self.layer.apply(x)
        return self.layer.vjp(residuals, self.action.force(y), namespace(log_det).ones_like(log_det))[0]

    def parameters(self) -> dict[str, Any]:
        """The action and the settings of the layer, without its parameters."""
        return {"name": "PulledBack", "action": self.action.parameters(), "layer": self.layer.settings()}

    def conventions(self) -> dict[str, str]:
        """Those of the action."""
        return self.action.conventions()


def pulled_back(action: Action, flow: Flow | Layer) -> PulledBack:
    """S'(z) = S(f(z)) - log |det df/dz| of an action and the map f of a flow, as an action of z."""
    return PulledBack(action, flow.layer if isinstance(flow, Flow) else flow)
