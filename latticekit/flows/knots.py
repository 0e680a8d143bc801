"""Rational-quadratic splines of an interval onto itself, from free parameters, and back to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from latticekit.arrays import accelerated, namespace
from latticekit.flows.rational_quadratic import Piece, backward, forward, vjp
from latticekit.flows.softmax import softmax, softmax_vjp

Array = Any


@dataclass(frozen=True)
class Spline:
    """y(x) of [low, high] onto itself, by `bins` pieces; parameters p (chain, size, *n), p = 0 is y = x.

    Widths and heights by softmax, each at least `least` of the average; slopes at the knots by softplus, at least
    `least`.  periodic: the slopes at both ends are one parameter; else they are 1, and y = x outside.
    Durkan et al., 1906.04032; Rezende et al., 2002.02428.
    """

    bins: int
    low: float
    high: float
    periodic: bool
    least: float

    @property
    def size(self) -> int:
        """Number of parameters: widths, heights, slopes."""
        return 3 * self.bins - (0 if self.periodic else 1)

    @property
    def offset(self) -> float:
        """Of the parameters of slopes: zeros make slopes 1."""
        return math.log(math.expm1(1.0 - self.least))

    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """y and log dy/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
        return spline_forward(x, p, self)

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """x and log dy/dx there."""
        return spline_backward(y, p, self)

    def bend(self, x: Array, p: Array) -> Array:
        """d log(dy/dx) / dx."""
        return spline_bend(x, p, self)

    def vjp(self, x: Array, p: Array, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """x_bar and p_bar, from those of y and of log dy/dx.  -> (chain, *n), (chain, size, *n)"""
        return spline_vjp(x, p, self, y_bar, log_bar)


@accelerated(numpy="latticekit.kernels.cpu.spline:forward")
def spline_forward(x: Array, p: Array, spline: Spline) -> tuple[Array, Array]:
    """y and log dy/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
    inside, at = _inside(x, spline)
    y, log_slope = forward(at, _found(at, p, spline, inverse=False).piece)
    return _outside(inside, y, x), _outside(inside, log_slope, 0.0 * at)


@accelerated(numpy="latticekit.kernels.cpu.spline:backward")
def spline_backward(y: Array, p: Array, spline: Spline) -> tuple[Array, Array]:
    """x and log dy/dx there.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
    inside, at = _inside(y, spline)
    x, log_slope = backward(at, _found(at, p, spline, inverse=True).piece)
    return _outside(inside, x, y), _outside(inside, log_slope, 0.0 * at)


@accelerated(numpy="latticekit.kernels.cpu.spline:bend")
def spline_bend(x: Array, p: Array, spline: Spline) -> Array:
    """d log(dy/dx) / dx.  (chain, *n), (chain, size, *n) -> (chain, *n)"""
    inside, at = _inside(x, spline)
    nothing = 0.0 * at
    return _outside(inside, vjp(at, _found(at, p, spline, inverse=False).piece, nothing, nothing + 1.0)[0], nothing)


@accelerated(numpy="latticekit.kernels.cpu.spline:vjp")
def spline_vjp(x: Array, p: Array, spline: Spline, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
    """x_bar and p_bar: through the piece, its corners, softmax and softplus.  -> (chain, *n), (chain, size, *n)"""
    xp, (inside, at) = namespace(x), _inside(x, spline)
    found = _found(at, p, spline, inverse=False)
    x_bar, bar = vjp(at, found.piece, y_bar, log_bar)
    k = xp.reshape(xp.arange(spline.bins + 1, device=x.device), (1, -1) + (1,) * (x.ndim - 1))
    here, before = k == found.bin, (k < found.bin)[:, :-1, ...]
    parts = ((found.widths, bar.left, bar.width), (found.heights, bar.low, bar.height))
    nothing = xp.zeros_like(x)[:, None, ...]
    made = []
    for shares, corner, length in parts:  # a corner is the sum of the lengths before it
        at_knot = xp.where(here[:, :-1, ...], length[:, None, ...], nothing)
        lengths_bar = xp.where(before, corner[:, None, ...], at_knot)
        made.append(softmax_vjp(shares, lengths_bar) * ((spline.high - spline.low) * (1.0 - spline.least)))
    first, second = (
        xp.where(k == knot, (d * _sigmoid(raw))[:, None, ...], nothing)
        for knot, d, raw in zip((found.bin, _next(found.bin, spline)), (bar.d0, bar.d1), found.raw)
    )
    slopes = (first + second)[:, :-1, ...] if spline.periodic else (first + second)[:, 1:-1, ...]
    p_bar = xp.concat([*made, slopes], axis=1)
    return _outside(inside, x_bar, y_bar), _outside(inside[:, None, ...], p_bar, nothing)


class Found(NamedTuple):
    """The piece every number lies in, and what of the parameters led there."""

    piece: Piece
    bin: Array
    """Its number.  (chain, 1, *n) of integers"""
    widths: Array
    """Shares of the interval.  (chain, bins, *n)"""
    heights: Array
    raw: tuple[Array, Array]
    """Parameters of the slopes at its ends.  two (chain, *n)"""


def _found(at: Array, p: Array, spline: Spline, *, inverse: bool) -> Found:
    """Knot by knot from the left: the last one that lies before."""
    xp, k = namespace(at), spline.bins
    widths, heights = softmax(p[:, :k, ...]), softmax(p[:, k : 2 * k, ...])
    left = low = corner = corner_y = xp.full_like(at, spline.low)
    width, height = (_length(shares[:, 0, ...], spline) for shares in (widths, heights))
    knot = xp.zeros_like(at, dtype=xp.int64)
    one_width, one_height = width, height
    for n in range(1, k):
        corner, corner_y = corner + one_width, corner_y + one_height
        one_width, one_height = (_length(shares[:, n, ...], spline) for shares in (widths, heights))
        past = at >= (corner_y if inverse else corner)
        left, low = xp.where(past, corner, left), xp.where(past, corner_y, low)
        width, height = xp.where(past, one_width, width), xp.where(past, one_height, height)
        knot = knot + xp.astype(past, xp.int64)
    knot, slopes = knot[:, None, ...], _slopes(p, spline)
    first, second = (_chosen(slopes, n) + spline.offset for n in (knot, _next(knot, spline)))
    d0, d1 = (spline.least + xp.logaddexp(raw, xp.zeros_like(raw)) for raw in (first, second))
    return Found(Piece(left, low, width, height, d0, d1), knot, widths, heights, (first, second))


def _inside(x: Array, spline: Spline) -> tuple[Array, Array]:
    """Where the spline acts, and x there (some number in reach elsewhere)."""
    xp = namespace(x)
    inside = xp.ones_like(x, dtype=xp.bool) if spline.periodic else (x > spline.low) & (x < spline.high)
    return inside, xp.where(inside, x, xp.full_like(x, spline.low))


def _outside(inside: Array, there: Array, elsewhere: Array) -> Array:
    return namespace(there).where(inside, there, elsewhere)


def _slopes(p: Array, spline: Spline) -> Array:
    """Parameters of the slopes at all knots: zeros at ends where the slope is 1."""
    xp, slopes = namespace(p), p[:, 2 * spline.bins :, ...]
    nothing = xp.zeros_like(p[:, :1, ...])
    return slopes if spline.periodic else xp.concat([nothing, slopes, nothing], axis=1)


def _next(knot: Array, spline: Spline) -> Array:
    return (knot + 1) % spline.bins if spline.periodic else knot + 1


def _length(share: Array, spline: Spline) -> Array:
    """A piece of the interval."""
    return (spline.high - spline.low) * (spline.least / spline.bins + (1.0 - spline.least) * share)


def _chosen(values: Array, knot: Array) -> Array:
    """values[:, knot].  (chain, k, *n), (chain, 1, *n) -> (chain, *n)"""
    return namespace(values).take_along_axis(values, knot, axis=1)[:, 0, ...]


def _sigmoid(raw: Array) -> Array:
    return 0.5 + 0.5 * namespace(raw).tanh(0.5 * raw)
