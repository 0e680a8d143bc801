"""Heatbath: every variable drawn anew from its exact distribution given the others."""

from __future__ import annotations

from dataclasses import dataclass

from latticekit.actions import Action
from latticekit.random import Key
from latticekit.updates.base import Info, State
from latticekit.updates.local import Local


@dataclass(frozen=True)
class Heatbath(Local):
    """Heatbath: all variables of a colour drawn anew from their exact distribution given the others.

    Sites of the phi^4 family: rejection from a Gaussian bound.  Gauge links, weight exp(Re tr(U V)): U(1) by Best and
    Fisher; SU(N) subgroup by subgroup (Cabibbo and Marinari) with Kennedy and Pendleton where the weight is narrow and
    Creutz where it is wide.  Each draw takes `attempts` tries at most; a variable without success keeps its value and
    is counted (`failures`).  That is exact: tries do not look at the old value, so failure has a probability r that
    depends on the neighbours alone, and the step (1 - r) pi(x') + r delta(x' - x) satisfies detailed balance with the
    conditional weight pi.  At least half of all tries succeed, so r <= 2^-attempts.
    Creutz, Phys. Rev. D21 (1980) 2308; Bunk, Nucl. Phys. B42 (1995) 566.
    """

    action: Action
    attempts: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.attempts < 1:
            raise ValueError(f"Heatbath: attempts must be at least 1, got {self.attempts}")

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One sweep of every chain; `n_tries` is the mean number per draw, of which SU(N) links have N(N-1)/2."""
        x, tries, failures = self.sweeps.heatbath(state.x, self.action, key, self.attempts)
        size = self.sweeps.draws(x, self.action)
        info = {"acceptance_rate": (size - failures) / tries, "n_tries": tries / size, "failures": failures}
        return State(x, self.action.value(x), state.tuning), info
