"""SU(3) force and momentum update, plaquette and link update, written for any array library.

Every plaquette is computed once and shared by its four links, as in latticekit's kernels.  Two layouts: matrices last,
with the library's matmul, or sites last, with products written out as sums of outer products.  Momenta are matrices.
"""

from __future__ import annotations

import math
from itertools import combinations
from types import SimpleNamespace
from typing import Any

Array = Any
BETA, DIM, DEGREE = 6.0, 4, 16


def matrices_last(xp: Any) -> SimpleNamespace:
    """Fields (mu, *sites, 3, 3)."""

    def outer(c: Array, m: Array) -> Array:
        return c[..., None, None] * m

    return SimpleNamespace(
        xp=xp,
        axis=lambda mu: mu,
        mul=xp.matmul,
        dagger=lambda m: xp.conj(xp.swapaxes(m, -1, -2)),
        entry=lambda m, i, j: m[..., i, j],
        scaled=outer,
        unit=lambda c: outer(c, xp.asarray([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=c.dtype)),
    )


def sites_last(xp: Any) -> SimpleNamespace:
    """Fields (mu, 3, 3, *sites)."""

    def mul(a: Array, b: Array) -> Array:
        return a[:, 0, None] * b[0] + a[:, 1, None] * b[1] + a[:, 2, None] * b[2]

    def unit(c: Array) -> Array:
        one = xp.asarray([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=c.dtype)
        return one.reshape((3, 3) + (1,) * c.ndim) * c

    return SimpleNamespace(
        xp=xp,
        axis=lambda mu: 2 + mu,
        mul=mul,
        dagger=lambda m: xp.conj(xp.swapaxes(m, 0, 1)),
        entry=lambda m, i, j: m[i, j],
        scaled=lambda c, m: c * m,
        unit=unit,
    )


LAYOUTS = {"matrices last": matrices_last, "sites last": sites_last}


def trace(m: Array, lay: Any) -> Array:
    """tr M."""
    return lay.entry(m, 0, 0) + lay.entry(m, 1, 1) + lay.entry(m, 2, 2)


def projected(m: Array, lay: Any) -> Array:
    """Traceless anti-Hermitian part."""
    a = 0.5 * (m - lay.dagger(m))
    return a - lay.unit(trace(a, lay) * (1 / 3))


def kick(u: Array, p: Array, e: float, lay: Any) -> Array:
    """p + e F."""
    roll, mul, dagger = lay.xp.roll, lay.mul, lay.dagger
    f = [p[mu] for mu in range(DIM)]
    w = -e * BETA / 6
    for mu, nu in combinations(range(DIM), 2):
        a = mul(roll(u[mu], -1, lay.axis(nu)), dagger(roll(u[nu], -1, lay.axis(mu))))
        b = mul(dagger(u[mu]), u[nu])
        here = projected(mul(u[mu], mul(dagger(a), dagger(u[nu]))), lay)
        f[mu] = f[mu] + w * (here + roll(projected(mul(a, b), lay), 1, lay.axis(nu)))
        f[nu] = f[nu] - w * (here + roll(projected(mul(b, a), lay), 1, lay.axis(mu)))
    return lay.xp.stack(f)


def plaquette(u: Array, lay: Any) -> Array:
    """Sum of Re tr P over planes and sites."""
    total: Any = 0.0
    for mu, nu in combinations(range(DIM), 2):
        a = lay.mul(u[mu], lay.xp.roll(u[nu], -1, lay.axis(mu)))
        b = lay.mul(u[nu], lay.xp.roll(u[mu], -1, lay.axis(nu)))
        total = total + lay.xp.sum(lay.xp.real(a * lay.xp.conj(b)))
    return total


def exponential(x: Array, lay: Any) -> Array:
    """exp of anti-Hermitian matrices by the theorem of Cayley and Hamilton: x^3 = t x + i d."""
    square = lay.mul(x, x)
    t = 0.5 * trace(square, lay)
    e = lay.entry
    determinant = (
        e(x, 0, 0) * (e(x, 1, 1) * e(x, 2, 2) - e(x, 1, 2) * e(x, 2, 1))
        - e(x, 0, 1) * (e(x, 1, 0) * e(x, 2, 2) - e(x, 1, 2) * e(x, 2, 0))
        + e(x, 0, 2) * (e(x, 1, 0) * e(x, 2, 1) - e(x, 1, 1) * e(x, 2, 0))
    )
    q0, q1, q2 = 1 / math.factorial(DEGREE) + 0.0 * t, 0.0 * t, 0.0 * t
    for k in range(DEGREE - 1, -1, -1):
        q0, q1, q2 = determinant * q2 + 1 / math.factorial(k), q0 + t * q2, q1
    return lay.unit(q0) + lay.scaled(q1, x) + lay.scaled(q2, square)


def drift(u: Array, p: Array, e: float, lay: Any) -> Array:
    """exp(e p) u."""
    return lay.xp.stack([lay.mul(exponential(e * p[mu], lay), u[mu]) for mu in range(DIM)])
