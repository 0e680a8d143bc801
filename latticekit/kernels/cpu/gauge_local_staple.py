"""Staples of one link in every lane, for unitary matrices of any size N (N = 1: phases).

All numbers of a block are in one array `work`, and so is the space to work in, at `aside`, counted in links: V,
M = U V, a row, and three neighbours moved over the edge of sub-lattices.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.gauge_lanes import permute
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld
from latticekit.kernels.site.su import dot, ld, st

Array = Any
N = 0  # compile-time constants: the size of matrices, whether couplings differ, the copy of a link
WEIGHTED = False
carry: Any = None
V, M, ROW, NEAR, PLACES = 0, 1, 2, 3, 6
"""Places aside, in links; PLACES: how many."""


def near(work: Array, place: int, at: int, code: int, moves: Array) -> int:
    """Where the link at `at` is found after a lane move: a copy at `place` if there is one."""
    if code == 0:
        return at
    carry(work, place, work, at, 2 * N * N, moves, code)
    return place


def plane_of(mu: int, nu: int, dim: int) -> int:
    """Number of the plane of two directions, in the order of `fields.planes`."""
    low, high = min(mu, nu), max(mu, nu)
    return low * dim - low * (low + 1) // 2 + high - low - 1


def set_scaled(work: Array, row: int, k: int, re: Any, im: Any, coupling: Any) -> None:
    """Element k of a row."""
    if WEIGHTED:
        re, im = coupling * re, coupling * im
    st(work, row, 2 * k, re)
    st(work, row, 2 * k + 1, im)


def add_to(work: Array, v: int, k: int, re: Any, im: Any) -> None:
    """Element k of a matrix += re + i im."""
    st(work, v, 2 * k, ld(work, v, 2 * k) + re)
    st(work, v, 2 * k + 1, ld(work, v, 2 * k + 1) + im)


near_link: Any = None
scaled: Any = None
add: Any = None


def add_above(work: Array, v: int, row: int, a: int, b: int, c: int, coupling: Any) -> None:
    """V += coupling A B^dagger C^dagger, row by row."""
    for r in range(N):
        for k in range(N):
            re, im = dot(work, a, N * r, 1, 1.0, work, b, N * k, 1, -1.0, N)
            scaled(work, row, k, re, im, coupling)
        for k in range(N):
            re, im = dot(work, row, 0, 1, 1.0, work, c, N * k, 1, -1.0, N)
            add(work, v, N * r + k, re, im)


def add_below(work: Array, v: int, row: int, a: int, b: int, c: int, coupling: Any) -> None:
    """V += coupling A^dagger B^dagger C, row by row."""
    for r in range(N):
        for k in range(N):
            re, im = dot(work, a, r, N, -1.0, work, b, N * k, 1, -1.0, N)
            scaled(work, row, k, re, im, coupling)
        for k in range(N):
            re, im = dot(work, row, 0, 1, 1.0, work, c, k, N, 1.0, N)
            add(work, v, N * r + k, re, im)


above: Any = None
below: Any = None
plane: Any = None


def staple(work: Array, links: int, aside: int, x: int, mu: int, dim: int, tables: Any) -> None:
    """V, the sum of the staples of the link (x, mu), each times its coupling if those differ."""
    keep_apart()
    hops, codes, moves, weights = tables
    w = lanes(work)
    link = 2 * N * N * w
    pitch, v, row, a = dim * link, aside + V * link, aside + ROW * link, aside + NEAR * link
    b, c = a + link, a + 2 * link
    zero, coupling = like(0.0, vld(work, links)), like(1.0, vld(work, links))
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
        if WEIGHTED:
            coupling = vld(weights, couplings + x * w)
        above(work, v, row, i, j, here + x * pitch, coupling)
        i = near_link(work, a, here + corner * pitch, turned + down_code, moves)
        j = near_link(work, b, links + down * pitch + mu * link, down_code, moves)
        k = near_link(work, c, here + down * pitch, down_code, moves)
        if WEIGHTED:
            coupling = permute(vld(weights, couplings + down * w), moves, down_code * w)
        below(work, v, row, i, j, k, coupling)
