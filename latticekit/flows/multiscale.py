"""Layers on parts of a lattice: sublattices and blocks, and the hierarchical flow made of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from latticekit.arrays import namespace
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.parameters import Parametric, Setting, Tree
from latticekit.flows.sequential import Sequential

Array = Any


@dataclass(frozen=True)
class _Parts(Layer, ABC):
    """A layer that works on a smaller lattice."""

    layer: Layer

    @abstractmethod
    def part_sites(self, sites: tuple[int, ...]) -> tuple[int, ...]:
        """Extents of the part, or ValueError."""

    def members(self) -> dict[str, Parametric]:
        """The layer."""
        return {"layer": self.layer}

    def init(self, setting: Setting) -> Self:
        """The layer on its lattice; what is known of the action does not hold there."""
        return super().init(setting._replace(sites=self.part_sites(setting.sites), action=None))

    def resized(self, sites: tuple[int, ...]) -> Self:
        """The layer on the part of the new lattice."""
        return super().resized(self.part_sites(sites))


@dataclass(frozen=True)
class Sublattice(_Parts):
    """A layer on the sites whose coordinates are multiples of `stride`; the others stay.  field -> field"""

    stride: int = 2

    def __post_init__(self) -> None:
        if self.stride < 1:
            raise ValueError(f"the stride of a sublattice must be at least 1, got {self.stride}")

    def part_sites(self, sites: tuple[int, ...]) -> tuple[int, ...]:
        """L / stride."""
        if any(extent % self.stride for extent in sites):
            raise ValueError(f"sites must be multiples of {self.stride} for this sublattice, got {tuple(sites)}")
        return tuple(extent // self.stride for extent in sites)

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """The layer on the sublattice."""
        part, log_det, residuals = self.layer.apply(self._part(x))
        return self._with_part(x, part), log_det, residuals

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """Its inverse there."""
        part, log_det = self.layer.inverse(self._part(y))
        return self._with_part(y, part), log_det

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Its vjp there."""
        part, bars = self.layer.vjp(residuals, self._part(y_bar), log_det_bar)
        return self._with_part(y_bar, part), {"layer": bars}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """Its carry there."""
        return self._with_part(zeta, self.layer.carry(residuals, self._part(zeta), weight))

    def defect(self, x: Array) -> Array:
        """That of the layer."""
        return self.layer.defect(self._part(x))

    def _where(self, x: Array) -> tuple[slice, ...]:
        return (slice(None), *[slice(None, None, self.stride)] * (x.ndim - 1))

    def _part(self, x: Array) -> Array:
        return x[self._where(x)]

    def _with_part(self, x: Array, part: Array) -> Array:
        y = namespace(x).asarray(x, copy=True)
        y[self._where(x)] = part
        return y


@dataclass(frozen=True)
class Blocks(_Parts):
    """The same layer on every block of `size` sites, as on a lattice of its own.  (chain, *sites) -> the same

    Blocks start at the origin; `Translate` before and its `Inverse` behind displace them, as the disentanglers of
    1802.02840 are.
    """

    size: tuple[int, ...] = (2, 2)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(self.size))
        if not self.size or min(self.size) < 1:
            raise ValueError(f"a block needs extents of at least 1, got {self.size}")

    def part_sites(self, sites: tuple[int, ...]) -> tuple[int, ...]:
        """The size of a block."""
        if len(sites) != len(self.size) or any(extent % size for extent, size in zip(sites, self.size)):
            raise ValueError(f"blocks of {self.size} do not fill a lattice of {tuple(sites)}")
        return self.size

    def conditioned(self, couplings: Array) -> Self:
        """Numbers only: every block counts as a chain of its own."""
        if len(getattr(couplings, "shape", ())) > 1:
            raise ValueError("a layer on blocks takes the same couplings for all chains: give numbers")
        return super().conditioned(couplings)

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """Every block by the layer; log-dets add up."""
        y, log_det, residuals = self.layer.apply(self._blocks(x))
        return self._joined(y, x.shape), self._summed(log_det, x), residuals

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """Every block by its inverse."""
        x, log_det = self.layer.inverse(self._blocks(y))
        return self._joined(x, y.shape), self._summed(log_det, y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """Every block of a chain has the chain's log_det_bar."""
        x_bar, bars = self.layer.vjp(residuals, self._blocks(y_bar), self._repeated(log_det_bar, y_bar))
        return self._joined(x_bar, y_bar.shape), {"layer": bars}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """Block by block."""
        y_bar = self.layer.carry(residuals, self._blocks(zeta), self._repeated(weight, zeta))
        return self._joined(y_bar, zeta.shape)

    def defect(self, x: Array) -> Array:
        """Sum over blocks."""
        return self._summed(self.layer.defect(self._blocks(x)), x)

    def _counts(self, sites: tuple[int, ...]) -> tuple[int, ...]:
        """Blocks along every axis."""
        return tuple(extent // size for extent, size in zip(sites, self.size))

    def _blocks(self, x: Array) -> Array:
        """(chain, *sites) -> (chain blocks, *size)"""
        xp, dim, counts = namespace(x), len(self.size), self._counts(x.shape[1:])
        pairs = xp.reshape(x, (x.shape[0], *[n for pair in zip(counts, self.size) for n in pair]))
        axes = (0, *range(1, 2 * dim, 2), *range(2, 2 * dim + 1, 2))
        return xp.reshape(xp.permute_dims(pairs, axes), (-1, *self.size))

    def _joined(self, blocks: Array, shape: tuple[int, ...]) -> Array:
        """(chain blocks, *size) -> (chain, *sites)"""
        xp, dim = namespace(blocks), len(self.size)
        apart = xp.reshape(blocks, (shape[0], *self._counts(shape[1:]), *self.size))
        axes = (0, *[axis for mu in range(dim) for axis in (1 + mu, 1 + dim + mu)])
        return xp.reshape(xp.permute_dims(apart, axes), shape)

    def _summed(self, values: Array, x: Array) -> Array:
        """(chain blocks,) -> (chain,)"""
        xp = namespace(values)
        return xp.sum(xp.reshape(values, (x.shape[0], -1)), axis=1)

    def _repeated(self, values: Array, x: Array) -> Array:
        """(chain,) -> (chain blocks,)"""
        return namespace(values).repeat(values, math.prod(self._counts(x.shape[1:])))


def Multiscale(scales: Sequence[Layer]) -> Sequential:
    """A flow from coarse to fine: scales[j] acts on the sublattice of stride 2^j.  (chain, *sites) -> the same

    The coarsest sublattice is mapped first, the whole lattice by scales[0] last; sites that no coarser scale holds
    enter as the prior made them.  The hierarchy of Li and Wang, 1802.02840, fig. 1, with any layers in it.
    """
    if not scales:
        raise ValueError("a multiscale flow needs a layer for at least one scale, got none")
    coarse = [Sublattice(layer, 2**j) for j, layer in reversed(list(enumerate(scales))) if j]
    return Sequential((*coarse, scales[0]))
