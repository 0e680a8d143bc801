"""Linear maps of the whole field: one factor for all, or a dense matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

from latticekit.arrays import namespace
from latticekit.flows.base import Layer, Residuals, sum_chains
from latticekit.flows.parameters import Setting, Tree
from latticekit.lattice import check_sites

Array = Any


@dataclass(frozen=True)
class Scale(Layer):
    """y = exp(a) x with one number a, at first 0; log_det = V a.  (chain, *sites) -> the same"""

    def init(self, setting: Setting) -> Self:
        """a = 0."""
        xp, like = namespace(setting.like), setting.like
        return replace(self, own={"a": xp.zeros((1,), dtype=like.dtype, device=like.device)})

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """exp(a) x."""
        y = x * namespace(x).exp(self.own["a"])
        return y, self._log_det(x), (y,)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """exp(-a) y."""
        return y * namespace(y).exp(-self.own["a"]), -self._log_det(y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """x_bar = exp(a) y_bar, a_bar = sum (y y_bar) + V log_det_bar."""
        xp, a = namespace(y_bar), self.own["a"]
        a_bar = xp.sum(sum_chains(residuals[0] * y_bar) + math.prod(y_bar.shape[1:]) * log_det_bar, keepdims=True)
        return y_bar * xp.exp(a), {"a": xp.astype(a_bar, y_bar.dtype)}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """exp(-a) zeta."""
        return zeta * namespace(zeta).exp(-self.own["a"])

    def _log_det(self, x: Array) -> Array:
        xp = namespace(x)
        a = xp.astype(self.own["a"], xp.float64)
        return math.prod(x.shape[1:]) * a + xp.zeros(x.shape[0], dtype=xp.float64, device=x.device)


@dataclass(frozen=True)
class Linear(Layer):
    """y = L U x, x as one vector of V numbers; L unit lower, U upper triangular.  (chain, *sites) -> the same

    log_det = sum_i s_i, with U_ii = exp(s_i); at first the identity.  V^2 parameters `lower`, `upper` (of which the
    strict triangles count) and s: for blocks and small lattices.  The LU form of 1807.03039, section 3.2.
    """

    sites: tuple[int, ...] = ()
    """The lattice; set by `init`."""

    def init(self, setting: Setting) -> Self:
        """The identity."""
        xp, like, sites = namespace(setting.like), setting.like, check_sites(setting.sites)
        size = math.prod(sites)
        shapes = {"lower": (size, size), "upper": (size, size), "s": (size,)}
        own = {name: xp.zeros(shape, dtype=like.dtype, device=like.device) for name, shape in shapes.items()}
        return replace(self, sites=sites, own=own)

    def resized(self, sites: tuple[int, ...]) -> Self:
        """Only for the same lattice: a dense matrix knows its sites."""
        if tuple(sites) != self.sites:
            raise ValueError(f"Linear has one row per site of {self.sites} and cannot be moved to {tuple(sites)}")
        return self

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """L U x."""
        lower, upper = self._factors(x)
        return self._times(x, lower @ upper), self._log_det(x), (x,)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """U^-1 L^-1 y."""
        (lower, upper), xp = self._factors(y), namespace(y)
        rows = xp.reshape(y, (y.shape[0], -1))
        x = xp.linalg.solve(upper, xp.linalg.solve(lower, rows.T)).T
        return xp.reshape(x, y.shape), -self._log_det(y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """With W = L U and W_bar = sum y_bar x^T: L_bar = W_bar U^T, U_bar = L^T W_bar, s_bar = diag(U_bar U) + ..."""
        (x,), (lower, upper), xp = residuals, self._factors(y_bar), namespace(y_bar)
        w_bar = xp.reshape(y_bar, (y_bar.shape[0], -1)).T @ xp.reshape(x, (x.shape[0], -1))
        upper_bar = lower.T @ w_bar
        s_bar = xp.linalg.diagonal(upper_bar * upper) + xp.astype(xp.sum(log_det_bar), y_bar.dtype)
        bars = {"lower": xp.tril(w_bar @ upper.T, k=-1), "upper": xp.triu(upper_bar, k=1), "s": s_bar}
        return self._times(y_bar, (lower @ upper).T), bars

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """L^-T U^-T zeta."""
        (lower, upper), xp = self._factors(zeta), namespace(zeta)
        rows = xp.reshape(zeta, (zeta.shape[0], -1))
        return xp.reshape(xp.linalg.solve(lower.T, xp.linalg.solve(upper.T, rows.T)).T, zeta.shape)

    def _factors(self, x: Array) -> tuple[Array, Array]:
        """L and U."""
        xp = namespace(x)
        if tuple(x.shape[1:]) != self.sites:
            raise ValueError(f"Linear has parameters for {self.sites or 'no lattice'}, got a field on {x.shape[1:]}")
        one = xp.eye(math.prod(self.sites), dtype=x.dtype, device=x.device)
        lower = xp.tril(self.own["lower"], k=-1) + one
        return lower, xp.triu(self.own["upper"], k=1) + one * xp.exp(self.own["s"])

    def _times(self, x: Array, matrix: Array) -> Array:
        xp = namespace(x)
        return xp.reshape(xp.reshape(x, (x.shape[0], -1)) @ matrix.T, x.shape)

    def _log_det(self, x: Array) -> Array:
        xp = namespace(x)
        total = xp.sum(self.own["s"], dtype=xp.float64)
        return xp.zeros(x.shape[0], dtype=xp.float64, device=x.device) + total
