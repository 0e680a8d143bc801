"""Langevin dynamics: discretised (biased) and Metropolis-adjusted (exact)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, singledispatch

import numpy as np

from latticekit.actions import Action
from latticekit.arrays import namespace
from latticekit.groups import GaugeGroup, Group
from latticekit.random import Key
from latticekit.updates.adaptation import Tuned
from latticekit.updates.base import Array, Info, State, Update
from latticekit.updates.hmc import HMC


def euler(x: Array, action: Action, noise: Array, step_size: float) -> Array:
    """exp(eps F(x) + sqrt(2 eps) eta) x.  field, algebra eta -> field"""
    return action.translate(x, step_size * action.force(x) + math.sqrt(2 * step_size) * noise)


def heun(x: Array, action: Action, noise: Array, step_size: float) -> Array:
    """exp((1 + eps C_A/6) eps (F(x) + F(y))/2 + sqrt(2 eps) eta) x, y the Euler step with the same eta.  field -> field

    C_A is that of the group, 0 where translations commute; `docs/derivations/langevin_on_groups.md`.
    Batrouni et al., Phys. Rev. D32 (1985) 2736, section IV.
    """
    drift = action.force(x) + action.force(euler(x, action, noise, step_size))
    stretch = 1.0 + step_size * adjoint_casimir(action.group) / 6
    return action.translate(x, 0.5 * step_size * stretch * drift + math.sqrt(2 * step_size) * noise)


@singledispatch
def adjoint_casimir(group: Group) -> float:
    """C_A of f_acd f_bcd = C_A delta_ab with [T_a, T_b] = i f_abc T_c; 0 unless the group has generators."""
    return 0.0


@adjoint_casimir.register
@lru_cache
def _(group: GaugeGroup) -> float:
    """From sum_a [T_a, [T_a, T_0]] = C_A T_0: N for SU(N), 0 for U(1)."""
    t = group.generators
    inner = t @ t[0] - t[0] @ t
    total = np.sum(t @ inner - inner @ t, axis=0)
    return float(np.trace(total @ t[0]).real / group.index)


SCHEMES: dict[str, tuple[Callable[..., Array], int]] = {"euler": (euler, 1), "heun": (heun, 2)}
"""Step and order k of its bias eps^k."""


@dataclass(frozen=True)
class Langevin(Update):
    """Langevin equation in steps of eps = step_size: x' = exp(eps F + sqrt(2 eps) eta) x, or its second-order form.

    Stochastic quantisation: phi' = phi + eps F + sqrt(2 eps) eta on the real line, and on a gauge link U' =
    exp(i (eps F_a + sqrt(2 eps) eta_a) T_a) U; eps times the number of steps is the stochastic time.
    Never adjusted, hence biased: expectation values are off by O(eps) ("euler") or O(eps^2) ("heun"), reported as
    `bias_order`, on any group.  Extrapolate to eps = 0 (`samplers.extrapolate_step_size`), or use the exact MALA.  A
    mode with S = omega phi^2/2 comes out with variance 1/[omega (1 - h/2)], h = eps omega (euler), and
    (1 - h/2) / [omega (1 - h/2 + h^2/4)] (heun).  A step too large for the force diverges; the chain is lost,
    which `diverging` reports.
    Parisi and Wu, Sci. Sin. 24 (1981) 483; Batrouni et al., Phys. Rev. D32 (1985) 2736.
    """

    action: Action
    step_size: float
    scheme: str = "euler"

    def __post_init__(self) -> None:
        _check_step_size("Langevin", self.step_size)
        if self.scheme not in SCHEMES:
            raise ValueError(f"Langevin: unknown scheme {self.scheme!r}: one of {', '.join(SCHEMES)}")

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One step of every chain."""
        move, order = SCHEMES[self.scheme]
        noise = self.action.group.random_algebra(key.fold("noise"), state.x)
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging chain is reported below
            x = self.action.project(move(state.x, self.action, noise, self.step_size))
            action = self.action.value(x)
        diverging = namespace(action).logical_not(namespace(action).isfinite(action))
        return State(x, action, state.tuning), {
            "step_size": self.step_size,
            "bias_order": order,
            "diverging": diverging,
        }


@dataclass(frozen=True)
class MALA(Tuned):
    """Metropolis-adjusted Langevin: the Euler step of the whole field as a proposal, so exp(-S) is exact.

    The step is one leapfrog step of length e = sqrt(2 eps) with momentum eta, x' = exp(e eta + e^2/2 F(x)) x, and the
    ratio of weights and proposal densities is exp(-Delta H) of that step, so it runs as HMC of one step.  With
    `step_size` (eps) None, warmup tunes it to `target_acceptance`.  Where the force grows faster than phi, a chain that
    starts so far out that eps F overshoots is refused again and again (`diverging`): start cold, or after a heatbath.
    Besag, J. R. Stat. Soc. B56 (1994) 591; Roberts and Rosenthal, J. R. Stat. Soc. B60 (1998) 255 (0.574).
    """

    action: Action
    step_size: float | None = None
    target_acceptance: float = 0.574

    def __post_init__(self) -> None:
        if self.step_size is not None:
            _check_step_size("MALA", self.step_size)
        if not 0 < self.target_acceptance < 1:
            raise ValueError(f"MALA: target_acceptance must lie in (0, 1), got {self.target_acceptance}")

    @property
    def first_step_size(self) -> float | None:
        """eps = 0.01, if `step_size` is not given."""
        return 0.01 if self.step_size is None else None

    def step(self, state: State, key: Key) -> tuple[State, Info]:
        """One proposal of every chain."""
        size = state.tuning.size if self.step_size is None else self.step_size
        state, info = HMC(self.action, trajectory_length=math.sqrt(2 * size), steps=1).step(state, key)
        return state, {**info, "step_size": size}


def _check_step_size(name: str, step_size: float) -> None:
    if not 0 < step_size < math.inf:
        raise ValueError(f"{name}: step_size must be positive and finite, got {step_size}")
