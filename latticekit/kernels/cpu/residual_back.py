"""The way back through residual updates of one SU(N) link in every lane: vjp, and the solve of `carry`.

Arguments and places as in `residual_links`.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.gauge_lanes import permute
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld
from latticekit.kernels.cpu.residual_links import MOST
from latticekit.kernels.site.primitives import fma
from latticekit.kernels.site.su import add_components, dagger_mul, ld, mul, mul_dagger, st

Array = Any
Ints = tuple[int, ...]
N = 0  # compile-time constants: colours, places, the loops below
C = C_BAR = RHO = T = M = BAR = G = OWN = H = AD = K = A1 = A2 = SUMS = TEMP = 0
sparse: Any = None
clear: Any = None
series: Any = None
product: Any = None
add_one: Any = None
inverted: Any = None
turn_over: Any = None
times_vector: Any = None
series_vjp: Any = None
around: Any = None
overlap: Any = None
give: Any = None
see: Any = None
pull: Any = None
spread: Any = None
scatter: Any = None


def pulled(work: Array, u: int, room: int, weight: Any, maps: Any) -> None:
    """BAR from the cotangent G of U' and weight of the log-det; OWN = cotangent of U; K = its inverse.

    BAR holds U^dagger B, B the matrix with Re tr(B^dagger dM) = dL: what the rows of the staples see.
    """
    keep_apart()
    w, size = lanes(work), N * N - 1
    q_bar, m_bar, square = room + TEMP * w, room + (TEMP + 80) * w, size * size
    psi = series(work, room + SUMS * w, room + AD * w, True)
    product(work, room + K * w, psi, room + H * w, 1.0, False)
    add_one(work, room + K * w, like(1.0, weight))
    inverted(work, room + K * w)
    clear(work, q_bar, size)
    times_vector(work, q_bar, psi, room + G * w, 1.0, False)
    for k in range(size):
        st(work, room + OWN * w, k, ld(work, room + G * w, k))
    times_vector(work, room + OWN * w, room + AD * w, q_bar, -1.0, False)
    clear(work, m_bar, 2 * N * N)
    product(work, room + A1 * w, room + K * w, psi, 1.0, False)  # transposed: the cotangent of H
    for k in range(square):
        st(work, room + A1 * w, k, weight * ld(work, room + A1 * w, k))
    sparse(work, m_bar, room + A1 * w, 1.0, maps[4], 2 * N * N)
    product(work, room + A1 * w, room + H * w, room + K * w, 1.0, False)
    turn_over(work, room + A2 * w, room + A1 * w)
    for k in range(square):
        st(work, room + A2 * w, k, weight * ld(work, room + A2 * w, k))
    last = room + (SUMS + 23 * square) * w
    series_vjp(work, room + A1 * w, room + SUMS * w, room + AD * w, room + A2 * w, last)
    sparse(work, q_bar, room + A1 * w, 1.0, maps[5], size)
    sparse(work, m_bar, q_bar, 1.0, maps[3], 2 * N * N)
    dagger_mul(work, room + BAR * w, work, u, work, m_bar, N)
    loop = room + A1 * w
    mul_dagger(work, loop, work, room + M * w, work, m_bar, N)
    sparse(work, room + OWN * w, loop, 0.5, maps[0], size)


def given(
    work: Array, to: int, weight: float, a: int, b: int, code: int, undo: Array, moves: Array, aside: int
) -> None:
    """Algebra element `to` += weight comp(A B), carried back over the edge of sub-lattices."""
    keep_apart()
    if code == 0:
        add_components(work, to, like(weight, ld(work, a, 0)), work, a, work, b, N)
        return
    w = lanes(work)
    clear(work, aside, N * N - 1)
    add_components(work, aside, like(weight, ld(work, a, 0)), work, a, work, b, N)
    for k in range(N * N - 1):
        st(work, to, k, ld(work, to, k) + permute(ld(work, aside, k), moves, undo[code] * w))


def staples_back(work: Array, at: Ints, x: int, mu: int, dim: int, tables: Any) -> None:
    """From the cotangents C_BAR (daggers: Re tr(C_BAR dC)) of the staples to the algebra of their links."""
    keep_apart()
    hops, codes, moves, undo = tables
    w, room, step, i = lanes(work), at[2], 2 * dim * x, 0
    link, one = 2 * N * N * w, (N * N - 1) * w
    ahead, turned = hops[step + 2 * mu], codes[step + 2 * mu]
    z, y, t = room + TEMP * w, room + TEMP * w + link, room + TEMP * w + 2 * link
    for nu in range(dim):
        if nu != mu:
            up, up_code = hops[step + 2 * nu], codes[step + 2 * nu]
            c, bar = room + C * w + i * link, room + C_BAR * w + i * link
            a, b, d = around(work, at, x, mu, nu, True, dim, tables)
            give(work, at[1] + (ahead * dim + nu) * one, -0.5, c, bar, turned, undo, moves, t)
            give(work, at[1] + (x * dim + nu) * one, 0.5, bar, c, 0, undo, moves, t)
            mul_dagger(work, z, work, a, work, b, N)
            dagger_mul(work, y, work, d, work, bar, N)
            give(work, at[1] + (up * dim + mu) * one, 0.5, y, z, up_code, undo, moves, t)
            down, code = hops[step + 2 * nu + 1], codes[step + 2 * nu + 1]
            corner, bar = hops[2 * dim * ahead + 2 * nu + 1], bar + link
            a, b, d = around(work, at, x, mu, nu, False, dim, tables)
            mul(work, z, work, b, work, a, N)
            mul_dagger(work, y, work, bar, work, z, N)
            give(work, at[1] + (down * dim + nu) * one, -0.5, d, y, code, undo, moves, t)
            give(work, at[1] + (down * dim + mu) * one, 0.5, d, y, code, undo, moves, t)
            dagger_mul(work, z, work, d, work, b, N)
            dagger_mul(work, y, work, bar, work, z, N)
            give(work, at[1] + (corner * dim + nu) * one, -0.5, a, y, turned + code, undo, moves, t)
            i += 2


def weights_back(
    work: Array, room: int, coefficients: Array, first: int, bars: Array, staples: int, scale: float
) -> None:
    """From BAR to theta, phi (added to bars, from `first` on) and C_BAR."""
    keep_apart()
    w = lanes(work)
    link, z_bar = 2 * N * N * w, room + TEMP * w
    temp = z_bar + link
    for i in range(staples):
        t = ld(work, room + T * w, i)
        z = overlap(work, room + C * w + i * link, room + BAR * w) * (scale * (1.0 - t * t))
        st(work, z_bar, i, z)
        st(bars, first, i, ld(bars, first, i) + z)
    for i in range(staples):
        z, t = ld(work, z_bar, i), scale * ld(work, room + T * w, i)
        for k in range(2 * N * N):
            st(work, temp, k, t * ld(work, room + BAR * w, k))
        for j in range(staples):
            if j != i:
                ij, ji = staples + i * staples + j, staples + j * staples + i
                st(bars, first, ij, fma(z, ld(work, room + RHO * w, i * MOST + j), ld(bars, first, ij)))
                r = fma(z, vld(coefficients, first + ij * w), ld(work, z_bar, j) * vld(coefficients, first + ji * w))
                for k in range(2 * N * N):
                    st(work, temp, k, fma(r, ld(work, room + C * w + j * link, k), ld(work, temp, k)))
        for r in range(N):
            for c in range(N):
                st(work, room + C_BAR * w + i * link, 2 * (c * N + r), ld(work, temp, 2 * (r * N + c)))
                st(work, room + C_BAR * w + i * link, 2 * (c * N + r) + 1, -ld(work, temp, 2 * (r * N + c) + 1))


def backward(
    work: Array, at: Ints, x: int, mu: int, dim: int, tables: Any, maps: Any,
    coefficients: Array, first: int, scale: float, weight: Any, bars: Array,
) -> None:  # fmt: skip
    """The vjp at the link (x, mu): algebra elements hold the cotangents of U', then those of U."""
    w, room = lanes(work), at[2]
    size, own = N * N - 1, at[1] + (x * dim + mu) * (N * N - 1) * w
    see(work, at, x, mu, dim, tables, maps, coefficients, first, scale)
    for k in range(size):
        st(work, room + G * w, k, ld(work, own, k))
    pull(work, at[0] + (x * dim + mu) * 2 * N * N * w, room, weight, maps)
    for k in range(size):
        st(work, own, k, ld(work, room + OWN * w, k))
    spread(work, room, coefficients, first, bars, 2 * (dim - 1), scale)
    scatter(work, at, x, mu, dim, tables)


def forward(
    work: Array, at: Ints, x: int, mu: int, dim: int, tables: Any, maps: Any,
    coefficients: Array, first: int, scale: float, weight: Any, bars: Array,
) -> None:  # fmt: skip
    """The solve of `carry` at the link (x, mu): exp(ad_Q) (1 + Psi H)^-T (zeta - weight d log_det)."""
    w, room = lanes(work), at[2]
    size, own = N * N - 1, at[1] + (x * dim + mu) * (N * N - 1) * w
    see(work, at, x, mu, dim, tables, maps, coefficients, first, scale)
    clear(work, room + G * w, size)
    pull(work, at[0] + (x * dim + mu) * 2 * N * N * w, room, weight, maps)
    for k in range(size):
        st(work, room + G * w, k, ld(work, own, k) - ld(work, room + OWN * w, k))
    clear(work, own, size)
    times_vector(work, own, room + K * w, room + G * w, 1.0, True)
    clear(work, room + G * w, size)
    times_vector(work, room + G * w, room + AD * w, own, 1.0, False)
    psi = room + (SUMS + 22 * size * size) * w
    times_vector(work, own, psi, room + G * w, 1.0, True)
