"""U(1) couplings on NumPy arrays (references: `latticekit.flows.gauge.angles` and `.u1_couplings`)."""

from __future__ import annotations

import math
import sys
import threading
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from latticekit.kernels.cpu import u1_coupling_loops as loops
from latticekit.kernels.cpu.blocks import aligned
from latticekit.kernels.cpu.phi4 import flat, frozen, plain
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of, threads_for
from latticekit.kernels.cpu.vector import width

Array = Any
Ints = tuple[int, ...]
Table = tuple[Array, Array, Array]
each: Any = None
thread: Any = None
gather: Any = None
spread: Any = None
circle: Any = None
turned: Any = None


def _phases(theta: Array, out: Array, table: Table, cut: Ints, work: Array) -> None:
    chains, links, cells, places, _ = cut
    for c in each(chains):
        angle = work[thread()]
        for place in range(places):
            gather(angle, theta, c * links, table, place, cells)
            circle(out, (2 * c * places + place) * cells, places * cells, angle, cells)


def _phases_vjp(theta: Array, bar: Array, out: Array, table: Table, cut: Ints, work: Array) -> None:
    chains, links, cells, places, segment = cut
    for c in each(chains):
        angle = work[thread()]
        out[c * links : (c + 1) * links] = 0.0
        for place in range(places):
            gather(angle, theta, c * links, table, place, cells)
            circle(angle, bar, (2 * c * places + place) * cells, places * cells, cells)
            spread(out, c * links, angle, segment, table, place, cells)


def _couple(
    theta: Array, p: Array, out: Array, log_det: Array, table: Table, cut: Ints, components: int, work: Array
) -> None:
    chains, links, cells, parameters, segment = cut
    for c in each(chains):
        angle = work[thread()]
        gather(angle, theta, c * links, table, 0, cells)
        circle(angle, p, c * parameters * cells, components, cells)
        total = 0.0
        for j in range(cells):
            total += angle[segment + j]
        log_det[c] = total
        out[c * links : (c + 1) * links] = theta[c * links : (c + 1) * links]
        turned(out, c * links, angle, table, cells)


def _couple_vjp(
    theta: Array,
    p: Array,
    bar: Array,
    weight: Array,
    out: Array,
    p_bar: Array,
    table: Table,
    cut: Ints,
    components: int,
    work: Array,
) -> None:
    chains, links, cells, parameters, segment = cut
    for c in each(chains):
        angle = work[thread()]
        gather(angle, theta, c * links, table, 0, cells)
        for j in range(cells):
            angle[segment + j] = bar[c * links + table[2][0, j]]
        circle(angle, p, p_bar, c * parameters * cells, components, cells, weight[c])
        out[c * links : (c + 1) * links] = bar[c * links : (c + 1) * links]
        spread(out, c * links, angle, 2 * segment, table, 0, cells)


_BODIES = {
    "phases": (_phases, loops.phases),
    "phases_vjp": (_phases_vjp, loops.phases_vjp),
    "couple": (_couple, loops.mix),
    "couple_vjp": (_couple_vjp, loops.mix_vjp),
}


@lru_cache
def _kernel(kind: str, parallel: bool) -> Any:
    body, circle = _BODIES[kind]
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel), "circle": loop(circle)}
    moves = {"gather": loop(loops.gather), "spread": loop(loops.spread), "turned": loop(loops.turned)}
    return kernel(body, parallel, **around, **moves)


@lru_cache(maxsize=256)
def _table(rows: Any, places: Any, sites: Ints, char: str) -> Table:
    """Where the links of every path begin, their signs, their places in a field (mu, *sites): for every cell."""
    dim = len(sites)
    index = np.arange(dim * math.prod(sites)).reshape(dim, *sites)
    first, signs, found = [0], [], []
    for path, place in places:
        at = np.zeros(dim, int)
        for step in path:
            mu, sign = (step, 1) if step >= 0 else (~step, -1)
            at[mu] -= sign < 0
            seen = np.roll(index[mu], tuple(-at), tuple(range(dim)))
            at[mu] += sign > 0
            signs.append(sign)
            found.append(rows.take(seen[None], place, dim).reshape(-1))
        first.append(len(found))
    whole = np.ascontiguousarray(found, np.int64)
    return frozen(np.array(first)), frozen(np.array(signs, char)), frozen(whole)


class _Kept(threading.local):
    """Work arrays of this Python thread."""

    def __init__(self) -> None:
        self.by_shape: dict[Any, Array] = {}

    def array(self, threads: int, size: int, char: str) -> Array:
        key = (threads, size, char)
        if key not in self.by_shape:
            if len(self.by_shape) >= 8:
                self.by_shape.pop(next(iter(self.by_shape)))
            self.by_shape[key] = aligned((threads, -(-size // 64) * 64), char)
        return self.by_shape[key]


_KEPT = _Kept()


def _run(kind: str, theta: Array, rows: Any, places: Any, channels: int, fields: tuple[Any, ...], *last: Any) -> None:
    """The kernel on all chains; channels: numbers per cell that the second field has."""
    cells = math.prod(rows.cells(theta.shape[2:]))
    w = width(theta.itemsize)
    table = _table(rows, places, theta.shape[2:], theta.dtype.char)
    threads = threads_for(theta.shape[0], theta[0].size)
    cut = theta.shape[0], theta[0].size, cells, channels, cells + w
    work = _KEPT.array(threads, 3 * (cells + w), theta.dtype.char)
    _kernel(kind, threads > 1)(flat(theta), *fields, table, cut, *last, work)


def _links(theta: Array) -> bool:
    """Whether these are plain angles (chain, mu, *sites)."""
    known = theta.ndim == theta.shape[1] + 2 and theta.size > 0 and theta.dtype.char in "df"
    return known and plain(theta, theta.dtype)


def _fits(theta: Array, rows: Any, *fields: Array) -> bool:
    """Whether the compiled kernels take these links, and fields of the same precision: they need a vector of cells."""
    if not _links(theta) or not all(plain(one, theta.dtype) for one in fields):
        return False
    return math.prod(rows.cells(theta.shape[2:])) >= width(theta.itemsize)


def _is_mixture(transform: Any) -> bool:
    known = sys.modules.get("latticekit.flows.gauge.circular")
    return known is not None and type(transform) is known.NonCompactProjection


def loop_angles(theta: Array, rows: Any, places: Any) -> Any:
    """Angles of closed paths, whatever the number of cells.  (chain, mu, *sites) -> (chain, place, *cells)"""
    if not _links(theta):
        return NotImplemented
    first, sign, index = _table(rows, places, theta.shape[2:], theta.dtype.char)
    links = theta.reshape(theta.shape[0], -1)
    out = np.empty((theta.shape[0], len(places), index.shape[1]), theta.dtype)
    for place, (start, stop) in enumerate(pairwise(first)):
        steps = np.take(links, index[start:stop].reshape(-1), axis=1).reshape(theta.shape[0], stop - start, -1)
        np.einsum("snc,n->sc", steps, sign[start:stop], out=out[:, place])
    return out.reshape(*out.shape[:2], *rows.cells(theta.shape[2:]))


def loop_angles_vjp(theta: Array, rows: Any, places: Any, bar: Array) -> Any:
    """Back from `loop_angles`.  (chain, mu, *sites), (chain, place, *cells) -> (chain, mu, *sites)"""
    if not _links(theta) or not plain(bar, theta.dtype):
        return NotImplemented
    first, sign, index = _table(rows, places, theta.shape[2:], theta.dtype.char)
    out = np.zeros((theta.shape[0], theta[0].size), theta.dtype)
    for place, (start, stop) in enumerate(pairwise(first)):
        for n in range(start, stop):  # the cells of one step are different links
            out[:, index[n]] += sign[n] * bar[:, place].reshape(len(out), -1)
    return out.reshape(theta.shape)


def phases(theta: Array, rows: Any, places: Any) -> Any:
    """Cosines and sines of closed paths.  (chain, mu, *sites) -> (chain, 2 place, *cells)"""
    if not _fits(theta, rows):
        return NotImplemented
    out = np.empty((theta.shape[0], 2 * len(places), *rows.cells(theta.shape[2:])), theta.dtype)
    _run("phases", theta, rows, places, len(places), (out.reshape(-1),))
    return out


def phases_vjp(theta: Array, rows: Any, places: Any, bar: Array) -> Any:
    """Back from `phases`.  (chain, mu, *sites), (chain, 2 place, *cells) -> (chain, mu, *sites)"""
    if not _fits(theta, rows, bar):
        return NotImplemented
    out = np.empty_like(theta)
    _run("phases_vjp", theta, rows, places, len(places), (flat(bar), out.reshape(-1)))
    return out


def couple(theta: Array, p: Array, rows: Any, path: Any, transform: Any) -> Any:
    """Active links moved, log-det.  (chain, mu, *sites), (chain, size, *cells) -> links, (chain,)"""
    if not _is_mixture(transform) or not _fits(theta, rows, p):
        return NotImplemented
    out, log_det = np.empty_like(theta), np.empty(theta.shape[0])
    fields = flat(p), out.reshape(-1), log_det
    _run("couple", theta, rows, ((path, (0, 0)),), transform.size, fields, transform.components)
    return out, log_det


def couple_vjp(theta: Array, p: Array, rows: Any, path: Any, transform: Any, bar: Array, log_det_bar: Array) -> Any:
    """Back through `couple`.  -> (chain, mu, *sites), (chain, size, *cells)"""
    if not _is_mixture(transform) or not _fits(theta, rows, p, bar):
        return NotImplemented
    out, p_bar = np.empty_like(theta), np.empty_like(p)
    weight = frozen(np.ascontiguousarray(log_det_bar, np.float64))
    fields = flat(p), flat(bar), weight, out.reshape(-1), p_bar.reshape(-1)
    _run("couple_vjp", theta, rows, ((path, (0, 0)),), transform.size, fields, transform.components)
    return out, p_bar
