"""What dense layers and convolutions have in common: channels, bias, activation, weights that may be tied."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np

from latticekit.arrays import namespace
from latticekit.flows.base import Residuals
from latticekit.flows.networks.activations import CURVES, check_activation
from latticekit.flows.networks.base import Network
from latticekit.flows.networks.stages import Offsets, Plan, backward, forward
from latticekit.flows.networks.tying import Tap, incidence, orbits
from latticekit.flows.parameters import Setting, Tree

Array = Any
Weights = tuple[Array, Array]


@dataclass(frozen=True)
class Stencil(Network):
    """y = f(W u + b), the sum over channels and displacements.  (chain, inputs, *sites) -> (chain, channels, *sites)

    channels: outputs; 0 leaves them to `between`.  activation: f, by name.  gain: factor of the width of the first
    weights, normal with variance 2 gain^2 / ((inputs + outputs) taps) (Glorot and Bengio 2010, eq. 16).
    Parameters: w (channels, inputs, ...), b (channels,).
    """

    channels: int = 0
    bias: bool = True
    activation: str = "identity"
    gain: float = 1.0
    inputs: int = 0

    def __post_init__(self) -> None:
        check_activation(self.activation)
        if self.channels < 0 or self.inputs < 0:
            raise ValueError(f"channels must be positive (0: left open), got {self.inputs} -> {self.channels}")

    @abstractmethod
    def taps(self, dim: int) -> tuple[Tap, ...]:
        """Every term of the sum: axes along which its filter extends, displacement."""

    @abstractmethod
    def shape(self, dim: int) -> tuple[int, ...]:
        """Shape of the weights of one pair of channels."""

    @property
    def symmetry(self) -> str:
        """The group that ties weights."""
        return "none"

    @property
    def odd(self) -> bool:
        """Without bias, if the activation is odd."""
        return not self.bias and CURVES[self.activation].odd

    @property
    def width(self) -> int:
        """The channels."""
        return self.channels

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """The same with given channels."""
        if not (channels := outputs or self.channels):
            raise ValueError(f"{type(self).__name__} inside a network needs its channels, as {type(self).__name__}(8)")
        return replace(self, inputs=inputs, channels=channels)

    def init(self, setting: Setting) -> Self:
        """Normal weights from the key, zero bias."""
        if not (self.inputs and self.channels):
            raise ValueError(f"{self}: fix the channels with between(inputs, outputs) before init")
        dim, xp, like = len(setting.sites), namespace(setting.like), setting.like
        width = self.gain * math.sqrt(2 / ((self.inputs + self.channels) * len(self.taps(dim))))
        shape = (self.channels, self.inputs, *self.shape(dim))
        own = {"w": setting.key.fold("weights").normal(shape, like) * width}
        if self.bias:
            own["b"] = xp.zeros(self.channels, dtype=like.dtype, device=like.device)
        return replace(self, own=own)

    def offsets(self, dim: int) -> Offsets:
        """Displacements without repetition."""
        return _geometry(self.taps(dim), self.symmetry)[0]

    def weights(self, dim: int) -> Weights:
        """W (channels, inputs, displacement) and b (channels,) of `stages.forward`."""
        w = self.own["w"]
        xp = namespace(w)
        flat = xp.reshape(w, (*w.shape[:2], math.prod(w.shape[2:])))
        tie = self._tie(dim, w)
        b = self.own["b"] if self.bias else xp.zeros(w.shape[0], dtype=w.dtype, device=w.device)
        return (flat if tie is None else xp.matmul(flat, tie)), b

    def own_bars(self, bars: Weights, dim: int) -> Tree:
        """Cotangents of the parameters from those of `weights`."""
        w, (w_bar, b_bar) = self.own["w"], bars
        xp, tie = namespace(w), self._tie(dim, w)
        flat = w_bar if tie is None else xp.matmul(w_bar, tie.mT)
        made = {"w": xp.reshape(flat, w.shape), "b": b_bar}
        return {name: made[name] for name in self.own}

    def _tie(self, dim: int, like: Array) -> Array | None:
        """Matrix from parameters to displacements; None where that is the identity."""
        matrix = _geometry(self.taps(dim), self.symmetry)[1]
        return None if matrix is None else namespace(like).asarray(matrix, dtype=like.dtype, device=like.device)

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """The sum and the activation."""
        return apply_stencils((self,), x)

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """Back through activation and sum."""
        x_bar, (bars,) = stencils_vjp((self,), residuals, y_bar)
        return x_bar, bars


@lru_cache(maxsize=64)
def _geometry(taps: tuple[Tap, ...], symmetry: str) -> tuple[Offsets, np.ndarray | None]:
    """Displacements, and the matrix (parameters, displacements) that says which parameter is where."""
    offsets = tuple(dict.fromkeys(d for _, d in taps))
    place = {d: n for n, d in enumerate(offsets)}
    matrix = incidence([place[d] for _, d in taps], orbits(taps, symmetry))
    trivial = matrix.shape[0] == matrix.shape[1] and bool(np.all(matrix == np.eye(len(matrix))))
    return offsets, None if trivial else matrix


def _plan(parts: tuple[Stencil, ...], dim: int) -> Plan:
    return Plan(tuple(one.offsets(dim) for one in parts), tuple(one.activation for one in parts))


def apply_stencils(parts: tuple[Stencil, ...], x: Array) -> tuple[Array, Residuals]:
    """Stencils one after the other in one go, so that a kernel can keep the features of a chain in cache."""
    dim = x.ndim - 2
    if x.shape[1] != parts[0].inputs:
        raise ValueError(f"{parts[0]} takes {parts[0].inputs} channels, got {x.shape[1]} in shape {tuple(x.shape)}")
    y, kept = forward(x, tuple(one.weights(dim) for one in parts), _plan(parts, dim))
    return y, (x, kept)


def stencils_vjp(parts: tuple[Stencil, ...], residuals: Residuals, y_bar: Array) -> tuple[Array, list[Tree]]:
    """x_bar, and cotangents of the parameters of each."""
    x, kept = residuals
    dim = x.ndim - 2
    x_bar, bars = backward(x, tuple(one.weights(dim) for one in parts), _plan(parts, dim), kept, y_bar)
    return x_bar, [one.own_bars(bar, dim) for one, bar in zip(parts, bars)]
