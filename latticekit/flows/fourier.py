"""A free field as a layer: every momentum scaled by a factor of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from latticekit.arrays import namespace, to_host
from latticekit.flows.base import Layer, Residuals
from latticekit.flows.parameters import Setting, Tree
from latticekit.lattice import check_sites, hartley, orbits

Array = Any


@dataclass(frozen=True)
class FourierScale(Layer):
    """y(k) = exp(a_[k]) x(k), one a per orbit of momenta under the symmetries of the box.  (chain, *sites) -> the same

    log_det = sum_k a_[k].  Turns unit normal numbers into a free field of spectrum omega = exp(-2 a); starts from the
    action's `gaussian`, if it has one, else, or with gaussian=False, from a = 0.  Commutes with translations,
    reflections, exchanges, sign.  Computed in the basis of `hartley`: the kernel is even along every axis.
    """

    sites: tuple[int, ...] = ()
    """The lattice whose orbits a belongs to; set by `init`."""
    gaussian: bool = field(default=True, kw_only=True)
    """Whether to start from the action's Gaussian."""

    def init(self, setting: Setting) -> Self:
        """a = -log(omega) / 2 of the action's Gaussian."""
        gaussian = getattr(setting.action if self.gaussian else None, "gaussian", lambda sites: None)
        omega = gaussian(sites := check_sites(setting.sites))
        return self._from_spectrum(sites, np.ones(sites) if omega is None else np.asarray(omega), setting.like)

    def spectrum(self) -> np.ndarray:
        """omega(k) = exp(-2 a_[k]) on the host, float64.  -> sites"""
        a = np.asarray(to_host(self.own["a"]), dtype=np.float64)
        return np.exp(-2.0 * a)[orbits(self.sites).of_site].reshape(self.sites)

    def resized(self, sites: tuple[int, ...]) -> Self:
        """omega interpolated between momenta, linearly in 4 sin^2(k_mu / 2) along each axis: exact for free fields."""
        omega, new = self.spectrum(), check_sites(sites)
        if len(new) != len(self.sites):
            raise ValueError(f"a spectrum on {self.sites} cannot be moved to {new}: another number of dimensions")
        for mu, (old_extent, extent) in enumerate(zip(self.sites, new)):
            omega = np.moveaxis(np.tensordot(_between(extent, old_extent), omega, axes=(1, mu)), 0, mu)
        return self._from_spectrum(new, np.maximum(omega, np.min(self.spectrum())), self.own["a"])

    def apply(self, x: Array) -> tuple[Array, Array, Residuals]:
        """The free field of x."""
        modes = hartley(x) * self._factor(x, 1.0)
        return hartley(modes), self._log_det(x), (modes,)

    def inverse(self, y: Array) -> tuple[Array, Array]:
        """x(k) = exp(-a_[k]) y(k)."""
        return hartley(hartley(y) * self._factor(y, -1.0)), -self._log_det(y)

    def vjp(self, residuals: Residuals, y_bar: Array, log_det_bar: Array) -> tuple[Array, Tree]:
        """x_bar(k) = exp(a) y_bar(k); a_bar = sum over the orbit of y(k) y_bar(k) + log_det_bar."""
        (modes,), bar, xp = residuals, hartley(y_bar), namespace(y_bar)
        found = orbits(tuple(y_bar.shape[1:]))
        products = xp.reshape(xp.sum(modes * bar, axis=0, dtype=xp.float64), (-1,))
        padded = xp.concat([products, xp.zeros_like(products[:1])])
        members = xp.asarray(found.members, device=y_bar.device)
        per_orbit = xp.sum(xp.reshape(xp.take(padded, xp.reshape(members, (-1,))), tuple(members.shape)), axis=1)
        a_bar = per_orbit + self._sizes(y_bar) * xp.sum(log_det_bar, dtype=xp.float64)
        return hartley(bar * self._factor(y_bar, 1.0)), {"a": xp.astype(a_bar, y_bar.dtype)}

    def carry(self, residuals: Residuals, zeta: Array, weight: Array) -> Array:
        """y_bar(k) = exp(-a) zeta(k); the log-det does not depend on x."""
        return hartley(hartley(zeta) * self._factor(zeta, -1.0))

    def _factor(self, x: Array, sign: float) -> Array:
        """exp(+-a_[k]) of every mode.  -> sites"""
        xp, sites = namespace(x), tuple(x.shape[1:])
        if sites != self.sites:
            raise ValueError(f"FourierScale has parameters for {self.sites or 'no lattice'}, got a field on {sites}")
        of_site = xp.asarray(orbits(sites).of_site, device=x.device)
        return xp.reshape(xp.take(xp.exp(sign * self.own["a"]), of_site), sites)

    def _log_det(self, x: Array) -> Array:
        xp = namespace(x)
        total = xp.sum(self._sizes(x) * xp.astype(self.own["a"], xp.float64))
        return xp.zeros(x.shape[0], dtype=xp.float64, device=x.device) + total

    def _sizes(self, x: Array) -> Array:
        return namespace(x).asarray(orbits(self.sites).size, device=x.device)

    def _from_spectrum(self, sites: tuple[int, ...], omega: np.ndarray, like: Array) -> Self:
        """The layer of a spectrum that is the same all over an orbit."""
        a = -0.5 * np.log(omega.reshape(-1)[orbits(sites).members[:, 0]])
        made = namespace(like).asarray(a, dtype=like.dtype, device=like.device)
        return replace(self, sites=sites, own={"a": made})


def _between(extent: int, old_extent: int) -> np.ndarray:
    """Weights of the old momenta at each new one, linear in 4 sin^2(k / 2), also beyond the last.  (new, old)"""
    at, known = _sine_squared(extent), _sine_squared(old_extent)[: old_extent // 2 + 1]
    weights = np.zeros((extent, old_extent))
    if len(known) == 1:
        weights[:, 0] = 1.0
        return weights
    left = np.clip(np.searchsorted(known, at, side="right") - 1, 0, len(known) - 2)
    share = (at - known[left]) / (known[left + 1] - known[left])
    rows = np.arange(extent)
    weights[rows, left], weights[rows, left + 1] = 1.0 - share, share
    return weights


def _sine_squared(extent: int) -> np.ndarray:
    return 4.0 * np.sin(np.pi * np.arange(extent) / extent) ** 2
