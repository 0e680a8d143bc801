"""Couplings W_f(x, y) between sites as they act on fields: diagonal in momentum space, or any matrix."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from latticekit.arrays import namespace
from latticekit.lattice import hartley

Array = Any


class Even(NamedTuple):
    """Translation-invariant couplings that are even along every axis."""

    spectrum: Array
    """Eigenvalues at momenta 0 ... L_mu // 2.  ([time,] 1 or chain, feature, *(L_mu // 2 + 1))"""

    def at(self, n: int) -> Even:
        """Those of one time."""
        return Even(self.spectrum[n, ...])

    def spread(self, features: Array) -> Array:
        """sum_f W_f g_f.  (chain, feature, *sites) -> (chain, *sites)"""
        modes = _unfolded(self.spectrum, features.shape[2:]) * hartley(features, dim=features.ndim - 2)
        return hartley(namespace(features).sum(modes, axis=1))

    def gather(self, v: Array) -> Array:
        """W_f^T v of every feature.  (chain, *sites) -> (chain, feature, *sites)"""
        modes = _unfolded(self.spectrum, v.shape[1:]) * hartley(v)[:, None, ...]
        return hartley(modes, dim=v.ndim - 1)

    def bar(self, v: Array, features: Array) -> Even:
        """Cotangent of the couplings from that of `spread`."""
        products = hartley(v)[:, None, ...] * hartley(features, dim=v.ndim - 1)
        return Even(_folded(_over_chains(products, self.spectrum.shape[0])))


class Dense(NamedTuple):
    """Any couplings."""

    matrix: Array
    """W_f(x, y).  ([time,] 1 or chain, feature, V, V)"""

    def at(self, n: int) -> Dense:
        """Those of one time."""
        return Dense(self.matrix[n, ...])

    def spread(self, features: Array) -> Array:
        """sum_f W_f g_f.  (chain, feature, *sites) -> (chain, *sites)"""
        xp, shape = namespace(features), features.shape
        return xp.reshape(_product(xp.reshape(features, (shape[0], -1)), self._rows().mT), (shape[0], *shape[2:]))

    def gather(self, v: Array) -> Array:
        """W_f^T v of every feature.  (chain, *sites) -> (chain, feature, *sites)"""
        xp = namespace(v)
        features = _product(xp.reshape(v, (v.shape[0], -1)), self._rows())
        return xp.reshape(features, (v.shape[0], self.matrix.shape[1], *v.shape[1:]))

    def _rows(self) -> Array:
        """(1 or chain, x, feature y)"""
        xp, volume = namespace(self.matrix), self.matrix.shape[-1]
        return xp.reshape(xp.permute_dims(self.matrix, (0, 2, 1, 3)), (self.matrix.shape[0], volume, -1))

    def bar(self, v: Array, features: Array) -> Dense:
        """Cotangent of the couplings from that of `spread`."""
        xp, chains = namespace(v), v.shape[0]
        column = xp.reshape(v, (chains, 1, -1, 1))
        row = xp.reshape(features, (chains, features.shape[1], 1, -1))
        if self.matrix.shape[0] == 1:  # the sum over chains as a product of matrices
            row = xp.permute_dims(row[:, :, 0, :], (1, 0, 2))
            return Dense(xp.matmul(column[:, 0, :, 0].mT, row)[None, ...])
        return Dense(column * row)


def _product(vectors: Array, matrix: Array) -> Array:
    """One product of matrices where chains share theirs.  (chain, n), (1 or chain, n, m) -> (chain, m)"""
    xp = namespace(vectors)
    if matrix.shape[0] == 1:
        return xp.matmul(vectors, matrix[0, ...])
    return xp.matmul(vectors[:, None, :], matrix)[:, 0, :]


class Weights(NamedTuple):
    """What drives the field: couplings, their diagonal, and the features g_f = sin(omega_f phi + phase_f), last phi."""

    coupling: Even | Dense
    local: Array
    """W_f(x, x).  ([time,] 1 or chain, feature, *1 or *sites)"""
    omega: Array
    """(sines,)"""
    phase: Array
    """0 for a sine, pi / 2 for a cosine.  (sines,)"""

    def at(self, n: int) -> Weights:
        """Those of one time."""
        return self._replace(coupling=self.coupling.at(n), local=self.local[n, ...])

    def steps(self, first: int, last: int) -> Weights:
        """Those of the steps first ... last - 1: a step reads its start, middle and end."""
        times = slice(2 * first, 2 * last + 1)
        (field,) = self.coupling
        return self._replace(coupling=type(self.coupling)(field[times, ...]), local=self.local[times, ...])

    def reversed(self) -> Weights:
        """Those met on the way back in time."""
        xp, (field,) = namespace(self.local), self.coupling
        backwards = (xp.flip(field, axis=0), xp.flip(self.local, axis=0))
        return self._replace(coupling=type(self.coupling)(backwards[0]), local=backwards[1])


class Bars(NamedTuple):
    """Cotangents of the weights."""

    coupling: Even | Dense
    local: Array
    omega: Array


def joined(steps: list[Bars]) -> Bars:
    """Cotangents of consecutive steps, which share the time between them."""
    xp = namespace(steps[0].omega)
    kind = type(steps[0].coupling)
    coupling = _overlapped([one.coupling[0] for one in steps], xp)
    omega = steps[0].omega
    for one in steps[1:]:
        omega = omega + one.omega
    return Bars(kind(coupling), _overlapped([one.local for one in steps], xp), omega)


def _overlapped(parts: list[Array], xp: Any) -> Array:
    rows = [parts[0][:1, ...]]
    for before, after in itertools.pairwise(parts):
        rows += [before[1:2, ...], before[2:, ...] + after[:1, ...]]
    return xp.concat([*rows, parts[-1][1:, ...]])


def _over_chains(products: Array, chains: int) -> Array:
    """Summed if one set of weights serves all chains."""
    return namespace(products).sum(products, axis=0, keepdims=True) if chains == 1 else products


def _unfolded(spectrum: Array, sites: tuple[int, ...]) -> Array:
    """Eigenvalues at all momenta."""
    xp = namespace(spectrum)
    for mu, extent in enumerate(sites):
        at = xp.asarray(_fold(extent)[0], device=spectrum.device)
        spectrum = xp.take(spectrum, at, axis=spectrum.ndim - len(sites) + mu)
    return spectrum


def _folded(bar: Array) -> Array:
    """Adjoint of `_unfolded`: (set, feature, *sites) -> (set, feature, *(L_mu // 2 + 1))."""
    xp = namespace(bar)
    for axis in range(2, bar.ndim):
        extent = bar.shape[axis]
        reflected = xp.roll(xp.flip(bar, axis=axis), 1, axis=axis)
        weight = xp.asarray(_fold(extent)[1], dtype=bar.dtype, device=bar.device)
        weight = xp.reshape(weight, (-1,) + (1,) * (bar.ndim - 1 - axis))
        half = xp.arange(extent // 2 + 1, device=bar.device)
        bar = xp.take(bar + reflected, half, axis=axis) * weight
    return bar


@lru_cache(maxsize=64)
def _fold(extent: int) -> tuple[np.ndarray, np.ndarray]:
    """min(k, L - k) of every momentum, and 1/2 where k = -k."""
    k = np.arange(extent)
    half = k[: extent // 2 + 1]
    return np.minimum(k, extent - k), np.where((half == 0) | (2 * half == extent), 0.5, 1.0)
