"""Several losses at once."""

from __future__ import annotations

from dataclasses import dataclass

from latticekit.actions import Action
from latticekit.arrays import tree_map
from latticekit.flows import Flow
from latticekit.random import Key
from latticekit.training.estimator import Gradient, GradientEstimator


@dataclass(frozen=True)
class Blend(GradientEstimator):
    """share_1 L_1 + share_2 L_2 + ..., e.g. a reverse loss and a forward one that keeps every mode in sight.

    Log weights are those of the first.
    """

    parts: tuple[GradientEstimator, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.parts) != len(self.shares) or not self.parts:
            raise ValueError(f"Blend needs one share per part, got {len(self.parts)} and {len(self.shares)}")

    @property
    def reverse(self) -> bool:  # type: ignore[override]
        """That of the first part."""
        return self.parts[0].reverse

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Sums of the losses and gradients, log weights of the first part."""
        found = [part.gradient(flow, action, key, batch) for part in self.parts]
        loss = sum(one.loss * share for one, share in zip(found, self.shares))
        bars = tree_map(lambda bar: bar * self.shares[0], found[0].params_bar)
        for one, share in zip(found[1:], self.shares[1:]):
            bars = tree_map(lambda a, b, share=share: a + b * share, bars, one.params_bar)
        return Gradient(loss, bars, found[0].log_weights)
