"""Circular rational-quadratic splines from free parameters, and back to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.flows.gauge.monotone import MonotoneMap
from latticekit.flows.gauge.softmax import softmax, softmax_vjp
from latticekit.flows.rational_quadratic import Piece, backward, forward, vjp

Array = Any
_TURN = 2 * math.pi


class Knots(NamedTuple):
    """Shares of width and height, slopes at the knots, and lower corners of the pieces.  Each (chain, bins, *n)"""

    widths: Array
    heights: Array
    slopes: Array
    left: Array
    low: Array


@dataclass(frozen=True)
class PeriodicSpline(MonotoneMap):
    """`bins` rational-quadratic pieces of [-pi, pi]; parameters: widths, heights, slopes at the knots.

    Widths and heights by softmax, each at least `least` of the average; slopes by softplus, at least `least`; the
    slopes at both ends are one.  Durkan et al., 1906.04032; Rezende et al., 2002.02428.
    """

    bins: int
    least: float = 1e-3

    @property
    def size(self) -> int:
        """Number of parameters."""
        return 3 * self.bins

    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """y and log dy/dx."""
        knots = self._knots(p)
        return forward(x, self._piece(knots, self._bin(x, knots.left)))

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """x and log dy/dx there."""
        knots = self._knots(p)
        return backward(y, self._piece(knots, self._bin(y, knots.low)))

    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """dy/dx and d log(dy/dx)/dx."""
        xp, knots = namespace(x), self._knots(p)
        piece, one = self._piece(knots, self._bin(x, knots.left)), xp.ones_like(x)
        return vjp(x, piece, one, 0.0 * one)[0], vjp(x, piece, 0.0 * one, one)[0]

    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """Through the piece, its corners, softmax and softplus."""
        xp, knots = namespace(x), self._knots(p)
        here = self._bin(x, knots.left)
        _, bar = vjp(x, self._piece(knots, here), y_bar, l_bar)
        before = xp.flip(xp.cumulative_sum(xp.flip(here, axis=1), axis=1), axis=1) - here
        made = []
        for lengths, corner, length in ((knots.widths, bar.left, bar.width), (knots.heights, bar.low, bar.height)):
            share = (lengths * (1.0 / _TURN) - self.least / self.bins) * (1.0 / (1.0 - self.least))
            lengths_bar = before * corner[:, None, ...] + here * length[:, None, ...]
            made.append(softmax_vjp(share, lengths_bar) * (_TURN * (1.0 - self.least)))
        raw = p[:, 2 * self.bins :, ...] + self._offset
        slopes_bar = here * bar.d0[:, None, ...] + xp.roll(here * bar.d1[:, None, ...], 1, axis=1)
        return xp.concat([*made, slopes_bar * (0.5 + 0.5 * xp.tanh(0.5 * raw))], axis=1)

    @property
    def _offset(self) -> float:
        """Parameters of zero make slopes 1."""
        return math.log(math.expm1(1.0 - self.least))

    def _knots(self, p: Array) -> Knots:
        xp, k = namespace(p), self.bins
        shares = [softmax(p[:, i * k : (i + 1) * k, ...]) for i in (0, 1)]
        widths, heights = (_TURN * (self.least / k + (1.0 - self.least) * share) for share in shares)
        left, low = (xp.cumulative_sum(one, axis=1) - one - math.pi for one in (widths, heights))
        raw = p[:, 2 * k :, ...] + self._offset
        return Knots(widths, heights, self.least + xp.logaddexp(raw, xp.zeros_like(raw)), left, low)

    def _bin(self, x: Array, corners: Array) -> Array:
        """1 for the piece a number lies in, 0 for the others.  (chain, *n) -> (chain, bins, *n)"""
        xp = namespace(x)
        past = xp.astype(x[:, None, ...] >= corners[:, 1:, ...], x.dtype)
        one = xp.ones_like(x[:, None, ...])
        return xp.concat([one, past], axis=1) - xp.concat([past, 0.0 * one], axis=1)

    def _piece(self, knots: Knots, here: Array) -> Piece:
        xp, slopes = namespace(here), knots.slopes
        found = (knots.left, knots.low, knots.widths, knots.heights, slopes, xp.roll(slopes, -1, axis=1))
        return Piece(*[xp.sum(here * values, axis=1) for values in found])
