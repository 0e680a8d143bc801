"""Circular rational-quadratic splines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.gauge.monotone import MonotoneMap
from latticekit.flows.knots import Spline

Array = Any


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
        return self._spline.size

    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """y and log dy/dx."""
        return self._spline.apply(x, p)

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """x and log dy/dx there."""
        return self._spline.inverse(y, p)

    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """dy/dx and d log(dy/dx)/dx."""
        return namespace(x).exp(self._spline.apply(x, p)[1]), self._spline.bend(x, p)

    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """Through the piece, its corners, softmax and softplus."""
        return self._spline.vjp(x, p, y_bar, l_bar)[1]

    @property
    def _spline(self) -> Spline:
        return Spline(self.bins, -math.pi, math.pi, True, self.least)
