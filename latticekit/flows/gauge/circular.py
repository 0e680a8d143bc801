"""Invertible maps of the circle with everything a coupling needs of them: slope, inverse, and all derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.gauge.mixture import Mixture
from latticekit.flows.gauge.monotone import MonotoneMap
from latticekit.flows.gauge.periodic_spline import PeriodicSpline
from latticekit.groups.u1 import wrap

Array = Any


@dataclass(frozen=True)
class CircularTransform(ABC):
    """y = h(x; p) + t of angles, element by element: a map that keeps +-pi, then a turn t = arg(1 + t_1 + i t_2).

    So the turn is a smooth map of the context to the circle.  Parameters (chain, size, *n): those of h, then t_1, t_2.
    """

    @property
    @abstractmethod
    def map(self) -> MonotoneMap:
        """h."""

    @property
    def size(self) -> int:
        """Number of parameters per angle."""
        return self.map.size + 2

    def apply(self, x: Array, p: Array) -> tuple[Array, Array]:
        """y in [-pi, pi) and l = log dy/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
        y, log_slope = self.map.apply(wrap(x), p[:, :-2, ...])
        return wrap(y + turn(p)), log_slope

    def inverse(self, y: Array, p: Array) -> tuple[Array, Array]:
        """x in [-pi, pi) and log dx/dy.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
        x, log_slope = self.map.inverse(wrap(y - turn(p)), p[:, :-2, ...])
        return wrap(x), -log_slope

    def slopes(self, x: Array, p: Array) -> tuple[Array, Array]:
        """dy/dx and dl/dx.  (chain, *n), (chain, size, *n) -> two (chain, *n)"""
        return self.map.slopes(wrap(x), p[:, :-2, ...])

    def parameter_vjp(self, x: Array, p: Array, y_bar: Array, l_bar: Array) -> Array:
        """p_bar = y_bar dy/dp + l_bar dl/dp.  three (chain, *n) and p -> (chain, size, *n)"""
        bar = self.map.parameter_vjp(wrap(x), p[:, :-2, ...], y_bar, l_bar)
        return namespace(x).concat([bar, turn_vjp(p, y_bar)], axis=1)


@dataclass(frozen=True)
class NonCompactProjection(CircularTransform):
    """Mixture of scalings of tan(x/2), then a turn: y = sum_k pi_k 2 atan(a_k tan(x/2)) + t.  Smooth everywhere.

    Parameters rho, alpha, t_1, t_2 with pi = softmax(rho), a = exp(alpha).
    Rezende et al., 2002.02428; Kanwar et al., 2003.06413.
    """

    components: int = 6

    def __post_init__(self) -> None:
        if self.components < 1:
            raise ValueError(f"a mixture needs at least one component, got {self.components}")

    @property
    def map(self) -> Mixture:
        """The mixture."""
        return Mixture(self.components)


@dataclass(frozen=True)
class CircularSpline(CircularTransform):
    """Rational-quadratic spline of `bins` pieces with one slope at both ends, then a turn.

    The second derivative jumps at knots: no layer for HMC through a flow.  Rezende et al., 2002.02428.
    """

    bins: int = 8
    least: float = 1e-3

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise ValueError(f"a spline needs at least 2 bins, got {self.bins}")
        if not 0 < self.least < 1:
            raise ValueError(f"`least` must lie between 0 and 1, got {self.least}")

    @property
    def map(self) -> PeriodicSpline:
        """The spline."""
        return PeriodicSpline(self.bins, self.least)


def turn(p: Array) -> Array:
    """t = arg(1 + t_1 + i t_2) of the last two parameters: smooth round the whole circle.  -> (chain, *n)"""
    return namespace(p).atan2(p[:, -1, ...], 1.0 + p[:, -2, ...])


def turn_vjp(p: Array, bar: Array) -> Array:
    """Back from t to t_1, t_2.  p, (chain, *n) -> (chain, 2, *n)"""
    across, up = 1.0 + p[:, -2, ...], p[:, -1, ...]
    ratio = bar / (across * across + up * up)
    return namespace(p).stack([-up * ratio, across * ratio], axis=1)
