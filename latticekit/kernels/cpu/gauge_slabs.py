"""Passes over a block of SU(N) links: one thread takes all of it, or several a range of slabs each.

`geometry` = (outer sites, blocks, dim, threads that share a block, sites of the largest sheet); every such thread has
ghost sites, and a row of `temp`, of its own.  `plan`: see `plan_of`.  A sheet is what the two directions of a plane
reach from a site.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np

from latticekit.kernels.cpu.checkerboard import borrowed
from latticekit.kernels.cpu.gauge_local_lanes import lent
from latticekit.kernels.cpu.gauge_rectangles import COUPLINGS, PLACES
from latticekit.kernels.cpu.lanes import lanes
from latticekit.kernels.cpu.links import Layout

Array = Any
Ints = tuple[int, ...]
N = 3  # compile-time constants: colours, numbers per link of a field, and the loops for them
NUMBERS = 18
COEFFICIENTS = 9
each: Any = None
move: Any = None
kick: Any = None
drift: Any = None
settle: Any = None
plaquettes: Any = None
zero: Any = None
dress: Any = None
halves: Any = None
add_traces: Any = None
sheet: Any = None
total: Any = None


@lru_cache(maxsize=64)
def plan_of(one: Layout, slab: int, threads: int) -> tuple[Array, ...]:
    """Slabs in turn and how the threads share them; sheets of every plane.

    Tasks: first and last site of slabs, where those of each (phase, thread) start.  A kick also pulls at the slab
    ahead, so kicks of adjacent slabs are in the same order for any number of threads, even ones before odd ones and
    the last of an odd number at the end: those of different threads are in different phases.
    Ranges of sites by thread; ends of all slabs; first sites of sheets, and per plane: where its sheets start, how
    many, extents, strides.
    """
    slabs = -(-one.volume // slab)
    last, ends = slabs - slabs % 2, np.minimum(np.arange(slabs + 1) * slab, one.volume)
    bounds = [min(2 * ((slabs + 1) // 2 * k // threads), slabs) for k in range(threads + 1)]
    owner = np.searchsorted(bounds, np.arange(slabs), side="right") - 1
    placed: list[tuple[int, int, float, int]] = []
    for n in (*range(0, last, 2), *range(1, last, 2), *range(last, slabs)):
        phase, place = 0, n + 1.5 * (n % 2) + 0.6 * (n == last)
        for other, thread, earlier, m in placed:
            if (n - m) % slabs in (0, 1, slabs - 1):
                phase = max(phase, other + bool(thread != owner[n] or earlier >= place))
        placed.append((phase, int(owner[n]), place, n))
    starts, tasks = [0], []
    for at in product(range(max(one[0] for one in placed) + 1), range(threads)):
        tasks += [(ends[n], ends[n + 1]) for *_, n in sorted(task for task in placed if task[:2] == at)]
        starts.append(len(tasks))
    found = tuple(np.array(one, np.int64).reshape(-1) for one in (tasks, starts, ends[bounds], ends, *_sheets(one)))
    for table in found:
        table.flags.writeable = False
    return found


def _sheets(one: Layout) -> tuple[list[int], list[Ints]]:
    sites = np.arange(one.volume).reshape(one.outer)
    found: list[int] = []
    shapes = []
    for mu, nu in combinations(range(one.dim), 2):
        first = sites.take([0], mu).take([0], nu).reshape(-1)
        strides = (math.prod(one.outer[d + 1 :]) for d in (mu, nu))
        shapes.append((len(found), first.size, one.outer[mu], one.outer[nu], *strides))
        found += first.tolist()
    return found, shapes


def moved(a: Array, b: Array, block: int, pack_tables: Any, shape: Ints, geometry: Ints, plan: Any) -> None:
    """A block into the array a, or out of the array b: (to, field) or (field, from)."""
    lane_chain, lane_site, first_site, filled = pack_tables
    _, _, dim, threads, _ = geometry
    for k in each(threads):
        first, last = plan[2][k], plan[2][k + 1]
        part = (lane_chain, lane_site, first_site[first:last], filled)
        move(a, b, first * dim * NUMBERS, block, part, shape)


def into(a: Array, b: Array, at: int, block: int, tables: Any, shape: Ints) -> None:
    """Numbers of the field b, to `at` vectors from the beginning of a."""
    move(a, at * lanes(a), b, block, tables, shape, COEFFICIENTS)


def out_of(a: Array, b: Array, at: int, block: int, tables: Any, shape: Ints) -> None:
    """Numbers of b, from `at` vectors from its beginning, to the field a."""
    move(a, b, at * lanes(b), block, tables, shape, COEFFICIENTS)


def cleared(p: Array, geometry: Ints, plan: Any) -> None:
    """Zeros in all momenta, those of ghost sites too."""
    volume, _, dim, threads, _ = geometry
    size = dim * (N * N - 1)
    w = lanes(p)
    for k in each(threads):
        first, last = plan[2][k], plan[2][k + 1]
        zero(p, first * size * w, (last - first) * size)
        zero(p, (volume + k * dim) * size * w, dim * size)


def drifted(out: Array, u: Array, p: Array, temp: Array, step: float, geometry: Ints, plan: Any) -> None:
    """out = exp(step p) u."""
    _, _, dim, threads, _ = geometry
    for k in each(threads):
        drift(out, u, p, borrowed(temp[k]), step, plan[2][k] * dim, plan[2][k + 1] * dim)


def settled(u: Array, temp: Array, geometry: Ints, plan: Any) -> float:
    """Links back on the group.  -> how many were too far away for this"""
    _, _, dim, threads, _ = geometry
    far = 0.0
    for k in each(threads):
        far += settle(u, borrowed(temp[k]), plan[2][k] * dim, plan[2][k + 1] * dim)
    return far


def kicked(
    p: Array, u: Array, temp: Array, weights: Array, pitch: int, e: float, geometry: Ints, plan: Any, tables: Any
) -> None:
    """p += e F(u) of plaquettes."""
    volume, _, dim, threads, _ = geometry
    tasks, starts = plan[0], plan[1]
    for phase in range(0, starts.size - 1, threads):
        for k in each(threads):
            for n in range(starts[phase + k], starts[phase + k + 1]):
                ends = (tasks[2 * n], tasks[2 * n + 1])
                kick(p, u, borrowed(temp[k]), weights, pitch, e, ends, volume + k * dim, dim, tables)


def sheet_of(n: int, plane: int, mu: int, nu: int, dim: int, plan: Any) -> Ints:
    """Number n of all sheets, for `gauge_rectangles`."""
    at, shapes = 6 * plane, plan[5]
    return (plan[4][n], shapes[at + 2], shapes[at + 3], shapes[at + 4], shapes[at + 5], mu, nu, dim)


def kicked_by_both(
    p: Array, u: Array, temp: Array, weights: Array, pitch: int, e: float, geometry: Ints, plan: Any, tables: Any
) -> None:
    """p += e F(u) of plaquettes and rectangles, sheet by sheet; room for dressed links is behind the links."""
    volume, _, dim, threads, size = geometry
    m, plane = 2 * N * N * lanes(u), 0
    weights, tables = lent((weights, tables))
    for mu in range(dim):
        for nu in range(mu + 1, dim):
            start, count, at = plan[5][6 * plane], plan[5][6 * plane + 1], plane * COUPLINGS * lanes(u)
            for k in each(threads):
                ghost, room = volume + k * dim, ((volume + dim * threads) * dim + k * (2 * size + PLACES)) * m
                for n in range(start + k * count // threads, start + (k + 1) * count // threads):
                    one = sheet(n, plane, mu, nu, dim, plan)
                    dress(p, u, room, weights, at, pitch, one, tables)
                    kick(p, u, room, weights, at, pitch, e, ghost, one, tables)
            plane += 1


def summed(
    sums: Array, u: Array, temp: Array, weights: Array, pitch: int, geometry: Ints, plan: Any, tables: Any
) -> None:
    """sums[plane, lane] = couplings times Re tr of plaquettes."""
    volume, _, dim, threads, _ = geometry
    ranges, ends = plan[2], plan[3]
    size = dim * (dim - 1) // 2 * lanes(u)
    for k in each(threads):
        for n in range(ends.size - 1):
            if ranges[k] <= ends[n] < ranges[k + 1]:
                slab = (ends[n], ends[n + 1])
                plaquettes(sums, n * size, u, borrowed(temp[k]), weights, pitch, slab, volume + k * dim, dim, tables)
    total(sums, 0, ends.size - 1, size)


def summed_of_both(
    sums: Array, u: Array, temp: Array, weights: Array, pitch: int, geometry: Ints, plan: Any, tables: Any
) -> None:
    """sums[plane, lane] = couplings times Re tr of plaquettes and rectangles, from as many parts as there are slabs."""
    volume, _, dim, threads, size = geometry
    parts, planes, w = plan[3].size - 1, dim * (dim - 1) // 2, lanes(u)
    m, plane = 2 * N * N * w, 0
    weights, tables = lent((weights, tables))
    for mu in range(dim):
        for nu in range(mu + 1, dim):
            start, count, at = plan[5][6 * plane], plan[5][6 * plane + 1], plane * COUPLINGS * w
            for k in each(threads):
                room = ((volume + dim * threads) * dim + k * (2 * size + PLACES)) * m
                for part in range(k * parts // threads, (k + 1) * parts // threads):
                    for n in range(start + part * count // parts, start + (part + 1) * count // parts):
                        one = sheet(n, plane, mu, nu, dim, plan)
                        halves(u, room, one, tables)
                        add_traces(sums, (part * planes + plane) * w, u, room, weights, at, pitch, one, tables)
            plane += 1
    total(sums, 0, parts, planes * w)
