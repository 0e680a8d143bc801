"""Rational-quadratic splines of an interval onto itself, from free parameters, and back to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.flows.rational_quadratic import Piece, backward, forward, vjp
from latticekit.flows.softmax import softmax, softmax_vjp

Array = Any


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


@dataclass(frozen=True)
class Spline:
    """y(x) of [low, high] onto itself, by `bins` pieces; parameters p (chain, size, *n), p = 0 is y = x.

    Widths and heights by softmax, each at least `least` of the average; slopes at the knots, one more than pieces, by
    softplus, at least `least`.  periodic: the slopes at both ends are one parameter.
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
        return 3 * self.bins + (0 if self.periodic else 1)

    def apply(self, x: Array, p: Array) -> tuple[Array, Array, Found]:
        """y, log dy/dx, and what `vjp` and `bend` need besides x.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
        found = self._found(x, p, inverse=False)
        return *forward(x, found.piece), found

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """x and log dy/dx there."""
        return backward(y, self._found(y, p, inverse=True).piece)

    def bend(self, x: Array, found: Found) -> Array:
        """d log(dy/dx) / dx."""
        one = namespace(x).ones_like(x)
        return vjp(x, found.piece, 0.0 * one, one)[0]

    def vjp(self, x: Array, found: Found, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """x_bar and p_bar: through the piece, its corners, softmax and softplus."""
        xp = namespace(x)
        x_bar, bar = vjp(x, found.piece, y_bar, log_bar)
        k = xp.reshape(xp.arange(self.bins + 1, device=x.device), (1, -1) + (1,) * (x.ndim - 1))
        here, before = k == found.bin, (k < found.bin)[:, :-1, ...]
        parts = ((found.widths, bar.left, bar.width), (found.heights, bar.low, bar.height))
        nothing = xp.zeros_like(x)[:, None, ...]
        made = []
        for shares, corner, length in parts:  # a corner is the sum of the lengths before it
            at = xp.where(here[:, :-1, ...], length[:, None, ...], nothing)
            made.append(self._shares_vjp(shares, xp.where(before, corner[:, None, ...], at)))
        first, second = (
            xp.where(k == knot, (d * _sigmoid(raw))[:, None, ...], nothing)
            for knot, d, raw in zip((found.bin, self._next(found.bin)), (bar.d0, bar.d1), found.raw)
        )
        return x_bar, xp.concat([*made, (first + second)[:, : self.size - 2 * self.bins, ...]], axis=1)

    @property
    def _offset(self) -> float:
        """Parameters of zero make slopes 1."""
        return math.log(math.expm1(1.0 - self.least))

    def _next(self, knot: Array) -> Array:
        return (knot + 1) % self.bins if self.periodic else knot + 1

    def _found(self, at: Array, p: Array, *, inverse: bool) -> Found:
        """Knot by knot from the left: the last one that lies before."""
        xp, k = namespace(at), self.bins
        widths, heights = softmax(p[:, :k, ...]), softmax(p[:, k : 2 * k, ...])
        left = low = corner = corner_y = xp.full_like(at, self.low)
        width, height = (self._length(shares[:, 0, ...]) for shares in (widths, heights))
        knot = xp.zeros_like(at, dtype=xp.int64)
        one_width, one_height = width, height
        for n in range(1, k):
            corner, corner_y = corner + one_width, corner_y + one_height
            one_width, one_height = (self._length(shares[:, n, ...]) for shares in (widths, heights))
            past = at >= (corner_y if inverse else corner)
            left, low = xp.where(past, corner, left), xp.where(past, corner_y, low)
            width, height = xp.where(past, one_width, width), xp.where(past, one_height, height)
            knot = knot + xp.astype(past, xp.int64)
        knot = knot[:, None, ...]
        first, second = (_chosen(p[:, 2 * k :, ...], n) + self._offset for n in (knot, self._next(knot)))
        d0, d1 = (self.least + xp.logaddexp(raw, xp.zeros_like(raw)) for raw in (first, second))
        return Found(Piece(left, low, width, height, d0, d1), knot, widths, heights, (first, second))

    def _length(self, share: Array) -> Array:
        """A piece of the interval."""
        return (self.high - self.low) * (self.least / self.bins + (1.0 - self.least) * share)

    def _shares_vjp(self, shares: Array, lengths_bar: Array) -> Array:
        return softmax_vjp(shares, lengths_bar) * ((self.high - self.low) * (1.0 - self.least))


def _chosen(values: Array, knot: Array) -> Array:
    """values[:, knot].  (chain, k, *n), (chain, 1, *n) -> (chain, *n)"""
    return namespace(values).take_along_axis(values, knot, axis=1)[:, 0, ...]


def _sigmoid(raw: Array) -> Array:
    return 0.5 + 0.5 * namespace(raw).tanh(0.5 * raw)
