"""Whole HMC transitions of U(1) links on NumPy arrays (reference: `latticekit.updates.hmc.transition`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import momenta, sums, u1_gauge
from latticekit.kernels.cpu.blocks import MEMORY
from latticekit.kernels.cpu.lanes import lanes
from latticekit.kernels.cpu.phi4 import flat, frozen, plain, table
from latticekit.kernels.cpu.random import filler
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of
from latticekit.kernels.cpu.u1_stages import loops
from latticekit.kernels.cpu.vector import WORDS

Array = Any
Ints = tuple[int, ...]
each: Any = None
thread: Any = None
pack: Any = None
unpack: Any = None
stages: Any = None
wrap: Any = None
plaquettes: Any = None
kinetic: Any = None
draw: Any = None
fill: Any = None
chain_value: Any = None
accepts: Any = None


def _draw(out: Array, first: int, chains: int, count: int, words: Array, stream: int, pieces: int) -> None:
    """Momenta of a few chains in the places of their links; each chain in some pieces."""
    piece = -(-count // (2 * pieces * WORDS)) * WORDS
    for n in each(chains * pieces):
        c, part = first + n // pieces, n % pieces
        fill(out, c * count, count, words, stream + c, part * piece, (part + 1) * piece)


def _transition(
    x: Array,
    out: Array,
    work: Array,
    sums: Array,
    shape: Ints,
    cut: Ints,
    tables: tuple[Array, Array, Array],
    lanes_of: tuple[Array, ...],
    rows: Ints,
    weights: Array,
    schedule: Array,
    words: Array,
    current: Array,
    proposed: Array,
    delta: Array,
    accepted: Array,
) -> None:
    """Momenta, trajectory, both energies, Metropolis test, block by block while it is in cache.

    shape: chains, blocks, chains per block, planes, links of a chain, pieces to draw momenta in.
    """
    chains, blocks, batch, planes, links, pieces = shape
    momentum_stream, accept_stream = np.int64(words[4]), np.int64(words[5])
    for block in each(blocks):
        me, first, w = thread(), block * batch, lanes(out)
        theta, p, found, count, part = work[me, 0], work[me, 1], sums[me], min(batch, chains - first), w // batch
        pack(theta, 0, x, block, lanes_of, rows, 1)
        draw(out, first, count, links, words, momentum_stream, pieces)
        pack(p, 0, out, block, lanes_of, rows, 1)
        kinetic(found, 0, p, cut)
        stages(theta, p, work[me, 2], work[me, 3], cut, tables, weights, schedule)
        kinetic(found, cut[3] * w, p, cut)
        plaquettes(found, 2 * cut[3] * w, theta, cut, tables, weights)
        wrap(theta, 0, cut[0])
        unpack(out, theta, 0, block, lanes_of, rows, 1)
        for n in range(count):
            c, cosines = first + n, 0.0
            before = chain_value(found, n * part, 0, 1, part)
            after = chain_value(found, cut[3] * w + n * part, 0, 1, part)
            for plane in range(planes):
                cosines += chain_value(found, (2 * cut[3] + plane) * w + n * part, 0, 1, part)
            proposed[c] = -cosines
            delta[c] = (proposed[c] - current[c]) + 0.5 * (after - before)
            accepted[c] = accepts(delta[c], accept_stream + c, words)
            if not accepted[c]:
                proposed[c] = current[c]
                for i in range(c * links, (c + 1) * links):
                    out[i] = x[i]


@lru_cache
def _kernel(dim: int, uniform: bool, char: str, wide: bool, parallel: bool) -> Any:
    use = loops(dim, uniform, wide)
    return kernel(
        _transition,
        parallel,
        each=parallel_range(parallel),
        thread=thread_of(parallel),
        pack=use.pack,
        unpack=use.unpack,
        stages=use.stages,
        wrap=use.wrap,
        plaquettes=use.plaquettes,
        kinetic=use.kinetic,
        draw=kernel(_draw, wide, each=parallel_range(wide), fill=filler("normal", char)),
        chain_value=loop(sums.chain_value),
        accepts=loop(momenta.accepts),
    )


def transition(x: Array, action: Any, words: Array, schedule: Array, current: Array) -> Any:
    """Momenta, trajectory, Metropolis test.  field, (chain,) -> field, S, Delta H, accepted (chain,)

    words: key low, key high, step, draw, and the streams of momenta and test.
    """
    known = u1_gauge.supported(x) and u1_gauge.is_u1(action) and not action.held
    if not known or not plain(current, np.float64):
        return NotImplemented
    g, weights, uniform = u1_gauge.prepared(x, action)
    one, chains = g.lattice, x.shape[0]
    shape = (chains, one.blocks, one.batch, one.dim * (one.dim - 1) // 2, x.size // chains, 16 if g.wide else 1)
    out, accepted = MEMORY.empty(x.shape, x.dtype), np.empty(chains, np.bool_)
    proposed, delta = np.empty(chains), np.empty(chains)
    run = _kernel(one.dim, uniform, x.dtype.char, g.wide, g.parallel)
    where = (flat(x), out.reshape(-1), *g.work(x.dtype), shape, g.cut, g.tables, *one.packing, weights)
    run(*where, table(schedule), words, frozen(current), proposed, delta, accepted)
    return out, proposed, delta, accepted
