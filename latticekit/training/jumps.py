"""Losses of trained trajectories: how far an accepted step moves plaquettes and topological charge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.fields import plaquette_path
from latticekit.flows import Flow
from latticekit.flows.base import per_chain, sum_chains
from latticekit.flows.gauge.angles import loop_angle, loop_angle_vjp
from latticekit.random import Key
from latticekit.training.estimator import Gradient, GradientEstimator, Scored, mean_gradient

Array = Any
_P = plaquette_path(0, 1)


class Jump(NamedTuple):
    """The square of a jump, (chain,) float64, and its derivative by the new plaquettes, (chain, *sites)."""

    square: Array
    slope: Array


@dataclass(frozen=True)
class Jumps(GradientEstimator):
    """-<A [plaquettes d_P + charge (Q' - Q)^2]> + error <Delta H - log J>, A = min(1, exp(-Delta H) J).

    Means over draws of exp(-H): the expected squared jump distance of trajectories, in gauge-invariant terms.  d_P is
    the mean over plaquettes of |exp(iP') - exp(iP)|^2, Q = (1/2 pi) sum sin P the charge without its rounding.  In
    equilibrium f and f^-1 contribute alike, so that f alone is run.  The gradient is exact for the discrete
    trajectory: back through every step by its vjp.  The last term is the Kullback-Leibler divergence of what comes out
    from exp(-H), zero where all is accepted; it leads back from where nothing is, as the reciprocal term of Levy et al.

    It works on phase space of U(1) in two dimensions, angles and momenta (chain, 2, 2, *sites), the flow's prior being
    draws of exp(-H) and the action H = S + p^2/2.  Log weights are -Delta H + log J: their effective sample size is 1
    for a perfect integrator, however far it moves.
    Levy et al., 1711.09268, section 4; Foreman, Jin and Osborn, 2105.03418, section 4.
    """

    plaquettes: float = 1.0
    charge: float = 1.0
    error: float = 0.05

    def __post_init__(self) -> None:
        if min(self.plaquettes, self.charge, self.error) < 0 or not self.plaquettes + self.charge > 0:
            raise ValueError(f"Jumps needs weights that are not negative, one of the jumps' above zero: got {self}")

    def gradient(self, flow: Flow, action: Action, key: Key, batch: int) -> Gradient:
        """Loss, gradient at fixed links and momenta, log weights."""
        z, log_r = flow.prior.draw(key, batch, flow.sites, flow.like)
        y, log_det, residuals = flow.layer.apply(z)
        log_weights = -action.value(y) - (log_r - log_det)
        jump, xp = self.jump(z[:, 0, ...], y[:, 0, ...]), namespace(y)
        falls = log_weights < 0.0
        rate = xp.exp(xp.where(falls, log_weights, xp.zeros_like(log_weights)))
        log_bar = xp.where(falls, -rate * jump.square, xp.zeros_like(rate)) - self.error
        theta_bar = loop_angle_vjp(_P, -per_chain(rate, jump.slope) * jump.slope, 2)
        y_bar = action.force(y) * per_chain(log_bar, y) + xp.stack([theta_bar, xp.zeros_like(theta_bar)], axis=1)
        bars = mean_gradient(flow, Scored(y, residuals, None, log_r - log_det), y_bar, log_bar)
        return Gradient(-xp.mean(rate * jump.square + self.error * log_weights), bars, log_weights)

    def jump(self, old: Array, new: Array) -> Jump:
        """What one step moves.  two (chain, 2, *sites) -> (chain,), (chain, *sites)"""
        xp = namespace(old)
        before, after = loop_angle(old, _P), loop_angle(new, _P)
        share = 2.0 * self.plaquettes / math.prod(old.shape[2:])
        charge = sum_chains(xp.sin(after) - xp.sin(before)) * (0.5 / math.pi)
        square = sum_chains(1.0 - xp.cos(after - before)) * share + self.charge * charge * charge
        slope = share * xp.sin(after - before) + per_chain(charge, after) * (self.charge / math.pi) * xp.cos(after)
        return Jump(square, slope)
