"""Plaquettes and the action density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from latticekit.arrays import namespace
from latticekit.fields import action_density, plane_averages, planes
from latticekit.observables.base import Array
from latticekit.observables.links import LinkObservable, by_blocks


def _mean(x: Array, kept: Callable[[int], bool]) -> Array:
    """Mean over sites and the planes (mu, nu), mu < nu, whose mu is kept.  field -> (chain,)"""
    xp, each = namespace(x), plane_averages(x)
    chosen = [each[:, p, ...] for p, (mu, _) in enumerate(planes(x.shape[1])) if kept(mu)]
    return xp.mean(xp.stack(chosen, axis=1), axis=1)


@dataclass(frozen=True)
class Plaquette(LinkObservable):
    """Re tr P / N, mean over sites and planes; 1 for unit links."""

    name = "plaquette"
    long_name = "plaquette"
    symbol = r"P"

    def measure(self, x: Array) -> Array:
        """Mean over sites and planes.  field -> (chain,)"""
        return _mean(x, lambda mu: True)


@dataclass(frozen=True)
class PlaquetteTime(LinkObservable):
    """Re tr P / N, mean over sites and the planes with time (axis 0)."""

    name = "plaquette_time"
    long_name = "plaquette in planes with time"
    symbol = r"P_t"

    def measure(self, x: Array) -> Array:
        """Mean over the planes (0, nu).  field -> (chain,)"""
        return _mean(x, lambda mu: mu == 0)


@dataclass(frozen=True)
class PlaquetteSpace(LinkObservable):
    """Re tr P / N, mean over sites and the planes without time (axis 0)."""

    name = "plaquette_space"
    long_name = "plaquette in planes of space"
    symbol = r"P_s"
    fewest_dimensions = 3

    def measure(self, x: Array) -> Array:
        """Mean over the planes (mu, nu), 0 < mu < nu.  field -> (chain,)"""
        return _mean(x, lambda mu: mu > 0)


@dataclass(frozen=True)
class ActionDensity(LinkObservable):
    """E = (1/4) F^a_{mu nu} F^a_{mu nu} from clover leaves, mean over sites."""

    name = "action_density"
    long_name = "action density from clover leaves"
    symbol = r"E"

    def measure(self, x: Array) -> Array:
        """Mean over sites.  field -> (chain,)"""
        return by_blocks(action_density, x)
