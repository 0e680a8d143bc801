"""Whole HMC transitions on NumPy arrays: of phi^4 here, of U(1) in `u1_hmc` (reference: `updates.hmc.transition`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import momenta, phi4, sums, u1_gauge, u1_hmc, wide
from latticekit.kernels.cpu.blocks import MEMORY, Blocks, blocks
from latticekit.kernels.cpu.lanes import lanes
from latticekit.kernels.cpu.loops import loops
from latticekit.kernels.cpu.random import FORMULAS, TARGETS, filler, key_words
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of, threads_for
from latticekit.random import PURPOSES

Array = Any
Ints = tuple[int, ...]
each: Any = None
thread: Any = None
pack: Any = None
unpack: Any = None
draw_momenta: Any = None
evolve: Any = None
kinetic: Any = None
action: Any = None
total: Any = None
chain_value: Any = None
accepts: Any = None


def _transition(
    x: Array,
    out: Array,
    work: Array,
    tables: Array,
    cut: Ints,
    shape: Ints,
    schedule: Array,
    couplings: Array,
    words: Array,
    current: Array,
    proposed: Array,
    delta: Array,
    accepted: Array,
) -> None:
    """Momenta, trajectory, both energies, Metropolis test, block by block while it is in cache."""
    chains, volume, count, batch, rows, depth, slabs, parts, part, wide = cut
    momentum_stream, accept_stream = np.int64(words[4]), np.int64(words[5])
    for block in each(count):
        me, first, w = thread(), block * batch, lanes(out)
        field, p, aside, table = work[me, 0], work[me, 1], work[me, 2], tables[me]
        if shape[5] == 0:
            field = out[first * volume : (first + 1) * volume]
        pack(field, x, first, chains, volume, shape)
        draw_momenta(p, aside, momentum_stream + first, words, volume, shape)
        for s in range(slabs):
            kinetic(table, s * w, p, s * parts * part, min((s + 1) * parts * part, rows), shape, 1.0, 0.0)
        evolve(p, field, aside, (slabs, parts, part, wide), depth, rows, shape, schedule, couplings)
        for s in range(slabs):
            a, b = s * parts * part, min((s + 1) * parts * part, rows)
            kinetic(table, (slabs + s) * w, p, a, b, shape, 1.0, 0.0)
            action(table, (2 * slabs + s) * w, field, a, b, shape, couplings[0], couplings[1])
        for n in range(3):
            total(table, n * slabs * w, slabs, w)
        for lane in range(min(batch, chains - first)):
            c = first + lane
            before = chain_value(table, 0, lane, batch, w)
            after = chain_value(table, slabs * w, lane, batch, w)
            proposed[c] = chain_value(table, 2 * slabs * w, lane, batch, w)
            delta[c] = (proposed[c] - current[c]) + 0.5 * (after - before)
            accepted[c] = accepts(delta[c], accept_stream + c, words)
        if shape[5] > 0:
            unpack(out, field, first, chains, volume, shape)
        for c in range(first, min(first + batch, chains)):
            if not accepted[c]:
                proposed[c] = current[c]
                for i in range(c * volume, (c + 1) * volume):
                    out[i] = x[i]


@lru_cache
def _kernel(dim: int, across: bool, char: str, parallel: bool) -> Any:
    use = loops(dim, across)
    if across:
        draw = loop(momenta.momenta_across, TARGETS[char], draw=FORMULAS["normal", char])
    else:
        draw = loop(momenta.momenta_rows, fill_flat=filler("normal", char), pack=use.pack)
    return kernel(
        _transition,
        parallel,
        each=parallel_range(parallel),
        thread=thread_of(parallel),
        pack=use.pack,
        unpack=use.unpack,
        draw_momenta=draw,
        evolve=use.evolve,
        kinetic=use.kinetic,
        action=use.action,
        total=loop(sums.total),
        chain_value=loop(sums.chain_value),
        accepts=loop(momenta.accepts),
    )


def transition(x: Array, action: Any, key: Any, schedule: Array, current: Array) -> Any:
    """Momenta, trajectory, Metropolis test.  field, (chain,) -> field, S, Delta H, accepted (chain,)"""
    if current.shape != x.shape[:1] or key.chain + x.shape[0] > 2**24:
        return NotImplemented
    if u1_gauge.is_u1(action):
        return u1_hmc.transition(x, action, _words(key), schedule, current)
    if not phi4.is_phi4(action) or not phi4.supported(x) or not phi4.plain(current, np.float64):
        return NotImplemented
    b = blocks(x.shape[0], x.shape[1:], x.itemsize)
    constants = phi4.couplings(action.mass_squared, action.coupling, b.dim)
    run = _transition_wide if wide.worthwhile(b) else _transition_blocks
    return run(b, x, phi4.table(schedule), constants, _words(key), phi4.frozen(current))


def _transition_blocks(b: Blocks, x: Array, schedule: Array, couplings: Array, words: Array, current: Array) -> Any:
    chains, threads = x.shape[0], threads_for(b.cut[2], b.cut[1] * b.cut[3])
    work, tables = MEMORY.arrays(b, x.dtype, threads)
    out, accepted = MEMORY.empty(x.shape, x.dtype), np.empty(chains, np.bool_)
    proposed, delta = np.empty(chains), np.empty(chains)
    run = _kernel(b.dim, b.across, x.dtype.char, threads > 1)
    flat = (phi4.flat(x), out.reshape(-1))
    run(*flat, work, tables, b.cut, b.shape, schedule, couplings, words, current, proposed, delta, accepted)
    return out, proposed, delta, accepted


def _transition_wide(b: Blocks, x: Array, schedule: Array, couplings: Array, words: Array, current: Array) -> Any:
    """Chain after chain, each on all threads."""
    out, p = MEMORY.empty(x.shape, x.dtype), MEMORY.empty(x.shape[1:], x.dtype).reshape(-1)
    proposed, delta = current.copy(), np.empty_like(current)
    accepted = np.empty(x.shape[0], np.bool_)
    out[...] = x
    for c in range(x.shape[0]):
        chain = wide.Chain(b, out[c].reshape(-1), p)
        chain.draw(words, int(words[4]) + c)
        before = chain.kinetic()
        chain.evolve(schedule, couplings)
        after, action = chain.kinetic(), chain.action(couplings)
        delta[c] = (action - current[c]) + 0.5 * (after - before)
        accepted[c] = _accepts()(delta[c], int(words[5]) + c, words)
        if accepted[c]:
            proposed[c] = action
        else:
            out[c] = x[c]
    return out, proposed, delta, accepted


@lru_cache
def _accepts() -> Any:
    return kernel(momenta.accepts)


def _words(key: Any) -> Array:
    """Key low, key high, step, draw of `fold`, and the streams of momenta and test."""
    return key_words(key, 0, *((PURPOSES[name] << 24) + key.chain for name in ("momentum", "accept")))
