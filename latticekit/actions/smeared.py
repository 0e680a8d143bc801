"""An action seen through stout smearing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from latticekit.actions.base import Action
from latticekit.fields import Stout, stout_step, stout_weights
from latticekit.groups import GaugeGroup

Array = Any


@dataclass(frozen=True)
class Smeared(Action):
    """S(U) = S_0(stout(U)): `steps` of stout smearing with weight rho before the action is read.

    spatial: smear links of space alone (axes 1, 2, ...).  Morningstar and Peardon, hep-lat/0311018.
    """

    action: Action
    rho: float
    steps: int = 1
    spatial: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.group, GaugeGroup):
            raise TypeError(f"Smeared needs an action of gauge links, got {self.action!r}")
        if not math.isfinite(self.rho):
            raise ValueError(f"Smeared needs a finite rho, got {self.rho}")
        if self.action.held is not None:
            raise ValueError("Smeared: smearing would move the links that the boundary of its action holds fixed")
        if self.steps < 1:
            raise ValueError(f"Smeared needs at least one step, got {self.steps}")

    @property
    def group(self) -> GaugeGroup:  # type: ignore[override]
        """That of the smeared links."""
        return self.action.group  # type: ignore[return-value]

    def value(self, x: Array) -> Array:
        """S_0 of the smeared field.  field -> (chain,)"""
        return self.action.value(self._forward(x)[0])

    def force(self, x: Array) -> Array:
        """F_0 at the smeared field, carried back step by step.  field -> algebra"""
        layer = Stout(stout_weights(x.shape[1], self.rho, x, spatial=self.spatial))
        x, kept = self._forward(x)
        force = self.action.force(x)
        for residuals in reversed(kept):
            force, _ = layer.vjp(residuals, force)
        return force

    def conventions(self) -> dict[str, str]:
        """Those of the action that is smeared."""
        return self.action.conventions()

    def _forward(self, x: Array) -> tuple[Array, list[Any]]:
        """The smeared field, and what each step keeps for the way back."""
        kept = []
        for _ in range(self.steps):
            x, residuals = stout_step(x, self.rho, spatial=self.spatial)
            kept.append(residuals)
        return x, kept
