"""The Metropolis accept/reject test."""

from __future__ import annotations

from latticekit.arrays import namespace
from latticekit.random import Key
from latticekit.updates.base import Array


def metropolis_test(delta: Array, key: Key) -> Array:
    """Accept with probability min(1, exp(-delta)); a delta that is not finite is refused.  (chain,) -> bool (chain,)"""
    xp = namespace(delta)
    u = key.fold("accept").uniform((delta.shape[0],), delta)
    return xp.logical_and(xp.isfinite(delta), xp.log(u) < -delta)


def select(accepted: Array, new: Array, old: Array) -> Array:
    """new where the chain accepted, else old.  bool (chain,), two (chain, ...) -> (chain, ...)"""
    mask = namespace(accepted).reshape(accepted, (accepted.shape[0],) + (1,) * (new.ndim - 1))
    return namespace(new).where(mask, new, old)
