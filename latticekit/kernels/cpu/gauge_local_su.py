"""Local updates of one SU(N) link in every lane (references: `latticekit.updates.links_heatbath` and its siblings).

Space to work in as in `gauge_local_staple`; after the places of links the counts, then the numbers of the subgroups.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from latticekit.kernels.cpu.gauge_local_lanes import any_less
from latticekit.kernels.cpu.gauge_local_staple import NEAR, PLACES, M, V
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like
from latticekit.kernels.site import su_exp, subgroup
from latticekit.kernels.site.elementary import log, turn
from latticekit.kernels.site.primitives import choose, fma, power_of_two, sqrt
from latticekit.kernels.site.su import dot, ld, mul, product_trace, st

Array = Any
N = 0  # compile-time constants: the group, the loops below
staple: Any = None
turn_rows: Any = None
project: Any = None
uniforms: Any = None
first: Any = None
trial: Any = None
retry: Any = None
prepare: Any = None
block_of: Any = None
rotate: Any = None
normals: Any = None
propose: Any = None
exponential: Any = None
halvings = su_exp.halvings
COUNTS, DRAWN = 2, 6
"""Counts per lane; numbers per subgroup."""
part, norm_squared, reflection, over, rotated = (
    subgroup.part,
    subgroup.norm_squared,
    subgroup.reflection,
    subgroup.over,
    subgroup.rotated,
)
gamma, kennedy_pendleton, creutz, completed = (
    subgroup.exponential,
    subgroup.kennedy_pendleton,
    subgroup.creutz,
    subgroup.completed,
)
CROSSOVER = subgroup.CROSSOVER


def quaternion_of(work: Array, m: int, i: int, j: int) -> Any:
    """The quaternion of rows and columns i, j of M."""
    ii, ij, ji, jj = 2 * (N * i + i), 2 * (N * i + j), 2 * (N * j + i), 2 * (N * j + j)
    return part(
        ld(work, m, ii),
        ld(work, m, ii + 1),
        ld(work, m, ij),
        ld(work, m, ij + 1),
        ld(work, m, ji),
        ld(work, m, ji + 1),
        ld(work, m, jj),
        ld(work, m, jj + 1),
    )


def rotated_rows(work: Array, at: int, i: int, j: int, g0: Any, g1: Any, g2: Any, g3: Any) -> None:
    """g times rows i, j of the matrix at `at`."""
    for k in range(N):
        p, q = 2 * (N * i + k), 2 * (N * j + k)
        x, xi, y, yi = rotated(
            g0, g1, g2, g3, ld(work, at, p), ld(work, at, p + 1), ld(work, at, q), ld(work, at, q + 1)
        )
        st(work, at, p, x)
        st(work, at, p + 1, xi)
        st(work, at, q, y)
        st(work, at, q + 1, yi)


def reflect(work: Array, u: int, m: int, i: int, j: int) -> None:
    """Overrelaxation in one subgroup, of U and of M = U V."""
    keep_apart()
    w0, w1, w2, w3 = block_of(work, m, i, j)
    g0, g1, g2, g3 = reflection(w0, w1, w2, w3)
    rotate(work, u, i, j, g0, g1, g2, g3)
    rotate(work, m, i, j, g0, g1, g2, g3)


def completed_rows(work: Array, u: int) -> None:
    """Back on the group, from which rounding took the link: N - 1 rows by Gram and Schmidt, the last one from them.

    SU(2) and SU(3) only; sweeps of larger groups end with a projection of the whole field.
    """
    keep_apart()
    for r in range(N - 1):
        for s in range(r):
            re, im = dot(work, u, N * r, 1, 1.0, work, u, N * s, 1, -1.0, N)
            for k in range(N):
                x, xi = ld(work, u, 2 * (N * s + k)), ld(work, u, 2 * (N * s + k) + 1)
                y, yi = ld(work, u, 2 * (N * r + k)), ld(work, u, 2 * (N * r + k) + 1)
                st(work, u, 2 * (N * r + k), fma(im, xi, fma(-re, x, y)))
                st(work, u, 2 * (N * r + k) + 1, fma(-im, x, fma(-re, xi, yi)))
        square, _ = dot(work, u, N * r, 1, 1.0, work, u, N * r, 1, -1.0, N)
        scale = 1.0 / sqrt(square)
        for k in range(2 * N * r, 2 * N * r + 2 * N):
            st(work, u, k, scale * ld(work, u, k))
    if N == 2:
        st(work, u, 4, -ld(work, u, 2))
        st(work, u, 5, ld(work, u, 3))
        st(work, u, 6, ld(work, u, 0))
        st(work, u, 7, -ld(work, u, 1))
    if N == 3:
        for k in range(3):
            p, q = (k + 1) % 3, (k + 2) % 3
            a, ai, b, bi = ld(work, u, 2 * p), ld(work, u, 2 * p + 1), ld(work, u, 6 + 2 * q), ld(work, u, 7 + 2 * q)
            c, ci, d, di = ld(work, u, 2 * q), ld(work, u, 2 * q + 1), ld(work, u, 6 + 2 * p), ld(work, u, 7 + 2 * p)
            st(work, u, 12 + 2 * k, fma(ci, di, fma(-c, d, fma(-ai, bi, a * b))))
            st(work, u, 13 + 2 * k, fma(ci, d, fma(c, di, fma(-ai, b, -(a * bi)))))


def overrelaxation(
    work: Array, links: int, aside: int, x: int, mu: int, dim: int, block: int, tables: Any, randoms: Any, numbers: Any
) -> None:
    """One link: reflections in all subgroups."""
    link = 2 * N * N * lanes(work)
    u, m = links + (x * dim + mu) * link, aside + M * link
    staple(work, links, aside, x, mu, dim, tables)
    mul(work, m, work, u, work, aside + V * link, N)
    for i in range(N - 1):
        for j in range(i + 1, N):
            turn_rows(work, u, m, i, j)
    if N <= 3:
        project(work, u)


def drawn(work: Array, at: int, x: int, block: int, number: int, attempt: int, attempts: int, randoms: Any) -> None:
    """What one attempt for a0 draws without looking at the field: r1, -ln r1 - cos^2(2 pi r2) ln r3, r4^2."""
    r1, r3 = uniforms(randoms, x, block, 0, number * attempts + attempt, 0)
    r2, r4 = uniforms(randoms, x, block, 1, number * attempts + attempt, 0)
    st(work, at, 0, r1)
    st(work, at, 1, gamma(r1, r2, r3))
    st(work, at, 2, r4 * r4)


def prepared(work: Array, at: int, x: int, mu: int, block: int, attempts: int, randoms: Any) -> None:
    """Numbers of every subgroup for the first attempt, and for the direction: many at once keep the processor busy."""
    keep_apart()
    pairs = N * (N - 1) // 2
    for s in range(pairs):
        place, number = at + DRAWN * lanes(work) * s, mu * pairs + s
        first(work, place, x, block, number, 0, attempts, randoms)
        q1, q2 = uniforms(randoms, x, block, 0, number, 1)
        cosine, sine = turn(q2)
        st(work, place, 3, q1)
        st(work, place, 4, cosine)
        st(work, place, 5, sine)


def tried(work: Array, at: int, alpha: Any, delta: Any, waiting: Any, tries: int) -> Any:
    """One attempt at 1 - a0 in the lanes that wait.  -> delta, those that still wait"""
    zero, crossover = like(0.0, alpha), like(CROSSOVER, alpha)
    square = ld(work, at, 2)
    new, bound = kennedy_pendleton(ld(work, at, 1), alpha)
    if any_less(alpha, crossover):
        flat, other = creutz(ld(work, at, 0), alpha)
        new, bound = choose(alpha, crossover, flat, new), choose(alpha, crossover, other, bound)
    st(work, tries, 0, ld(work, tries, 0) + waiting)
    return choose(zero, waiting, new, delta), choose(square, bound, zero, waiting)


def retried(
    work: Array,
    at: int,
    x: int,
    block: int,
    number: int,
    attempts: int,
    randoms: Any,
    alpha: Any,
    delta: Any,
    waiting: Any,
    tries: int,
) -> Any:
    """The attempts after the first.  -> delta, the lanes without success"""
    keep_apart()
    for attempt in range(1, attempts):
        if not any_less(like(0.0, waiting), waiting):
            break
        first(work, at, x, block, number, attempt, attempts, randoms)
        delta, waiting = trial(work, at, alpha, delta, waiting, tries)
    return delta, waiting


def draw_rows(
    work: Array,
    u: int,
    m: int,
    i: int,
    j: int,
    at: int,
    tries: int,
    x: int,
    block: int,
    number: int,
    attempts: int,
    randoms: Any,
    scale: float,
) -> None:
    """Heatbath in one subgroup, of U and of M = U V; lanes without success keep their link."""
    keep_apart()
    w0, w1, w2, w3 = block_of(work, m, i, j)
    alpha = 2.0 * scale * sqrt(norm_squared(w0, w1, w2, w3))
    zero, one = like(0.0, alpha), like(1.0, alpha)
    delta, waiting = trial(work, at, alpha, one, one, tries)
    if any_less(zero, waiting):
        delta, waiting = retry(work, at, x, block, number, attempts, randoms, alpha, delta, waiting, tries)
        st(work, tries, 1, ld(work, tries, 1) + waiting)
    a0, a1, a2, a3 = completed(delta, ld(work, at, 3), ld(work, at, 4), ld(work, at, 5))
    g0, g1, g2, g3 = over(a0, a1, a2, a3, w0, w1, w2, w3)
    g0, g1 = choose(zero, waiting, one, g0), choose(zero, waiting, zero, g1)
    g2, g3 = choose(zero, waiting, zero, g2), choose(zero, waiting, zero, g3)
    rotate(work, u, i, j, g0, g1, g2, g3)
    rotate(work, m, i, j, g0, g1, g2, g3)


def heatbath(
    work: Array, links: int, aside: int, x: int, mu: int, dim: int, block: int, tables: Any, randoms: Any, numbers: Any
) -> None:
    """One link: draws in all subgroups.  numbers: 1/N or beta/N, attempts."""
    w, scale, attempts = lanes(work), numbers[0], np.int64(numbers[1])
    link = 2 * N * N * w
    u, m, at = links + (x * dim + mu) * link, aside + M * link, aside + PLACES * link + COUNTS * w
    prepare(work, at, x, mu, block, attempts, randoms)
    staple(work, links, aside, x, mu, dim, tables)
    mul(work, m, work, u, work, aside + V * link, N)
    s = 0
    for i in range(N - 1):
        for j in range(i + 1, N):
            number, place = mu * (N * (N - 1) // 2) + s, at + DRAWN * w * s
            turn_rows(work, u, m, i, j, place, aside + PLACES * link, x, block, number, attempts, randoms, scale)
            s += 1
    if N <= 3:
        project(work, u)


def metropolis(
    work: Array, links: int, aside: int, x: int, mu: int, dim: int, block: int, tables: Any, randoms: Any, numbers: Any
) -> None:
    """One link: exp(step v) U, v normal, `hits` times.  numbers: 1/N or beta/N, hits, step."""
    w, scale, hits = lanes(work), numbers[0], np.int64(numbers[1])
    link = 2 * N * N * w
    u, v, new = links + (x * dim + mu) * link, aside + V * link, aside + M * link
    counts = aside + PLACES * link
    staple(work, links, aside, x, mu, dim, tables)
    weight = scale * product_trace(work, u, work, v, N)
    for hit in range(hits):
        log_u = propose(work, aside, u, x, block, mu, hit, hits, numbers[2], randoms)
        new_weight = scale * product_trace(work, new, work, v, N)
        one, zero = like(1.0, weight), like(0.0, weight)
        accepted = choose(log_u, new_weight - weight, one, zero)
        weight = choose(zero, accepted, new_weight, weight)
        for k in range(2 * N * N):
            st(work, u, k, choose(zero, accepted, ld(work, new, k), ld(work, u, k)))
        st(work, counts, 0, ld(work, counts, 0) + accepted)
    if N <= 3:
        project(work, u)


def proposed(
    work: Array, aside: int, u: int, x: int, block: int, mu: int, hit: int, hits: int, step: float, randoms: Any
) -> Any:
    """exp(step v) U in the place of M.  -> log of the number to accept with"""
    keep_apart()
    w = lanes(work)
    link, half = 2 * N * N * w, N * N // 2
    p, e = aside + PLACES * link + COUNTS * w, aside + NEAR * link
    for row in range(half):
        first, second = normals(randoms, x, block, row, mu * hits + hit, 0)
        st(work, p, row, first)
        st(work, p, row + half, second)
    k = halvings(work, p, like(step, first), N)
    exponential(work, e, e + link, e + 2 * link, work, p, step * power_of_two(-k), N)
    most = 0.0
    while any_less(like(most, k), k):
        mul(work, e + link, work, e, work, e, N)
        for i in range(2 * N * N):
            st(work, e, i, choose(like(most, k), k, ld(work, e + link, i), ld(work, e, i)))
        most += 1.0
    mul(work, aside + M * link, work, e, work, u, N)
    even, odd = uniforms(randoms, x, block, 0, mu * ((hits + 1) // 2) + hit // 2, 1)
    return log(even) if hit % 2 == 0 else log(odd)
