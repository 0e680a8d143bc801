"""Local Metropolis on a checkerboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latticekit.actions import Action
from latticekit.arrays import accelerated, namespace
from latticekit.lattice import volume
from latticekit.random import Key
from latticekit.updates.adaptation import Tuned
from latticekit.updates.base import Array, Info, State
from latticekit.updates.checkerboard import Checkerboard, count, parities


@accelerated(numpy="latticekit.kernels.cpu.sweeps:metropolis")
def metropolis_sweep(x: Array, action: Any, key: Key, step_size: float, hits: int) -> tuple[Array, Array]:
    """`hits` normal proposals per site, accepted with min(1, exp(-Delta S)).  field -> field, accepted (chain,)

    Both parities read the same arrays of random numbers, each at its own sites.
    """
    xp, group = namespace(x), action.group
    noise = [step_size * group.random_algebra(key.fold("proposal", hit), x) for hit in range(hits)]
    log_u = [xp.log(key.fold("accept", hit).uniform(tuple(x.shape), x)) for hit in range(hits)]
    accepted = xp.zeros((x.shape[0],), dtype=xp.float64, device=x.device)
    for mask in parities(x):
        weight = action.conditional(x)
        for hit in range(hits):
            y = group.translate(x, noise[hit])
            move = xp.logical_and(mask, log_u[hit] < weight.value(x) - weight.value(y))
            x, accepted = xp.where(move, y, x), accepted + count(move)
    return x, accepted


@dataclass(frozen=True)
class Metropolis(Checkerboard, Tuned):
    """Local Metropolis: sweeps over even, then odd sites, proposals phi + step_size * normal.

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
        x, accepted = metropolis_sweep(state.x, self.action, key, size, self.hits)
        rate = accepted / (self.hits * volume(x.shape[1:]))
        return State(x, self.action.value(x), state.tuning), {"acceptance_rate": rate, "step_size": size}
