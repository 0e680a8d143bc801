"""Eigenphases and eigenvectors of unitary matrices, by rotations that diagonalise both Hermitian parts together."""

from __future__ import annotations

import math
from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.groups.matrices import complex_from
from latticekit.groups.u1 import wrap

Array = Any
Rows = list[list[Array]]
_SWEEPS = 30


@accelerated(numpy="latticekit.kernels.cpu.spectral:eigenphases")
def eigenphases(m: Array) -> tuple[Array, Array]:
    """theta, V with m = V exp(i theta) V^dagger and sum theta = 0, for det m = 1.  -> (chain, N, *n), (chain, N, N, *n)

    Jacobi's method for the commuting pair m = A + i B: the rotation in each plane (i, j) makes
    |A_ij|^2 + |B_ij|^2 smallest (Bunse-Gerstner, Byers and Mehrmann, SIAM J. Matrix Anal. Appl. 14 (1993) 927).  One
    rotation is exact for N = 2; equal eigenvalues need none.
    """
    xp, n = namespace(m), m.shape[1]
    rows = [[m[:, i, j, ...] for j in range(n)] for i in range(n)]
    one = xp.ones_like(rows[0][0])
    vectors = [[one if i == j else 0.0 * one for j in range(n)] for i in range(n)]
    enough = n * float(xp.finfo(m.dtype).eps)
    for _ in range(_SWEEPS):
        open_ = _off_diagonal(rows) > enough  # the others keep their bits
        if not bool(xp.any(open_)):
            break
        for j in range(1, n):
            for i in range(j):
                _rotate(rows, vectors, i, j, open_)
    return _balanced(rows), xp.stack([xp.stack(row, axis=1) for row in vectors], axis=1)


def _off_diagonal(rows: Rows) -> Array:
    """Largest absolute value off the diagonal.  -> real (chain, *n)"""
    xp, n = namespace(rows[0][0]), len(rows)
    found = [xp.abs(rows[i][j]) for i in range(n) for j in range(n) if i != j]
    return xp.max(xp.stack(found, axis=0), axis=0)


def _rotate(rows: Rows, vectors: Rows, i: int, j: int, open_: Array) -> None:
    """rows <- R^dagger rows R, vectors <- vectors R with R = [[c, -s*], [s, c]] in the plane (i, j), where open."""
    c, s = _rotation(rows[i][i], rows[j][j], rows[i][j], rows[j][i], open_)
    xp = namespace(s)
    back = xp.conj(s)
    for row in (*rows, *vectors):
        row[i], row[j] = c * row[i] + s * row[j], c * row[j] - back * row[i]
    first, second = rows[i], rows[j]
    rows[i] = [c * a + back * b for a, b in zip(first, second)]
    rows[j] = [c * b - s * a for a, b in zip(first, second)]


def _rotation(ii: Array, jj: Array, ij: Array, ji: Array, open_: Array) -> tuple[Array, Array]:
    """c, s of the plane rotation.  complex (chain, *n) -> the same

    A Hermitian 2 x 2 block points along h = (2 Re a_ij, -2 Im a_ij, a_ii - a_jj); the axis that A and B share is the
    longest combination cos(phi) h_A + sin(phi) h_B, turned to the side of +z, which is the smaller rotation.
    """
    xp = namespace(ii)
    a = (xp.real(ij) + xp.real(ji), xp.imag(ji) - xp.imag(ij), xp.real(ii) - xp.real(jj))
    b = (xp.imag(ij) + xp.imag(ji), xp.real(ij) - xp.real(ji), xp.imag(ii) - xp.imag(jj))
    phi = 0.5 * xp.atan2(2.0 * _dot(a, b), _dot(a, a) - _dot(b, b))
    h = [xp.cos(phi) * one + xp.sin(phi) * other for one, other in zip(a, b)]
    sign = xp.where(h[2] < 0, -xp.ones_like(phi), xp.ones_like(phi))
    x, y, z = (sign * one for one in h)
    length = xp.sqrt(x * x + y * y + z * z)
    none = ~open_ | (length < float(xp.finfo(length.dtype).smallest_normal) ** 0.5)
    length = xp.where(none, xp.ones_like(length), length)
    c = xp.where(none, xp.ones_like(z), xp.sqrt(0.5 * (1.0 + z / length)))
    scale = xp.where(none, xp.zeros_like(z), 0.5 / (c * length))
    return xp.astype(c, ii.dtype), complex_from(x * scale, y * scale)


def _dot(a: tuple[Array, ...], b: tuple[Array, ...]) -> Array:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _balanced(rows: Rows) -> Array:
    """Phases of the diagonal, the first turned by multiples of 2 pi so that they sum to 0, rounding spread evenly."""
    xp, n = namespace(rows[0][0]), len(rows)
    phases = xp.stack([xp.atan2(xp.imag(rows[i][i]), xp.real(rows[i][i])) for i in range(n)], axis=1)
    turns = xp.round(xp.sum(phases, axis=1, keepdims=True) * (0.5 / math.pi)) * (2 * math.pi)
    phases = xp.concat([phases[:, :1, ...] - turns, phases[:, 1:, ...]], axis=1)
    return phases - xp.mean(phases, axis=1, keepdims=True)


def shortest(theta: Array) -> Array:
    """Phases of det 1 turned into the fundamental cell: within 2 pi of each other, sum 0.  (chain, N, *n) -> the same

    First all lie in [-pi, pi); if they sum to 2 pi k, the k largest are turned down, for k < 0 the smallest up.
    """
    xp, n = namespace(theta), theta.shape[1]
    phases = wrap(theta)
    turns, order = xp.round(xp.sum(phases, axis=1) * (0.5 / math.pi)), ordered(phases)
    for a in range(n - 1):
        one, none = xp.ones_like(turns), xp.zeros_like(turns)
        down, up = xp.where(turns > float(a), one, none), xp.where(turns < -float(a), one, none)
        step = order[:, :, a, ...] * down[:, None, ...] - order[:, :, n - 1 - a, ...] * up[:, None, ...]
        phases = phases - 2.0 * math.pi * step
    return phases


def ordered(phases: Array) -> Array:
    """1 where eigenphase i is number a in falling order, else 0.  (chain, N, *n) -> (chain, i, a, *n)"""
    xp, n = namespace(phases), phases.shape[1]
    one, rows = xp.ones_like(phases[:, 0, ...]), []
    for i in range(n):
        rank = 0.0 * one
        for j in range(n):
            if j != i:
                first = phases[:, j, ...] >= phases[:, i, ...] if j < i else phases[:, j, ...] > phases[:, i, ...]
                rank = rank + xp.where(first, one, 0.0 * one)
        rows.append(xp.stack([xp.where(xp.abs(rank - float(a)) < 0.5, one, 0.0 * one) for a in range(n)], axis=1))
    return xp.stack(rows, axis=1)
