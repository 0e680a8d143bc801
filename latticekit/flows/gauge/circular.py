"""Invertible maps of the circle with everything a coupling needs of them: slope, inverse, and all derivatives."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.gauge.knots import Spline
from latticekit.flows.gauge.monotone import solved
from latticekit.flows.gauge.softmax import softmax
from latticekit.groups.u1 import wrap

Array = Any


class CircularTransform(ABC):
    """y = h(x; p) of angles, element by element, increasing once round the circle; p = 0 is y = x.

    Parameters have an axis of length `size` behind the chain: p (chain, size, *n), x and y (chain, *n).
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of parameters per angle."""

    @abstractmethod
    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """y in [-pi, pi) and l = log dy/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""

    @abstractmethod
    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """x in [-pi, pi) and log dx/dy.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""

    @abstractmethod
    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """dy/dx and dl/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""

    @abstractmethod
    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """p_bar = y_bar dy/dp + l_bar dl/dp.  three (chain, *n) and p -> (chain, size, *n)"""


@dataclass(frozen=True)
class NonCompactProjection(CircularTransform):
    """Mixture of scalings of tan(x/2), then a turn: h = sum_k pi_k 2 atan(a_k tan(x/2)) + t.

    pi = softmax(rho), a = exp(alpha), t = arg(1 + t_1 + i t_2), so that the turn is a smooth map of the context to
    the circle.  Smooth everywhere.  Parameters in the order rho, alpha, t_1, t_2.
    Rezende et al., 2002.02428, section 2.1; Kanwar et al., 2003.06413, eq. 17.
    """

    components: int = 6

    def __post_init__(self) -> None:
        if self.components < 1:
            raise ValueError(f"a mixture needs at least one component, got {self.components}")

    @property
    def size(self) -> int:
        """Weight and width of each component, and two for the turn."""
        return 2 * self.components + 2

    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """y and log sum_k pi_k a_k / D_k, D = cos^2(x/2) + a^2 sin^2(x/2)."""
        h, slope = self._mixed(wrap(x), p)
        return wrap(h + turn(p)), namespace(x).log(slope)

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """Newton's method between brackets, to rounding."""
        target = wrap(y - turn(p))
        x = solved(lambda angle: self._mixed(angle, p), target, -math.pi, math.pi)
        return x, -namespace(x).log(self._mixed(x, p)[1])

    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """dy/dx = sum pi a/D;  d^2y/dx^2 = -sum pi a (a^2 - 1) sin x / (2 D^2)."""
        xp = namespace(x)
        weight, a, s, c, d = self._parts(wrap(x), p)
        slope = xp.sum(weight * a / d, axis=1)
        bend = xp.sum(weight * a * (1.0 - a * a) * s * c / (d * d), axis=1)
        return slope, bend / slope

    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """d rho_j: pi_j (h_j - h) and pi_j (h'_j - h')/h';  d alpha: a sin x/D and h'(c^2 - a^2 s^2)/D;  turn."""
        xp = namespace(x)
        weight, a, s, c, d = self._parts(wrap(x), p)
        each, slopes = 2.0 * xp.atan2(a * s, c), a / d
        mean, slope = xp.sum(weight * each, axis=1), xp.sum(weight * slopes, axis=1)
        y_bar, ratio = y_bar[:, None, ...], (l_bar / slope)[:, None, ...]
        rho = weight * (y_bar * (each - mean[:, None, ...]) + ratio * (slopes - slope[:, None, ...]))
        alpha = weight * slopes * (2.0 * y_bar * s * c + ratio * (c * c - a * a * s * s) / d)
        return xp.concat([rho, alpha, turn_vjp(p, y_bar)], axis=1)

    def _parts(self, x: Array, p: Array) -> tuple[Array, Array, Array, Array, Array]:
        """pi, a, sin(x/2), cos(x/2), D."""
        xp, k = namespace(x), self.components
        half = 0.5 * x[:, None, ...]
        a, s, c = xp.exp(p[:, k : 2 * k, ...]), xp.sin(half), xp.cos(half)
        return softmax(p[:, :k, ...]), a, s, c, c * c + a * a * s * s

    def _mixed(self, x: Array, p: Array) -> tuple[Array, Array]:
        """sum pi_k h_k and its slope."""
        xp = namespace(x)
        weight, a, s, c, d = self._parts(x, p)
        return xp.sum(weight * 2.0 * xp.atan2(a * s, c), axis=1), xp.sum(weight * a / d, axis=1)


@dataclass(frozen=True)
class CircularSpline(CircularTransform):
    """Rational-quadratic spline of [-pi, pi] with one slope at both ends, then a turn t = arg(1 + t_1 + i t_2).

    `bins` pieces; parameters in the order widths, heights, slopes (see `Spline`), t_1, t_2.  The second derivative
    jumps at knots: no layer for HMC through a flow.  Rezende et al., 2002.02428, section 2.2.
    """

    bins: int = 8
    least: float = 1e-3

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise ValueError(f"a spline needs at least 2 bins, got {self.bins}")
        if not 0 < self.least < 1:
            raise ValueError(f"`least` must lie between 0 and 1, got {self.least}")

    @property
    def spline(self) -> Spline:
        """The spline before the turn."""
        return Spline(self.bins, -math.pi, math.pi, True, self.least)

    @property
    def size(self) -> int:
        """Width, height and slope of each piece, and two for the turn."""
        return self.spline.size + 2

    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """Spline, turn."""
        y, log_slope = self.spline.apply(wrap(x), p[:, :-2, ...])
        return wrap(y + turn(p)), log_slope

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """Turn back, root of a quadratic equation."""
        x, log_slope = self.spline.inverse(wrap(y - turn(p)), p[:, :-2, ...])
        return wrap(x), -log_slope

    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """Those of the spline."""
        return self.spline.slopes(wrap(x), p[:, :-2, ...])

    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """Through the spline and the turn."""
        bar = self.spline.parameter_vjp(wrap(x), p[:, :-2, ...], y_bar, l_bar)
        return namespace(x).concat([bar, turn_vjp(p, y_bar[:, None, ...])], axis=1)


def turn(p: Array) -> Array:
    """t = arg(1 + t_1 + i t_2) of the last two parameters: smooth round the whole circle.  -> (chain, *n)"""
    return namespace(p).atan2(p[:, -1, ...], 1.0 + p[:, -2, ...])


def turn_vjp(p: Array, bar: Array) -> Array:
    """Back from t to t_1, t_2.  p, (chain, 1, *n) -> (chain, 2, *n)"""
    across, up = 1.0 + p[:, -2:-1, ...], p[:, -1:, ...]
    square = across * across + up * up
    return namespace(p).concat([-bar * up / square, bar * across / square], axis=1)
