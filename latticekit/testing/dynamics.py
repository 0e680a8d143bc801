"""Is molecular dynamics reversible, of the right order, and does it preserve volume?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from latticekit.arrays import namespace, to_host
from latticekit.random import Key
from latticekit.testing.differences import jacobian, real_rows
from latticekit.testing.report import judge

Array = Any


def check_reversibility(
    action: Any, x: Array, schedule: Any, *, tolerance: float = 1e-12, key: Key | None = None
) -> float:
    """Largest |z - x|, |r + p| after evolve, p -> -p, evolve: (x, p) -> (y, q), (y, -q) -> (z, r).  field -> number"""
    xp = namespace(x)
    p = action.group.random_algebra((key or Key(0)).fold("momentum"), x)
    y, q = action.evolve(x, p, schedule)
    z, r = action.evolve(y, -q, schedule)
    error = max(float(xp.max(xp.abs(z - x))), float(xp.max(xp.abs(r + p))))
    return judge(
        error,
        tolerance,
        f"reversibility of {action}, largest difference from the start",
        "The schedule must be a palindrome of kicks and drifts, and evolve must run every stage of it in turn.",
    )


def check_order(
    action: Any,
    x: Array,
    integrator: Any,
    *,
    trajectory_length: float = 1.0,
    steps: int = 32,
    halvings: int = 3,
    tolerance: float = 0.1,
    key: Key | None = None,
) -> float:
    """Fitted k of rms(Delta H) ~ step_size^k at fixed trajectory length; must agree with integrator.order.

    Many chains make the fit steady; `steps` of the coarsest run must reach the asymptotic regime.  field -> number
    """
    p = action.group.random_algebra((key or Key(0)).fold("momentum"), x)
    counts = [steps * 2**i for i in range(halvings + 1)]
    errors = [_rms_delta_h(action, x, p, integrator.schedule(trajectory_length / n, n)) for n in counts]
    order = -float(np.polyfit(np.log(counts), np.log(errors), 1)[0])
    judge(
        abs(order - integrator.order),
        tolerance,
        f"{integrator.name}: fitted order {order:.3f} of Delta H, expected {integrator.order}, difference",
        f"rms(Delta H) = {', '.join(f'{e:.3g}' for e in errors)} at {counts} steps: a coefficient or the force is off, "
        "or the step is too coarse (raise `steps`) or at rounding (lower it).",
    )
    return order


def _rms_delta_h(action: Any, x: Array, p: Array, schedule: Any) -> float:
    y, q = action.evolve(x, p, schedule)
    kinetic = action.group.inner(q, q) - action.group.inner(p, p)
    delta_h = to_host(action.value(y) - action.value(x) + 0.5 * kinetic)
    return math.sqrt(float(np.mean(delta_h**2)))


def check_volume_preservation(
    action: Any, x: Array, schedule: Any, *, tolerance: float = 1e-8, key: Key | None = None
) -> float:
    """Largest | log |det d(y, q)/d(x, p)| | of evolve over chains, by a dense Jacobian: tiny lattices.  field -> number

    Field displacements are measured in the algebra at both ends, so that the Haar measure counts as volume.
    """
    xp, group = namespace(x), action.group
    p = group.random_algebra((key or Key(0)).fold("momentum"), x)

    def moved(v: Array) -> np.ndarray:
        y, q = action.evolve(group.translate(x, v[:, 0, ...]), p + v[:, 1, ...], schedule)
        return np.concatenate([real_rows(y), real_rows(q)], axis=1)

    flow, y = jacobian(moved, xp.stack([p, p], axis=1)), action.evolve(x, p, schedule)[0]
    tangents = jacobian(lambda v: real_rows(group.translate(y, v)), p)
    ambient = tangents.shape[1]
    matrix = np.concatenate([np.linalg.pinv(tangents) @ flow[:, :ambient], flow[:, ambient:]], axis=1)
    _, log_det = np.linalg.slogdet(matrix)
    return judge(
        float(np.max(np.abs(log_det))),
        tolerance,
        f"phase-space volume of {action}, |log det|",
        "Each stage must be a shear: a drift that depends on p alone, a kick that depends on x alone.",
    )
