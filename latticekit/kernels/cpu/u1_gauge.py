"""U(1) gauge fields on NumPy arrays: action, force, trajectories (references: `latticekit.actions.gauge`)."""

from __future__ import annotations

import math
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import sums
from latticekit.kernels.cpu.blocks import CACHE, MEMORY, aligned
from latticekit.kernels.cpu.links import Layout, layout
from latticekit.kernels.cpu.phi4 import flat, frozen, plain, table
from latticekit.kernels.cpu.target import (
    kernel,
    loop,
    parallel_range,
    thread_of,
    threads_available,
    threads_for,
    use_threads,
)
from latticekit.kernels.cpu.u1_stages import loops

Array = Any
Ints = tuple[int, ...]
NUMBERS = 4
"""Numbers per link that a kernel keeps in cache, for the choice of the layout."""
DEPTH = 4
"""Stages that should chase each other in cache."""
each: Any = None
thread: Any = None
pack: Any = None
unpack: Any = None
stages: Any = None
wrap: Any = None
plaquettes: Any = None
chain_value: Any = None


@dataclass(frozen=True, eq=False)
class Geometry:
    """What the kernels know of the shape of a field.

    cut: outer sites, those of a slice across axis 0, those of a slab, slabs.  wide: one large lattice on all threads.
    """

    lattice: Layout
    cut: Ints
    tables: tuple[Array, Array, Array]
    wide: bool

    @property
    def parallel(self) -> bool:
        """Whether blocks of chains go to different threads."""
        return not self.wide and threads_for(self.lattice.blocks, self.lattice.volume * self.lattice.w) > 1

    def work(self, dtype: Any) -> tuple[Array, Array]:
        """(threads, 4, size) numbers and (threads, size) float64 sums, kept from call to call."""
        one, planes = self.lattice, math.comb(self.lattice.dim, 2)
        size = one.volume * max(one.dim, planes) * one.w
        size = -(-size // 64) * 64 + 1088 // one.itemsize  # whole cache lines, and no power of two
        key = (threads_available() if self.parallel else 1, size, (2 + planes) * self.cut[3] * one.w, dtype.char)
        return _KEPT.arrays(*key)


class _Kept(threading.local):
    """The work arrays of the last shapes."""

    def __init__(self) -> None:
        self.by_shape: dict[Any, tuple[Array, Array]] = {}

    def arrays(self, threads: int, size: int, sums: int, char: str) -> tuple[Array, Array]:
        key = (threads, size, sums, char)
        if key not in self.by_shape:
            if len(self.by_shape) >= 4:
                self.by_shape.pop(next(iter(self.by_shape)))
            self.by_shape[key] = aligned((threads, 4, size), char), aligned((threads, sums), np.float64)
        return self.by_shape[key]


_KEPT = _Kept()


def geometry(chains: int, sites: Ints, itemsize: int) -> Geometry:
    """The geometry of a field (chain, mu, *sites)."""
    return _geometry(chains, sites, itemsize, threads_available())


@lru_cache(maxsize=64)
def _geometry(chains: int, sites: Ints, itemsize: int, threads: int) -> Geometry:
    one = layout(chains, sites, itemsize, numbers=NUMBERS)
    numbers = 2 * one.dim + math.comb(one.dim, 2)
    if one.volume * numbers * one.w * itemsize > 2 * CACHE and sites[-1] % one.w == 0:
        one = Layout(chains, sites, itemsize, (*[1] * (one.dim - 1), one.w), 1)  # the thinnest slices
    return cut_in(one, threads)


def cut_in(one: Layout, threads: int = 1, slices: int = 0) -> Geometry:
    """Slabs of `slices` slices, by default as many as several stages can have in cache, or the whole."""
    slice_, site = one.volume // one.outer[0], (2 * one.dim + math.comb(one.dim, 2)) * one.w * one.itemsize
    if not slices:
        fits = one.volume * site <= CACHE
        slices = one.outer[0] if fits else max(1, 3 * CACHE // 2 // (slice_ * site * (2 * DEPTH + 1)))
    slab = slice_ * min(slices, one.outer[0])
    slabs = -(-one.volume // slab)
    tables = one.hops.reshape(-1), one.codes.reshape(-1), one.moves.reshape(-1)
    return Geometry(one, (one.volume, slice_, slab, slabs), tables, one.blocks < threads and slabs >= threads)


def _evolve(
    x: Array,
    p: Array,
    x_out: Array,
    p_out: Array,
    work: Array,
    blocks: int,
    cut: Ints,
    tables: tuple[Array, Array, Array],
    lanes_of: tuple[Array, ...],
    rows: Ints,
    weights: Array,
    schedule: Array,
) -> None:
    for block in each(blocks):
        me = thread()
        theta, momentum = work[me, 0], work[me, 1]
        pack(theta, 0, x, block, lanes_of, rows, 1)
        pack(momentum, 0, p, block, lanes_of, rows, 1)
        stages(theta, momentum, work[me, 2], work[me, 3], cut, tables, weights, schedule)
        wrap(theta, 0, cut[0])
        unpack(x_out, theta, 0, block, lanes_of, rows, 1)
        unpack(p_out, momentum, 0, block, lanes_of, rows, 1)


def _sums(
    x: Array,
    out: Array,
    work: Array,
    sums: Array,
    blocks: int,
    batch: int,
    cut: Ints,
    tables: tuple[Array, Array, Array],
    lanes_of: tuple[Array, ...],
    rows: Ints,
    weights: Array,
) -> None:
    for block in each(blocks):
        me = thread()
        pack(work[me, 0], 0, x, block, lanes_of, rows, 1)
        plaquettes(sums[me], 0, work[me, 0], cut, tables, weights)
        lanes = lanes_of[1].size // batch
        for c in range(block * batch, min((block + 1) * batch, out.shape[0])):
            for plane in range(out.shape[1]):
                out[c, plane] = chain_value(sums[me], (plane * batch + c - block * batch) * lanes, 0, 1, lanes)


@lru_cache
def _kernel(kind: str, dim: int, uniform: bool, wide: bool, parallel: bool) -> Any:
    use, around = loops(dim, uniform, wide), {"each": parallel_range(parallel), "thread": thread_of(parallel)}
    if kind == "evolve":
        return kernel(_evolve, parallel, **around, pack=use.pack, unpack=use.unpack, stages=use.stages, wrap=use.wrap)
    return kernel(
        _sums, parallel, **around, pack=use.pack, plaquettes=use.plaquettes, chain_value=loop(sums.chain_value)
    )


def supported(*fields: Array) -> bool:
    """Whether the kernels take these fields: angles of one shape (chain, mu, *sites), float64 or float32."""
    x = fields[0]
    fits = x.ndim > 3 and x.ndim == x.shape[1] + 2 and x.size > 0 and x.dtype.char in "df"
    return fits and all(plain(y, x.dtype) and y.shape == x.shape for y in fields)


def is_u1(action: Any) -> bool:
    """Whether an action is the library's own of U(1) plaquettes."""
    gauge, groups = (sys.modules.get(f"latticekit.{name}") for name in ("actions.gauge", "groups.u1"))
    if gauge is None or groups is None or type(action) is not gauge.GaugeAction:
        return False
    return type(action.group) is groups.U1 and action.c1 == 0


def couplings(action: Any, sites: Ints, one: Layout, char: str) -> Array:
    """beta_p: one number per plane, or one per plaquette in the order of a block."""
    beta = action.couplings(sites)
    return frozen(beta.reshape(-1)) if beta.shape[1:] == (1,) * len(sites) else _packed_couplings(action, one, char)


@lru_cache(maxsize=8)
def _packed_couplings(action: Any, one: Layout, char: str) -> Array:
    flat_site = (one.first_site[:, None] + one.lane_site).astype(np.int64)
    beta = action.couplings(one.sites).reshape(math.comb(one.dim, 2), -1)[:, flat_site]
    return frozen(np.ascontiguousarray(beta.transpose(1, 0, 2), char).reshape(-1))


def prepared(x: Array, action: Any) -> tuple[Geometry, Array, bool]:
    """Geometry, couplings, whether they are uniform; tells Numba how many threads there are."""
    use_threads()
    g = geometry(x.shape[0], x.shape[2:], x.itemsize)
    weights = couplings(action, x.shape[2:], g.lattice, x.dtype.char)
    return g, weights, weights.size == math.comb(g.lattice.dim, 2)


def evolve(x: Array, p: Array, action: Any, schedule: Array) -> Any:
    """Molecular-dynamics trajectory, all links moving.  two (chain, mu, *sites) -> the same, angles in [-pi, pi)"""
    if not supported(x, p) or not is_u1(action) or action.held:
        return NotImplemented
    return evolve_in(*prepared(x, action), x, p, table(schedule))


def evolve_in(g: Geometry, weights: Array, uniform: bool, x: Array, p: Array, schedule: Array) -> tuple[Array, Array]:
    """The same in a geometry of the caller's choice."""
    x_out, p_out, one = MEMORY.empty(x.shape, x.dtype), MEMORY.empty(p.shape, p.dtype), g.lattice
    run = _kernel("evolve", one.dim, uniform, g.wide, g.parallel)
    fields = flat(x), flat(p), x_out.reshape(-1), p_out.reshape(-1), g.work(x.dtype)[0]
    run(*fields, one.blocks, g.cut, g.tables, *one.packing, weights, schedule)
    return x_out, p_out


def force(x: Array, action: Any) -> Any:
    """F = -dS, as one kick of momenta at rest.  (chain, mu, *sites) -> the same"""
    if not supported(x) or not is_u1(action):
        return NotImplemented
    return evolve_in(*prepared(x, action), x, np.zeros_like(x), np.array([[0.0, 1.0, 0.0]]))[1]


def value(x: Array, action: Any) -> Any:
    """S = -sum beta_p cos(plaquette), in float64.  (chain, mu, *sites) -> (chain,)"""
    if not supported(x) or not is_u1(action):
        return NotImplemented
    return -_total(_summed(x, *prepared(x, action)))


def plane_averages(x: Array) -> Any:
    """Mean of cos(plaquette) over sites, per plane, in float64.  (chain, mu, *sites) -> (chain, planes)"""
    if not supported(x):
        return NotImplemented
    use_threads()
    g = geometry(x.shape[0], x.shape[2:], x.itemsize)
    return _summed(x, g, frozen(np.ones(math.comb(g.lattice.dim, 2))), True) / math.prod(x.shape[2:])


def _summed(x: Array, g: Geometry, weights: Array, uniform: bool) -> Array:
    """sum of weight * cos(plaquette).  -> (chain, planes)"""
    one = g.lattice
    out = np.empty((x.shape[0], math.comb(one.dim, 2)))
    run = _kernel("sums", one.dim, uniform, g.wide, g.parallel)
    run(flat(x), out, *g.work(x.dtype), one.blocks, one.batch, g.cut, g.tables, *one.packing, weights)
    return out


def _total(planes: Array) -> Array:
    """Sum over planes, one after the other.  (chain, planes) -> (chain,)"""
    found = planes[:, 0].copy()
    for plane in planes.T[1:]:
        found += plane
    return found
