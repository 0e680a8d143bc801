"""Overrelaxation: every variable reflected about the centre of its weight."""

from __future__ import annotations

from dataclasses import dataclass

from latticekit.actions import Action
from latticekit.random import Key
from latticekit.updates.base import Info, State
from latticekit.updates.local import Local


@dataclass(frozen=True)
class Overrelaxation(Local):
    """Overrelaxation: each variable reflected about the centre of its weight given the others.

    Sites: about the mean of the Gaussian nearest to the weight, phi -> b/A - phi.  The reflection is an involution of
    unit Jacobian whose centre depends on the neighbours alone.  It leaves A phi^2 - b phi unchanged; the rest of the
    site's action, lambda (phi^2 - c)^2, decides by min(1, exp(-Delta)) (A and c: `best_gaussian`).  For coupling = 0
    nothing is left, A = a = 2D + m^2, and the sweep conserves S exactly.
    Gauge links, weight exp(Re tr(U V)): theta' = -2 arg V - theta for U(1), U' = W^dagger U^dagger W^dagger for SU(2)
    with W = V/|V|, subgroup by subgroup for SU(N).  The weight stays as it is, so every reflection is accepted.
    Not ergodic by itself: combine it with a heatbath, Metropolis or HMC in a `Sequence`.
    Adler, Phys. Rev. D23 (1981) 2901; Creutz, Phys. Rev. D36 (1987) 515; Brown and Woch, Phys. Rev. Lett. 58 (1987)
    2394.
    """

    action: Action
    ergodic = False

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One sweep of every chain."""
        x, accepted = self.sweeps.overrelaxation(state.x, self.action, key)
        rate = accepted / self.sweeps.variables(x, self.action)
        return State(x, self.action.value(x), state.tuning), {"acceptance_rate": rate}
