"""Maps of the spectrum of SU(N) matrices, with the Jacobian of the matrices that follow it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

from latticekit.arrays import namespace
from latticekit.flows.gauge.circular import turn, turn_vjp
from latticekit.flows.gauge.mixture import Mixture
from latticekit.flows.gauge.monotone import MonotoneMap, solved
from latticekit.groups.u1 import wrap

Array = Any
_NEAR = 1e-5
"""Below this |sin(gap/2)|, ratios of gaps are their limits: where error of rounding and that of the limit meet."""
_MIXTURE = Mixture(6)


class Moved(NamedTuple):
    """A spectrum on its way: h(theta_i - s), h', d log h', of every eigenphase.  Each (chain, N, *n)"""

    at: Array
    h: Array
    slope: Array
    bend: Array


@dataclass(frozen=True)
class Spectra(ABC):
    """theta -> theta' of eigenphases of sum 0, equivariant under permutations; zero parameters are the identity.

    theta (chain, N, *n), parameters (chain, size, *n).  V exp(i theta) V^dagger -> V exp(i theta') V^dagger is then a
    map of matrices that commutes with conjugation.
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of parameters per spectrum."""

    @abstractmethod
    def apply(self, theta: Array, p: Array) -> tuple[Array, Array]:
        """theta', up to turns of 2 pi, and the log-Jacobian of the matrices by Haar measure.  -> theta', (chain, *n)"""

    @abstractmethod
    def change(self, theta: Array, p: Array) -> tuple[Array, dict[tuple[int, int], Array]]:
        """theta' - theta, and sin(gap'/2)/sin(gap/2) > 0 of every pair i < j, for equal turns of both."""

    @abstractmethod
    def inverse(self, theta: Array, p: Array) -> Array:
        """theta of a given theta', up to turns of 2 pi."""

    @abstractmethod
    def vjp(self, theta: Array, p: Array, theta_bar: Array, l_bar: Array) -> tuple[Array, Array]:
        """Cotangents of theta and p, from those of theta' and of the log-Jacobian.  l_bar: (chain, 1, ...)"""

    @abstractmethod
    def solve(self, theta: Array, p: Array, theta_bar: Array, l_bar: Array) -> Array:
        """The cotangent of theta', of sum 0, whose `vjp` differs from theta_bar by a constant at most."""


@dataclass(frozen=True)
class SpectralMap(Spectra):
    """theta'_i = h(theta_i - s) - mean_j h(theta_j - s), for eigenphases of sum 0.  (chain, N, *n) -> the same

    h is a map of the circle and commutes with 2 pi, so the map is one of spectra: equivariant under permutations,
    smooth where h is, and invertible: the mean is the root of an increasing function.  With all other parameters 0,
    and s = arg(1 + t_1 + i t_2), it is the identity.  For N = 2 it is the odd part of h, on theta in (0, pi).

    Parameters (chain, size, *n): those of h, then t_1, t_2.  Where 2008.05456 maps a canonical cell of the
    spectra, this map needs no order of the eigenvalues and has no boundaries.
    """

    map: MonotoneMap = _MIXTURE

    @property
    def size(self) -> int:
        """Parameters of h, and two for s."""
        return self.map.size + 2

    def moved(self, theta: Array, p: Array) -> Moved:
        """h and its derivatives at every eigenphase."""
        at = theta - turn(p)[:, None, ...]
        inner = wrap(at)
        h = self.map.apply(inner, _shared(p))[0]
        return Moved(inner, h + (at - inner), *self.map.slopes(inner, _shared(p)))

    def apply(self, theta: Array, p: Array) -> tuple[Array, Array]:
        """theta' and the log-Jacobian of V exp(i theta) V^dagger -> V exp(i theta') V^dagger by Haar measure.

        sum log h'_i + log mean(1/h'_i) on spectra of sum 0, and 2 log |sin(gap'/2) / sin(gap/2)| of every pair.
        """
        xp, moved = namespace(theta), self.moved(theta, p)
        total = xp.sum(xp.log(moved.slope), axis=1) + xp.log(xp.mean(1.0 / moved.slope, axis=1))
        for i, j in pairs(theta.shape[1]):
            total = total + 2.0 * xp.log(self.ratio(theta, moved, i, j))
        return moved.h - xp.mean(moved.h, axis=1, keepdims=True), total

    def change(self, theta: Array, p: Array) -> tuple[Array, dict[tuple[int, int], Array]]:
        """theta' - theta and the ratios of sines."""
        moved = self.moved(theta, p)
        new = moved.h - namespace(theta).mean(moved.h, axis=1, keepdims=True)
        return new - theta, {(i, j): self.ratio(theta, moved, i, j) for i, j in pairs(theta.shape[1])}

    def ratio(self, theta: Array, moved: Moved, i: int, j: int) -> Array:
        """sin(gap'/2) / sin(gap/2), positive; at coincidence (h'_i h'_j)^(1/2), up to squares of the gap."""
        xp = namespace(theta)
        old, new, near = _sines(theta, moved, i, j)
        limit = xp.sqrt(moved.slope[:, i, ...] * moved.slope[:, j, ...])
        one = xp.ones_like(old)
        return xp.where(near, limit, xp.where(near, one, new) / xp.where(near, one, old))

    def inverse(self, theta: Array, p: Array) -> Array:
        """theta of a given theta': the root u of mean_i h^-1(theta'_i + u - s) + s = 0, in [-pi, pi]."""
        xp, s, n = namespace(theta), turn(p)[:, None, ...], theta.shape[1]

        def back(u: Array) -> tuple[Array, Array]:
            at = theta + u[:, None, ...] - s
            inner = wrap(at)
            x, log_slope = self.map.inverse(inner, _shared(p))
            return x + (at - inner) + s, log_slope

        def mean(u: Array) -> tuple[Array, Array]:
            x, log_slope = back(u)
            return xp.mean(x, axis=1), xp.mean(xp.exp(-log_slope), axis=1)

        x = back(solved(mean, xp.zeros_like(theta[:, 0, ...]), -math.pi, math.pi))[0]
        return x - xp.sum(x, axis=1, keepdims=True) * (1.0 / n)

    def vjp(self, theta: Array, p: Array, theta_bar: Array, l_bar: Array) -> tuple[Array, Array]:
        """Cotangents of theta and p, from those of theta' and of the log-Jacobian.  l_bar: (chain, 1, ...)"""
        xp, moved = namespace(theta), self.moved(theta, p)
        pull, push, near = self._gaps(theta, moved)
        new = theta_bar + l_bar * push
        h_bar = new - xp.mean(new, axis=1, keepdims=True)
        share = 1.0 / (moved.slope * xp.sum(1.0 / moved.slope, axis=1, keepdims=True))
        log_bar = l_bar * (1.0 - share + near)
        at_bar = h_bar * moved.slope + log_bar * moved.bend
        p_bar = xp.sum(self.map.parameter_vjp(moved.at, _shared(p), h_bar, log_bar), axis=2)
        return at_bar - l_bar * pull, xp.concat([p_bar, turn_vjp(p, -xp.sum(at_bar, axis=1))], axis=1)

    def solve(self, theta: Array, p: Array, theta_bar: Array, l_bar: Array) -> Array:
        """The cotangent of theta', of sum 0, whose `vjp` differs from theta_bar by a constant at most."""
        xp, moved = namespace(theta), self.moved(theta, p)
        rest = theta_bar - self.vjp(theta, p, 0.0 * theta_bar, l_bar)[0]
        inverse = 1.0 / moved.slope
        constant = xp.sum(rest * inverse, axis=1, keepdims=True) / xp.sum(inverse, axis=1, keepdims=True)
        return (rest - constant) * inverse

    def _gaps(self, theta: Array, moved: Moved) -> tuple[Array, Array, Array]:
        """sum_j cot(gap_ij/2), the same after the map, and the number of near ones, of every eigenphase."""
        xp, n = namespace(theta), theta.shape[1]
        sums = [[xp.zeros_like(theta[:, 0, ...]) for _ in range(n)] for _ in range(3)]
        for i, j in pairs(n):
            old, new, near = _sines(theta, moved, i, j)
            one, none = xp.ones_like(old), xp.zeros_like(old)
            gaps = (theta[:, i, ...] - theta[:, j, ...], moved.h[:, i, ...] - moved.h[:, j, ...])
            for total, gap, sine in zip(sums, gaps, (old, new)):
                cotangent = xp.where(near, none, xp.cos(0.5 * gap) / xp.where(near, one, sine))
                total[i], total[j] = total[i] + cotangent, total[j] - cotangent
            close = xp.where(near, one, none)
            sums[2][i], sums[2][j] = sums[2][i] + close, sums[2][j] + close
        return tuple(xp.stack(total, axis=1) for total in sums)


def pairs(n: int) -> list[tuple[int, int]]:
    """i < j."""
    return [(i, j) for j in range(1, n) for i in range(j)]


def _sines(theta: Array, moved: Moved, i: int, j: int) -> tuple[Array, Array, Array]:
    """sin(gap/2) before and after the map, and whether the gap is too small to divide by it."""
    xp = namespace(theta)
    old = xp.sin(0.5 * (theta[:, i, ...] - theta[:, j, ...]))
    new = xp.sin(0.5 * (moved.h[:, i, ...] - moved.h[:, j, ...]))
    return old, new, xp.abs(old) < _NEAR


def _shared(p: Array) -> Array:
    """Parameters of h, the same for all eigenphases.  (chain, size, *n) -> (chain, size - 2, 1, *n)"""
    return p[:, :-2, None, ...]
