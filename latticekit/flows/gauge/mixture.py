"""Mixtures of scalings of tan(x/2): smooth maps of the circle that keep 0 and pi."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.gauge.monotone import MonotoneMap, solved
from latticekit.flows.softmax import softmax

Array = Any


@dataclass(frozen=True)
class Mixture(MonotoneMap):
    """h = sum_k pi_k h_k, h_k = 2 atan(a_k tan(x/2)), pi = softmax(rho), a = exp(alpha); parameters rho, alpha.

    Rezende et al., 2002.02428.
    """

    components: int

    @property
    def size(self) -> int:
        """Weight and width of each component."""
        return 2 * self.components

    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """h and log sum_k pi_k a_k / D_k, D = cos^2(x/2) + a^2 sin^2(x/2)."""
        h, slope = self._mixed(x, p)
        return h, namespace(x).log(slope)

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """Newton's method between brackets, to rounding."""
        x = solved(lambda angle: self._mixed(angle, p), y, -math.pi, math.pi)
        return x, namespace(x).log(self._mixed(x, p)[1])

    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """h' = sum pi a/D;  h'' = -sum pi a (a^2 - 1) sin x / (2 D^2)."""
        xp = namespace(x)
        weight, a, s, c, d = self._parts(x, p)
        slope = xp.sum(weight * a / d, axis=1)
        bend = xp.sum(weight * a * (1.0 - a * a) * s * c / (d * d), axis=1)
        return slope, bend / slope

    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """d rho_j: pi_j (h_j - h) and pi_j (h'_j - h')/h';  d alpha: a sin x/D and h'(c^2 - a^2 s^2)/D."""
        xp = namespace(x)
        weight, a, s, c, d = self._parts(x, p)
        each, slopes = 2.0 * xp.atan2(a * s, c), a / d
        mean, slope = xp.sum(weight * each, axis=1), xp.sum(weight * slopes, axis=1)
        y_bar, ratio = y_bar[:, None, ...], (l_bar / slope)[:, None, ...]
        rho = weight * (y_bar * (each - mean[:, None, ...]) + ratio * (slopes - slope[:, None, ...]))
        alpha = weight * slopes * (2.0 * y_bar * s * c + ratio * (c * c - a * a * s * s) / d)
        return xp.concat([rho, alpha], axis=1)

    def _parts(self, x: Array, p: Array) -> tuple[Array, Array, Array, Array, Array]:
        """pi, a, sin(x/2), cos(x/2), D."""
        xp, k = namespace(x), self.components
        half = 0.5 * x[:, None, ...]
        a, s, c = xp.exp(p[:, k:, ...]), xp.sin(half), xp.cos(half)
        return softmax(p[:, :k, ...]), a, s, c, c * c + a * a * s * s

    def _mixed(self, x: Array, p: Array) -> tuple[Array, Array]:
        """h and h'."""
        xp = namespace(x)
        weight, a, s, c, d = self._parts(x, p)
        return xp.sum(weight * 2.0 * xp.atan2(a * s, c), axis=1), xp.sum(weight * a / d, axis=1)
