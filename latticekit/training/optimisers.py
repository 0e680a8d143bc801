"""From a gradient to a change of the parameters; states are trees of arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import tree_map
from latticekit.flows.parameters import Tree, zeros_of

Array = Any


class Optimiser(ABC):
    """A pure rule params, gradient -> params, with a state that is a tree of arrays."""

    @abstractmethod
    def init(self, params: Tree) -> dict[str, Tree]:
        """The state before the first update."""

    @abstractmethod
    def update(
        self, params: Tree, params_bar: Tree, state: dict[str, Tree], count: int, rate: float
    ) -> tuple[Tree, dict[str, Tree]]:
        """Parameters and state after update number `count` (1, 2, ...) with a learning rate."""


@dataclass(frozen=True)
class SGD(Optimiser):
    """v <- momentum v + g, theta <- theta - rate v (Nesterov: theta - rate (g + momentum v))."""

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1), got {self.momentum}")

    def init(self, params: Tree) -> dict[str, Tree]:
        """No velocity."""
        return {"velocity": zeros_of(params)}

    def update(
        self, params: Tree, params_bar: Tree, state: dict[str, Tree], count: int, rate: float
    ) -> tuple[Tree, dict[str, Tree]]:
        """One step down the velocity."""
        velocity = tree_map(lambda v, g: v * self.momentum + g, state["velocity"], params_bar)
        along = tree_map(lambda g, v: g + v * self.momentum, params_bar, velocity) if self.nesterov else velocity
        return tree_map(lambda p, v: p - v * rate, params, along), {"velocity": velocity}


@dataclass(frozen=True)
class Adam(Optimiser):
    """theta <- theta - rate m^/(sqrt(v^) + epsilon), m and v running means of g and g^2.  Kingma, Ba, 1412.6980

    m^ = m/(1 - beta_1^t), v^ = v/(1 - beta_2^t).
    """

    beta_1: float = 0.9
    beta_2: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        if not (0 <= self.beta_1 < 1 and 0 <= self.beta_2 < 1 and self.epsilon > 0):
            raise ValueError(f"Adam needs beta_1, beta_2 in [0, 1) and epsilon > 0, got {self}")

    def init(self, params: Tree) -> dict[str, Tree]:
        """Both means at zero."""
        return {"mean": zeros_of(params), "square": zeros_of(params)}

    def update(
        self, params: Tree, params_bar: Tree, state: dict[str, Tree], count: int, rate: float
    ) -> tuple[Tree, dict[str, Tree]]:
        """One step along the normalised mean gradient."""
        a, b = self.beta_1, self.beta_2
        mean = tree_map(lambda m, g: m * a + g * (1 - a), state["mean"], params_bar)
        square = tree_map(lambda v, g: v * b + g * g * (1 - b), state["square"], params_bar)
        first, second = rate / (1 - a**count), 1 / (1 - b**count)

        def moved(p: Array, m: Array, v: Array) -> Array:
            return self.decayed(p, rate) - m * first / ((v * second) ** 0.5 + self.epsilon)

        return tree_map(moved, params, mean, square), {"mean": mean, "square": square}

    def decayed(self, p: Array, rate: float) -> Array:
        """The parameter before the step; weight decay acts here."""
        return p


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with theta <- (1 - rate weight_decay) theta beside the step.  Loshchilov, Hutter, 1711.05101"""

    weight_decay: float = 1e-2

    def decayed(self, p: Array, rate: float) -> Array:
        """(1 - rate weight_decay) p"""
        return p * (1 - rate * self.weight_decay)
