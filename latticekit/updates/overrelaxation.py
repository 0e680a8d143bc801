"""Overrelaxation for the phi^4 family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import accelerated, namespace
from latticekit.lattice import volume
from latticekit.random import Key
from latticekit.updates.base import Array, Info, State
from latticekit.updates.checkerboard import Checkerboard, count, parities
from latticekit.updates.heatbath import best_gaussian


@accelerated(numpy="latticekit.kernels.cpu.sweeps:overrelaxation")
def overrelaxation_sweep(x: Array, action: Any, key: Key) -> tuple[Array, Array]:
    """Reflections at even, then odd sites.  field -> field, accepted (chain,)"""
    xp = namespace(x)
    log_u = xp.log(key.fold("accept").uniform(tuple(x.shape), x))
    accepted = xp.zeros((x.shape[0],), dtype=xp.float64, device=x.device)
    for mask in parities(x):
        weight = action.conditional(x)
        precision, square = best_gaussian(weight)
        y = weight.linear / precision - x
        delta = weight.quartic * (y * y - x * x) * (y * y + x * x - 2.0 * square)
        move = xp.logical_and(mask, log_u < -delta)
        x, accepted = xp.where(move, y, x), accepted + count(move)
    return x, accepted


@dataclass(frozen=True)
class Overrelaxation(Checkerboard):
    """Overrelaxation: each site reflected about the mean of the Gaussian nearest to its weight, phi -> b/A - phi.

    The reflection is an involution of unit Jacobian whose centre depends on the neighbours alone.  It leaves
    A phi^2 - b phi unchanged; the rest of the site's action, lambda (phi^2 - c)^2, decides by min(1, exp(-Delta))
    (A and c: `best_gaussian`).  For coupling = 0 nothing is left, A = a = 2D + m^2, and the sweep conserves S
    exactly.  Not ergodic by itself: combine it with a heatbath, Metropolis or HMC in a `Sequence`.
    Adler, Phys. Rev. D23 (1981) 2901; Creutz, Phys. Rev. D36 (1987) 515.
    """

    action: Action
    ergodic = False

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One sweep of every chain."""
        x, accepted = overrelaxation_sweep(state.x, self.action, key)
        return State(x, self.action.value(x), state.tuning), {"acceptance_rate": accepted / volume(x.shape[1:])}
