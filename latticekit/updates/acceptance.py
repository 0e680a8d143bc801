"""The Metropolis accept/reject test."""

from __future__ import annotations

from latticekit.arrays import namespace
from latticekit.random import Key
from latticekit.updates.base import Array, Info


def metropolis_test(delta: Array, key: Key) -> Array:
    """Accept with probability min(1, exp(-delta)); a delta that is not finite is refused.  (chain,) -> bool (chain,)"""
    xp = namespace(delta)
    u = key.fold("accept").uniform((delta.shape[0],), delta)
    return xp.logical_and(xp.isfinite(delta), xp.log(u) < -delta)


def select(accepted: Array, new: Array, old: Array) -> Array:
    """new where the chain accepted, else old.  bool (chain,), two (chain, ...) -> (chain, ...)"""
    mask = namespace(accepted).reshape(accepted, (accepted.shape[0],) + (1,) * (new.ndim - 1))
    return namespace(new).where(mask, new, old)


def energy_info(delta: Array, accepted: Array) -> Info:
    """What a step reports that is accepted with min(1, exp(-delta)); diverging: delta beyond 1000, or not finite."""
    xp = namespace(delta)
    refused = xp.where(xp.isfinite(delta), delta, xp.full_like(delta, float("inf")))
    return {
        "accepted": accepted,
        "acceptance_rate": xp.exp(xp.minimum(-refused, xp.zeros_like(delta))),
        "energy_error": delta,
        "diverging": refused > 1000.0,
    }
