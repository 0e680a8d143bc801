"""Step-size tuning during warmup by dual averaging (Hoffman and Gelman, 1111.4246, section 3.2)."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NamedTuple

import numpy as np

from latticekit.arrays import to_host
from latticekit.updates.base import Array, Info, State, Update

_GAMMA, _T0, _KAPPA = 0.05, 10.0, 0.75
_REACH = math.log(1000)  # of the search; without it the step would vanish where nothing is accepted


class Adaptation(NamedTuple):
    """Numbers of the dual-averaging recursion; `size` is the step size in use."""

    size: float
    log_mean: float
    error: float
    steps: float
    anchor: float

    @classmethod
    def start(cls, size: float) -> Adaptation:
        """Begin at a step size; the search is drawn towards ten times of it."""
        return cls(size, math.log(size), 0.0, 0.0, math.log(10 * size))

    def settled(self) -> Adaptation:
        """The averaged step size, for production."""
        return self._replace(size=math.exp(self.log_mean)) if self.steps else self


def adapt(now: Adaptation, acceptance_rate: Array, target: float) -> Adaptation:
    """One step of dual averaging with the mean acceptance of all chains."""
    count = now.steps + 1
    rate = float(np.mean(to_host(acceptance_rate)))
    weight = 1 / (count + _T0)
    error = (1 - weight) * now.error + weight * (target - rate)
    log_size = now.anchor - min(max(math.sqrt(count) / _GAMMA * error, -_REACH), _REACH)
    share = count**-_KAPPA
    log_mean = share * log_size + (1 - share) * now.log_mean
    return Adaptation(math.exp(log_size), log_mean, error, count, now.anchor)


class Tuned(Update):
    """An update that learns its step size in warmup, unless it was given; production never changes it."""

    target_acceptance: float

    @property
    @abstractmethod
    def first_step_size(self) -> float | None:
        """Where the search starts; None if there is nothing to tune."""

    def init(self, x: Array) -> State:
        """State of a field, before any tuning."""
        size = self.first_step_size
        return super().init(x)._replace(tuning=() if size is None else Adaptation.start(size))

    def tune(self, state: State, info: Info) -> State:
        """Dual averaging of the step size towards the target acceptance."""
        if not state.tuning:
            return state
        return state._replace(tuning=adapt(state.tuning, info["acceptance_rate"], self.target_acceptance))

    def settle(self, state: State) -> State:
        """Freeze the averaged step size."""
        return state._replace(tuning=state.tuning.settled()) if state.tuning else state
