"""phi^4 on NumPy arrays: action, force, trajectories (references: `latticekit.actions.phi4`)."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import sums, wide
from latticekit.kernels.cpu.blocks import MEMORY, Blocks, blocks
from latticekit.kernels.cpu.lanes import lanes
from latticekit.kernels.cpu.loops import loops
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of, threads_for

Array = Any
Ints = tuple[int, ...]
each: Any = None
thread: Any = None
pack: Any = None
unpack: Any = None
evolve_block: Any = None
action_rows: Any = None
total: Any = None
chain_value: Any = None


def _evolve(
    phi: Array,
    p: Array,
    phi_out: Array,
    p_out: Array,
    work: Array,
    cut: Ints,
    shape: Ints,
    schedule: Array,
    couplings: Array,
) -> None:
    chains, volume, count, batch, total_rows, depth, slabs, parts, part, wide = cut
    for block in each(count):
        me, first = thread(), block * batch
        field, momentum, aside = work[me, 0], work[me, 1], work[me, 2]
        if shape[5] == 0:
            field, momentum = phi_out[first * volume :], p_out[first * volume :]
        pack(field, phi, first, chains, volume, shape)
        pack(momentum, p, first, chains, volume, shape)
        evolve_block(momentum, field, aside, (slabs, parts, part, wide), depth, total_rows, shape, schedule, couplings)
        if shape[5] > 0:
            unpack(phi_out, field, first, chains, volume, shape)
            unpack(p_out, momentum, first, chains, volume, shape)


def _value(phi: Array, out: Array, work: Array, tables: Array, cut: Ints, shape: Ints, couplings: Array) -> None:
    chains, volume, count, batch, rows, _, slabs, parts, part, _ = cut
    for block in each(count):
        me, first, w = thread(), block * batch, lanes(phi)
        field, table = work[me, 0], tables[me]
        pack(field, phi, first, chains, volume, shape)
        for s in range(slabs):
            last = min((s + 1) * parts * part, rows)
            action_rows(table, s * w, field, s * parts * part, last, shape, couplings[0], couplings[1])
        total(table, 0, slabs, w)
        for lane in range(min(batch, chains - first)):
            out[first + lane] = chain_value(table, 0, lane, batch, w)


@lru_cache
def _evolve_kernel(dim: int, across: bool, parallel: bool) -> Any:
    use = loops(dim, across)
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel)}
    return kernel(_evolve, parallel, **around, pack=use.pack, unpack=use.unpack, evolve_block=use.evolve)


@lru_cache
def _value_kernel(dim: int, across: bool, parallel: bool) -> Any:
    use = loops(dim, across)
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel)}
    reduce = {"total": loop(sums.total), "chain_value": loop(sums.chain_value)}
    return kernel(_value, parallel, **around, **reduce, pack=use.pack, action_rows=use.action)


def couplings(mass_squared: float, coupling: float, dim: int) -> Array:
    """(m^2, lambda, linear, cubic) of the formulas in `site.phi4`."""
    return np.array((mass_squared, coupling, 4.0 * dim + 2.0 * mass_squared, 4.0 * coupling))


def plain(x: Array, dtype: Any) -> bool:
    """Whether x is a NumPy array that kernels can walk through: this dtype, C order, aligned."""
    return type(x) is np.ndarray and x.dtype == dtype and x.flags.c_contiguous and x.flags.aligned


def supported(*fields: Array) -> bool:
    """Whether the kernels take these fields: one shape (chain, *sites), 1 to 4 dimensions, float64 or float32."""
    x = fields[0]
    fits = 2 <= x.ndim <= 5 and x.size > 0 and x.dtype.char in "df"
    return fits and all(plain(y, x.dtype) and y.shape == x.shape for y in fields)


def is_phi4(action: Any) -> bool:
    """Whether an action is the library's Phi4 itself."""
    module = sys.modules.get("latticekit.actions.phi4")
    return module is not None and type(action) is module.Phi4


def frozen(x: Array) -> Array:
    """Read-only view: kernels know one type of input, writeable or not."""
    x = x.view()
    x.flags.writeable = False
    return x


def flat(x: Array) -> Array:
    """Read-only view as one row of numbers."""
    return frozen(x.reshape(-1))


def table(schedule: Any) -> Array:
    """A schedule as kernels read it."""
    return frozen(np.ascontiguousarray(schedule, np.float64).reshape(-1, 3))


def evolve(phi: Array, p: Array, mass_squared: float, coupling: float, schedule: Array) -> Any:
    """Molecular-dynamics trajectory.  two (chain, *sites) -> two (chain, *sites)"""
    if not supported(phi, p):
        return NotImplemented
    return evolve_in(blocks(phi.shape[0], phi.shape[1:], phi.itemsize), phi, p, mass_squared, coupling, schedule)


def evolve_in(b: Blocks, phi: Array, p: Array, mass_squared: float, coupling: float, schedule: Array) -> Any:
    """The same in blocks of the caller's choice."""
    if wide.worthwhile(b):
        return _evolve_wide(b, phi, p, couplings(mass_squared, coupling, b.dim), table(schedule))
    threads = threads_for(b.cut[2], b.cut[1] * b.cut[3])
    work, _ = MEMORY.arrays(b, phi.dtype, threads)
    phi_out, p_out = MEMORY.empty(phi.shape, phi.dtype), MEMORY.empty(p.shape, p.dtype)
    run = _evolve_kernel(b.dim, b.across, threads > 1)
    constants = couplings(mass_squared, coupling, b.dim)
    run(flat(phi), flat(p), phi_out.reshape(-1), p_out.reshape(-1), work, b.cut, b.shape, table(schedule), constants)
    return phi_out, p_out


def _evolve_wide(b: Blocks, phi: Array, p: Array, constants: Array, schedule: Array) -> tuple[Array, Array]:
    phi_out, p_out = MEMORY.empty(phi.shape, phi.dtype), MEMORY.empty(p.shape, p.dtype)
    phi_out[...], p_out[...] = phi, p
    for one_phi, one_p in zip(phi_out, p_out):
        wide.Chain(b, one_phi.reshape(-1), one_p.reshape(-1)).evolve(schedule, constants)
    return phi_out, p_out


def force(phi: Array, mass_squared: float, coupling: float) -> Any:
    """F = -dS/dphi, as one kick of momenta at rest.  (chain, *sites) -> the same"""
    if not supported(phi):
        return NotImplemented
    return evolve(phi, np.zeros_like(phi), mass_squared, coupling, np.array([[0.0, 1.0, 0.0]]))[1]


def value(phi: Array, mass_squared: float, coupling: float) -> Any:
    """S(phi), summed in float64.  (chain, *sites) -> (chain,)"""
    if not supported(phi):
        return NotImplemented
    b = blocks(phi.shape[0], phi.shape[1:], phi.itemsize)
    threads = threads_for(b.cut[2], b.cut[1] * b.cut[3])
    work, tables = MEMORY.arrays(b, phi.dtype, threads)
    out = np.empty(phi.shape[0])
    run = _value_kernel(b.dim, b.across, threads > 1)
    run(flat(phi), out, work, tables, b.cut, b.shape, couplings(mass_squared, coupling, b.dim))
    return out
