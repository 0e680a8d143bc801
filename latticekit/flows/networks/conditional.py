"""Networks seen differently: with couplings as inputs, with a definite parity, with a lattice as one vector."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

from latticekit.arrays import namespace, tree_map
from latticekit.flows.base import Residuals
from latticekit.flows.networks.base import Network
from latticekit.flows.parameters import Parametric, Setting, Tree

Array = Any


@dataclass(frozen=True)
class _Around(Network):
    """A network around another one."""

    network: Network

    def members(self) -> dict[str, Parametric]:
        """The network."""
        return {"network": self.network}

    @property
    def width(self) -> int:
        """That of the network."""
        return self.network.width


@dataclass(frozen=True)
class Conditional(_Around):
    """y = f(x, (c - centre) / spread): couplings c as constant channels.  (chain, i, *sites) -> (chain, o, *sites)

    count: how many couplings; centre, spread: numbers of order one for the network, one per coupling.
    `conditioned(couplings)` binds `count` numbers, or an array (chain, count).
    """

    count: int = 1
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    couplings: Any = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"a conditional network needs at least one coupling, got count={self.count}")
        for name, default in (("centre", 0.0), ("spread", 1.0)):
            given = tuple(float(v) for v in getattr(self, name)) or (default,) * self.count
            if len(given) != self.count:
                raise ValueError(f"{name} needs {self.count} numbers, one per coupling, got {len(given)}")
            object.__setattr__(self, name, given)

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """The network takes the couplings besides."""
        return replace(self, network=self.network.between(inputs + self.count, outputs))

    def conditioned(self, couplings: Any) -> Self:
        """The same network at given couplings: `count` numbers, or an array (chain, count)."""
        shape = tuple(getattr(couplings, "shape", ())) or (len(couplings),)
        if shape[-1] != self.count or len(shape) > 2:
            raise ValueError(f"expected {self.count} couplings, or an array (chain, {self.count}), got shape {shape}")
        bound = couplings if len(shape) == 2 else tuple(float(couplings[n]) for n in range(self.count))
        return replace(super().conditioned(couplings), couplings=bound)

    def _constant(self, x: Array) -> Array:
        """The couplings as channels.  -> (chain, count, *sites)"""
        if self.couplings is None:
            raise ValueError("a conditional network needs couplings: bind them with conditioned(couplings) first")
        xp = namespace(x)
        bound = self.couplings
        rows = xp.asarray([bound] if isinstance(bound, tuple) else bound, dtype=x.dtype, device=x.device)
        centre, spread = (xp.asarray(v, dtype=x.dtype, device=x.device) for v in (self.centre, self.spread))
        rows = (rows - centre) / spread
        return xp.broadcast_to(
            xp.reshape(rows, (*rows.shape, *(1,) * (x.ndim - 2))), (x.shape[0], self.count, *x.shape[2:])
        )

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """The network on x and the constant channels."""
        return self.network.apply(namespace(x).concat([x, self._constant(x)], axis=1))

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """Without the cotangents of the couplings."""
        x_bar, bars = self.network.vjp(residuals, y_bar)
        return x_bar[:, : x_bar.shape[1] - self.count, ...], {"network": bars}


@dataclass(frozen=True)
class Symmetrised(_Around):
    """y_c = (f_c(x) + s_c f_c(-x)) / 2: outputs of definite parity s_c.  (chain, i, *sites) -> (chain, o, *sites)

    signs: +1 (even) or -1 (odd), dealt to as many equal groups of consecutive outputs; (1, -1) makes the first half
    even and the second odd, as scale and shift of a Z2-equivariant coupling need.
    """

    signs: tuple[int, ...] = (-1,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signs", tuple(self.signs))
        if not self.signs or set(self.signs) - {1, -1}:
            raise ValueError(f"signs must be +1 (even) or -1 (odd), at least one, got {self.signs}")

    @property
    def odd(self) -> bool:
        """If every output is."""
        return set(self.signs) == {-1}

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """The same network with given channels, as many as there are signs or a multiple."""
        made = self.network.between(inputs, outputs)
        if (made.width or inputs) % len(self.signs):
            raise ValueError(f"{made.width or inputs} outputs cannot be dealt to {len(self.signs)} signs equally")
        return replace(self, network=made)

    def _sign(self, y: Array) -> Array:
        xp, each = namespace(y), y.shape[1] // len(self.signs)
        signs = [float(s) for s in self.signs for _ in range(each)]
        return xp.reshape(xp.asarray(signs, dtype=y.dtype, device=y.device), (1, y.shape[1]) + (1,) * (y.ndim - 2))

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """Both halves."""
        plus, kept_plus = self.network.apply(x)
        minus, kept_minus = self.network.apply(-x)
        return 0.5 * (plus + self._sign(plus) * minus), (kept_plus, kept_minus)

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """Back through both halves."""
        half = 0.5 * y_bar
        x_plus, bars = self.network.vjp(residuals[0], half)
        x_minus, others = self.network.vjp(residuals[1], self._sign(half) * half)
        return x_plus - x_minus, {"network": _added(bars, others)}


@dataclass(frozen=True)
class Flattened(_Around):
    """y = f(all channels at all sites as one vector).  (chain, i, *sites) -> (chain, o, *sites)

    The fully connected networks of 1904.12072; neither translation invariant nor of use on another lattice.
    """

    inputs: int = 0
    outputs: int = 0
    sites: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """Channels at its end."""
        return self.outputs

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """The vectors' lengths follow with the lattice."""
        if not outputs:
            raise ValueError("Flattened cannot choose its channels: make it the last part of a Stack, or alone")
        return replace(self, inputs=inputs, outputs=outputs)

    def init(self, setting: Setting) -> Self:
        """A network between vectors of channels times volume."""
        volume = math.prod(setting.sites)
        made = self.network.between(self.inputs * volume, self.outputs * volume).init(setting._replace(sites=()))
        return replace(self, network=made, sites=tuple(setting.sites))

    def resized(self, sites: tuple[int, ...]) -> Self:
        """Only its own lattice fits."""
        if tuple(sites) != tuple(self.sites):
            raise ValueError(f"a network that sees all of {self.sites} as one vector does not fit {sites}; use ConvNet")
        return self

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """The network on the vector."""
        xp = namespace(x)
        y, residuals = self.network.apply(xp.reshape(x, (x.shape[0], math.prod(x.shape[1:]))))
        return xp.reshape(y, (x.shape[0], self.outputs, *x.shape[2:])), residuals

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """Back through the network."""
        xp = namespace(y_bar)
        x_bar, bars = self.network.vjp(residuals, xp.reshape(y_bar, (y_bar.shape[0], math.prod(y_bar.shape[1:]))))
        return xp.reshape(x_bar, (y_bar.shape[0], self.inputs, *y_bar.shape[2:])), {"network": bars}


def _added(left: Tree, right: Tree) -> Tree:
    return tree_map(lambda a, b: a + b, left, right)
