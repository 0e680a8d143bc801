"""Cluster updates of phi^4 on NumPy arrays (reference: `latticekit.updates.cluster.cluster_sweep`).

Chain by chain: bonds in vectors, clusters by union-find, whose roots are the smallest sites, signs by root.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu.blocks import MEMORY
from latticekit.kernels.cpu.checkerboard import borrowed, choose
from latticekit.kernels.cpu.lanes import keep_apart, lanes, like, vld, vst
from latticekit.kernels.cpu.phi4 import flat, is_phi4, supported
from latticekit.kernels.cpu.random import TARGETS, filler, key_words
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of, threads_for
from latticekit.kernels.site.elementary import exp
from latticekit.kernels.site.philox import uniforms_double

Array = Any
each: Any = None
thread: Any = None
fill: Any = None
bind: Any = None
join: Any = None
products: Any = None
label: Any = None


def neighbour_products(out: Array, x: Array, extents: Array) -> None:
    """out[mu, x] = phi(x) phi(x+mu), flat."""
    keep_apart()
    size = np.uint64(x.size)
    period = size
    for mu in range(extents.size):
        stride, line = period // extents[mu], out[mu * x.size : (mu + 1) * x.size]
        rest = period - stride
        for block in range(np.uint64(0), size, period):
            end = block + period
            for i in range(block, end - stride):
                line[i] = x[i] * x[i + stride]
            for i in range(end - stride, end):
                line[i] = x[i] * x[i - rest]
        period = stride


def bound(out: Array, u: Array, count: int) -> None:
    """Products phi(x) phi(x+mu) -> 1 where the bond binds, else 0.

    u < 1 - exp(-4 phi phi') as exp(-4 phi phi') < 1 - u: the right side is exact, and nothing binds where it must not.
    """
    keep_apart()
    one, zero = like(1.0, vld(out, 0)), like(0.0, vld(out, 0))
    for n in range(0, count, lanes(out)):
        vst(out, n, choose(exp(-4.0 * vld(out, n)), 1.0 - vld(u, n), one, zero))


def joined(parent: Array, i: int, j: int) -> None:
    """Join the trees of two sites: climb both by the larger parent, hanging what is left behind from the smaller.

    Rem's algorithm (Dijkstra, A Discipline of Programming, 1976, chapter 23): parents never exceed their children,
    so that the root of a tree is its smallest site.
    """
    a, b = parent[i], parent[j]
    while a != b:
        if a > b:
            parent[i] = b
            if i == a:
                break
            i, a = a, parent[a]
        else:
            parent[j] = a
            if j == b:
                break
            j, b = b, parent[b]


def labels(parent: Array, tails: Array, heads: Array, active: Array, extents: Array) -> int:
    """parent = smallest site of each site's cluster.  -> how many clusters

    tails and heads take the ends of the bonds that bind, listed without branches, which would be mispredicted.
    """
    keep_apart()
    for i in range(parent.size):
        parent[i] = i
    size, clusters = np.uint64(parent.size), 0
    period = size
    for mu in range(extents.size):
        stride, line, count = period // extents[mu], active[mu * parent.size : (mu + 1) * parent.size], 0
        rest = period - stride
        for block in range(np.uint64(0), size, period):
            end = block + period
            for i in range(block, end - stride):
                tails[count], heads[count] = i, i + stride
                count += line[i] > 0
            for i in range(end - stride, end):
                tails[count], heads[count] = i, i - rest
                count += line[i] > 0
        for n in range(count):
            join(parent, tails[n], heads[n])
        period = stride
    for i in range(parent.size):  # parents come before their children
        clusters += parent[i] == i
        parent[i] = parent[parent[i]]
    return clusters


def _flip(
    x: Array,
    out: Array,
    reals: Array,
    indices: Array,
    extents: Array,
    words: Array,
    stream: int,
    one: bool,
    flipped: Array,
    clusters: Array,
) -> None:
    volume, bonds = indices.shape[2] - 1, (indices.shape[2] - 1) * extents.size
    for chain in each(flipped.size):
        me, first = thread(), chain * volume
        u, active, parent = borrowed(reals[me, 0]), borrowed(reals[me, 1]), borrowed(indices[me, 0, :volume])
        field, result = borrowed(x[first : first + volume]), borrowed(out[first : first + volume])
        fill(u, 0, bonds, words[0], stream + chain, 0, bonds)
        products(active, field, extents)
        bind(active, u, bonds)
        clusters[chain] = label(parent, borrowed(indices[me, 1]), borrowed(indices[me, 2]), active, extents)
        if one:
            a, _ = uniforms_double(
                np.uint64(0), words[1, 3], words[1, 2], np.uint64(stream + chain), words[1, 0], words[1, 1]
            )
            u[:volume] = 1.0
            u[parent[int(volume * a)]] = 0.0
        else:
            fill(u, 0, volume, words[1], stream + chain, 0, volume)
        count = 0
        for i in range(volume):
            flip = u[parent[i]] < 0.5
            result[i] = -field[i] if flip else field[i]
            count += flip
        flipped[chain] = count


@lru_cache
def _kernel(char: str, parallel: bool) -> Any:
    return kernel(
        _flip,
        parallel,
        each=parallel_range(parallel),
        thread=thread_of(parallel),
        fill=filler("uniform", char),
        bind=loop(bound, TARGETS[char]),
        products=loop(neighbour_products),
        label=loop(labels, join=loop(joined)),
    )


def sweep(x: Array, action: Any, key: Any, kind: str) -> Any:
    """Flipped clusters.  field -> field, sites flipped, clusters (chain,)"""
    chains, volume = x.shape[0], math.prod(x.shape[1:])
    if (
        kind not in ("swendsen_wang", "wolff")
        or not is_phi4(action)
        or not supported(x)
        or volume >= 2**32
        or key.chain + chains > 2**24
    ):
        return NotImplemented
    threads, dim = threads_for(chains, volume), x.ndim - 1
    out, flipped, clusters = MEMORY.empty(x.shape, x.dtype), np.empty(chains), np.empty(chains)
    reals = MEMORY.empty((threads, 2, -(-volume * dim // 64) * 64), x.dtype)  # vectors may reach beyond the bonds
    indices = MEMORY.empty((threads, 3, volume + 1), np.dtype(np.uint32))  # a list of all has an end to write to
    folds = [key.fold("cluster", n) for n in range(2)]
    words = np.array([key_words(one, one.draw) for one in folds])
    stream, extents = folds[0].purpose * 2**24 + key.chain, np.array(x.shape[1:], np.uint64)
    run = _kernel(x.dtype.char, threads > 1)
    run(flat(x), out.reshape(-1), reals, indices, extents, words, stream, kind == "wolff", flipped, clusters)
    return out, flipped, clusters
