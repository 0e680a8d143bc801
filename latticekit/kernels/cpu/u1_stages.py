"""Molecular dynamics and sums of one block of U(1) links; slabs of it in turn, or shared among threads."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from latticekit.kernels.cpu import sums, u1_loops
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.lanes import keep_apart, lanes
from latticekit.kernels.cpu.target import kernel, loop, parallel_range

Array = Any
Cut = tuple[int, int, int, int]
Tables = tuple[Array, Array, Array]
WIDE = False  # compile-time constants: whether slabs are shared among threads, and the dimension
D = 2
each: Any = None
sines: Any = None
kick: Any = None
move: Any = None
chase: Any = None
one_stage: Any = None
each_pass: Any = None
cosines: Any = None
squares: Any = None
total: Any = None


def chased(
    theta: Array, p: Array, s: Array, cut: Cut, tables: Tables, weights: Array, schedule: Array, first: int, last: int
) -> None:
    """Stages first .. last without gradient in one pass over the slabs, so that each is read while it is in cache.

    A slab is kicked, and moved on, as soon as its sines are known.  Stage k visits the slabs in the cyclic order
    k, k + 1, ..., two behind stage k - 1, and finds the sines of the slice before its first slab at once: the last
    slab needs them when that one has moved on.  Every link sees what it would see stage after stage.
    """
    keep_apart()
    volume, slice_, slab, slabs = cut
    for tick in range(slabs + 2 * (last - first - 1)):
        for k in range(first, last):
            n = tick - 2 * (k - first)
            if n < 0 or n >= slabs:
                continue
            drift = schedule[k + 1, 0] if k + 1 < schedule.shape[0] else 0.0
            at = (k - first + n) % slabs * slab
            end = min(at + slab, volume)
            if n == 0:
                before = at if at > 0 else volume
                sines(s, theta, before - slice_, before, tables, weights, -schedule[k, 1])
            sines(s, theta, at, end - slice_ if n == slabs - 1 else end, tables, weights, -schedule[k, 1])
            kick(p, p, s, at, end, tables, theta, drift)


def passed(
    kind: int, out: Array, field: Array, s: Array, theta: Array, cut: Cut, tables: Tables, weights: Array, number: float
) -> None:
    """One pass over all slabs: 0 sines of `field`; 1 kick of `field` into `out`, drift of theta; 2 drift by `field`."""
    volume, _, slab, slabs = cut
    for n in each(slabs):
        first, last = n * slab, min((n + 1) * slab, volume)
        if kind == 0:
            sines(s, field, first, last, tables, weights, number)
        elif kind == 1:
            kick(out, field, s, first, last, tables, theta, number)
        else:
            move(theta, field, first, last, number)


def stage(
    theta: Array, p: Array, aside: Array, s: Array, cut: Cut, tables: Tables, weights: Array, schedule: Array, k: int
) -> None:
    """The kick of stage k, and the drift of the next; k = -1: only the drift of the first."""
    e, g = (schedule[k, 1], schedule[k, 2]) if k >= 0 else (0.0, 0.0)
    drift = schedule[k + 1, 0] if k + 1 < schedule.shape[0] else 0.0
    if e != 0.0 and g != 0.0:
        each_pass(0, s, theta, s, theta, cut, tables, weights, -g)
        each_pass(1, aside, theta, s, theta, cut, tables, weights, 0.0)
        each_pass(0, s, aside, s, theta, cut, tables, weights, -e)
    elif e != 0.0:
        each_pass(0, s, theta, s, theta, cut, tables, weights, -e)
    if e != 0.0:
        each_pass(1, p, p, s, theta, cut, tables, weights, drift)
    elif drift != 0.0:
        each_pass(2, p, p, s, theta, cut, tables, weights, drift)


def stages(
    theta: Array, p: Array, aside: Array, s: Array, cut: Cut, tables: Tables, weights: Array, schedule: Array
) -> None:
    """The whole schedule, in place.  cut: sites, sites of a slice across axis 0, sites of a slab, slabs."""
    one_stage(theta, p, aside, s, cut, tables, weights, schedule, -1)
    first = 0
    while first < schedule.shape[0]:
        last = first
        while not WIDE and last < schedule.shape[0] and schedule[last, 1] != 0.0 and schedule[last, 2] == 0.0:
            last += 1
        if last > first:
            chase(theta, p, s, cut, tables, weights, schedule, first, last)
        else:
            one_stage(theta, p, aside, s, cut, tables, weights, schedule, first)
            last += 1
        first = last


def plaquettes(table: Array, at: int, theta: Array, cut: Cut, tables: Tables, weights: Array) -> None:
    """table[at ...] = sum of weight * cos(plaquette) per plane and lane; slabs are added pairwise."""
    volume, _, slab, slabs = cut
    pitch = D * (D - 1) // 2 * lanes(theta)
    for n in each(slabs):
        cosines(table, at + n * pitch, theta, n * slab, min((n + 1) * slab, volume), tables, weights)
    total(table, at, slabs, pitch)


def kinetic(table: Array, at: int, p: Array, cut: Cut) -> None:
    """table[at ...] = sum of p^2 per lane."""
    volume, _, slab, slabs = cut
    for n in each(slabs):
        squares(table, at + n * lanes(p), p, n * slab, min((n + 1) * slab, volume))
    total(table, at, slabs, lanes(p))


class Loops(NamedTuple):
    """The loops of one dimension."""

    pack: Any
    unpack: Any
    stages: Any
    plaquettes: Any
    kinetic: Any
    wrap: Any


@lru_cache
def loops(dim: int, uniform: bool, wide: bool) -> Loops:
    """Loops with the dimension fixed; uniform: one weight per plane; wide: slabs in parallel."""
    near = {"D": dim, "neighbour": loop(u1_loops.neighbour_of, D=dim)}
    around = {"UNIFORM": uniform, **near}
    links = {
        "sines": loop(u1_loops.sines, **around),
        "kick": loop(u1_loops.kick, **near),
        "move": loop(u1_loops.move, D=dim),
    }
    one = loop(stage, each_pass=kernel(passed, wide, each=parallel_range(wide), **links))
    add = {"total": loop(sums.total), "each": parallel_range(wide)}
    return Loops(
        *packing(1),
        loop(stages, WIDE=wide, chase=loop(chased, **links), one_stage=one),
        kernel(plaquettes, wide, D=dim, cosines=loop(u1_loops.cosines, **around), **add),
        kernel(kinetic, wide, squares=loop(u1_loops.squares, D=dim), **add),
        loop(u1_loops.wrap, D=dim),
    )
