"""Layers that only move sites about: sublattices gathered, fields shifted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

from latticekit.arrays import namespace
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.parameters import Setting, Tree
from latticekit.lattice import shift

Array = Any


@dataclass(frozen=True)
class Permutation(Layer, ABC):
    """y = x at other sites; log_det = 0.  (chain, *sites) -> the same"""

    @abstractmethod
    def forth(self, x: Array) -> Array:
        """The field with its sites moved."""

    @abstractmethod
    def back(self, y: Array) -> Array:
        """The inverse, which is the transpose."""

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """Sites moved."""
        return self.forth(x), self.defect(x), ()

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """Sites moved back."""
        return self.back(y), self.defect(y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Moved back."""
        return self.back(y_bar), {}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """Moved as the field."""
        return self.forth(zeta)


@dataclass(frozen=True)
class Squeeze(Permutation):
    """y(L/p r + n) = x(p n + r) along every axis: sublattices of period p become blocks.  (chain, *sites) -> the same

    Between it and its `Inverse`, halves (`Half`) are sublattices.  The squeeze of 1605.08803, section 3.6, with the
    sublattices side by side instead of in channels.
    """

    period: int = 2

    def __post_init__(self) -> None:
        if self.period < 2:
            raise ValueError(f"the period of a squeeze must be at least 2, got {self.period}")

    def init(self, setting: Setting) -> Self:
        """Nothing but a look at the lattice."""
        return self.resized(setting.sites)

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The same layer, if the lattice fits."""
        if any(extent % self.period for extent in sites):
            raise ValueError(f"sites must be multiples of {self.period} for this squeeze, got {tuple(sites)}")
        return self

    def forth(self, x: Array) -> Array:
        """(n, r) -> (r, n)."""
        return self._turned(x, [(extent // self.period, self.period) for extent in x.shape[1:]])

    def back(self, y: Array) -> Array:
        """(r, n) -> (n, r)."""
        return self._turned(y, [(self.period, extent // self.period) for extent in y.shape[1:]])

    def _turned(self, x: Array, split: list[tuple[int, int]]) -> Array:
        """Every axis as two, exchanged."""
        xp = namespace(x)
        pairs = xp.reshape(x, (x.shape[0], *[n for pair in split for n in pair]))
        axes = [axis for mu in range(len(split)) for axis in (2 * mu + 2, 2 * mu + 1)]
        return xp.reshape(xp.permute_dims(pairs, (0, *axes)), x.shape)


@dataclass(frozen=True)
class Translate(Permutation):
    """y(x) = field(x + steps): between it and its `Inverse`, masks and blocks are displaced.  field -> field"""

    steps: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))

    def init(self, setting: Setting) -> Self:
        """Nothing but a look at the lattice."""
        return self.resized(setting.sites)

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The same layer, if there is a step for every axis."""
        if len(self.steps) != len(sites):
            raise ValueError(f"a translation of {tuple(sites)} needs {len(sites)} steps, got {self.steps}")
        return self

    def forth(self, x: Array) -> Array:
        """The field seen from x + steps."""
        for mu, step in enumerate(self.steps):
            x = shift(x, mu, step)
        return x

    def back(self, y: Array) -> Array:
        """The field seen from x - steps."""
        for mu, step in enumerate(self.steps):
            y = shift(y, mu, -step)
        return y
