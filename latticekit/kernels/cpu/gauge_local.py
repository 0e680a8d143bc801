"""Heatbath, overrelaxation and Metropolis of gauge links on NumPy arrays (references: `latticekit.updates`)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.actions.gauge import GaugeAction
from latticekit.kernels.cpu.blocks import MEMORY, aligned
from latticekit.kernels.cpu.gauge_local_draws import randoms
from latticekit.kernels.cpu.gauge_local_plan import CHUNK, plan
from latticekit.kernels.cpu.gauge_local_staple import PLACES
from latticekit.kernels.cpu.gauge_local_sweep import sweep
from latticekit.kernels.cpu.links import Layout, layout
from latticekit.kernels.cpu.phi4 import frozen, plain
from latticekit.kernels.cpu.target import threads_for
from latticekit.random import Key

Array = Any
NO_KEY = Key(0)
LARGEST = 6
"""Size of matrices up to which kernels are compiled."""
SCRATCH = 3
"""Vectors of counts, and one to spare."""


@lru_cache(maxsize=16)
def _weights(action: GaugeAction, one: Layout, char: str) -> Array:
    """Couplings of every plane, outer site and lane.  -> flat (planes, volume, w)"""
    planes = np.broadcast_to(action.couplings(one.sites), (one.dim * (one.dim - 1) // 2, *one.sites))
    sites = (one.first_site[:, None] + one.lane_site).astype(np.int64)
    found = planes.reshape(len(planes), -1)[:, sites].astype(char).reshape(-1)
    found.flags.writeable = False
    return found


@lru_cache
def _ones(w: int, char: str) -> Array:
    found = np.ones(w, char)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=16)
def _order(one: Layout) -> Array:
    """Outer sites, even ones first.  -> int32 (volume,)"""
    return np.concatenate(one.coloured())


class Case:
    """One call: layout, couplings and memory."""

    def __init__(self, x: Array, action: GaugeAction) -> None:
        self.x, self.n, self.real = x, action.group.n, x.real.dtype
        self.phases = self.n == 1
        self.layout = one = layout(x.shape[0], x.shape[-x.shape[1] :], self.real.itemsize, 2, 2 * self.n**2)
        couplings = action.couplings(one.sites)
        differ = bool(couplings.min() != couplings.max()) or couplings.flat[0] <= 0
        self.scale = 1.0 / self.n if differ else float(couplings.flat[0]) / self.n
        self.weights = _weights(action, one, self.real.char) if differ else _ones(one.w, self.real.char)
        link = 2 * self.n**2 * one.w
        self.size = one.volume * one.dim * (link + self.phases * one.w)
        self.space = PLACES * link + (SCRATCH + 6 * (self.n * (self.n - 1) // 2) + self.n**2) * one.w
        pieces = one.volume // (2 * CHUNK)
        self.threads = threads_for(max(one.blocks, pieces), self.size)
        self.wide = self.threads > one.blocks
        self.plan = plan(one, self.size * self.real.itemsize, self.threads if self.wide else 1)

    def run(self, kind: str, numbers: Any) -> tuple[Array, Array]:
        """The sweep.  -> field, counts (chain, 2)"""
        x, one = self.x, self.layout
        work = self.size + self.threads * self.space if self.wide else self.threads * (self.size + self.space)
        out, (randoms, factors) = MEMORY.empty(x.shape, x.dtype), numbers(one, self.scale)
        counts = np.zeros((one.blocks, self.plan[0].size // 3 if self.wide else 1, 2, one.w))
        tables = (one.hops.reshape(-1), one.codes.reshape(-1), one.moves.reshape(-1), self.weights)
        sweep(kind, self.n, self.real.char, self.wide, self.threads > 1)(
            (out.reshape(-1).view(self.real), frozen(x.reshape(-1).view(self.real))),
            _room(work, self.real),
            (self.size, self.space),
            *self.plan,
            (one.blocks, one.dim),
            *one.packing,
            _order(one),
            tables,
            randoms,
            factors,
            counts.reshape(-1),
        )
        return out, _by_chain(counts.sum(1), one)


def _room(size: int, real: Any) -> Array:
    """New memory that begins with a cache line."""
    return MEMORY.empty((size,), real) if size * real.itemsize >= 1 << 17 else aligned((size,), real)


def _by_chain(counts: Array, one: Layout) -> Array:
    """Sums over the lanes of each chain.  (blocks, 2, w) -> (chain, 2)"""
    total = np.zeros((one.chains, 2))
    for block in range(one.blocks):
        lanes = one.filled(block)
        np.add.at(total, one.lane_chain[block, :lanes], counts[block, :, :lanes].T)
    return total


def _takes(x: Array, action: Any, draws: int, key: Any) -> bool:
    """Whether the sweeps know this case: plaquettes, no held links, even extents, counters for all draws."""
    if type(action) is not GaugeAction or action.c1 != 0 or action.held or action.group.n > LARGEST:
        return False
    sites, inner = x.shape[-x.shape[1] :], (action.group.n,) * (2 if action.group.n > 1 else 0)
    if x.shape[2:] != (*inner, *sites) or not 2 <= len(sites) <= 4 or not x.shape[0]:
        return False
    if x.dtype.char not in ("DF" if inner else "df") or not plain(x, x.dtype):
        return False
    counters = (action.group.n**2 // 2 + 1) * math.prod(sites)
    return not any(n % 2 for n in sites) and max(counters, draws) < 2**31 and key.chain + x.shape[0] <= 2**24


def _swept(kind: str, x: Array, action: Any, key: Any, purposes: tuple[str, str], *more: float) -> Any:
    """The sweep of an update, ended on the group.  -> field, counts (chain, 2)"""

    def numbers(one: Layout, scale: float) -> tuple[Any, Array]:
        return randoms(one, key, purposes), np.array((scale, *more))

    out, counts = Case(x, action).run(kind, numbers)
    return (out if action.group.n <= 3 else action.group.project(out)), counts


def overrelaxation(x: Array, action: Any) -> Any:
    """Reflected links.  field -> field"""
    if not _takes(x, action, 0, NO_KEY):
        return NotImplemented
    return _swept("overrelaxation", x, action, NO_KEY, ("none", "none"))[0]


def heatbath(x: Array, action: Any, key: Any, attempts: int) -> Any:
    """New links from at most `attempts` tries per subgroup.  field -> field, tries, failures (chain,)"""
    if not _takes(x, action, attempts * 4 * LARGEST**2, key):
        return NotImplemented
    out, counts = _swept("heatbath", x, action, key, ("heatbath", "direction"), attempts)
    return out, counts[:, 0].copy(), counts[:, 1].copy()


def metropolis(x: Array, action: Any, key: Any, step_size: float, hits: int) -> Any:
    """`hits` proposals exp(step_size v) U per link.  field -> field, accepted (chain,)"""
    if not _takes(x, action, hits * 4, key):
        return NotImplemented
    out, counts = _swept("metropolis", x, action, key, ("proposal", "accept"), hits, step_size)
    return out, counts[:, 0].copy()
