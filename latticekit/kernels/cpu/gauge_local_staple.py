"""Staples of one link in every lane, for unitary matrices of any size N (N = 1: phases).

All numbers of a block are in one array `work`, and so is the space to work in, at `aside`, counted in links: V,
M = U V, and three neighbours moved over the edge of sub-lattices.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.gauge_lanes import permute, prefetch
from latticekit.kernels.cpu.gauge_local_lanes import melt_in, registers
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld
from latticekit.kernels.site import Site
from latticekit.kernels.site.primitives import fma
from latticekit.kernels.site.su import dot, ld, st

Array = Any
N = 0  # compile-time constants: the size of matrices, the copy of a link
carry: Any = None
V, M, NEAR, PLACES = 0, 1, 2, 5
"""Places aside, in links; PLACES: how many."""


def near(work: Array, place: int, at: int, code: int, moves: Array) -> int:
    """Where the link at `at` is found after a lane move: a copy at `place` if there is one."""
    melt_in()
    if code == 0:
        return at
    carry(work, place, work, at, 2 * N * N, moves, code)
    return place


def plane_of(mu: int, nu: int, dim: int) -> int:
    """Number of the plane of two directions, in the order of `fields.planes`."""
    low, high = min(mu, nu), max(mu, nu)
    return low * dim - low * (low + 1) // 2 + high - low - 1


@Site
def add_dot(re: Any, im: Any, a: Array, i: int, x: float, b: Array, j: int, c: int, t: int, y: float, n: int) -> Any:
    """re + i im + sum_k a_k B_k of a row in registers and the elements c + k t of b; x, y = -1: conjugated."""
    for k in range(n):
        ar, ai = ld(a, i, 2 * k), x * ld(a, i, 2 * k + 1)
        br, bi = ld(b, j, 2 * (c + k * t)), y * ld(b, j, 2 * (c + k * t) + 1)
        re, im = fma(-ai, bi, fma(ar, br, re)), fma(ai, br, fma(ar, bi, im))
    return re, im


near_link: Any = None


def add_above(work: Array, v: int, a: int, b: int, c: int, coupling: Any) -> None:
    """V += coupling A B^dagger C^dagger, row by row."""
    keep_apart()
    row = registers(work)
    for r in range(N):
        for k in range(N):
            re, im = dot(work, a, N * r, 1, 1.0, work, b, N * k, 1, -1.0, N)
            st(row, 0, 2 * k, coupling * re)
            st(row, 0, 2 * k + 1, coupling * im)
        for k in range(N):
            at = 2 * (N * r + k)
            re, im = add_dot(ld(work, v, at), ld(work, v, at + 1), row, 0, 1.0, work, c, N * k, 1, -1.0, N)
            st(work, v, at, re)
            st(work, v, at + 1, im)


def add_below(work: Array, v: int, a: int, b: int, c: int, coupling: Any) -> None:
    """V += coupling A^dagger B^dagger C, whose rows are conjugate columns of B A times C."""
    keep_apart()
    row = registers(work)
    for r in range(N):
        for k in range(N):
            re, im = dot(work, b, N * k, 1, 1.0, work, a, r, N, 1.0, N)
            st(row, 0, 2 * k, coupling * re)
            st(row, 0, 2 * k + 1, coupling * im)
        for k in range(N):
            at = 2 * (N * r + k)
            re, im = add_dot(ld(work, v, at), ld(work, v, at + 1), row, 0, -1.0, work, c, k, N, 1.0, N)
            st(work, v, at, re)
            st(work, v, at + 1, im)


above: Any = None
below: Any = None
plane: Any = None


def staple(work: Array, links: int, aside: int, x: int, mu: int, dim: int, tables: Any) -> None:
    """V, the sum of the staples of the link (x, mu), each times its coupling; those all alike are one vector."""
    keep_apart()
    hops, codes, moves, weights = tables
    w = lanes(work)
    link = 2 * N * N * w
    pitch, v, a = dim * link, aside + V * link, aside + NEAR * link
    b, c = a + link, a + 2 * link
    zero, coupling = like(0.0, vld(work, links)), vld(weights, 0)
    for k in range(2 * N * N):
        st(work, v, k, zero)
    step = 2 * dim * x
    ahead, turned = hops[step + 2 * mu], codes[step + 2 * mu]
    for nu in range(dim):
        if nu == mu:
            continue
        up, up_code = hops[step + 2 * nu], codes[step + 2 * nu]
        down, down_code = hops[step + 2 * nu + 1], codes[step + 2 * nu + 1]
        corner = hops[2 * dim * ahead + 2 * nu + 1]
        couplings = plane(mu, nu, dim) * (hops.size // (2 * dim)) * w
        here = links + nu * link
        i = near_link(work, a, here + ahead * pitch, turned, moves)
        j = near_link(work, b, links + up * pitch + mu * link, up_code, moves)
        if weights.size > w:
            coupling = vld(weights, couplings + x * w)
        above(work, v, i, j, here + x * pitch, coupling)
        i = near_link(work, a, here + corner * pitch, turned + down_code, moves)
        j = near_link(work, b, links + down * pitch + mu * link, down_code, moves)
        k = near_link(work, c, here + down * pitch, down_code, moves)
        if weights.size > w:
            coupling = permute(vld(weights, couplings + down * w), moves, down_code * w)
        below(work, v, i, j, k, coupling)


def ask_for(work: Array, at: int, size: int) -> None:
    """Ask for the numbers from `at` on before they are needed."""
    for k in range(at, at + size, lanes(work)):
        prefetch(work, k)


ask: Any = None


def look_ahead(work: Array, links: int, x: int, mu: int, dim: int, hops: Array) -> None:
    """Ask for the links that the staple of (x, mu) is made of."""
    keep_apart()
    link = 2 * N * N * lanes(work)
    pitch, step = dim * link, 2 * dim * x
    ahead = hops[step + 2 * mu]
    ask(work, links + x * pitch, pitch)
    for nu in range(dim):
        if nu != mu:
            up, down = hops[step + 2 * nu], hops[step + 2 * nu + 1]
            ask(work, links + ahead * pitch + nu * link, link)
            ask(work, links + up * pitch + mu * link, link)
            ask(work, links + down * pitch + mu * link, link)
            ask(work, links + down * pitch + nu * link, link)
            ask(work, links + hops[2 * dim * ahead + 2 * nu + 1] * pitch + nu * link, link)
