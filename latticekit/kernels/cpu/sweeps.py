"""Whole sweeps of the local updates of phi^4 on NumPy arrays (references: `latticekit.updates`).

Chain by chain: random numbers of the whole lattice, then for even and odd sites the sums over neighbours and the
update, list of sites by list.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import checkerboard, local
from latticekit.kernels.cpu.blocks import MEMORY
from latticekit.kernels.cpu.checkerboard import LIST, borrowed
from latticekit.kernels.cpu.phi4 import flat, is_phi4, supported
from latticekit.kernels.cpu.random import FORMULAS, TARGETS, filler
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of, threads_for
from latticekit.updates.sites_heatbath import double_well, isolated_precision

Array = Any
each: Any = None
thread: Any = None
fill_normal: Any = None
fill_uniform: Any = None
neighbours: Any = None
update: Any = None


def _sweep(
    x: Array,
    out: Array,
    whole: Array,
    lists: Array,
    waits: Array,
    order: Array,
    extents: Array,
    constants: Array,
    repeats: int,
    words: Array,
    normals: int,
    counts: Array,
) -> None:
    volume = order.size
    for chain in each(counts.shape[0]):
        me = thread()
        field, numbers = borrowed(out[chain * volume : (chain + 1) * volume]), borrowed(whole[me])
        work, waiting, draws, indices = borrowed(lists[me]), borrowed(waits[me]), borrowed(words), borrowed(order)
        field[:] = x[chain * volume : (chain + 1) * volume]
        for n in range(draws.shape[0]):
            stream = np.int64(draws[n, 4]) + chain
            if n < normals:
                fill_normal(numbers[1 + n], 0, volume, draws[n], stream, 0, volume)
            else:
                fill_uniform(numbers[1 + n], 0, volume, draws[n], stream, 0, volume)
        first = second = 0.0
        for start in range(0, volume, volume // 2):
            neighbours(numbers[0], field, extents)
            for at in range(start, start + volume // 2, LIST):
                sites = indices[at : min(at + LIST, start + volume // 2)]
                a, b = update(field, numbers, sites, work, waiting, constants, repeats, draws, chain)
                first += a
                second += b
        counts[chain, 0], counts[chain, 1] = first, second


def _metropolis_parts(char: str) -> dict[str, Any]:
    return {"hit": loop(local.metropolis_hit, TARGETS[char])}


def _overrelaxation_parts(char: str) -> dict[str, Any]:
    return {"reflect": loop(local.reflection, TARGETS[char])}


def _heatbath_parts(char: str, side: str) -> dict[str, Any]:
    draws = {k: loop(checkerboard.numbers_at, TARGETS[char], draw=FORMULAS[k, char]) for k in ("normal", "uniform")}
    return {
        "prepare": loop(getattr(local, f"{side}_prepare"), TARGETS[char]),
        "propose": loop(getattr(local, f"{side}_propose"), TARGETS[char]),
        "settle": loop(local.settled),
        "normals": draws["normal"],
        "uniforms": draws["uniform"],
        "SIDES": int(side == "two_sided"),
    }


UPDATES: dict[str, tuple[Any, Any]] = {
    "metropolis": (local.metropolis, _metropolis_parts),
    "overrelaxation": (local.overrelaxation, _overrelaxation_parts),
    "one_sided": (local.heatbath, lambda char: _heatbath_parts(char, "one_sided")),
    "two_sided": (local.heatbath, lambda char: _heatbath_parts(char, "two_sided")),
}


@lru_cache
def _kernel(kind: str, char: str, parallel: bool) -> Any:
    function, parts = UPDATES[kind]
    moves = {"gather": loop(checkerboard.gather), "scatter": loop(checkerboard.scatter)}
    return kernel(
        _sweep,
        parallel,
        each=parallel_range(parallel),
        thread=thread_of(parallel),
        fill_normal=filler("normal", char),
        fill_uniform=filler("uniform", char),
        neighbours=loop(checkerboard.around),
        update=loop(function, **moves, **parts(char)),
    )


def constants(action: Any, extents: tuple[int, ...], step_size: float = 0.0) -> Array:
    """a = 2D + m^2, lambda, step size, root of the best Gaussian's equation at b = 0, 1 / (2 lambda)."""
    a, lam = 2.0 * len(extents) + action.mass_squared, action.coupling
    return np.array((a, lam, step_size, isolated_precision(a, lam), 0.5 / lam if lam else 0.0))


def _run(kind: str, x: Array, key: Any, draws: list[tuple[str, int]], normals: int, numbers: Array, n: int) -> Any:
    """The sweep with whole-lattice numbers `draws` (purpose, draw), `normals` of them normal.  -> field, counts"""
    extents, chains, volume = _extents(x), x.shape[0], math.prod(x.shape[1:])
    threads = threads_for(chains, volume)
    out, counts = MEMORY.empty(x.shape, x.dtype), np.empty((chains, 2))
    whole = MEMORY.empty((threads, 1 + len(draws), volume), x.dtype)
    lists, waits = np.ones((threads, 8, LIST), x.dtype), np.zeros((threads, LIST), np.uint64)
    words = np.array([_words(key.fold(*draw)) for draw in draws], np.uint64)
    order, sizes = checkerboard.order(extents), np.array(extents, np.uint64)
    run = _kernel(kind, x.dtype.char, threads > 1)
    run(flat(x), out.reshape(-1), whole, lists, waits, order, sizes, numbers, n, words, normals, counts)
    return out, counts


def _words(key: Any) -> tuple[int, ...]:
    return key.seed % 2**32, key.seed // 2**32, key.step, key.draw, key.purpose * 2**24 + key.chain


def _extents(x: Array) -> tuple[int, ...]:
    """Extents above 1: those with neighbours."""
    return tuple(n for n in x.shape[1:] if n > 1)


def _takes(x: Array, action: Any, key: Any) -> bool:
    """Whether the sweeps know this case: phi^4 on even extents, and counters for every chain."""
    if not is_phi4(action) or not supported(x) or key.chain + x.shape[0] > 2**24:
        return False
    extents = _extents(x)
    return len(extents) > 0 and not any(n % 2 for n in extents) and math.prod(extents) < 2**32


def metropolis(x: Array, action: Any, key: Any, step_size: float, hits: int) -> Any:
    """`hits` normal proposals per site.  field -> field, accepted (chain,)"""
    if not _takes(x, action, key):
        return NotImplemented
    draws = [(purpose, hit) for purpose in ("proposal", "accept") for hit in range(hits)]
    numbers = constants(action, _extents(x), step_size)
    out, counts = _run("metropolis", x, key, draws, hits, numbers, hits)
    return out, counts[:, 0].copy()


def overrelaxation(x: Array, action: Any, key: Any) -> Any:
    """One reflection per site.  field -> field, accepted (chain,)"""
    if not _takes(x, action, key):
        return NotImplemented
    out, counts = _run("overrelaxation", x, key, [("accept", 0)], 0, constants(action, _extents(x)), 1)
    return out, counts[:, 0].copy()


def heatbath(x: Array, action: Any, key: Any, attempts: int) -> Any:
    """New values from at most `attempts` tries.  field -> field, tries, failures (chain,)"""
    if not _takes(x, action, key) or 3 * attempts >= 2**32:
        return NotImplemented
    numbers = constants(action, _extents(x))
    kind = "two_sided" if double_well(numbers[0], numbers[1]) else "one_sided"
    draws = [("heatbath", 0), ("heatbath", 2), ("heatbath", 1)][: 2 if kind == "one_sided" else 3]
    out, counts = _run(kind, x, key, draws, 1, numbers, attempts)
    return out, counts[:, 0].copy(), counts[:, 1].copy()
