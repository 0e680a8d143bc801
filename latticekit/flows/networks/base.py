"""The protocol of a network: what conditions a layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

from latticekit.flows.base import Residuals
from latticekit.flows.parameters import Parametric, Setting, Tree

Array = Any


@dataclass(frozen=True)
class Network(Parametric, ABC):
    """Map of features (chain, channel, *sites) -> (chain, channel, *sites) with a hand-written adjoint.

    A fresh network knows its inner shape only; `between(inputs, outputs)` fixes the channels at its ends before `init`.
    """

    @abstractmethod
    def between(self, inputs: int, outputs: int) -> Self:
        """The same network with given numbers of channels at its ends."""

    @abstractmethod
    def init(self, setting: Setting) -> Self:
        """The same network with fresh parameters; those of the last layer start small, so that a flow starts tame."""

    @abstractmethod
    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """y, residuals.  (chain, inputs, *sites) -> (chain, outputs, *sites)"""

    @abstractmethod
    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """x_bar, and cotangents of every parameter summed over chains and sites."""
