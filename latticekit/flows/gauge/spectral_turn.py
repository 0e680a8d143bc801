"""M -> M' = V exp(i theta') V^dagger of matrices M = V exp(i theta) V^dagger, and the ways back through it.

In the eigenbasis a left displacement Y of M becomes Y'_ij = Gamma_ij Y_ij, Gamma_ij = exp(i (gap' - gap)/2)
sin(gap'/2) / sin(gap/2), and d theta' on the diagonal: nothing divides by a gap of eigenvalues.  Cotangents are
matrices i v_a T_a for left displacements.  Boyda et al., 2008.05456.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.flows.gauge.eigen import eigenphases, shortest
from latticekit.flows.gauge.spectrum import Spectra
from latticekit.groups import SU
from latticekit.groups.matrices import complex_from, dagger_mul, mul, mul_dagger

Array = Any
_NEAR = 1e-7
"""Below this |sin(gap/2)|, the ratio of a power is its limit."""


class Turn(NamedTuple):
    """The eigenphases and eigenvectors of matrices, parameters of their map, and the map.  theta (chain, N, *n)"""

    theta: Array
    v: Array
    p: Array
    spectral: Spectra
    group: SU

    def apply(self) -> tuple[Array, Array]:
        """R = M' M^dagger and the log-Jacobian of every matrix.  -> (chain, N, N, *n), (chain, *n)"""
        new, log_det = self.spectral.apply(self.theta, self.p)
        return rotation(self.v, new - self.theta), log_det

    def inverse(self) -> tuple[Array, Array]:
        """R of the inverse map and its log-Jacobian, M being the image."""
        old = self.spectral.inverse(self.theta, self.p)
        return rotation(self.v, old - self.theta), -self.spectral.apply(old, self.p)[1]

    def vjp(self, bar: Array, weight: Array) -> tuple[Array, Array, Array]:
        """Cotangents of M and p from that of M' and of the log-Jacobians; and R.  weight: (chain, 1, ...)"""
        inside = dagger_mul(self.v, mul(bar, self.v))
        theta_bar, p_bar = self.spectral.vjp(self.theta, self.p, _diagonal(inside, self.group), weight)
        change, factors = self._factors()
        back = _with_diagonal(inside, factors, theta_bar, self.group)
        return mul(self.v, mul_dagger(back, self.v)), p_bar, rotation(self.v, change)

    def solve(self, bar: Array, weight: Array) -> Array:
        """The cotangent of M' whose `vjp` is this one of M."""
        inside = dagger_mul(self.v, mul(bar, self.v))
        new = self.spectral.solve(self.theta, self.p, _diagonal(inside, self.group), weight)
        inverse = {pair: 1.0 / one for pair, one in self._factors()[1].items()}
        return mul(self.v, mul_dagger(_with_diagonal(inside, inverse, new, self.group), self.v))

    def _factors(self) -> tuple[Array, dict[tuple[int, int], Array]]:
        """theta' - theta and Gamma*_ij of every pair i < j."""
        change, ratios = self.spectral.change(self.theta, self.p)
        return change, {(i, j): _gamma(change[:, i, ...] - change[:, j, ...], r) for (i, j), r in ratios.items()}


def rotation(v: Array, theta: Array) -> Array:
    """V exp(i theta) V^dagger.  (chain, N, N, *n), (chain, N, *n) -> (chain, N, N, *n)"""
    xp = namespace(theta)
    return mul_dagger(v * complex_from(xp.cos(theta), xp.sin(theta))[:, None, ...], v)


class Power(NamedTuple):
    """G^s on the shortest geodesic from 1 to G, s between 0 and 1, and what its vjp needs."""

    root: Array
    theta: Array
    v: Array
    s: float

    def vjp(self, bar: Array, group: SU) -> Array:
        """The cotangent of G from that of G^s: exp(i gap (s - 1)/2) sin(s gap/2)/sin(gap/2), s on the diagonal."""
        xp, factors, inside = namespace(self.theta), {}, dagger_mul(self.v, mul(bar, self.v))
        for j in range(1, group.n):
            for i in range(j):
                half = 0.5 * (self.theta[:, i, ...] - self.theta[:, j, ...])
                sine, one = xp.sin(half), xp.ones_like(half)
                near = xp.abs(sine) < _NEAR
                ratio = xp.where(near, self.s * one, xp.sin(self.s * half) / xp.where(near, one, sine))
                factors[i, j] = _gamma(2.0 * (self.s - 1.0) * half, ratio)
        diagonal = _diagonal(inside, group) * self.s
        return mul(self.v, mul_dagger(_with_diagonal(inside, factors, diagonal, group), self.v))


def power(g: Array, s: float) -> Power:
    """G^s.  (chain, N, N, *n)"""
    theta, v = eigenphases(g)
    theta = shortest(theta)
    return Power(rotation(v, s * theta), theta, v, s)


def _gamma(change: Array, ratio: Array) -> Array:
    """Gamma* of a pair whose gap changes."""
    xp = namespace(ratio)
    return complex_from(ratio * xp.cos(0.5 * change), -ratio * xp.sin(0.5 * change))


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
