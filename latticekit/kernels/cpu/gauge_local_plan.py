"""In which order a sweep goes through the lattice.

A sweep is a row of phases: links into the block, updates of every direction and parity, links out of it.  A slice is
the outer sites with one time.  A phase reads links one slice further and writes those of its own, so it may begin
before the phase ahead has ended: in a wave phase k takes slice j in step j + k, phases in turn, and begins at slice k.
Then it finds slices j - 1, j, j + 1 as they are after phase k - 1, around the torus too, and a link that is in the
cache for one phase is there for the next.  The numbers are the same in any such order.  Waves of both parities of a
direction, with what comes in before the first and goes out after the last, keep few enough slices in use.

Tasks are (kind, start, stop): kind -1 or dim, into or out of the block: outer sites start .. stop; kind mu: sites
order[start] .. order[stop].
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu.blocks import CACHE
from latticekit.kernels.cpu.links import Layout

Array = Any
CHUNK = 32
"""Outer sites that a thread works on at a time."""


def _wave(phases: range, slices: int) -> Iterator[tuple[int, int]]:
    """Phase and slice, step by step."""
    for step in range(slices + 2 * len(phases) - 2):
        for n, k in enumerate(phases):
            if n <= step - n < n + slices:
                yield k, (step - n) % slices


def _waves(dim: int, slices: int) -> Iterator[tuple[int, int]]:
    for mu in range(dim):
        yield from _wave(range(2 * mu + (mu > 0), 2 * mu + 3 + (mu == dim - 1)), slices)


def _task(k: int, first: int, last: int, volume: int, dim: int) -> tuple[int, int, int]:
    """Phase k on the outer sites first .. last, a whole number of slices."""
    if k == 0 or k > 2 * dim:
        return (dim if k else -1), first, last
    half = (k - 1) % 2 * (volume // 2)
    return (k - 1) // 2, half + first // 2, half + last // 2


def _pieces(task: tuple[int, int, int], chunk: int) -> list[tuple[int, int, int]]:
    kind, start, stop = task
    return [(kind, at, min(at + chunk, stop)) for at in range(start, stop, chunk)]


@lru_cache(maxsize=16)
def plan(one: Layout, bytes_of_block: int, threads: int) -> tuple[Array, Array]:
    """Tasks and the steps they belong to; threads: how many share a step.  -> flat (tasks, 3), (steps + 1,)"""
    slices, phases = one.outer[0], 2 * one.dim + 2
    site = one.volume // slices
    if bytes_of_block <= CACHE or (threads > 1 and site < 4 * CHUNK * threads):
        stages = [_task(k, 0, one.volume, one.volume, one.dim) for k in range(phases)]
    else:
        stages = [_task(k, t * site, (t + 1) * site, one.volume, one.dim) for k, t in _waves(one.dim, slices)]
    row = one.outer[-1]
    found = []
    for task in stages:
        moved = not 0 <= task[0] < one.dim
        chunk = max(1, CHUNK // row) * row if moved else CHUNK
        found.append(_pieces(task, chunk) if threads > 1 else [task])
    steps = np.cumsum([0, *map(len, found)])
    tasks = np.array([piece for pieces in found for piece in pieces]).reshape(-1)
    for table in (tasks, steps):
        table.flags.writeable = False
    return tasks, steps
