"""Whole HMC transitions of phi^4 on CuPy arrays (reference: `latticekit.updates.hmc.transition`)."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from latticekit.kernels.cuda import phi4, random

Array = Any


def transition(x: Array, action: Any, key: Any, schedule: Any, current: Array) -> Any:
    """Momenta, trajectory, Metropolis test.  field, (chain,) -> field, S, Delta H, accepted (chain,)

    Everything stays on the device and on its stream: no number comes back to the host.
    """
    module = sys.modules.get("latticekit.actions.phi4")
    if module is None or type(action) is not module.Phi4 or not phi4.supported(x):
        return NotImplemented
    test = importlib.import_module("latticekit.updates.acceptance")
    p = random.normal(x, key.fold("momentum"), x.shape)
    if p is NotImplemented:
        return NotImplemented
    y, q = phi4.evolve(x, p, action.mass_squared, action.coupling, schedule)
    proposed = phi4.value(y, action.mass_squared, action.coupling)
    delta = (proposed - current) + 0.5 * (phi4.square(q) - phi4.square(p))
    accepted = test.metropolis_test(delta, key)
    return test.select(accepted, y, x), test.select(accepted, proposed, current), delta, accepted
