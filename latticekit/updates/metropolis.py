"""Local Metropolis: random changes of one variable at a time."""

from __future__ import annotations

from dataclasses import dataclass

from latticekit.actions import Action
from latticekit.random import Key
from latticekit.updates.adaptation import Tuned
from latticekit.updates.base import Info, State
from latticekit.updates.local import Local


@dataclass(frozen=True)
class Metropolis(Local, Tuned):
    """Local Metropolis: one variable of each colour after the other, proposals exp(step_size v) x with normal v.

    On the real line that is phi + step_size v; on a gauge link exp(i step_size v_a T_a) U.  `hits` proposals per visit.

    With `step_size` None, warmup tunes it to `target_acceptance`; production never changes it.
    Metropolis et al., J. Chem. Phys. 21 (1953) 1087.
    """

    action: Action
    step_size: float | None = None
    hits: int = 1
    target_acceptance: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step_size is not None and not 0 < self.step_size < float("inf"):
            raise ValueError(f"Metropolis: step_size must be positive (or None to tune it), got {self.step_size}")
        if self.hits < 1:
            raise ValueError(f"Metropolis: hits must be at least 1, got {self.hits}")
        if not 0 < self.target_acceptance < 1:
            raise ValueError(f"Metropolis: target_acceptance must lie in (0, 1), got {self.target_acceptance}")

    @property
    def first_step_size(self) -> float | None:
        """0.3, if `step_size` is not given."""
        return 0.3 if self.step_size is None else None

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One sweep of every chain."""
        size = state.tuning.size if self.step_size is None else self.step_size
        x, accepted = self.sweeps.metropolis(state.x, self.action, key, size, self.hits)
        rate = accepted / (self.hits * self.sweeps.variables(x, self.action))
        return State(x, self.action.value(x), state.tuning), {"acceptance_rate": rate, "step_size": size}
