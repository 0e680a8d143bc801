"""SU(N) links as complex matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.arrays import accelerated, namespace
from latticekit.groups.exponential import exp_antihermitian, log_unitary, polar, special
from latticekit.groups.gauge import GaugeGroup, merged, unmerged
from latticekit.groups.matrices import complex_from, determinant, mul, trace
from latticekit.random import Key

Array = Any


@lru_cache
def gell_mann(n: int) -> np.ndarray:
    """Generalised Gell-Mann matrices over 2, tr T_a T_b = delta_ab/2.  -> (a, N, N)

    For j = 1 .. N - 1: the symmetric and antisymmetric matrix of each pair (i, j), i < j, then the diagonal one.
    For N = 2 and 3 that is the order of Pauli and Gell-Mann.
    """
    found: list[np.ndarray] = []
    for j in range(1, n):
        for i in range(j):
            for entry in (1, -1j):
                t = np.zeros((n, n), complex)
                t[i, j], t[j, i] = entry, np.conj(entry)
                found.append(t / 2)
        found.append(np.diag([1.0] * j + [-j] + [0.0] * (n - j - 1)) / math.sqrt(2 * j * (j + 1)) + 0j)
    return np.array(found)


@accelerated(numpy="latticekit.kernels.cpu.gauge:translate", cupy="latticekit.kernels.cuda.gauge:translate")
def su_translate(u: Array, v: Array, group: GaugeGroup) -> Array:
    """exp(i v_a T_a) u.  (chain, mu, N, N, *sites), (chain, mu, a, *sites) -> (chain, mu, N, N, *sites)"""
    return unmerged(mul(group.exp(merged(v)), merged(u)), u)


@accelerated(numpy="latticekit.kernels.cpu.gauge:project", cupy="latticekit.kernels.cuda.gauge:project")
def su_project(u: Array) -> Array:
    """Nearest special unitary matrices.  (chain, mu, N, N, *sites) -> the same"""
    return unmerged(special(polar(merged(u))), u)


@dataclass(frozen=True)
class SU(GaugeGroup):
    """N x N special unitary links, complex (chain, mu, N, N, *sites)."""

    n: int
    index = 0.5
    field = "u"
    internal_dims = ("mu", "row", "column")

    def __post_init__(self) -> None:
        if self.n < 2:
            raise ValueError(f"SU(n) needs n >= 2, got {self.n}; for phases use U1()")

    @property
    def generators(self) -> np.ndarray:
        """T_a of `gell_mann`.  (N^2 - 1, N, N)"""
        return gell_mann(self.n)

    def shape(self, chains: int, sites: tuple[int, ...]) -> tuple[int, ...]:
        """(chain, mu, N, N, *sites)"""
        return (chains, len(sites), self.n, self.n, *sites)

    def algebra_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """(chain, mu, N^2 - 1, *sites)"""
        return (*shape[:2], self.n**2 - 1, *shape[4:])

    def identity(self, shape: tuple[int, ...], like: Array) -> Array:
        """U = 1 everywhere.  -> (chain, mu, N, N, *sites)"""
        xp = namespace(like)
        one = xp.eye(self.n, dtype=_complex(like), device=like.device)
        one = xp.reshape(one, (self.n, self.n, *[1] * (len(shape) - 4)))
        return one + xp.zeros(shape, dtype=one.dtype, device=like.device)

    def random(self, key: Key, shape: tuple[int, ...], like: Array) -> Array:
        """Haar measure: normal rows made orthonormal, det = 1 by the last one.  -> (chain, mu, N, N, *sites)"""
        xp = namespace(like)
        real = xp.real(like) if xp.isdtype(like.dtype, "complex floating") else like
        parts = key.normal((shape[0], 2, *shape[1:]), real)
        m = merged(complex_from(parts[:, 0, ...], parts[:, 1, ...]))
        return xp.reshape(_haar(m), shape)

    def translate(self, x: Array, v: Array) -> Array:
        """exp(i v_a T_a) U.  field, algebra -> field"""
        return su_translate(x, v, self)

    def project(self, x: Array) -> Array:
        """Nearest special unitary matrices.  field -> field"""
        return su_project(x)

    def matrices(self, x: Array) -> Array:
        """The field itself."""
        return x

    def links(self, m: Array) -> Array:
        """The matrices themselves."""
        return m

    def algebra(self, v: Array) -> Array:
        """i v_a T_a.  (chain, a, *sites) -> (chain, N, N, *sites)"""
        xp, n = namespace(v), self.n
        rows = [[_entry(v, i, j) if i != j else _diagonal(v, i, n) for j in range(n)] for i in range(n)]
        return xp.stack([xp.stack(row, axis=1) for row in rows], axis=1)

    def components(self, m: Array) -> Array:
        """Im tr(T_a m)/index.  (chain, N, N, *sites) -> (chain, a, *sites)"""
        xp, found = namespace(m), []
        phase = [xp.imag(m[:, i, i, ...]) for i in range(self.n)]
        for j in range(1, self.n):
            for i in range(j):
                upper, lower = m[:, i, j, ...], m[:, j, i, ...]
                found += [xp.imag(upper) + xp.imag(lower), xp.real(upper) - xp.real(lower)]
            found.append((sum(phase[1:j], phase[0]) - phase[j] * float(j)) * math.sqrt(2.0 / (j * (j + 1))))
        return xp.stack(found, axis=1)

    def exp(self, v: Array) -> Array:
        """exp(i v_a T_a).  (chain, a, *sites) -> (chain, N, N, *sites)"""
        return exp_antihermitian(self.algebra(v))

    def log(self, m: Array) -> Array:
        """Eigenphases in (-pi, pi), the outermost turned to sum to 0.  (chain, N, N, *sites) -> (chain, a, *sites)"""
        return self.components(1j * _traceless(log_unitary(m)))

    def nearest(self, m: Array) -> Array:
        """Polar factor over det^(1/N).  (chain, N, N, *sites) -> the same"""
        return special(polar(m))


def _complex(x: Array) -> Any:
    """Complex dtype of the precision of x."""
    xp = namespace(x)
    return xp.complex64 if x.dtype in (xp.float32, xp.complex64) else xp.complex128


def _entry(v: Array, i: int, j: int) -> Array:
    """(i, j) of i v_a T_a off the diagonal.  (chain, a, *sites) -> (chain, *sites)"""
    low, high = min(i, j), max(i, j)
    a = high * high - 1 + 2 * low  # the j^2 - 1 generators of SU(j) come first
    sign = 0.5 if i < j else -0.5
    return complex_from(sign * v[:, a + 1, ...], 0.5 * v[:, a, ...])


def _diagonal(v: Array, i: int, n: int) -> Array:
    """(i, i) of i v_a T_a.  (chain, a, *sites) -> (chain, *sites)"""
    total = 0.0 * v[:, 0, ...]
    for j in range(max(i, 1), n):
        weight = (-j if i == j else 1) / math.sqrt(2 * j * (j + 1))
        total = total + weight * v[:, (j + 1) ** 2 - 2, ...]
    return complex_from(0.0 * total, total)


def _haar(m: Array) -> Array:
    """Gram and Schmidt on the rows, then det = 1 by the phase of the last one.  (chain, N, N, *sites) -> the same"""
    xp = namespace(m)
    rows: list[Array] = []
    for i in range(m.shape[1]):
        row = m[:, i, ...]
        for e in [*rows, *rows]:  # twice is enough for orthogonality to rounding
            row = row - xp.sum(xp.conj(e) * row, axis=1)[:, None, ...] * e
        rows.append(row / xp.sqrt(xp.sum(xp.abs(row) ** 2.0, axis=1))[:, None, ...])
    det = xp.conj(determinant(xp.stack(rows, axis=1)))
    return xp.stack([*rows[:-1], rows[-1] * (det / xp.abs(det))[:, None, ...]], axis=1)


def _traceless(h: Array) -> Array:
    """Hermitian h, tr h = 2 pi k, with k of its largest eigenvalues lowered by 2 pi (smallest raised, for k < 0)."""
    xp, n = namespace(h), h.shape[1]
    turns = xp.round(xp.real(trace(h)) * (0.5 / math.pi))
    values, vectors = xp.linalg.eigh(xp.moveaxis(h, (1, 2), (-2, -1)))
    rank = xp.astype(xp.arange(n, device=h.device), values.dtype)  # ascending
    down, up = rank >= n - turns[..., None], rank < -turns[..., None]
    step = xp.astype(up, values.dtype) - xp.astype(down, values.dtype)
    scaled = vectors * xp.astype(2 * math.pi * step, h.dtype)[..., None, :]
    return h + xp.moveaxis(scaled @ xp.conj(xp.matrix_transpose(vectors)), (-2, -1), (1, 2))
