"""Overrelaxation of sites, for the phi^4 family."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.random import Key
from latticekit.updates.base import Array
from latticekit.updates.checkerboard import count, parities
from latticekit.updates.sites_heatbath import best_gaussian


@accelerated(numpy="latticekit.kernels.cpu.sweeps:overrelaxation")
def overrelaxation_sweep(x: Array, action: Any, key: Key) -> tuple[Array, Array]:
    """Reflections at even, then odd sites.  field -> field, accepted (chain,)"""
    xp = namespace(x)
    log_u = xp.log(key.fold("accept").uniform(tuple(x.shape), x))
    accepted = xp.zeros((x.shape[0],), dtype=xp.float64, device=x.device)
    for mask in parities(x):
        weight = action.conditional(x)
        precision, square = best_gaussian(weight)
        y = weight.linear / precision - x
        delta = weight.quartic * (y * y - x * x) * (y * y + x * x - 2.0 * square)
        move = xp.logical_and(mask, log_u < -delta)
        x, accepted = xp.where(move, y, x), accepted + count(move)
    return x, accepted
