"""Whole HMC transitions on CuPy arrays (reference: `latticekit.updates.hmc.transition`)."""

from __future__ import annotations

import importlib
import math
import sys
from typing import Any

from latticekit.kernels.cuda import gauge, phi4, random

Array = Any


def transition(x: Array, action: Any, key: Any, schedule: Any, current: Array) -> Any:
    """Momenta, trajectory, Metropolis test.  field, (chain,) -> field, S, Delta H, accepted (chain,)

    Everything stays on the device and on its stream: no number comes back to the host.
    """
    shape = _algebra(x, action)
    if shape is NotImplemented:
        return NotImplemented
    test = importlib.import_module("latticekit.updates.acceptance")
    p = random.normal(x.real[:0], key.fold("momentum"), shape)
    if p is NotImplemented:
        return NotImplemented
    run, value = (phi4_evolve, phi4_value) if shape == x.shape and _is_phi4(action) else (gauge.evolve, gauge.value)
    y, q = run(x, p, action, schedule)
    proposed = value(y, action)
    delta = (proposed - current) + 0.5 * (_square(q) - _square(p))
    accepted = test.metropolis_test(delta, key)
    return test.select(accepted, y, x), test.select(accepted, proposed, current), delta, accepted


def _is_phi4(action: Any) -> bool:
    module = sys.modules.get("latticekit.actions.phi4")
    return module is not None and type(action) is module.Phi4


def _algebra(x: Array, action: Any) -> Any:
    """Shape of the momenta, if the kernels know this case."""
    if _is_phi4(action) and phi4.supported(x):
        return x.shape
    known = gauge.takes(x) and gauge.is_wilson(x, action) and not action.held
    return gauge.Links(x).algebra if known else NotImplemented


def phi4_evolve(x: Array, p: Array, action: Any, schedule: Any) -> Any:
    """Trajectory of phi^4."""
    return phi4.evolve(x, p, action.mass_squared, action.coupling, schedule)


def phi4_value(x: Array, action: Any) -> Any:
    """Action of phi^4."""
    return phi4.value(x, action.mass_squared, action.coupling)


def _square(p: Array) -> Array:
    """p.p in float64.  -> (chain,)"""
    return phi4.square(p.reshape((p.shape[0], math.prod(p.shape[1:]))))
