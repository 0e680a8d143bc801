"""Layers one after the other, and the inverse of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from latticekit.arrays import tree_map
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.parameters import Parametric, Tree

Array = Any


@dataclass(frozen=True)
class Sequential(Layer):
    """y = f_n(... f_2(f_1(x))).  field -> field

    checkpoint: 0 keeps the residuals of every layer; k > 0 keeps the field before every k-th layer only and applies
    those k layers again on the way back, which costs one more `apply` and saves the memory.
    """

    layers: tuple[Layer, ...]
    checkpoint: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers:
            raise ValueError("Sequential needs at least one layer, got none")
        wrong = [type(one).__name__ for one in self.layers if not isinstance(one, Layer)]
        if wrong:
            raise TypeError(f"Sequential takes layers, got {', '.join(wrong)}")
        if self.checkpoint < 0:
            raise ValueError(f"checkpoint must be 0 (keep all) or a number of layers, got {self.checkpoint}")

    def members(self) -> dict[str, Parametric]:
        """The layers, numbered."""
        return {str(i): one for i, one in enumerate(self.layers)}

    def with_members(self, members: dict[str, Any]) -> Self:
        """Other layers in the same order."""
        return type(self)(tuple(members.values()), self.checkpoint)

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """Every layer in turn; log-dets add up."""
        total, kept = 0.0, []
        for first in range(0, len(self.layers), self.checkpoint or 1):
            start = x
            x, log_det, residuals = self._forward(first, x)
            total = log_det + total
            kept.append((start,) if self.checkpoint else residuals)
        return x, total, tuple(kept)

    def push(self, x: Array) -> tuple[Array, Array]:
        """Every layer in turn."""
        total = 0.0
        for layer in self.layers:
            x, log_det = layer.push(x)
            total = log_det + total
        return x, total

    def apply_with_score(self, x: Array, zeta: Array) -> tuple[Array, Array, Array, Residuals]:
        """Every layer in turn, each in one pass; the same residuals as from `apply`."""
        total, kept = 0.0, []
        for first in range(0, len(self.layers), self.checkpoint or 1):
            start, block = x, []
            for layer in self.layers[first : first + (self.checkpoint or 1)]:
                x, log_det, zeta, residuals = layer.apply_with_score(x, zeta)
                total = log_det + total
                block.append(residuals)
            kept.append((start,) if self.checkpoint else tuple(block))
        return x, total, zeta, tuple(kept)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """The inverse of every layer, last one first."""
        total = 0.0
        for layer in reversed(self.layers):
            y, log_det = layer.inverse(y)
            total = log_det + total
        return y, total

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Back through the layers; every log-det has the same cotangent."""
        bars: dict[str, Tree] = {}
        for block in reversed(range(len(residuals))):
            for i, kept in reversed(self._kept(block, residuals[block])):
                y_bar, bars[str(i)] = self.layers[i].vjp(kept, y_bar, log_det_bar)
        return y_bar, {str(i): bars[str(i)] for i in range(len(self.layers))}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """Forward through the layers."""
        for block in range(len(residuals)):
            for i, kept in self._kept(block, residuals[block]):
                zeta = self.layers[i].carry(kept, zeta, weight)
        return zeta

    def defect(self, x: Array) -> Array:
        """Sum of the layers' defects."""
        total = super().defect(x)
        for layer in self.layers:
            total = total + layer.defect(x)
            x = layer.apply(x)[0]
        return total

    def _forward(self, first: int, x: Array) -> tuple[Array, Array, tuple[Residuals, ...]]:
        """One block of layers from `first` on."""
        total, kept = 0.0, []
        for layer in self.layers[first : first + (self.checkpoint or 1)]:
            x, log_det, residuals = layer.apply(x)
            total = log_det + total
            kept.append(residuals)
        return x, total, tuple(kept)

    def _kept(self, block: int, kept: Residuals) -> list[tuple[int, Residuals]]:
        """Number and residuals of every layer of a block, computed again where only its start was kept."""
        first = block * (self.checkpoint or 1)
        found = self._forward(first, kept[0])[2] if self.checkpoint else kept
        return list(enumerate(found, start=first))


@dataclass(frozen=True)
class Inverse(Layer):
    """The inverse of a layer as a layer: apply and inverse change places.  field -> field"""

    layer: Layer

    def members(self) -> dict[str, Parametric]:
        """The layer."""
        return {"layer": self.layer}

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """The layer's inverse; its residuals are those of the layer at the result."""
        y, log_det = self.layer.inverse(x)
        return y, log_det, self.layer.apply(y)[2]

    def push(self, x: Array) -> tuple[Array, Array]:
        """The layer's inverse."""
        return self.layer.inverse(x)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """The layer itself."""
        return self.layer.push(y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """With y = f^-1(x): x_bar = J^-T (y_bar - log_det_bar d log_det), and minus the layer's cotangents at x_bar."""
        x_bar = self.layer.carry(residuals, y_bar, log_det_bar)
        bars = self.layer.vjp(residuals, x_bar, log_det_bar)[1]
        return x_bar, {"layer": tree_map(lambda bar: -bar, bars)}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """J^T (zeta + weight ...) of the layer: its vjp."""
        return self.layer.vjp(residuals, zeta, weight)[0]

    def defect(self, x: Array) -> Array:
        """The layer's, where it ends."""
        return self.layer.defect(self.layer.inverse(x)[0])


@dataclass(frozen=True)
class Identity(Layer):
    """y = x: what a flow is measured against (direct reweighting).  field -> field"""

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """x itself."""
        return x, Layer.defect(self, x), ()

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """y itself."""
        return y, Layer.defect(self, y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """y_bar itself."""
        return y_bar, {}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """zeta itself."""
        return zeta
