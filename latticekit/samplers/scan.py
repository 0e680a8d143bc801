"""Independence Metropolis as one scan over proposals that were all drawn before."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace

Array = Any


def metropolis_scan(log_weight: Array, uniforms: Array) -> tuple[Array, Array]:
    """Which proposal a chain holds at each draw, and where it moved.  (chain, draw) twice -> int64, bool (chain, draw)

    The chain starts from proposal 0 and takes proposal t if u_t < w_t / w_current, so that any quantity of the chain
    is that of the proposals, indexed.  A log weight that is not finite is never taken.
    Albergo, Kanwar and Shanahan, arXiv:1904.12072, eq. 9.
    """
    xp = namespace(log_weight)
    finite = xp.isfinite(log_weight)
    log_w = xp.where(finite, log_weight, xp.full_like(log_weight, -float("inf")))
    log_u = xp.log(uniforms)
    held = xp.zeros(log_w.shape[0], dtype=xp.int64, device=log_w.device)
    current, places, moves = log_w[:, 0], [held], [xp.ones_like(finite[:, 0])]
    for t in range(1, log_w.shape[1]):
        proposed = log_w[:, t]
        accepted = xp.logical_and(finite[:, t], current + log_u[:, t] < proposed)
        current = xp.where(accepted, proposed, current)
        held = xp.where(accepted, xp.full_like(held, t), held)
        places.append(held)
        moves.append(accepted)
    return xp.stack(places, axis=1), xp.stack(moves, axis=1)
