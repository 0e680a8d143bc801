"""Wilson and Polyakov loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latticekit.arrays import namespace
from latticekit.fields import polyakov_loops, wilson_loops
from latticekit.observables.base import Array
from latticekit.observables.links import LinkObservable, by_blocks

_LONGEST = 4


def _extent(asked: int | None, sites: tuple[int, ...]) -> int:
    return min(_LONGEST, *(max(1, n // 2) for n in sites)) if asked is None else asked


@dataclass(frozen=True)
class WilsonLoop(LinkObservable):
    """W(t, r) = Re tr / N of loops t along time (axis 0) by r along space, mean over sites and directions of space.

    t = 1 .. t_max, r = 1 .. r_max; by default up to half the extents, and 4.
    """

    t_max: int | None = None
    r_max: int | None = None

    name = "wilson_loop"
    dims = ("t", "r")
    long_name = "Wilson loop by extents in time and space"
    symbol = r"W(t, r)"

    def __post_init__(self) -> None:
        for n in (self.t_max, self.r_max):
            if n is not None and n < 1:
                raise ValueError(f"WilsonLoop needs extents of at least 1, got t_max={self.t_max}, r_max={self.r_max}")

    def _extents(self, sites: tuple[int, ...]) -> tuple[int, int]:
        return _extent(self.t_max, sites[:1]), _extent(self.r_max, sites[1:])

    def measure(self, x: Array) -> Array:
        """W(t, r).  field -> (chain, t, r)"""
        return by_blocks(self._loops, x)

    def _loops(self, x: Array) -> Array:
        xp, dim = namespace(x), x.shape[1]
        extents = self._extents(tuple(x.shape[-dim:]))
        each = [wilson_loops(x, 0, mu, *extents) for mu in range(1, dim)]
        return xp.mean(xp.stack(each, axis=1), axis=1)

    def coords(self, sites: tuple[int, ...]) -> dict[str, np.ndarray]:
        """t = 1 .. t_max, r = 1 .. r_max."""
        t, r = self._extents(sites)
        return {"t": np.arange(1, t + 1), "r": np.arange(1, r + 1)}


@dataclass(frozen=True)
class PolyakovLoop(LinkObservable):
    """tr / N of the product of the links round the lattice along `axis` (time), mean over the other sites; complex."""

    axis: int = 0

    name = "polyakov_loop"
    long_name = "Polyakov loop"
    symbol = r"\ell"
    fewest_dimensions = 1

    def __post_init__(self) -> None:
        if self.axis < 0:
            raise ValueError(f"PolyakovLoop needs an axis 0, 1, ..., got {self.axis}")

    def measure(self, x: Array) -> Array:
        """Mean over the other sites, complex128.  field -> (chain,)"""
        xp = namespace(x)
        loops = xp.astype(polyakov_loops(x, self.axis), xp.complex128)
        return xp.mean(xp.reshape(loops, (x.shape[0], -1)), axis=1)


@dataclass(frozen=True)
class PolyakovCorrelator(LinkObservable):
    """C(r) = mean over sites and directions of space of Re P(x) P(x + r)^*, r = 0 .. L // 2; time is axis 0.

    Directions as long as axis 1 are averaged.  C(r) ~ exp(-T V(r)) with the static potential V.
    """

    name = "polyakov_correlator"
    dims = ("separation",)
    long_name = "correlator of Polyakov loops by their separation"
    symbol = r"\langle \ell(r) \ell^*(0) \rangle"

    def measure(self, x: Array) -> Array:
        """C(r).  field -> (chain, separation)"""
        xp = namespace(x)
        loops = xp.astype(polyakov_loops(x), xp.complex128)
        axes = [axis for axis in range(1, loops.ndim) if loops.shape[axis] == loops.shape[1]]
        each = [_correlator(loops, axis) for axis in axes]
        return xp.mean(xp.stack(each, axis=1), axis=1)

    def coords(self, sites: tuple[int, ...]) -> dict[str, np.ndarray]:
        """r = 0 .. L // 2."""
        return {"separation": np.arange(sites[1] // 2 + 1)}


def _correlator(p: Array, axis: int) -> Array:
    """Re mean of p(x) p(x + r)^* along one axis, by the convolution theorem.  (chain, *sites) -> (chain, r)"""
    xp, size = namespace(p), p.shape[axis]
    lines = xp.reshape(xp.moveaxis(p, axis, -1), (p.shape[0], -1, size))
    power = xp.mean(xp.abs(xp.fft.fft(lines, axis=-1)) ** 2.0, axis=1)
    found = xp.real(xp.fft.ifft(xp.astype(power, xp.complex128), axis=-1))
    return found[:, : size // 2 + 1] * (1.0 / size)
