"""Local updates of one U(1) link in every lane (references: `latticekit.updates.links_heatbath` and its siblings).

A block holds the directions (cos, sin) of all links, which staples are made of, then all angles, then the space of
`gauge_local_staple`.  A new angle is taken from its direction, so it needs no arg V and no wrapping of a sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from latticekit.kernels.cpu.gauge_local_lanes import any_less
from latticekit.kernels.cpu.gauge_local_staple import PLACES, V
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst
from latticekit.kernels.site import angles, u1, von_mises
from latticekit.kernels.site.elementary import log, turn
from latticekit.kernels.site.primitives import choose, fma, sqrt
from latticekit.kernels.site.su import ld, st

Array = Any
staple: Any = None
uniforms: Any = None
normals: Any = None
trial: Any = None
keep: Any = None
direction_of, atan2, half_open, wrap = angles.direction_of, angles.atan2, angles.half_open, u1.wrap
proposal, log_accept, unit = von_mises.proposal, von_mises.log_accept, von_mises.unit
against, reflected = von_mises.against, von_mises.reflected
SMALLEST = von_mises.SMALLEST


def directions(work: Array, at: int, angles: int, count: int) -> None:
    """Directions of `count` links from their angles."""
    keep_apart()
    w = lanes(work)
    for n in range(0, count * w, w):
        c, s = direction_of(vld(work, angles + n))
        vst(work, at + 2 * n, c)
        vst(work, at + 2 * n + w, s)


def kept(work: Array, links: int, link: int, count: int, c: Any, s: Any, moved: Any) -> None:
    """A new direction, and its angle, in the lanes where moved > 0; all angles in [-pi, pi)."""
    w = lanes(work)
    at, angle, zero = links + 2 * link * w, links + (2 * count + link) * w, like(0.0, c)
    st(work, at, 0, choose(zero, moved, c, ld(work, at, 0)))
    st(work, at, 1, choose(zero, moved, s, ld(work, at, 1)))
    vst(work, angle, choose(zero, moved, half_open(atan2(s, c)), wrap(vld(work, angle))))


def overrelaxation(
    work: Array, links: int, aside: int, x: int, mu: int, dim: int, block: int, tables: Any, randoms: Any, numbers: Any
) -> None:
    """One link: theta -> -2 arg V - theta; where V = 0 it stays."""
    link, at = x * dim + mu, links + 2 * (x * dim + mu) * lanes(work)
    staple(work, links, aside, x, mu, dim, tables)
    vx, vy = ld(work, aside + V, 0), ld(work, aside + V, 1)
    square = fma(vy, vy, vx * vx)
    vx, vy = unit(vx, vy)
    c, s = reflected(ld(work, at, 0), ld(work, at, 1), vx, vy)
    moved = choose(like(SMALLEST, square), square, like(1.0, square), like(0.0, square))
    keep(work, links, link, tables[0].size // 2, c, s, moved)


def tried(randoms: Any, x: int, block: int, number: int, k: Any, c: Any, s: Any, waiting: Any) -> tuple[Any, Any, Any]:
    """One attempt at delta in the lanes that wait.  -> cos delta, sin delta, those that still wait"""
    zero = like(0.0, k)
    first, second = uniforms(randoms, x, block, 0, number, 0)
    cosine, sine = turn(first)
    new_c, new_s, bound = proposal(k, cosine, sine)
    left = choose(zero, log_accept(bound, second), zero, waiting)
    return choose(zero, waiting, new_c, c), choose(zero, waiting, new_s, s), left


def heatbath(
    work: Array, links: int, aside: int, x: int, mu: int, dim: int, block: int, tables: Any, randoms: Any, numbers: Any
) -> None:
    """One link drawn anew; lanes without success keep theirs.  numbers: beta or 1, attempts."""
    link, attempts, tries = x * dim + mu, np.int64(numbers[1]), aside + PLACES * 2 * lanes(work)
    staple(work, links, aside, x, mu, dim, tables)
    vx, vy = ld(work, aside + V, 0), ld(work, aside + V, 1)
    k = numbers[0] * sqrt(fma(vy, vy, vx * vx))
    one, zero = like(1.0, k), like(0.0, k)
    c, s, waiting = one, zero, one
    for n in range(attempts):
        st(work, tries, 0, ld(work, tries, 0) + waiting)
        c, s, waiting = trial(randoms, x, block, mu * attempts + n, k, c, s, waiting)
        if not any_less(zero, waiting):
            break
    st(work, tries, 1, ld(work, tries, 1) + waiting)
    vx, vy = unit(vx, vy)
    c, s = against(c, s, vx, vy)
    keep(work, links, link, tables[0].size // 2, c, s, one - waiting)


def metropolis(
    work: Array, links: int, aside: int, x: int, mu: int, dim: int, block: int, tables: Any, randoms: Any, numbers: Any
) -> None:
    """One link: theta + step v, v normal, `hits` times.  numbers: beta or 1, hits, step."""
    link, hits, tries = x * dim + mu, np.int64(numbers[1]), aside + PLACES * 2 * lanes(work)
    at = links + 2 * link * lanes(work)
    staple(work, links, aside, x, mu, dim, tables)
    c, s = ld(work, at, 0), ld(work, at, 1)
    vx, vy = numbers[0] * ld(work, aside + V, 0), numbers[0] * ld(work, aside + V, 1)
    one, zero = like(1.0, c), like(0.0, c)
    moved, weight = zero, fma(c, vx, -(s * vy))
    for hit in range(hits):
        v, _ = normals(randoms, x, block, 0, mu * hits + hit, 0)
        first, second = uniforms(randoms, x, block, 0, mu * ((hits + 1) // 2) + hit // 2, 1)
        u = first if hit % 2 == 0 else second
        step_c, step_s = direction_of(numbers[2] * v)
        new_c, new_s = fma(-step_s, s, step_c * c), fma(step_s, c, step_c * s)
        new_weight = fma(new_c, vx, -(new_s * vy))
        accepted = choose(log(u), new_weight - weight, one, zero)
        c, s = choose(zero, accepted, new_c, c), choose(zero, accepted, new_s, s)
        weight = choose(zero, accepted, new_weight, weight)
        st(work, tries, 0, ld(work, tries, 0) + accepted)
        moved = moved + accepted
    keep(work, links, link, tables[0].size // 2, c, s, moved)
