"""Rational-quadratic splines on NumPy arrays (references: `latticekit.flows.knots`)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from latticekit.kernels.cpu import spline_loops as loops
from latticekit.kernels.cpu.blocks import aligned
from latticekit.kernels.cpu.phi4 import flat, frozen, plain
from latticekit.kernels.cpu.target import kernel, loop, parallel_range, thread_of, threads_for
from latticekit.kernels.cpu.vector import width

Array = Any
each: Any = None
thread: Any = None
row_of: Any = None


def _map(x: Array, p: Array, first: Array, second: Array, cut: Any, shape: Any, span: Array, work: Array) -> None:
    chains, size = shape
    for c in each(chains):
        row_of(work[thread()], x, p, first, second, cut, span, c * cut[0], c * size * cut[0])


def _vjp(
    x: Array,
    p: Array,
    y_bar: Array,
    log_bar: Array,
    x_bar: Array,
    p_bar: Array,
    cut: Any,
    shape: Any,
    span: Array,
    work: Array,
) -> None:
    chains, size = shape
    for c in each(chains):
        row_of(work[thread()], x, p, y_bar, log_bar, x_bar, p_bar, cut, span, c * cut[0], c * size * cut[0])


@lru_cache
def _kernel(kind: str, parallel: bool) -> Any:
    inner: dict[str, Any] = {"lengths": loop(loops.lengths), "found": loop(loops.found)}
    around = {"each": parallel_range(parallel), "thread": thread_of(parallel)}
    if kind == "vjp":
        row = loop(loops.vjp, spread=loop(loops.spread), ends=loop(loops.ends), **inner)
        return kernel(_vjp, parallel, row_of=row, **around)
    row = loop(loops.row_map, piece=loop(getattr(loops, kind)), INVERSE=kind == "backward", **inner)
    return kernel(_map, parallel, row_of=row, **around)


@lru_cache
def _span(spline: Any, char: str) -> Array:
    """What the loops need to know of a spline, see `spline_loops`."""
    length, far = spline.high - spline.low, math.inf
    edges = (-far, far) if spline.periodic else (spline.low, spline.high)
    least, gain = length * spline.least / spline.bins, length * (1.0 - spline.least)
    return frozen(np.array([spline.low, spline.high, least, gain, spline.offset, spline.least, *edges], char))


def _fits(spline: Any, x: Array, p: Array, *fields: Array) -> bool:
    """Whether the kernels take these arrays: of one precision, a register or more of them per chain."""
    if x.ndim < 2 or x.size == 0 or x.dtype.char not in "df" or p.shape != (x.shape[0], spline.size, *x.shape[1:]):
        return False
    same = all(plain(one, x.dtype) for one in (x, p, *fields)) and all(one.shape == x.shape for one in fields)
    return same and x[0].size >= width(x.itemsize)


def _run(kind: str, spline: Any, inputs: tuple[Array, ...], *outputs: Array) -> None:
    """The kernel on all chains; inputs: field, parameters, and more."""
    (x, p), (chains, cells) = inputs[:2], (inputs[0].shape[0], inputs[0][0].size)
    threads = threads_for(chains, p[0].size)
    work = aligned((threads, 2 * spline.bins * width(x.itemsize)), x.dtype)
    cut = (cells, spline.bins, spline.periodic)
    fields = [*map(flat, inputs), *(one.reshape(-1) for one in outputs)]
    _kernel(kind, threads > 1)(*fields, cut, (chains, spline.size), _span(spline, x.dtype.char), work)


def _mapped(kind: str, x: Array, p: Array, spline: Any) -> Any:
    if not _fits(spline, x, p):
        return NotImplemented
    found = np.empty_like(x), np.empty_like(x)
    _run(kind, spline, (x, p), *found)
    return found


def forward(x: Array, p: Array, spline: Any) -> Any:
    """y and log dy/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
    return _mapped("forward", x, p, spline)


def backward(y: Array, p: Array, spline: Any) -> Any:
    """x and log dy/dx there.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
    return _mapped("backward", y, p, spline)


def bend(x: Array, p: Array, spline: Any) -> Any:
    """d log(dy/dx) / dx.  (chain, *n), (chain, size, *n) -> (chain, *n)"""
    found = _mapped("bend", x, p, spline)
    return found if found is NotImplemented else found[1]


def vjp(x: Array, p: Array, spline: Any, y_bar: Array, log_bar: Array) -> Any:
    """x_bar and p_bar.  -> (chain, *n), (chain, size, *n)"""
    if not _fits(spline, x, p, y_bar, log_bar):
        return NotImplemented
    x_bar, p_bar = np.empty_like(x), np.empty_like(p)
    _run("vjp", spline, (x, p, y_bar, log_bar), x_bar, p_bar)
    return x_bar, p_bar
