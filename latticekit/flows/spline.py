"""The rational-quadratic spline coupling."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from latticekit.arrays import namespace
from latticekit.flows.base import Residuals
from latticekit.flows.couplings import Coupling
from latticekit.flows.knots import Spline

Array = Any


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
        check_spline(self.bins, self.reach, self.least)

    @property
    def channels(self) -> int:
        """K widths, K heights, K - 1 slopes."""
        return 3 * self.bins - 1

    def site_map(self, x: Array, features: Array) -> tuple[Array, Array, Residuals]:
        """The spline inside, x outside."""
        return *self._spline.apply(x, features), (x, features)

    def site_inverse(self, y: Array, features: Array) -> tuple[Array, Array]:
        """The root of a quadratic equation inside, y outside."""
        return self._spline.inverse(y, features)

    def site_vjp(self, residuals: Residuals, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """Through the spline inside; y_bar itself outside."""
        x, features = residuals
        return self._spline.vjp(x, features, y_bar, log_bar + namespace(y_bar).zeros_like(y_bar))

    def site_bend(self, residuals: Residuals) -> Array:
        """That of the piece inside, 0 outside."""
        return self._spline.bend(*residuals)

    def reflected(self, features: Array) -> Array:
        """Pieces in the opposite order."""
        return reversed_pieces(features, self.bins, axis=1)

    @property
    def _spline(self) -> Spline:
        return Spline(self.bins, -self.reach, self.reach, False, self.least)


def check_spline(bins: int, reach: float, least: float) -> None:
    """Raise ValueError unless these make a spline of [-reach, reach]."""
    if bins < 2:
        raise ValueError(f"a spline needs at least 2 bins, got {bins}")
    if not 0 < reach < math.inf:
        raise ValueError(f"the reach of a spline must be positive, got {reach}")
    if not 0 < least < 1:
        raise ValueError(f"`least` must lie between 0 and 1, got {least}")


def reversed_pieces(p: Array, bins: int, axis: int) -> Array:
    """Widths, heights, inner slopes in the opposite order: the parameters of -y(-x)."""
    xp = namespace(p)

    def part(first: int, end: int | None) -> Array:
        return xp.flip(p[(slice(None),) * axis + (slice(first, end), ...)], axis=axis)

    return xp.concat([part(0, bins), part(bins, 2 * bins), part(2 * bins, None)], axis=axis)
