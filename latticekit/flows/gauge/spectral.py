"""Spectral couplings of SU(N) links: maps of the eigenphases of active loops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from latticekit.arrays import namespace
from latticekit.fields import transporter
from latticekit.flows.base import per_chain, sum_chains
from latticekit.flows.gauge.coupling import LinkCoupling
from latticekit.flows.gauge.eigen import eigenphases
from latticekit.flows.gauge.masks import FROZEN_LOOPS, Rectangle, sweep
from latticekit.flows.gauge.mixture import Mixture
from latticekit.flows.gauge.spectrum import SpectralMap, pairs
from latticekit.flows.gauge.wilson_loops import loop_vjp, traces, traces_vjp
from latticekit.flows.networks import ConvNet, Network
from latticekit.flows.sequential import Sequential
from latticekit.groups import SU
from latticekit.groups.matrices import complex_from, dagger_mul, mul, mul_dagger

Array = Any
_HERE = (0, 0)
_MAP = SpectralMap()


@dataclass(frozen=True)
class SpectralCoupling(LinkCoupling):
    """U' = P' P^dagger U on active links, P = V exp(i theta) V^dagger their loops, P' = V exp(i theta') V^dagger.

    theta'(theta; context) is a map of spectra, its parameters a network's view of traces of frozen loops.  The
    log-det is by Haar measure.  (chain, mu, N, N, *sites) -> the same.  Boyda et al., 2008.05456.

    Nothing divides by a gap of eigenvalues: in the eigenbasis, a left displacement Y of P becomes
    Y'_ij = Gamma_ij Y_ij with Gamma_ij = exp(i (gap' - gap)/2) sin(gap'/2) / sin(gap/2), and d theta' on the diagonal.
    """

    group: SU = field(kw_only=True)
    spectral: SpectralMap = _MAP

    @property
    def features(self) -> int:
        """The trace, complex for N > 2."""
        return 1 if self.group.n == 2 else 2

    @property
    def outputs(self) -> int:
        """Those of the map of spectra."""
        return self.spectral.size

    def context(self, x: Array) -> Array:
        """Traces."""
        return traces(x, self.rows, self.rows.context(x.shape[1], self.loops))

    def context_vjp(self, x: Array, bar: Array) -> Array:
        """Back to the links."""
        return traces_vjp(x, self.rows, self.rows.context(x.shape[1], self.loops), bar, self.group)

    def couple(self, x: Array, p: Array) -> tuple[Array, Array]:
        """The map of the spectra of active loops."""
        theta, v = self._active(x)
        new, log_det = self.spectral.apply(theta, p)
        return self._turned(x, v, new - theta), sum_chains(log_det)

    def uncouple(self, y: Array, p: Array) -> tuple[Array, Array]:
        """Its inverse."""
        theta, v = self._active(y)
        old = self.spectral.inverse(theta, p)
        return self._turned(y, v, old - theta), -sum_chains(self.spectral.apply(old, p)[1])

    def couple_vjp(self, x: Array, p: Array, y_bar: Array, log_det_bar: Array) -> tuple[Array, Array]:
        """Back through the eigenbasis: Gamma* off the diagonal, the map of spectra on it."""
        dim, (theta, v) = x.shape[1], self._active(x)
        own = self.group.algebra(self.rows.take(y_bar[:, self.rows.mu, ...], _HERE, dim))
        inside = dagger_mul(v, mul(own, v))
        weight = per_chain(log_det_bar, theta)
        theta_bar, p_bar = self.spectral.vjp(theta, p, _diagonal(inside, self.group), weight)
        factors, new = self._factors(theta, p)
        loop_bar = mul(v, mul_dagger(_with_diagonal(inside, factors, theta_bar, self.group), v))
        change = _phases(v, new - theta)
        turned = dagger_mul(change, mul(own, change))  # U' = R U: the cotangent of U at constant R
        at = self.rows.put(_blank(x), _HERE, loop_bar - turned, dim)
        bar = self.rows.replace(y_bar, self.group.components(turned), dim)
        return bar + loop_vjp(x, self.path, at, self.group), p_bar

    def couple_solve(self, x: Array, p: Array, zeta: Array, weight: Array) -> Array:
        """Divided by Gamma* off the diagonal, solved for on it."""
        dim, (theta, v) = x.shape[1], self._active(x)
        own = self.group.algebra(self.rows.take(zeta[:, self.rows.mu, ...], _HERE, dim))
        inside = dagger_mul(v, mul(own, v))
        new_bar = self.spectral.solve(theta, p, _diagonal(inside, self.group), per_chain(weight, theta))
        factors, _ = self._factors(theta, p)
        solved = _with_diagonal(inside, {pair: 1.0 / one for pair, one in factors.items()}, new_bar, self.group)
        return self.rows.replace(zeta, self.group.components(mul(v, mul_dagger(solved, v))), dim)

    def _active(self, x: Array) -> tuple[Array, Array]:
        """Eigenphases and eigenvectors of active loops."""
        return eigenphases(self.rows.take(transporter(x, self.path), _HERE, x.shape[1]))

    def _turned(self, x: Array, v: Array, change: Array) -> Array:
        """Active links times V exp(i change) V^dagger."""
        own = self.rows.take(x[:, self.rows.mu, ...], _HERE, x.shape[1])
        return self.rows.replace(x, mul(_phases(v, change), own), x.shape[1])

    def _factors(self, theta: Array, p: Array) -> tuple[dict[tuple[int, int], Array], Array]:
        """Gamma*_ij of every pair i < j, and theta'."""
        xp, moved, found = namespace(theta), self.spectral.moved(theta, p), {}
        new = moved.h - xp.mean(moved.h, axis=1, keepdims=True)
        for i, j in pairs(theta.shape[1]):
            half = 0.5 * ((new[:, i, ...] - theta[:, i, ...]) - (new[:, j, ...] - theta[:, j, ...]))
            ratio = self.spectral.ratio(theta, moved, i, j)
            found[i, j] = complex_from(ratio * xp.cos(half), -ratio * xp.sin(half))
        return found, new


def _phases(v: Array, theta: Array) -> Array:
    """V exp(i theta) V^dagger.  (chain, N, N, *n), (chain, N, *n) -> (chain, N, N, *n)"""
    xp = namespace(theta)
    return mul_dagger(v * complex_from(xp.cos(theta), xp.sin(theta))[:, None, ...], v)


def _diagonal(m: Array, group: SU) -> Array:
    """Cotangents of eigenphases: those d_i / index of the diagonal i d_i.  (chain, N, N, *n) -> (chain, N, *n)"""
    xp = namespace(m)
    return xp.stack([xp.imag(m[:, i, i, ...]) for i in range(group.n)], axis=1) * (1.0 / group.index)


def _with_diagonal(m: Array, factors: dict[tuple[int, int], Array], bar: Array, group: SU) -> Array:
    """m times factors off the diagonal (conjugate ones below it), i index (bar - mean) on it."""
    xp, n = namespace(m), group.n
    bar = (bar - xp.mean(bar, axis=1, keepdims=True)) * group.index
    rows = []
    for i in range(n):
        row = [
            m[:, i, j, ...] * (factors[i, j] if i < j else xp.conj(factors[j, i])) if i != j else None for j in range(n)
        ]
        row[i] = complex_from(0.0 * bar[:, i, ...], bar[:, i, ...])
        rows.append(xp.stack(row, axis=1))
    return xp.stack(rows, axis=1)


def _blank(x: Array) -> Array:
    """Zero matrices on all sites.  links -> (chain, N, N, *sites)"""
    return namespace(x).zeros_like(x[:, 0, ...])


def SpectralFlow(
    group: SU,
    layers: int = 16,
    hidden: tuple[int, ...] = (16, 16),
    components: int = 6,
    *,
    dim: int = 2,
    kernel: int = 3,
    loops: tuple[Rectangle, ...] = FROZEN_LOOPS,
    period: int = 4,
    network: Network | None = None,
    checkpoint: int = 0,
) -> Sequential:
    """Spectral couplings over the masks of `sweep`, in turn (8 of them move every link in two dimensions).

    Convolutions of widths `hidden` condition mixtures of `components` maps of the circle.  Boyda et al., 2008.05456.
    """
    network, masks = network or ConvNet(hidden, kernel), sweep(dim, period)
    spectral = SpectralMap(Mixture(components))
    made = [
        SpectralCoupling(masks[i % len(masks)], network, loops, spectral=spectral, group=group) for i in range(layers)
    ]
    return Sequential(tuple(made), checkpoint)
