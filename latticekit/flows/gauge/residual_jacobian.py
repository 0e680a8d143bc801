"""The Jacobian of a residual update at one link, its log-det, and the way back through both.

M = U V at every active link, U' = exp(Q) U with Q = i q_a T_a, q = -Im tr(T M)/index.  For a left displacement v of U,

    dq = H v,  H_ba = -Re tr(T_b T_a M)/index,     v' = Ad_exp(Q) (1 + Psi H) v,  Psi = (1 - exp(-ad_Q))/ad_Q.

Abbott et al., 2305.02402; Psi is that of `groups.tangent`, here as a matrix.  Axes: (chain, A, ...) with A links.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from latticekit.arrays import namespace
from latticekit.groups import GaugeGroup
from latticekit.groups.matrices import complex_from

Array = Any
DEGREE = 22
"""Of Taylor's series of Psi: |ad_Q| <= 2 |M| < 2, so that the rest is below 2^23 / 24! = 1.4e-17."""


class Jacobian(NamedTuple):
    """What one link needs, all (chain, A, n, n): ad_Q, H and Horner's partial sums of Psi, the last one Psi itself."""

    ad: Array
    h: Array
    sums: tuple[Array, ...]

    @property
    def psi(self) -> Array:
        """Psi(Q)."""
        return self.sums[-1]

    @property
    def whole(self) -> Array:
        """1 + Psi H."""
        xp = namespace(self.h)
        return xp.eye(self.h.shape[-1], dtype=self.h.dtype, device=self.h.device) + self.psi @ self.h

    @property
    def turn(self) -> Array:
        """exp(-ad_Q) = 1 - ad_Q Psi."""
        xp = namespace(self.h)
        return xp.eye(self.h.shape[-1], dtype=self.h.dtype, device=self.h.device) - self.ad @ self.psi


def rows(m: Array) -> Array:
    """Re and Im of matrices as one row.  (chain, ..., N, N, A) -> (chain, A, ..., 2 N^2)"""
    xp, flat = namespace(m), namespace(m).reshape(m, (*m.shape[:-3], -1, m.shape[-1]))
    return xp.moveaxis(xp.concat([xp.real(flat), xp.imag(flat)], axis=-2), -1, 1)


def matrices_of(row: Array, n: int) -> Array:
    """The inverse of `rows` for one matrix per link.  (chain, A, 2 N^2) -> (chain, N, N, A)"""
    xp = namespace(row)
    row = xp.moveaxis(row, 1, -1)
    m = complex_from(row[:, : n * n, ...], row[:, n * n :, ...])
    return xp.reshape(m, (row.shape[0], n, n, row.shape[-1]))


@lru_cache
def linear_maps(group: GaugeGroup) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """q and H as linear maps of `rows`, and ad_Q of q.  -> (n, 2 N^2), (n n, 2 N^2), (n n, n)"""
    t, scale = group.generators, 1.0 / group.index
    n = len(t)
    q, h = -scale * t.swapaxes(1, 2), -scale * np.einsum("bij,ajk->baki", t, t)
    structure = -scale * np.einsum("aij,cbji->abc", t, _commutators(t)).imag
    as_rows = [np.concatenate([a.reshape(-1, group.n**2), b.reshape(-1, group.n**2)], axis=1) for a, b in (
        (q.imag, q.real), (h.real, -h.imag))]  # fmt: skip
    return as_rows[0], as_rows[1], structure.reshape(n * n, n)


def _commutators(t: np.ndarray) -> np.ndarray:
    """[T_c, T_b].  -> (c, b, N, N)"""
    product = np.einsum("cij,bjk->cbik", t, t)
    return product - product.swapaxes(0, 1)


def _table(which: int, group: GaugeGroup, like: Array) -> Array:
    """One of the tables in the precision and place of an array, transposed: it acts on rows from the right."""
    return namespace(like).asarray(linear_maps(group)[which].T, dtype=like.dtype, device=like.device)


def exponent(m: Array, group: GaugeGroup) -> Array:
    """q.  rows of M, (chain, A, 2 N^2) -> (chain, A, n)"""
    return m @ _table(0, group, m)


def jacobian(m: Array, q: Array, group: GaugeGroup) -> Jacobian:
    """ad_Q, H, Psi from the rows of M and q."""
    xp, n = namespace(m), q.shape[-1]
    shape = (*q.shape, n)
    ad, h = xp.reshape(q @ _table(2, group, q), shape), xp.reshape(m @ _table(1, group, m), shape)
    one = xp.eye(n, dtype=m.dtype, device=m.device)
    sums = [one * _coefficient(DEGREE) + 0.0 * ad]
    for k in range(DEGREE - 1, -1, -1):
        sums.append(one * _coefficient(k) + ad @ sums[-1])
    return Jacobian(ad, h, tuple(sums))


def _coefficient(k: int) -> float:
    """Of ad^k in Psi."""
    return (-1) ** k / math.factorial(k + 1)


def log_det(one: Jacobian) -> Array:
    """log det(1 + Psi H).  -> (chain, A)"""
    return namespace(one.h).linalg.slogdet(one.whole)[1]


def pull(one: Jacobian, q_bar: Array, weight: Array, group: GaugeGroup) -> Array:
    """Cotangent of rows of M from that of q and weights of log-dets.  (chain, A, n), (chain,) -> (chain, A, 2 N^2)"""
    xp, n = namespace(q_bar), q_bar.shape[-1]
    each = xp.astype(weight, q_bar.dtype)[:, None, None, None]
    inverse = xp.linalg.inv(one.whole)
    h_bar = each * xp.matrix_transpose(inverse @ one.psi)
    p_bar, back, ad_bar = each * xp.matrix_transpose(one.h @ inverse), xp.matrix_transpose(one.ad), 0.0 * one.ad
    for k in range(DEGREE):  # sums[-1 - k] = c_k + ad sums[-2 - k]
        ad_bar = ad_bar + p_bar @ xp.matrix_transpose(one.sums[-2 - k])
        p_bar = back @ p_bar
    flat = (*q_bar.shape[:2], n * n)
    q_bar = q_bar + xp.reshape(ad_bar, flat) @ xp.matrix_transpose(_table(2, group, q_bar))
    own = q_bar @ xp.matrix_transpose(_table(0, group, q_bar))
    return own + xp.reshape(h_bar, flat) @ xp.matrix_transpose(_table(1, group, q_bar))
