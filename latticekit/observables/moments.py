"""Moments of a real scalar field."""

from __future__ import annotations

import math
from dataclasses import dataclass

from latticekit.arrays import namespace
from latticekit.observables.base import Array
from latticekit.observables.scalars import ScalarObservable


def site_average(density: Array) -> Array:
    """(1/V) sum_x density(x) in float64.  (chain, *sites) -> (chain,)"""
    axes = tuple(range(1, density.ndim))
    xp = namespace(density)
    return xp.sum(density, axis=axes, dtype=xp.float64) * (1.0 / math.prod(density.shape[1:]))


@dataclass(frozen=True)
class Magnetization(ScalarObservable):
    """M = (1/V) sum_x phi(x)."""

    name = "magnetization"
    long_name = "magnetization"
    symbol = "M"

    def measure(self, x: Array) -> Array:
        """M of every chain.  (chain, *sites) -> (chain,)"""
        return site_average(x)


@dataclass(frozen=True)
class AbsMagnetization(ScalarObservable):
    """|M|, which a finite volume keeps from averaging to zero in the broken phase."""

    name = "abs_magnetization"
    long_name = "absolute magnetization"
    symbol = r"|M|"

    def measure(self, x: Array) -> Array:
        """|M| of every chain.  (chain, *sites) -> (chain,)"""
        return namespace(x).abs(site_average(x))


@dataclass(frozen=True)
class PhiSquared(ScalarObservable):
    """(1/V) sum_x phi(x)^2."""

    name = "phi_squared"
    long_name = "site average of the squared field"
    symbol = r"\phi^2"

    def measure(self, x: Array) -> Array:
        """Site average of phi^2.  (chain, *sites) -> (chain,)"""
        return site_average(x * x)


@dataclass(frozen=True)
class PhiFourth(ScalarObservable):
    """(1/V) sum_x phi(x)^4."""

    name = "phi_fourth"
    long_name = "site average of the fourth power of the field"
    symbol = r"\phi^4"

    def measure(self, x: Array) -> Array:
        """Site average of phi^4.  (chain, *sites) -> (chain,)"""
        square = x * x
        return site_average(square * square)
