"""Heatbath, overrelaxation and Metropolis of gauge links on NumPy arrays (references: `latticekit.updates`)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.actions.gauge import GaugeAction
from latticekit.groups import SU
from latticekit.kernels.cpu.blocks import MEMORY
from latticekit.kernels.cpu.gauge_local_draws import randoms
from latticekit.kernels.cpu.gauge_local_staple import PLACES
from latticekit.kernels.cpu.gauge_local_sweep import CHUNK, sweep
from latticekit.kernels.cpu.links import Layout, layout
from latticekit.kernels.cpu.target import threads_for
from latticekit.random import Key

Array = Any
NO_KEY = Key(0)


@lru_cache(maxsize=16)
def _weights(action: GaugeAction, one: Layout, char: str) -> Array:
    """Couplings of every plane, outer site and lane.  -> flat (planes, volume, w)"""
    planes = np.broadcast_to(action.couplings(one.sites), (one.dim * (one.dim - 1) // 2, *one.sites))
    sites = (one.first_site[:, None] + one.lane_site).astype(np.int64)
    found = planes.reshape(len(planes), -1)[:, sites].astype(char).reshape(-1)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=16)
def _order(one: Layout) -> Array:
    """Outer sites, even ones first.  -> int32 (volume,)"""
    return np.concatenate(one.coloured())


def _run(kind: str, x: Array, action: GaugeAction, key: Any, purposes: tuple[str, str], *more: float) -> Any:
    """The sweep.  -> field, counts (chain, 2)"""
    n, real = action.group.n, x.real.dtype
    one = layout(x.shape[0], x.shape[4:], real.itemsize, 2)
    couplings = action.couplings(one.sites)
    weighted = bool(couplings.min() != couplings.max())
    weights = _weights(action, one, real.char) if weighted else np.zeros(one.w, real)
    scale = 1.0 / n if weighted else float(couplings.flat[0]) / n
    link = 2 * n * n * one.w
    size, space = one.volume * one.dim * link, PLACES * link + (2 + 6 * (n * (n - 1) // 2)) * one.w
    threads = threads_for(max(one.blocks, one.volume // (2 * CHUNK)), size)
    wide = threads > one.blocks
    work = MEMORY.empty((size + threads * space if wide else threads * (size + space),), real)
    rows = one.blocks * -(-one.volume // (2 * CHUNK)) if wide else one.blocks
    counts = np.zeros((rows, 2, one.w))
    out = MEMORY.empty(x.shape, x.dtype)
    tables = (one.hops.reshape(-1), one.codes.reshape(-1), one.moves.reshape(-1), weights)
    run = sweep(kind, n, real.char, weighted, wide, threads > 1)
    run(
        out.reshape(-1).view(real),
        x.reshape(-1).view(real),
        work,
        size,
        space,
        _order(one),
        one.dim,
        one.blocks,
        *one.packing,
        tables,
        randoms(one, key, purposes),
        np.array((scale, *more)),
        counts.reshape(-1),
    )
    return out, _by_chain(counts.reshape(one.blocks, -1, 2, one.w).sum(1), one)


def _by_chain(counts: Array, one: Layout) -> Array:
    """Sums over the lanes of each chain.  (blocks, 2, w) -> (chain, 2)"""
    total = np.zeros((one.chains, 2))
    for block in range(one.blocks):
        for lane in range(one.filled(block)):
            total[one.lane_chain[block, lane]] += counts[block, :, lane]
    return total


def _takes(x: Array, action: Any, key: Any = NO_KEY) -> bool:
    """Whether the sweeps know this case."""
    if type(action) is not GaugeAction or action.c1 != 0 or not isinstance(action.group, SU):
        return False
    sites = x.shape[4:]
    fits = len(sites) == x.shape[1] and 2 <= len(sites) <= 4 and x.shape[0] > 0 and not any(n % 2 for n in sites)
    plain = x.dtype.char in "DF" and x.flags.c_contiguous
    return fits and plain and 2 * math.prod(sites) < 2**32 and key.chain + x.shape[0] <= 2**24


def overrelaxation(x: Array, action: Any) -> Any:
    """Reflected links.  field -> field"""
    if not _takes(x, action):
        return NotImplemented
    out, _ = _run("overrelaxation", x, action, NO_KEY, ("heatbath", "direction"))
    return out


def heatbath(x: Array, action: Any, key: Any, attempts: int) -> Any:
    """New links from at most `attempts` tries per subgroup.  field -> field, tries, failures (chain,)"""
    if not _takes(x, action, key) or 2 * 16 * attempts >= 2**31:
        return NotImplemented
    out, counts = _run("heatbath", x, action, key, ("heatbath", "direction"), float(attempts))
    return out, counts[:, 0].copy(), counts[:, 1].copy()
