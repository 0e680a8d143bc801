"""SU(2) subgroups of SU(N) as quaternions (q0, q1, q2, q3), q0 + i q.sigma, four real arrays (chain, *sites)."""

from __future__ import annotations

from latticekit.arrays import namespace
from latticekit.groups.matrices import complex_from
from latticekit.updates.base import Array

Quaternion = tuple[Array, Array, Array, Array]
Pair = tuple[int, int]


def block(u: Array, v: Array, pair: Pair) -> Quaternion:
    """w with Re tr(R U V) = 2 (R w)_0 + const for R in the subgroup of rows i, j.  two (chain, N, N, *sites) -> w

    w_0 = Re tr M_s / 2 and w_k = Im tr(sigma_k M_s) / 2, M_s the 2 x 2 block of M = U V.
    """
    xp, (i, j) = namespace(u), pair

    def element(row: int, column: int) -> Array:
        return xp.sum(u[:, row, ...] * v[:, :, column, ...], axis=1)

    ii, ij, ji, jj = element(i, i), element(i, j), element(j, i), element(j, j)
    return (
        0.5 * (xp.real(ii) + xp.real(jj)),
        0.5 * (xp.imag(ij) + xp.imag(ji)),
        0.5 * (xp.real(ij) - xp.real(ji)),
        0.5 * (xp.imag(ii) - xp.imag(jj)),
    )


def polar_form(w: Quaternion) -> tuple[Array, Quaternion]:
    """k = |w| and w/k; 0 and 1 where k^2 has no digits.  -> (chain, *sites), quaternion"""
    xp = namespace(w[0])
    square = w[0] * w[0] + w[1] * w[1] + w[2] * w[2] + w[3] * w[3]
    info = xp.finfo(square.dtype)
    some = square > float(info.smallest_normal) / float(info.eps)
    one, zero = xp.ones_like(square), xp.zeros_like(square)
    k = xp.sqrt(xp.where(some, square, one))
    unit = (xp.where(some, w[0] / k, one), *(xp.where(some, part / k, zero) for part in w[1:]))
    return xp.where(some, k, zero), unit


def times_dagger(a: Quaternion, b: Quaternion) -> Quaternion:
    """a b^dagger."""
    return (
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3],
        b[0] * a[1] - a[0] * b[1] + a[2] * b[3] - a[3] * b[2],
        b[0] * a[2] - a[0] * b[2] + a[3] * b[1] - a[1] * b[3],
        b[0] * a[3] - a[0] * b[3] + a[1] * b[2] - a[2] * b[1],
    )


def rotated(u: Array, r: Quaternion, pair: Pair) -> Array:
    """R U, R acting on rows i, j.  (chain, N, N, *sites) -> the same"""
    (i, j), upper, lower = pair, u[:, pair[0], ...], u[:, pair[1], ...]
    r_ii, r_ij = complex_from(r[0], r[3])[:, None, ...], complex_from(r[2], r[1])[:, None, ...]
    r_ji, r_jj = complex_from(-r[2], r[1])[:, None, ...], complex_from(r[0], -r[3])[:, None, ...]
    new = {i: r_ii * upper + r_ij * lower, j: r_ji * upper + r_jj * lower}
    return namespace(u).stack([new[row] if row in new else u[:, row, ...] for row in range(u.shape[1])], axis=1)
