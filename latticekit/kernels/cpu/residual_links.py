"""Residual updates of one SU(N) link in every lane (reference: `latticekit.flows.gauge.residual_update`).

All is in one flat array `work`: a block of links, one of algebra elements, then room to work in; `at` = (links,
algebra, room) are where they start.  Places in that room are compile-time constants, counted in vectors.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.gauge_local_lanes import any_less
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld
from latticekit.kernels.site import su_exp
from latticekit.kernels.site.activations import tanh
from latticekit.kernels.site.elementary import log
from latticekit.kernels.site.primitives import choose, fma, power_of_two
from latticekit.kernels.site.su import dagger_mul, ld, mul, mul_dagger, st

Array = Any
Ints = tuple[int, ...]
halvings = su_exp.halvings
N = 0  # compile-time constants: colours, places, the loops below
NEAR = C = RHO = T = V = M = Q = H = AD = K = SUMS = TEMP = 0
near: Any = None
exponential: Any = None
sparse: Any = None
clear: Any = None
series: Any = None
product: Any = None
add_one: Any = None
eliminated: Any = None
around: Any = None
one_staple: Any = None
overlap: Any = None
move_by: Any = None
weigh: Any = None
see: Any = None
MOST = 6
"""Staples of a link, at most."""


def neighbours(work: Array, at: Ints, x: int, mu: int, nu: int, up: bool, dim: int, tables: Any) -> Any:
    """Where the links A, B, D of a staple are, A B^dagger D^dagger above or A^dagger B^dagger D below."""
    keep_apart()
    hops, codes, moves, _ = tables
    w, step = lanes(work), 2 * dim * x
    link, room = 2 * N * N * w, at[2] + NEAR * w
    pitch = dim * link
    ahead, turned = hops[step + 2 * mu], codes[step + 2 * mu]
    here = at[0] + nu * link
    if up:
        y, code = hops[step + 2 * nu], codes[step + 2 * nu]
        a = near(work, room, here + ahead * pitch, turned, moves)
        b = near(work, room + link, at[0] + y * pitch + mu * link, code, moves)
        return a, b, here + x * pitch
    y, code = hops[step + 2 * nu + 1], codes[step + 2 * nu + 1]
    corner = hops[2 * dim * ahead + 2 * nu + 1]
    a = near(work, room, here + corner * pitch, turned + code, moves)
    b = near(work, room + link, at[0] + y * pitch + mu * link, code, moves)
    return a, b, near(work, room + 2 * link, here + y * pitch, code, moves)


def staple_of(work: Array, out: int, a: int, b: int, d: int, aside: int, up: bool) -> None:
    """out = A B^dagger D^dagger or (B A)^dagger D; aside: A B^dagger or B A."""
    keep_apart()
    if up:
        mul_dagger(work, aside, work, a, work, b, N)
        mul_dagger(work, out, work, aside, work, d, N)
    else:
        mul(work, aside, work, b, work, a, N)
        dagger_mul(work, out, work, aside, work, d, N)


def overlap_of(work: Array, a: int, b: int) -> Any:
    """Re tr(A B^dagger)."""
    total, other = ld(work, a, 0) * ld(work, b, 0), ld(work, a, 1) * ld(work, b, 1)
    for k in range(2, 2 * N * N, 2):
        total = fma(ld(work, a, k), ld(work, b, k), total)
        other = fma(ld(work, a, k + 1), ld(work, b, k + 1), other)
    return total + other


def weighed(work: Array, room: int, coefficients: Array, first: int, staples: int, scale: float) -> None:
    """rho, t = tanh z and V from the staples; coefficients: theta_i, then phi_ij, of every lane."""
    keep_apart()
    w = lanes(work)
    link, v = 2 * N * N * w, room + V * w
    clear(work, v, 2 * N * N)
    for i in range(staples):
        for j in range(i):
            rho = overlap(work, room + C * w + i * link, room + C * w + j * link)
            st(work, room + RHO * w, i * MOST + j, rho)
            st(work, room + RHO * w, j * MOST + i, rho)
    for i in range(staples):
        z = vld(coefficients, first + i * w)
        for j in range(staples):
            if j != i:
                z = fma(
                    vld(coefficients, first + (staples + i * staples + j) * w),
                    ld(work, room + RHO * w, i * MOST + j),
                    z,
                )
        t = tanh(z)
        st(work, room + T * w, i, t)
        t = scale * t
        for k in range(2 * N * N):
            st(work, v, k, fma(t, ld(work, room + C * w + i * link, k), ld(work, v, k)))


def seen(
    work: Array,
    at: Ints,
    x: int,
    mu: int,
    dim: int,
    tables: Any,
    maps: Any,
    coefficients: Array,
    first: int,
    scale: float,
) -> None:
    """Staples, V, M = U V, q, ad, H of the link (x, mu)."""
    keep_apart()
    w, room, size = lanes(work), at[2], N * N - 1
    link, i = 2 * N * N * w, 0
    for nu in range(dim):
        if nu != mu:
            for up in (True, False):
                a, b, d = around(work, at, x, mu, nu, up, dim, tables)
                one_staple(work, room + C * w + i * link, a, b, d, room + TEMP * w, up)
                i += 1
    weigh(work, room, coefficients, first, i, scale)
    mul(work, room + M * w, work, at[0] + (x * dim + mu) * link, work, room + V * w, N)
    clear(work, room + Q * w, size)
    sparse(work, room + Q * w, room + M * w, 1.0, maps[0], size)
    clear(work, room + AD * w, size * size)
    sparse(work, room + AD * w, room + Q * w, 1.0, maps[2], size * size)
    clear(work, room + H * w, size * size)
    sparse(work, room + H * w, room + M * w, 1.0, maps[1], size * size)


def moved(work: Array, u: int, room: int) -> None:
    """U becomes exp(Q) U."""
    keep_apart()
    w = lanes(work)
    p, e = room + Q * w, room + TEMP * w
    link = 2 * N * N * w
    k = halvings(work, p, like(1.0, ld(work, p, 0)), N)
    exponential(work, e, e + link, e + 2 * link, work, p, power_of_two(-k), N)
    most = 0.0
    while any_less(like(most, k), k):
        mul(work, e + link, work, e, work, e, N)
        for i in range(2 * N * N):
            st(work, e, i, choose(like(most, k), k, ld(work, e + link, i), ld(work, e, i)))
        most += 1.0
    mul(work, e + link, work, e, work, u, N)
    for i in range(2 * N * N):
        st(work, u, i, ld(work, e + link, i))


def applied(
    work: Array,
    at: Ints,
    x: int,
    mu: int,
    dim: int,
    tables: Any,
    maps: Any,
    coefficients: Array,
    first: int,
    scale: float,
) -> Any:
    """Update the link (x, mu).  -> log det"""
    w, room = lanes(work), at[2]
    see(work, at, x, mu, dim, tables, maps, coefficients, first, scale)
    psi = series(work, room + SUMS * w, room + AD * w, False)
    product(work, room + K * w, psi, room + H * w, 1.0, False)
    add_one(work, room + K * w, like(1.0, ld(work, room, 0)))
    move_by(work, at[0] + (x * dim + mu) * 2 * N * N * w, room)
    return log(eliminated(work, room + K * w))
