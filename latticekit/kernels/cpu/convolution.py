"""Stages of networks on NumPy arrays (references: `latticekit.flows.networks.stages`)."""

from __future__ import annotations

import math
import threading
from typing import Any, NamedTuple

import numpy as np

from latticekit.kernels.cpu.blocks import MEMORY, aligned
from latticekit.kernels.cpu.convolution_chains import chains_kernel, curve
from latticekit.kernels.cpu.convolution_geometry import Layout, layout
from latticekit.kernels.cpu.phi4 import flat, plain
from latticekit.kernels.cpu.target import threads_for
from latticekit.kernels.cpu.vector import width

Array = Any
BATCH = 4
"""Chains that one thread works on in turn: sums over them do not depend on threads."""
BUFFERS = 5


class _Scratch(threading.local):
    """Planes and tables of this Python thread, kept from call to call; they start as zeros, hence finite."""

    def __init__(self) -> None:
        self.kept: dict[Any, tuple[Array, Array]] = {}

    def arrays(self, place: Layout, dtype: np.dtype, threads: int) -> tuple[Array, Array]:
        """(threads, buffers, planes) and (threads, sums)."""
        sizes = place.widest * place.planes.size, place.sums * width(dtype.itemsize)
        key = (*sizes, dtype.char, threads)
        if key not in self.kept:
            if len(self.kept) >= 8:
                self.kept.pop(next(iter(self.kept)))
            work, tables = aligned((threads, BUFFERS, sizes[0]), dtype), aligned((threads, sizes[1]), dtype)
            work[...] = 0
            self.kept[key] = work, tables
        return self.kept[key]


_SCRATCH = _Scratch()


class _Run(NamedTuple):
    """Arguments that forward and back have in common, and the kernel."""

    kernel: Any
    work: Array
    tables: Array
    place: Layout
    field: tuple[int, ...]
    common: tuple[Any, ...]


def _prepared(back: bool, x: Array, weights: Any, plan: Any) -> _Run:
    widths = (x.shape[1], *(w.shape[0] for w, _ in weights))
    place = layout(x.shape[2:], widths, plan.offsets, width(x.itemsize))
    p, volume, char = place.planes, math.prod(x.shape[2:]), x.dtype.char
    threads = threads_for(-(-x.shape[0] // BATCH), volume * BATCH)
    work, tables = _SCRATCH.arrays(place, x.dtype, threads)
    kept, curved = sum(widths[1 : 1 + plan.kept]), int(plan.kept == len(weights))
    field = (x.shape[0], volume, kept, BATCH, p.size, p.length, p.run, curved)
    curves = tuple(curve(back, plan.activations[n], char).address for n in (0, -1))
    grid = (p.rows, p.starts, p.filled, p.source)
    common = (_packed(weights, place, x.dtype), place.where, place.stages, field, grid, curves)
    return _Run(chains_kernel(back, char, threads > 1), work, tables, place, field, common)


def _packed(weights: Any, place: Layout, dtype: Any) -> Array:
    """Weights of all stages as the loops read them."""
    parts = [a.reshape(-1) for w, b in weights for a in (b, w)]
    return np.concatenate([*parts, np.zeros(1, dtype)])[place.packed]


def _unpacked(sums: Array, place: Layout, weights: Any) -> tuple[tuple[Array, Array], ...]:
    """(W_bar, b_bar) of every stage from the sums of all blocks."""
    bars = np.add.reduce(sums, axis=0, dtype=np.float64).take(place.unpacked).astype(sums.dtype)
    made, first = [], 0
    for w, b in weights:
        middle, end = first + b.size, first + b.size + w.size
        made.append((bars[middle:end].reshape(w.shape), bars[first:middle]))
        first = end
    return tuple(made)


def _supported(x: Array, weights: Any, plan: Any, *others: Array) -> bool:
    """Whether the kernels take these arguments: NumPy, C order, one precision, sites (matrix products suit vectors
    best), and one activation inside."""
    arrays = [x, *others, *(a for pair in weights for a in pair)]
    fits = x.ndim > 2 and x.size > 0 and x.dtype.char in "df" and all(plain(a, x.dtype) for a in arrays)
    return fits and len(set(plan.activations[:-1])) <= 1


def forward(x: Array, weights: Any, plan: Any) -> Any:
    """y and z of the stages.  (chain, i, *sites) -> (chain, o, *sites), (chain, sum of o, *sites)"""
    if not _supported(x, weights, plan):
        return NotImplemented
    run = _prepared(False, x, weights, plan)
    y = MEMORY.empty((x.shape[0], weights[-1][0].shape[0], *x.shape[2:]), x.dtype)
    kept = MEMORY.empty((x.shape[0], run.field[2], *x.shape[2:]), x.dtype)
    run.kernel(flat(x), y.reshape(-1), kept.reshape(-1), run.work, *run.common)
    return y, kept


def backward(x: Array, weights: Any, plan: Any, kept: Array, y_bar: Array) -> Any:
    """x_bar, and (W_bar, b_bar) of every stage."""
    if not _supported(x, weights, plan, kept, y_bar):
        return NotImplemented
    run = _prepared(True, x, weights, plan)
    x_bar, sums = MEMORY.empty(x.shape, x.dtype), np.empty((-(-x.shape[0] // BATCH), run.place.sums), x.dtype)
    run.kernel(flat(x), flat(kept), flat(y_bar), x_bar.reshape(-1), sums, run.work, run.tables, *run.common)
    return x_bar, _unpacked(sums, run.place, weights)
