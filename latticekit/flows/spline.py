"""The rational-quadratic spline coupling."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.flows.base import Residuals
from latticekit.flows.couplings import Coupling
from latticekit.flows.rational_quadratic import Piece, backward, forward, vjp

Array = Any


class Knots(NamedTuple):
    """The pieces of every site: shares of width and height, slopes between pieces, and corners."""

    widths: Array
    heights: Array
    slopes: Array
    left: Array
    low: Array


@dataclass(frozen=True)
class SplineCoupling(Coupling):
    """Active sites by a monotone rational-quadratic spline on [-B, B], identity outside.  (chain, *sites) -> the same

    The network gives widths, heights (softmax, each at least `least` of the average) and inner slopes (softplus, at
    least `least`) of K = `bins` pieces; slopes 1 at +-B = +-`reach`, so that f is once differentiable.  The second
    derivative jumps at knots: no layer for HMC through a flow.  odd: features reversed.  Durkan et al., 1906.04032.
    """

    bins: int = field(default=8, kw_only=True)
    reach: float = field(default=3.0, kw_only=True)
    least: float = field(default=1e-2, kw_only=True)

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise ValueError(f"a spline needs at least 2 bins, got {self.bins}")
        if not 0 < self.reach < math.inf:
            raise ValueError(f"the reach of a spline must be positive, got {self.reach}")
        if not 0 < self.least < 1:
            raise ValueError(f"`least` must lie between 0 and 1, got {self.least}")

    @property
    def channels(self) -> int:
        """K widths, K heights, K - 1 slopes."""
        return 3 * self.bins - 1

    def site_map(self, x: Array, features: Array) -> tuple[Array, Array, Residuals]:
        """The spline inside, x outside."""
        knots = self._knots(features)
        inside, at = self._inside(x)
        piece = self._piece(knots, self._bin(at, knots.left))
        y, log_slope = forward(at, piece)
        xp = namespace(x)
        return xp.where(inside, y, x), xp.where(inside, log_slope, xp.zeros_like(x)), (x, features)

    def site_inverse(self, y: Array, features: Array) -> tuple[Array, Array]:
        """The root of a quadratic equation inside, y outside."""
        knots = self._knots(features)
        inside, at = self._inside(y)
        x, log_slope = backward(at, self._piece(knots, self._bin(at, knots.low)))
        xp = namespace(y)
        return xp.where(inside, x, y), xp.where(inside, log_slope, xp.zeros_like(y))

    def site_vjp(self, residuals: Residuals, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """Through the piece, its corners, and the softmax and softplus of the features."""
        (x, features), xp = residuals, namespace(y_bar)
        knots = self._knots(features)
        inside, at = self._inside(x)
        here = self._bin(at, knots.left)
        x_bar, bar = vjp(at, self._piece(knots, here), y_bar, log_bar)
        features_bar = xp.concat(self._features_bar(knots, features, here, bar), axis=1)
        outside = xp.zeros_like(features_bar)
        return xp.where(inside, x_bar, y_bar), xp.where(inside[:, None, ...], features_bar, outside)

    def reflected(self, features: Array) -> Array:
        """Pieces in the opposite order."""
        xp = namespace(features)
        return xp.concat([xp.flip(part, axis=1) for part in self._split(features)], axis=1)

    def _split(self, features: Array) -> tuple[Array, Array, Array]:
        k = self.bins
        return features[:, :k, ...], features[:, k : 2 * k, ...], features[:, 2 * k :, ...]

    def _inside(self, x: Array) -> tuple[Array, Array]:
        """Where the spline acts, and x there (some number in reach elsewhere)."""
        xp = namespace(x)
        inside = xp.abs(x) < self.reach
        return inside, xp.where(inside, x, xp.zeros_like(x))

    def _knots(self, features: Array) -> Knots:
        xp = namespace(features)
        widths, heights, slopes = self._split(features)
        widths, heights = self._lengths(widths), self._lengths(heights)
        one = xp.ones_like(features[:, :1, ...])
        inner = self.least + xp.logaddexp(slopes + self._offset, xp.zeros_like(slopes))
        corners = [xp.cumulative_sum(lengths, axis=1) - lengths - self.reach for lengths in (widths, heights)]
        return Knots(widths, heights, xp.concat([one, inner, one], axis=1), *corners)

    @property
    def _offset(self) -> float:
        """Features of zero make slopes 1, and the spline the identity."""
        return math.log(math.expm1(1.0 - self.least))

    def _lengths(self, raw: Array) -> Array:
        """Pieces of [-B, B]."""
        return 2 * self.reach * (self.least / self.bins + (1.0 - self.least) * _softmax(raw))

    def _bin(self, at: Array, corners: Array) -> Array:
        """1 for the piece a number lies in, 0 for the others.  (chain, *sites) -> (chain, K, *sites)"""
        xp = namespace(at)
        past = xp.astype(at[:, None, ...] >= corners[:, 1:, ...], at.dtype)
        one = xp.ones_like(past[:, :1, ...])
        return xp.concat([one, past], axis=1) - xp.concat([past, xp.zeros_like(one)], axis=1)

    def _piece(self, knots: Knots, here: Array) -> Piece:
        xp = namespace(here)
        found = (
            knots.left,
            knots.low,
            knots.widths,
            knots.heights,
            knots.slopes[:, :-1, ...],
            knots.slopes[:, 1:, ...],
        )
        return Piece(*[xp.sum(here * values, axis=1) for values in found])

    def _features_bar(self, knots: Knots, features: Array, here: Array, bar: Piece) -> list[Array]:
        """Corners are sums of the lengths before; both neighbours of a knot share its slope."""
        xp, made = namespace(here), []
        before = xp.flip(xp.cumulative_sum(xp.flip(here, axis=1), axis=1), axis=1) - here
        for lengths, corner_bar, length_bar in (
            (knots.widths, bar.left, bar.width),
            (knots.heights, bar.low, bar.height),
        ):
            lengths_bar = before * corner_bar[:, None, ...] + here * length_bar[:, None, ...]
            share = lengths * (0.5 / self.reach) - self.least / self.bins  # (1 - least) softmax
            mean = xp.sum(share * lengths_bar, axis=1, keepdims=True) * (1.0 / (1.0 - self.least))
            made.append(share * (lengths_bar - mean) * (2 * self.reach))
        slopes_bar = here[:, 1:, ...] * bar.d0[:, None, ...] + here[:, :-1, ...] * bar.d1[:, None, ...]
        raw = self._split(features)[2] + self._offset
        return [*made, slopes_bar * (0.5 + 0.5 * xp.tanh(0.5 * raw))]


def _softmax(raw: Array) -> Array:
    xp = namespace(raw)
    grown = xp.exp(raw - xp.max(raw, axis=1, keepdims=True))
    return grown / xp.sum(grown, axis=1, keepdims=True)
