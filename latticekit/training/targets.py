"""What a training aims at: one action, or for conditional flows a range of couplings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.actions import Action
from latticekit.flows import Flow, Layer, conditional_on
from latticekit.random import Key


class Target(ABC):
    """Which action, and which flow bound to its couplings, a step of the training uses."""

    @abstractmethod
    def at(self, flow: Flow, key: Key) -> tuple[Flow, Action]:
        """Flow and action of one step."""

    @abstractmethod
    def typical(self, flow: Flow) -> tuple[Flow, Action]:
        """Flow and action where the training is judged."""

    @abstractmethod
    def prepared(self, layer: Layer) -> tuple[Layer, Action]:
        """A fresh layer as it must be to get its parameters, and the action they start from."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that decides the target, as plain data."""


@dataclass(frozen=True)
class Fixed(Target):
    """The same action at every step."""

    action: Action

    def at(self, flow: Flow, key: Key) -> tuple[Flow, Action]:
        """The flow as it is."""
        return flow, self.action

    def typical(self, flow: Flow) -> tuple[Flow, Action]:
        """The flow as it is."""
        return flow, self.action

    def prepared(self, layer: Layer) -> tuple[Layer, Action]:
        """The layer as it is."""
        return layer, self.action

    def settings(self) -> dict[str, Any]:
        """Parameters of the action."""
        return {"action": self.action.parameters()}


@dataclass(frozen=True)
class Range(Target):
    """Couplings drawn anew at every step, each uniform in [low, high], for one flow that takes them as inputs.

    make: from couplings by name to the action, e.g. `lk.Phi4`; ranges: {"mass_squared": (-4, -4), "coupling": (4, 8)}.
    The flow is `conditioned` on the vector in the order of `ranges`.
    """

    make: Callable[..., Action]
    ranges: Mapping[str, tuple[float, float]]

    def __post_init__(self) -> None:
        for name, ends in self.ranges.items():
            if len(ends) != 2 or not ends[0] <= ends[1]:
                raise ValueError(f"the range of {name} must be (low, high), got {ends}")
        if not self.ranges:
            raise ValueError("couplings must name at least one range, e.g. {'coupling': (4.0, 8.0)}")
        self.make(**self._couplings([0.5] * len(self.ranges)))

    def at(self, flow: Flow, key: Key) -> tuple[Flow, Action]:
        """Uniform couplings, one vector for the whole batch."""
        u = key.fold("jitter").uniform((1, len(self.ranges)), np.zeros(0))
        return self._bound(flow, u[0].tolist())

    def typical(self, flow: Flow) -> tuple[Flow, Action]:
        """The middle of every range."""
        return self._bound(flow, [0.5] * len(self.ranges))

    def prepared(self, layer: Layer) -> tuple[Layer, Action]:
        """The layer bound to the middle of every range; one that takes no couplings becomes `Conditioned` on them."""
        middle = self._couplings([0.5] * len(self.ranges))
        couplings = tuple(middle.values())
        bound = layer.conditioned(couplings)
        if bound == layer:
            bound = conditional_on(layer, self.ranges).conditioned(couplings)
        return bound, self.make(**middle)

    def settings(self) -> dict[str, Any]:
        """The ranges, and the actions at their ends."""
        ends = [self.make(**self._couplings([u] * len(self.ranges))).parameters() for u in (0.0, 1.0)]
        return {"couplings": {name: list(ends) for name, ends in self.ranges.items()}, "ends": ends}

    def _bound(self, flow: Flow, shares: list[float]) -> tuple[Flow, Action]:
        couplings = self._couplings(shares)
        return flow.conditioned(tuple(couplings.values())), self.make(**couplings)

    def _couplings(self, shares: list[float]) -> dict[str, float]:
        return {name: low + u * (high - low) for u, (name, (low, high)) in zip(shares, self.ranges.items())}
