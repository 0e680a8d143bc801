"""Symplectic integrators as data: a row of coefficients per stage, expanded into a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from latticekit.actions import Action

Stage = tuple[float, float, float]


@dataclass(frozen=True)
class Integrator:
    """Stages (drift, kick, gradient) in units of (e, e, e^2) of one step e; symmetric under reversal.

    A stage is x <- exp(drift e p) x, then p <- p + kick e F(exp(gradient e^2 F(x)) x).  `order` is the k of
    Delta H ~ e^k at fixed trajectory length.
    """

    name: str
    order: int
    stages: tuple[Stage, ...]

    def schedule(self, step_size: float, steps: int) -> np.ndarray:
        """Table (stages, 3) of a trajectory in absolute units, neighbouring kicks and drifts merged."""
        return _merged(self.stages, steps) * np.array([step_size, step_size, step_size**2])

    def check(self, action: Action) -> None:
        """Any action will do."""


@lru_cache(maxsize=256)
def _merged(stages: tuple[Stage, ...], steps: int) -> np.ndarray:
    rows: list[list[float]] = []
    for drift, kick, gradient in stages * steps:
        last = rows[-1] if rows else None
        if last and last[1] == 0:  # the last stage only drifted: drift on
            last[:] = [last[0] + drift, kick, gradient]
        elif last and drift == 0 and gradient == 0 == last[2]:  # no drift in between: one kick
            last[1] += kick
        else:
            rows.append([drift, kick, gradient])
    return np.array(rows)


def _symmetric(drifts: list[float], kicks: list[float], gradients: list[float] | None = None) -> tuple[Stage, ...]:
    """Stages of a palindrome that begins with a kick: k d k d ... k."""
    gradients = gradients or [0.0] * len(kicks)
    return tuple(zip([0.0, *drifts], kicks, gradients))


LEAPFROG = Integrator("leapfrog", 2, _symmetric([1.0], [0.5, 0.5]))
"""Velocity Verlet: half kick, drift, half kick."""

_L = 0.1931833275037836
OMELYAN = Integrator("omelyan", 2, _symmetric([0.5, 0.5], [_L, 1 - 2 * _L, _L]))
"""Minimum-norm second order, lambda = 0.1931833275 (Omelyan, Mryglod, Folk, CPC 151 (2003) 272, eq. 31)."""

_A, _B, _C, _D = 0.08398315262876693, 0.2539785108410595, 0.6822365335719091, -0.03230286765269967
OMF4 = Integrator(
    "omf4",
    4,
    _symmetric([_B, _D, 1 - 2 * (_B + _D), _D, _B], [_A, _C, 0.5 - _A - _C, 0.5 - _A - _C, _C, _A]),
)
"""Minimum-norm fourth order with five forces (Omelyan et al.; hep-lat/0505020, scheme 4MN5FV)."""

FORCE_GRADIENT = Integrator("force_gradient", 4, _symmetric([0.5, 0.5], [1 / 6, 2 / 3, 1 / 6], [0.0, 1 / 24, 0.0]))
"""Fourth order with one force at a displaced field in place of the Hessian (1111.5059, eqs. 4-6).

The displaced kick is a shear, so volume is preserved exactly and the step is reversible.
"""

INTEGRATORS = {one.name: one for one in (LEAPFROG, OMELYAN, OMF4, FORCE_GRADIENT)}


def integrator(which: str | Integrator) -> Integrator:
    """An integrator by name, or itself."""
    if isinstance(which, Integrator):
        return which
    if which not in INTEGRATORS:
        raise ValueError(f"unknown integrator {which!r}: one of {', '.join(INTEGRATORS)}, or an Integrator")
    return INTEGRATORS[which]
