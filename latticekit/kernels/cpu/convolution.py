"""Stages of networks on NumPy arrays (references: `latticekit.flows.networks.stages`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import convolution_passes as passes
from latticekit.kernels.cpu import convolution_tiles as tiles
from latticekit.kernels.cpu.blocks import MEMORY, aligned
from latticekit.kernels.cpu.convolution_geometry import TERMS, Layout, even, layout
from latticekit.kernels.cpu.lanes import lane_sum, lanes, vld
from latticekit.kernels.cpu.phi4 import flat, plain
from latticekit.kernels.cpu.target import DOUBLE, SINGLE, kernel, loop, parallel_range, thread_of, threads_for
from latticekit.kernels.cpu.vector import width
from latticekit.kernels.site.activations import CURVES

Array = Any
Ints = tuple[int, ...]
BATCH = 4
"""Chains that one thread works on in turn: sums over them do not depend on threads."""
each: Any = None
thread: Any = None
mix: Any = None
dots: Any = None
load: Any = None
store: Any = None
wrap: Any = None
clear: Any = None
ones: Any = None
activate: Any = None
finish: Any = None
slopes: Any = None
end: Any = None
times: Any = None
KEEPS_LAST = False


def _forward(
    x: Array,
    y: Array,
    kept: Array,
    work: Array,
    weights: Array,
    where: Array,
    stages: Array,
    field: Ints,
    rows: Array,
    starts: Array,
    filled: Array,
    source: Array,
) -> None:
    chains, volume, total, batch, size, length, run = field
    last = stages.shape[0] - 1
    for block in each(-(-chains // batch)):
        u, z = work[thread(), 0], work[thread(), 1]
        ones(u, size)
        for chain in range(block * batch, min(chains, (block + 1) * batch)):
            load(u, 1, size, x, chain * stages[0, 0] * volume, stages[0, 0], rows, length)
            for n in range(last + 1):
                wrap(u, 1, size, stages[n, 0], filled, source)
                outputs = stages[n, 1]
                mix(z, 0, size, u, weights, where, (stages[n, 2], stages[n, 3], stages[n, 4], outputs), starts, run)
                if n < last or KEEPS_LAST:
                    store(kept, (chain * total + stages[n, 8]) * volume, z, 0, size, outputs, rows, length)
                if n < last:
                    activate(u, z, size, outputs, starts, run)
                elif KEEPS_LAST:
                    finish(u, z, size, outputs, starts, run)
            store(y, chain * stages[last, 1] * volume, u if KEEPS_LAST else z, KEEPS_LAST * 1, size, stages[last, 1], rows, length)


def _backward(
    x: Array,
    kept: Array,
    y_bar: Array,
    x_bar: Array,
    sums: Array,
    work: Array,
    tables: Array,
    weights: Array,
    where: Array,
    stages: Array,
    field: Ints,
    rows: Array,
    starts: Array,
    filled: Array,
    source: Array,
) -> None:
    chains, volume, total, batch, size, length, run = field
    last = stages.shape[0] - 1
    for block in each(-(-chains // batch)):
        me = thread()
        u, z, g, table = work[me, 0], work[me, 1], work[me, 2], tables[me]
        ones(u, size)
        for i in range(table.size):
            table[i] = 0.0
        for chain in range(block * batch, min(chains, (block + 1) * batch)):
            y, spare = work[me, 3], work[me, 4]
            load(y, 0, size, y_bar, chain * stages[last, 1] * volume, stages[last, 1], rows, length)
            if KEEPS_LAST:
                load(z, 0, size, kept, (chain * total + stages[last, 8]) * volume, stages[last, 1], rows, length)
                end(u, g, z, size, stages[last, 1], starts, run)
                times(y, g, size, stages[last, 1], starts, run)
            for n in range(last, -1, -1):
                inputs, outputs = stages[n, 0], stages[n, 1]
                clear(y, 0, size, outputs, filled)
                if n > 0:
                    load(z, 0, size, kept, (chain * total + stages[n - 1, 8]) * volume, inputs, rows, length)
                    slopes(u, g, z, size, inputs, starts, run)
                else:
                    load(u, 1, size, x, chain * inputs * volume, inputs, rows, length)
                wrap(u, 1, size, inputs, filled, source)
                dots(table, stages[n, 9] * lanes(u), y, size, u, where, stages[n, 3], stages[n, 2], outputs, starts, run)
                wrap(y, 0, size, outputs, filled, source)
                mix(spare, 0, size, y, weights, where, (stages[n, 5], stages[n, 6], stages[n, 7], inputs), starts, run)
                y, spare = spare, y
                if n > 0:
                    times(y, g, size, inputs, starts, run)
            store(x_bar, chain * stages[0, 0] * volume, y, 0, size, stages[0, 0], rows, length)
        for i in range(sums.shape[1]):
            sums[block, i] = lane_sum(vld(table, i * lanes(u)))


@lru_cache
def _shared(char: str) -> dict[str, Any]:
    """Loops that know no activation."""
    precision = SINGLE if char == "f" else DOUBLE
    four, two = (loop(f, precision) for f in (tiles.mix_four, tiles.mix_two))
    add = loop(tiles.add, precision)
    dot_four, dot_two = (loop(f, precision, add=add) for f in (tiles.dot_four, tiles.dot_two))
    names = {name: loop(getattr(passes, name), precision) for name in ("load", "store", "wrap", "clear", "ones", "times")}
    return {
        "mix": loop(tiles.mix, precision, four=four, two=two),
        "dots": loop(tiles.dots, precision, four=dot_four, two=dot_two),
        **names,
    }


@lru_cache
def _curve(pass_: str, name: str, char: str) -> Any:
    formulas = {"value": CURVES[name].value} if pass_ == "activate" else {"both": CURVES[name].both}
    return loop(getattr(passes, pass_), SINGLE if char == "f" else DOUBLE, **formulas)


@lru_cache
def _kernel(back: bool, inner: str, final: str, char: str, parallel: bool) -> Any:
    shared = _shared(char)
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel), "KEEPS_LAST": final != "identity"}
    if back:
        use = {name: shared[name] for name in ("mix", "dots", "load", "store", "wrap", "clear", "ones", "times")}
        curves = {"slopes": _curve("slopes", inner, char), "end": _curve("slopes", final, char)}
        return kernel(_backward, parallel, **around, **use, **curves)
    use = {name: shared[name] for name in ("mix", "load", "store", "wrap", "ones")}
    curves = {"activate": _curve("activate", inner, char), "finish": _curve("activate", final, char)}
    return kernel(_forward, parallel, **around, **use, **curves)


def _packed(rows: Array, dtype: Any) -> Array:
    """Weights (outputs, terms) tile by tile, channels of a tile next to each other."""
    outputs, terms = rows.shape
    full = np.zeros((even(outputs), terms), dtype)
    full[:outputs] = rows
    fours = len(full) - len(full) % 4
    tall = full[:fours].reshape(-1, 4, terms).transpose(0, 2, 1)
    return np.concatenate([tall.reshape(-1), full[fours:].T.reshape(-1)])


def _weights(weights: Any, dtype: Any) -> Array:
    """Packed weights of all stages: forward with the bias first, and back."""
    parts = []
    for w, b in weights:
        o, i, n = w.shape
        parts.append(_packed(np.concatenate([b[:, None], w.reshape(o, i * n)], axis=1), dtype))
        parts.append(_packed(w.transpose(1, 0, 2).reshape(i, o * n), dtype))
    return np.concatenate(parts)


def _unpacked(sums: Array, place: Layout, weights: Any) -> tuple[tuple[Array, Array], ...]:
    """(W_bar, b_bar) of every stage from the sums of all blocks."""
    total, made = np.sum(sums, axis=0, dtype=np.float64), []
    for (w, b), row in zip(weights, place.stages):
        (o, i, n), terms = w.shape, row[2] + -row[2] % TERMS
        full, k = np.zeros((even(o), terms)), row[9]
        for c in range(0, even(o), 4):
            count = min(4, even(o) - c)
            part = total[k : k + count * terms].reshape(terms // 3, count, 3)
            full[c : c + count] = part.transpose(1, 0, 2).reshape(count, terms)
            k += count * terms
        made.append((full[:o, 1 : 1 + i * n].reshape(o, i, n).astype(w.dtype), full[:o, 0].astype(b.dtype)))
    return tuple(made)


def _supported(x: Array, weights: Any, *others: Array) -> bool:
    """Whether the kernels take these arrays: NumPy, C order, one precision, up to 4 dimensions."""
    arrays = [x, *others, *(a for pair in weights for a in pair)]
    return 2 <= x.ndim <= 6 and x.size > 0 and x.dtype.char in "df" and all(plain(a, x.dtype) for a in arrays)


def _runs(plan: Any) -> bool:
    """Whether all inner activations are the same one."""
    return len(set(plan.activations[:-1])) <= 1


def _layout(x: Array, weights: Any, plan: Any) -> tuple[Layout, Ints]:
    widths = (x.shape[1], *(w.shape[0] for w, _ in weights))
    place = layout(x.shape[2:], widths, plan.offsets, width(x.itemsize))
    total = sum(widths[1 : 1 + plan.kept])
    p, volume = place.planes, int(np.prod(x.shape[2:], dtype=int))
    return place, (x.shape[0], volume, total, BATCH, p.size, p.length, p.run)


_work: dict[Any, Array] = {}


def _memory(threads: int, buffers: int, size: int, dtype: Any) -> Array:
    key = (threads, buffers, size, dtype.char)
    if key not in _work:
        _work[key] = aligned((threads, buffers, size), dtype)
        _work[key][...] = 0
    return _work[key]


def forward(x: Array, weights: Any, plan: Any) -> Any:
    """y and z of the stages.  (chain, i, *sites) -> (chain, o, *sites), (chain, sum of o, *sites)"""
    if not (_supported(x, weights) and _runs(plan)):
        return NotImplemented
    place, field = _layout(x, weights, plan)
    p, char = place.planes, x.dtype.char
    threads = threads_for(-(-x.shape[0] // BATCH), field[1] * BATCH)
    work = _memory(threads, 5, place.widest * p.size, x.dtype)
    y = MEMORY.empty((x.shape[0], weights[-1][0].shape[0], *x.shape[2:]), x.dtype)
    kept = MEMORY.empty((x.shape[0], field[2], *x.shape[2:]), x.dtype)
    run = _kernel(False, plan.activations[0], plan.activations[-1], char, threads > 1)
    packed = _weights(weights, x.dtype)
    run(flat(x), y.reshape(-1), kept.reshape(-1), work, packed, place.where, place.stages, field, p.rows, p.starts, p.filled, p.source)
    return y, kept


def backward(x: Array, weights: Any, plan: Any, kept: Array, y_bar: Array) -> Any:
    """x_bar, and (W_bar, b_bar) of every stage."""
    if not (_supported(x, weights, kept, y_bar) and _runs(plan)):
        return NotImplemented
    place, field = _layout(x, weights, plan)
    p, char, blocks = place.planes, x.dtype.char, -(-x.shape[0] // BATCH)
    threads = threads_for(blocks, field[1] * BATCH)
    work = _memory(threads, 5, place.widest * p.size, x.dtype)
    tables = _memory(threads, 1, place.sums * width(x.itemsize), x.dtype)[:, 0]
    x_bar, sums = MEMORY.empty(x.shape, x.dtype), np.empty((blocks, place.sums), x.dtype)
    run = _kernel(True, plan.activations[0], plan.activations[-1], char, threads > 1)
    packed = _weights(weights, x.dtype)
    run(
        flat(x), flat(kept), flat(y_bar), x_bar.reshape(-1), sums, work, tables, packed, place.where, place.stages, field,
        p.rows, p.starts, p.filled, p.source,
    )
    return x_bar, _unpacked(sums, place, weights)
