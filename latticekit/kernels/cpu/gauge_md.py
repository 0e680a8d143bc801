"""Molecular dynamics of SU(N) links in a block of work (see `links`): kick, drift, projection, sums of plaquettes.

Work arrays are flat: links u with 2 N^2 numbers and momenta p with N^2 - 1 per link, each with `dim` ghost sites from
site `ghost` on, and `temp` for four matrices.  A plaquette is computed once, at its lower corner x, and shared by its
four links.  Where a step ahead along mu changes lanes, the links there are first copied, lanes in place, to ghost
site mu, and what the momenta get there is carried back afterwards.
"""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.checkerboard import choose
from latticekit.kernels.cpu.gauge_lanes import prefetch
from latticekit.kernels.cpu.lanes import keep_apart, lane_sum, lanes, like, vld, vld_as, vst, wide
from latticekit.kernels.site import su, su_exp, su_project
from latticekit.kernels.site.primitives import power_of_two

Array = Any
Ints = tuple[int, ...]
N = 3  # compile-time constants: colours, and the formulas for them
mul, mul_dagger, dagger_mul, product_trace = su.mul, su.mul_dagger, su.dagger_mul, su.product_trace
add_components, add_components_twice = su.add_components, su.add_components_twice
halvings, polar_step, turn_step = su_exp.halvings, su_project.polar_step, su_project.turn_step
exponential: Any = None
determinant: Any = None
carry: Any = None
carry_back: Any = None
fetch_ahead: Any = None
return_ahead: Any = None
squarings: Any = None
look_ahead: Any = None


def fetch_links(u: Array, x: int, mu: int, ghost: int, dim: int, tables: tuple[Array, ...]) -> None:
    """Ghost site mu = the links at x + mu, lanes in place."""
    hops, codes, _, moves = tables
    y, code = hops[2 * (x * dim + mu)], codes[2 * (x * dim + mu)]
    size = 2 * N * N * lanes(u)
    carry(u, (ghost + mu) * dim * size, u, y * dim * size, dim * 2 * N * N, moves, code)


def ask_for(a: Array, at: int, count: int) -> None:
    """Ask for `count` numbers from a[at] on before they are needed: those a time slice ahead are far from the cache."""
    for k in range(at, at + count, lanes(a)):
        prefetch(a, k)


def clear(p: Array, at: int, numbers: int) -> None:
    """`numbers` vectors of zeros from p[at] on."""
    for k in range(at, at + numbers * lanes(p), lanes(p)):
        vst(p, k, like(0.0, vld(p, k)))


def return_momenta(p: Array, x: int, mu: int, ghost: int, dim: int, tables: tuple[Array, ...]) -> None:
    """Momenta at x + mu += those of ghost site mu, which become zero."""
    hops, codes, undo, moves = tables
    size, y, code = dim * (N * N - 1) * lanes(p), hops[2 * (x * dim + mu)], undo[codes[2 * (x * dim + mu)]]
    carry_back(p, y * size, (ghost + mu) * size, dim * (N * N - 1), moves, code)


def kick(
    p: Array,
    u: Array,
    temp: Array,
    weights: Array,
    pitch: int,
    e: float,
    sites: Ints,
    ghost: int,
    dim: int,
    tables: tuple[Array, ...],
) -> None:
    """p += e F(u) from the plaquettes of the outer sites first .. last; weights: those of Im tr(T_a P)/index."""
    keep_apart()
    hops, codes, _, _ = tables
    w = lanes(u)
    m, q = 2 * N * N * w, (N * N - 1) * w
    for x in range(sites[0], sites[1]):
        for mu in range(dim):
            if codes[2 * (x * dim + mu)] != 0:
                fetch_ahead(u, x, mu, ghost, dim, tables)
        after = min(x + 1, sites[1] - 1)
        look_ahead(u, hops[2 * after * dim] * dim * m, dim * m)
        look_ahead(p, hops[2 * after * dim] * dim * q, dim * q)
        plane = x * pitch * w
        for mu in range(dim):
            right = ghost + mu if codes[2 * (x * dim + mu)] != 0 else hops[2 * (x * dim + mu)]
            for nu in range(mu + 1, dim):
                up = ghost + nu if codes[2 * (x * dim + nu)] != 0 else hops[2 * (x * dim + nu)]
                low, left, top, side = x * dim + mu, x * dim + nu, up * dim + mu, right * dim + nu
                weight = e * vld(weights, plane)
                mul_dagger(temp, 0, u, top * m, u, side * m, N)
                dagger_mul(temp, m, u, low * m, u, left * m, N)
                add_components(p, top * q, weight, temp, 0, temp, m, N)
                add_components(p, side * q, -weight, temp, m, temp, 0, N)
                mul_dagger(temp, m, temp, 0, u, low * m, N)
                add_components_twice(p, left * q, low * q, weight, u, left * m, temp, m, N)
                plane += w
        for mu in range(dim):
            if codes[2 * (x * dim + mu)] != 0:
                return_ahead(p, x, mu, ghost, dim, tables)


def plaquettes(
    sums: Array,
    at: int,
    u: Array,
    temp: Array,
    weights: Array,
    pitch: int,
    sites: Ints,
    ghost: int,
    dim: int,
    tables: tuple[Array, ...],
) -> None:
    """sums[at ...] += weights times Re tr P of the outer sites first .. last, in float64, by plane and lane."""
    keep_apart()
    hops, codes, _, _ = tables
    w = lanes(u)
    m = 2 * N * N * w
    for x in range(sites[0], sites[1]):
        for mu in range(dim):
            if codes[2 * (x * dim + mu)] != 0:
                fetch_ahead(u, x, mu, ghost, dim, tables)
        look_ahead(u, hops[2 * min(x + 1, sites[1] - 1) * dim] * dim * m, dim * m)
        plane = 0
        for mu in range(dim):
            right = ghost + mu if codes[2 * (x * dim + mu)] != 0 else hops[2 * (x * dim + mu)]
            for nu in range(mu + 1, dim):
                up = ghost + nu if codes[2 * (x * dim + nu)] != 0 else hops[2 * (x * dim + nu)]
                mul_dagger(temp, 0, u, (up * dim + mu) * m, u, (right * dim + nu) * m, N)
                dagger_mul(temp, m, u, (x * dim + mu) * m, u, (x * dim + nu) * m, N)
                trace = wide(vld(weights, x * pitch * w + plane)) * wide(product_trace(temp, 0, temp, m, N))
                vst(sums, at + plane, vld_as(sums, at + plane, trace) + trace)
                plane += w


def _squarings(temp: Array, k: Array, most: float) -> None:
    """temp = temp^(2^k), lane by lane."""
    keep_apart()
    m = 2 * N * N * lanes(temp)
    for j in range(int(most)):
        mul(temp, m, temp, 0, temp, 0, N)
        for i in range(0, m, lanes(temp)):
            vst(temp, i, choose(like(1.0 * j, k), k, vld(temp, m + i), vld(temp, i)))


def drift(out: Array, u: Array, p: Array, temp: Array, step: float, first: int, last: int) -> None:
    """out = exp(step p) u, links first .. last; out may be u."""
    keep_apart()
    w = lanes(u)
    m, q = 2 * N * N * w, (N * N - 1) * w
    for link in range(first, last):
        k = halvings(p, link * q, step, N)
        exponential(temp, 0, m, 2 * m, p, link * q, step * power_of_two(-k), N)
        most = lane_sum(k)
        if most > 0.0:
            squarings(temp, k, most)
        mul(temp, m, temp, 0, u, link * m, N)
        for i in range(0, m, w):
            vst(out, link * m + i, vld(temp, m + i))


def settle(u: Array, temp: Array, first: int, last: int) -> float:
    """Links first .. last back on the group, to rounding.  -> how many were too far away for this"""
    keep_apart()
    w, far = lanes(u), 0.0
    m = 2 * N * N * w
    for at in range(first * m, last * m, m):
        one = like(1.0, vld(u, at))
        active, left = one, 1.0
        for tries in range(8):
            if left > 0.0:
                error = polar_step(temp, 0, m, u, at, N)
                re, im = determinant(temp, m, 2 * m, temp, 0, N)
                turn_step(temp, 0, re, im, N)
                error = error + im * im
                if tries == 0:
                    far += lane_sum(choose(like(0.01, error), error, one, 0.0 * one))
                for i in range(0, m, w):
                    vst(u, at + i, choose(like(0.5, one), active, vld(temp, i), vld(u, at + i)))
                active = choose(one, 1.0 + error, active, 0.0 * one)
                left = lane_sum(active)
    return far
