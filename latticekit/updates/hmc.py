"""Hybrid Monte Carlo."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from latticekit.actions import Action
from latticekit.arrays import accelerated, namespace
from latticekit.random import Key
from latticekit.updates.acceptance import energy_info, metropolis_test, select
from latticekit.updates.adaptation import Adaptation, Tuned
from latticekit.updates.base import Array, Info, State
from latticekit.updates.integrators import LEAPFROG, Integrator, integrator
from latticekit.updates.multiscale import MultiScale


@accelerated(numpy="latticekit.kernels.cpu.hmc:transition", cupy="latticekit.kernels.cuda.hmc:transition")
def transition(x: Array, action: Action, key: Key, schedule: Any, current: Array) -> tuple[Array, Array, Array, Array]:
    """Momenta, trajectory, Metropolis test.  field, (chain,) -> field, S, Delta H, accepted (chain,)

    `current` is S(x).  Duane, Kennedy, Pendleton, Roweth, Phys. Lett. B195 (1987) 216.
    """
    group = action.group
    p = group.random_algebra(key.fold("momentum"), x)
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging trajectory is refused below, and reported
        y, q = action.evolve(x, p, schedule)
        proposed = action.value(y)
        delta_h = (proposed - current) + 0.5 * (group.inner(q, q) - group.inner(p, p))
    accepted = metropolis_test(delta_h, key)
    return select(accepted, y, x), select(accepted, proposed, current), delta_h, accepted


@dataclass(frozen=True)
class HMC(Tuned):
    """Hybrid Monte Carlo: trajectories of molecular dynamics, accepted with min(1, exp(-Delta H)).

    With `steps` given, the step size is trajectory_length / steps.  Without, warmup tunes the number of steps so
    that the acceptance rate comes near `target_acceptance`; production never changes it.  `jitter` draws each
    step size uniformly within (1 +- jitter), which frees harmonic modes from periodic orbits.

    A sum of actions can have several time scales: a cheap, strong force in small steps, a dear, weak one in large ones.
    With `action = gauge + other`, `integrator=MultiScale(Level((1,), "omelyan"), Level((0,), "omelyan", steps=3))`
    kicks with the force of `other` (term 1) and replaces each of the drifts in between by three Omelyan steps of
    `gauge` (term 0); `steps` counts those of the first level (Sexton and Weingarten, Nucl. Phys. B380 (1992) 665).
    """

    action: Action
    trajectory_length: float = 1.0
    steps: int | None = None
    integrator: str | Integrator | MultiScale = LEAPFROG
    jitter: float = 0.0
    target_acceptance: float = 0.8

    def __post_init__(self) -> None:
        if isinstance(self.integrator, str):
            object.__setattr__(self, "integrator", integrator(self.integrator))
        self.integrator.check(self.action)  # type: ignore[union-attr]
        if not self.trajectory_length > 0:
            raise ValueError(f"HMC: trajectory_length must be positive, got {self.trajectory_length}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"HMC: steps must be at least 1 (or None to tune it in warmup), got {self.steps}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"HMC: jitter must lie in [0, 1), got {self.jitter}")
        if not 0 < self.target_acceptance < 1:
            raise ValueError(f"HMC: target_acceptance must lie in (0, 1), got {self.target_acceptance}")

    @property
    def first_step_size(self) -> float | None:
        """A tenth of the trajectory, if `steps` is not given."""
        return 0.1 * self.trajectory_length if self.steps is None else None

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One trajectory of every chain."""
        steps = self.steps or self._steps(state.tuning)
        size = self.trajectory_length / steps
        if self.jitter:
            size *= 1 + self.jitter * (2 * key.fold("jitter").number() - 1)
        schedule = self.integrator.schedule(size, steps)  # type: ignore[union-attr]
        x, action, delta_h, accepted = transition(state.x, self.action, key, schedule, state.action)
        return State(x, action, state.tuning), _info(delta_h, accepted, size, steps)

    def warm(self, state: State, key: Key) -> tuple[State, Info]:
        """One trajectory, refused only where it is unstable: Delta H > 1 per number of the field.

        Far from equilibrium, Delta H ~ e^2 V would refuse every one; a step size under trial that is too large for the
        force would leave fields behind from which no later step returns.
        """
        lift = math.prod(state.x.shape[1:])
        lifted, info = self.step(state._replace(action=state.action + lift), key)
        xp, accepted = namespace(lifted.x), info["accepted"]
        action = xp.where(accepted, lifted.action, state.action)
        report = _info(info["energy_error"] + lift, accepted, info["step_size"], info["n_steps"])
        return lifted._replace(action=action), report

    def _steps(self, tuning: Adaptation) -> int:
        return max(1, round(self.trajectory_length / tuning.size))


def _info(delta_h: Array, accepted: Array, size: float, steps: int) -> Info:
    return {**energy_info(delta_h, accepted), "step_size": size, "n_steps": steps}
