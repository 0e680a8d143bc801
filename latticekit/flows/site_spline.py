"""One curve for all sites: a free field becomes a field of another distribution at each site."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from latticekit.arrays import namespace
from latticekit.flows.base import Layer, Residuals, per_chain, sum_chains
from latticekit.flows.knots import Spline
from latticekit.flows.parameters import Setting, Tree
from latticekit.flows.spline import check_spline, reversed_pieces

Array = Any


@dataclass(frozen=True)
class SiteSpline(Layer):
    """y = g(x) at every site, g a rational-quadratic spline on [-B, B], identity outside.  (chain, *sites) -> the same

    log_det = sum of log g'; at first y = x.  K = `bins` pieces, B = `reach`, `least` as in `SplineCoupling`; parameters
    p: K widths, K heights, K - 1 slopes.  odd: g(-x) = -g(x), the mean of p and p reversed.  Commutes with whatever
    moves sites.  Between Fourier layers it is the elementwise step of a Gaussianization flow, 2003.01941.
    """

    bins: int = 8
    reach: float = 3.0
    least: float = 1e-2
    odd: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        check_spline(self.bins, self.reach, self.least)

    def init(self, setting: Setting) -> Self:
        """p = 0."""
        xp, like = namespace(setting.like), setting.like
        return replace(self, own={"p": xp.zeros((self._spline.size,), dtype=like.dtype, device=like.device)})

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """g of every site."""
        p = self._everywhere(x)
        y, log_slope = self._spline.apply(x, p)
        return y, sum_chains(log_slope), (x, p, log_slope)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """Where g is y."""
        x, log_slope = self._spline.inverse(y, self._everywhere(y))
        return x, -sum_chains(log_slope)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """x_bar = g' y_bar + log_det_bar d log g'; p_bar summed over sites and chains."""
        x, p, _ = residuals
        xp, log_bar = namespace(y_bar), per_chain(log_det_bar, y_bar) + 0.0 * y_bar
        x_bar, bar = self._spline.vjp(x, p, y_bar, log_bar)
        total = xp.sum(bar, axis=(0, *range(2, bar.ndim)), dtype=xp.float64)
        return x_bar, {"p": xp.astype(self._symmetric(total), y_bar.dtype)}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """(zeta - weight d log g') / g'."""
        x, p, log_slope = residuals
        return (zeta - per_chain(weight, zeta) * self._spline.bend(x, p)) * namespace(zeta).exp(-log_slope)

    @property
    def _spline(self) -> Spline:
        return Spline(self.bins, -self.reach, self.reach, False, self.least)

    def _everywhere(self, x: Array) -> Array:
        """The parameters at every site.  -> (chain, size, *sites)"""
        xp, p = namespace(x), self._symmetric(self.own["p"])
        shape = (x.shape[0], p.shape[0], *x.shape[1:])
        return xp.reshape(p, (1, -1) + (1,) * (x.ndim - 1)) + xp.zeros(shape, dtype=x.dtype, device=x.device)

    def _symmetric(self, p: Array) -> Array:
        """The part of p that makes g odd; its own transpose."""
        return 0.5 * (p + reversed_pieces(p, self.bins, axis=0)) if self.odd else p
