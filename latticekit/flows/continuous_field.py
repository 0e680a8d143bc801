"""The velocity field of an equivariant continuous flow and its divergence, with their vjp."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.flows.base import per_chain, sum_chains
from latticekit.flows.continuous_weights import Bars, Weights

Array = Any


@accelerated(numpy="latticekit.kernels.cpu.continuous:velocity")
def velocity(x: Array, weights: Weights) -> tuple[Array, Array]:
    """v_x = sum_{y,f} W_f(x, y) g_f(phi_y) and div v = sum_{x,f} W_f(x, x) g_f'(phi_x), float64.

    Weights of one time.  de Haan et al., 2110.02673.  (chain, *sites) -> (chain, *sites), (chain,)
    """
    g = _Features(x, weights)
    return weights.coupling.spread(g.values()), sum_chains(weights.local * g.slopes())


@accelerated(numpy="latticekit.kernels.cpu.continuous:velocity_vjp")
def velocity_vjp(x: Array, weights: Weights, v_bar: Array, div_bar: Array) -> tuple[Array, Bars]:
    """x_bar, and cotangents of the weights.  (chain, *sites), (chain,) -> (chain, *sites), bars"""
    xp, g = namespace(x), _Features(x, weights)
    u, source = weights.coupling.gather(v_bar), per_chain(div_bar, g.sine) * weights.local
    x_bar = xp.sum(u * g.slopes() + source * g.bends(), axis=1)
    local_bar = _shared(per_chain(div_bar, g.sine) * g.slopes(), weights.local)
    return x_bar, Bars(weights.coupling.bar(v_bar, g.values()), local_bar, g.omega_bar(u, source))


def transported(x: Array, weights: Weights, zeta: Array, weight: Array) -> Array:
    """J^T zeta + weight d div: minus the velocity of zeta.  (chain, *sites), (chain,) -> (chain, *sites)"""
    g = _Features(x, weights)
    source = per_chain(weight, g.sine) * weights.local
    return namespace(x).sum(weights.coupling.gather(zeta) * g.slopes() + source * g.bends(), axis=1)


class _Features:
    """g_f(phi) and its derivatives: sin(omega_f phi + phase_f), and phi itself as the last one."""

    def __init__(self, x: Array, weights: Weights) -> None:
        self.xp, self.phi = namespace(x), x[:, None, ...]
        self.omega, phase = (self.xp.reshape(p, (1, -1) + (1,) * (x.ndim - 1)) for p in (weights.omega, weights.phase))
        angle = self.omega * self.phi + phase
        self.sine, self.cosine = self.xp.sin(angle), self.xp.cos(angle)

    def values(self) -> Array:
        """(chain, feature, *sites)"""
        return self.xp.concat([self.sine, self.phi], axis=1)

    def slopes(self) -> Array:
        """First derivatives."""
        return self.xp.concat([self.omega * self.cosine, self.xp.ones_like(self.phi)], axis=1)

    def bends(self) -> Array:
        """Second derivatives."""
        return self.xp.concat([-self.omega * self.omega * self.sine, self.xp.zeros_like(self.phi)], axis=1)

    def omega_bar(self, u: Array, source: Array) -> Array:
        """Sum of u dg/domega + source dg'/domega.  -> (sines,)"""
        sines = self.sine.shape[1]
        one = source[:, :sines, ...] * (self.cosine - self.omega * self.phi * self.sine)
        bar = u[:, :sines, ...] * self.cosine * self.phi + one
        return self.xp.sum(bar, axis=(0, *range(2, bar.ndim)))


def _shared(bar: Array, like: Array) -> Array:
    """Sum over the chains and sites that share a number of `like`."""
    shared = tuple(n for n in (0, *range(2, bar.ndim)) if like.shape[n] == 1 and bar.shape[n] > 1)
    return namespace(bar).sum(bar, axis=shared, keepdims=True) if shared else bar
