"""The protocol of a network: what conditions a layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from latticekit.flows.base import Residuals
from latticekit.flows.parameters import Parametric, Tree

Array = Any


@dataclass(frozen=True)
class Network(Parametric, ABC):
    """Map of features (chain, channel, *sites) -> (chain, channel, *sites) with a hand-written adjoint.

    A fresh network knows its inner shape only; `between(inputs, outputs)` fixes the channels at its ends before `init`,
    which makes fresh parameters.
    """

    keeps: ClassVar[bool] = False
    """Whether it has as many outputs as inputs by its nature (activations, residual blocks)."""

    @property
    def odd(self) -> bool:
        """Whether f(-x) = -f(x) for any parameters."""
        return False

    @property
    def width(self) -> int:
        """Channels at its end; 0 while that is open, or where it keeps the number of its inputs."""
        return 0

    @abstractmethod
    def between(self, inputs: int, outputs: int = 0) -> Self:
        """The same network with given numbers of channels at its ends; outputs = 0: its own choice."""

    @abstractmethod
    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """y, residuals.  (chain, inputs, *sites) -> (chain, outputs, *sites)"""

    @abstractmethod
    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """x_bar, and cotangents of every parameter summed over chains and sites."""


def same_width(network: Network, inputs: int, outputs: int) -> None:
    """Raises ValueError unless a network that keeps its channels is asked to do so."""
    if outputs not in (0, inputs):
        raise ValueError(f"{type(network).__name__} keeps its channels: asked for {inputs} -> {outputs}")
