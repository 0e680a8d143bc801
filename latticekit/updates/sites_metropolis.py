"""Metropolis sweep over the sites of a real field."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import accelerated, namespace
from latticekit.random import Key
from latticekit.updates.base import Array
from latticekit.updates.checkerboard import count, parities


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
