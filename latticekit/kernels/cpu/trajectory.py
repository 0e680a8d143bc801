"""Molecular dynamics of one block of work: stages in turn, or several chasing each other through the lattice."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import keep_apart

Array = Any
Ints = tuple[int, ...]
drift_rows: Any = None
kick_rows: Any = None


def plain_stage(p: Array, phi: Array, aside: Array, total: int, shape: Ints, stage: Array, couplings: Array) -> None:
    """One (drift, kick, gradient): phi += drift p, then p += kick F(phi + gradient F(phi))."""
    keep_apart()
    linear, cubic = couplings[2], couplings[3]
    e, g = stage[1], stage[2]
    if stage[0] != 0.0:
        drift_rows(phi, p, 0, total, shape, stage[0])
    if e != 0.0 and g != 0.0:
        kick_rows(aside, phi, phi, 0, total, shape, g, linear, cubic)
        kick_rows(p, p, aside, 0, total, shape, e, linear, cubic)
    elif e != 0.0:
        kick_rows(p, p, phi, 0, total, shape, e, linear, cubic)


def drift_span(
    p: Array, phi: Array, s: int, low: int, high: int, k: int, cut: Ints, total: int, shape: Ints, d: float
) -> None:
    """Drift the parts low .. high of slab s, both counted from the start of stage k and cyclic."""
    slabs, parts, rows, _ = cut
    slab = cyclic(2 * k + s, slabs)
    while low < high:
        part = cyclic(2 * k + low, parts)
        run = min(high - low, parts - part)
        row = (slab * parts + part) * rows
        drift_rows(phi, p, row, min(row + run * rows, total), shape, d)
        low += run


def kick_span(
    p: Array,
    phi: Array,
    s: int,
    low: int,
    high: int,
    k: int,
    cut: Ints,
    total: int,
    shape: Ints,
    e: float,
    couplings: Array,
) -> None:
    """Kick the parts low .. high of slab s, both counted from the start of stage k and cyclic."""
    slabs, parts, rows, _ = cut
    slab = cyclic(2 * k + s, slabs)
    while low < high:
        part = cyclic(2 * k + low, parts)
        run = min(high - low, parts - part)
        row = (slab * parts + part) * rows
        kick_rows(p, p, phi, row, min(row + run * rows, total), shape, e, couplings[2], couplings[3])
        low += run


def wrapped(i: int, n: int) -> int:
    """i modulo n for an i close to the range."""
    while i >= n:
        i -= n
    while i < 0:
        i += n
    return i


cyclic: Any = None
drifted: Any = None
kicked: Any = None


def chase(p: Array, phi: Array, cut: Ints, total: int, shape: Ints, stages: Array, couplings: Array) -> None:
    """Stages without gradient in one pass over the slabs, so that each slab is read while it is near the core.

    Stage k visits the slabs in the cyclic order 2k, 2k + 1, ..., four slabs behind stage k - 1, and drifts one slab
    ahead of its kick (three at its first position, none at its last two).  So it kicks only where both neighbours
    have drifted, and drifts only what stage k - 1 needs no more; every site sees the operations of stage after
    stage, with the same bits.  Slabs may be cut into strips of `wide` of their `parts`, by the same rule.
    Needs three slabs, and three parts if there is more than one strip.
    """
    keep_apart()
    slabs, parts, _, wide = cut
    lag = 4 if wide < parts else 0
    for strip in range(0, parts + lag * (stages.shape[0] - 1), wide if lag else parts):
        for tick in range(slabs + 4 * (stages.shape[0] - 1)):
            for k in range(stages.shape[0]):
                s, low = tick - 4 * k, max(strip - lag * k, 0)
                high = min(strip - lag * k + wide, parts) if lag else parts
                if s < 0 or s >= slabs or low >= high:
                    continue
                if stages[k, 0] != 0.0:
                    first, last = (low + 1 if low > 0 else -1), min(high + 1, parts - 1)
                    for ahead in range(-1 if s == 0 else 1, 2 if s < slabs - 2 else 1):
                        drifted(p, phi, s + ahead, first, last, k, cut, total, shape, stages[k, 0])
                if stages[k, 1] != 0.0:
                    kicked(p, phi, s, low, high, k, cut, total, shape, stages[k, 1], couplings)


plain: Any = None
chased: Any = None


def evolve(
    p: Array,
    phi: Array,
    aside: Array,
    cut: Ints,
    depth: int,
    total: int,
    shape: Ints,
    schedule: Array,
    couplings: Array,
) -> None:
    """The whole schedule, up to `depth` stages per pass."""
    first = 0
    while first < schedule.shape[0]:
        last = first
        while last < schedule.shape[0] and last < first + depth and schedule[last, 2] == 0.0:
            last += 1
        if cut[0] < 3 or last == first:
            plain(p, phi, aside, total, shape, schedule[first], couplings)
            last = first + 1
        else:
            chased(p, phi, cut, total, shape, schedule[first:last], couplings)
        first = last
