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
        xp, (inside, at) = namespace(x), self._inside(x)
        y, log_slope, found = self._spline.apply(at, self._with_ends(features))
        return xp.where(inside, y, x), xp.where(inside, log_slope, xp.zeros_like(x)), (inside, at, found)

    def site_inverse(self, y: Array, features: Array) -> tuple[Array, Array]:
        """The root of a quadratic equation inside, y outside."""
        xp, (inside, at) = namespace(y), self._inside(y)
        x, log_slope = self._spline.inverse(at, self._with_ends(features))
        return xp.where(inside, x, y), xp.where(inside, log_slope, xp.zeros_like(y))

    def site_vjp(self, residuals: Residuals, y_bar: Array, log_bar: Array) -> tuple[Array, Array]:
        """Through the spline inside; y_bar itself outside."""
        (inside, at, found), xp, k = residuals, namespace(y_bar), self.bins
        x_bar, bar = self._spline.vjp(at, found, y_bar, log_bar)
        bar = xp.concat([bar[:, : 2 * k, ...], bar[:, 2 * k + 1 : 3 * k, ...]], axis=1)
        return xp.where(inside, x_bar, y_bar), xp.where(inside[:, None, ...], bar, xp.zeros_like(bar))

    def site_bend(self, residuals: Residuals) -> Array:
        """That of the piece inside, 0 outside."""
        (inside, at, found), xp = residuals, namespace(residuals[1])
        return xp.where(inside, self._spline.bend(at, found), xp.zeros_like(at))

    def reflected(self, features: Array) -> Array:
        """Pieces in the opposite order."""
        xp, k = namespace(features), self.bins
        parts = (features[:, :k, ...], features[:, k : 2 * k, ...], features[:, 2 * k :, ...])
        return xp.concat([xp.flip(part, axis=1) for part in parts], axis=1)

    @property
    def _spline(self) -> Spline:
        return Spline(self.bins, -self.reach, self.reach, False, self.least)

    def _with_ends(self, features: Array) -> Array:
        """Parameters of slopes 1 at both ends: zeros."""
        xp, k = namespace(features), self.bins
        nothing = xp.zeros_like(features[:, :1, ...])
        return xp.concat([features[:, : 2 * k, ...], nothing, features[:, 2 * k :, ...], nothing], axis=1)

    def _inside(self, x: Array) -> tuple[Array, Array]:
        """Where the spline acts, and x there (some number in reach elsewhere)."""
        xp = namespace(x)
        inside = xp.abs(x) < self.reach
        return inside, xp.where(inside, x, xp.zeros_like(x))
