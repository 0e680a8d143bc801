"""Two-point functions of a real scalar field, by time separation and by momentum.

Both come from the sums of the field over the sites of equal x_mu, s_mu(t), and its discrete Fourier transform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from latticekit.arrays import namespace
from latticekit.observables.base import Array
from latticekit.observables.scalars import ScalarObservable


def slice_sums(x: Array, mu: int = 0) -> Array:
    """Sum over the sites of equal x_mu, in float64.  (chain, *sites) -> (chain, L_mu)"""
    xp = namespace(x)
    others = tuple(axis for axis in range(1, x.ndim) if axis != mu + 1)
    return xp.sum(x, axis=others, dtype=xp.float64) if others else xp.astype(x, xp.float64)


def _power(x: Array, mu: int) -> Array:
    """|phi(k)|^2 for k along axis mu, k = 2 pi p / L_mu with p = 0 .. L_mu // 2.  (chain, *sites) -> (chain, p)"""
    xp = namespace(x)
    mode = xp.fft.rfft(slice_sums(x, mu), axis=-1)
    return xp.real(mode) ** 2.0 + xp.imag(mode) ** 2.0


@dataclass(frozen=True)
class TwoPoint(ScalarObservable):
    """C(dt) = (V_s / T) sum_t s(t) s(t + dt) with s(t) = (1/V_s) sum_x phi(t, x); dt = 0 .. T - 1, time is axis 0.

    The zero-momentum correlator, not connected: sum_dt C(dt) = V M^2, and C ~ cosh(m (dt - T/2)) at large dt.
    """

    name = "two_point"
    dims = ("dt",)
    long_name = "zero-momentum two-point function by time separation"
    symbol = r"C(\Delta t)"

    def measure(self, x: Array) -> Array:
        """C(dt) by the convolution theorem.  (chain, *sites) -> (chain, dt)"""
        xp = namespace(x)
        spectrum = xp.astype(_power(x, 0) * (1.0 / math.prod(x.shape[1:])), xp.complex128)
        return xp.fft.irfft(spectrum, n=x.shape[1], axis=-1)

    def coords(self, sites: tuple[int, ...]) -> dict[str, np.ndarray]:
        """dt = 0 .. T - 1."""
        return {"dt": np.arange(sites[0])}


@dataclass(frozen=True)
class MomentumTwoPoint(ScalarObservable):
    """G(p) = |phi(k)|^2 / V at k = 2 pi p / L along one axis, p = 0 .. L // 2, averaged over axes as long as axis 0.

    phi(k) = sum_x exp(-i k x) phi(x).  G(0) = V M^2; the second-moment correlation length needs G(0) and G(1).
    """

    name = "momentum_two_point"
    dims = ("p",)
    long_name = "two-point function by momentum along an axis"
    symbol = r"G(p)"

    def measure(self, x: Array) -> Array:
        """G(p).  (chain, *sites) -> (chain, p)"""
        sites = x.shape[1:]
        axes = [mu for mu, extent in enumerate(sites) if extent == sites[0]]
        total = _power(x, axes[0])
        for mu in axes[1:]:
            total = total + _power(x, mu)
        return total * (1.0 / (len(axes) * math.prod(sites)))

    def coords(self, sites: tuple[int, ...]) -> dict[str, np.ndarray]:
        """p = 0 .. L // 2."""
        return {"p": np.arange(sites[0] // 2 + 1)}
