"""How good a proposal density is: effective sample sizes with errors, and the acceptance they mean."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.estimators.estimate import Estimate
from latticekit.estimators.fluctuations import normalised_weights
from latticekit.estimators.gamma import analyse
from latticekit.estimators.series import Array, blocks
from latticekit.estimators.weights import effective_sample_size, forward_effective_sample_size


def reverse_ess(log_weights: Any, *, s_tau: float = 1.5) -> Estimate:
    """(sum w)^2 / (n sum w^2) with its error, from draws of q.  (chain, draw) -> Estimate of ()

    Its fluctuations are those of a ratio of means, 2 dw/<w> - d(w^2)/<w^2>.  Both it and its error are too good if q
    misses a region of p.
    """
    parts = blocks(log_weights, "log_weights")
    first = normalised_weights(parts, log_weights=log_weights)
    second = normalised_weights(parts, log_weights=_scaled(log_weights, 2.0))
    value = effective_sample_size(_flat(parts))
    return analyse(value, [(2.0 * (a - 1) - (b - 1)) * value for a, b in zip(first, second)], s_tau)


def forward_ess(log_weights_p: Any, *, s_tau: float = 1.5) -> Estimate:
    """1 / (<w>_p <1/w>_p) with its error, from draws of p.  (chain, draw) -> Estimate of ()

    It sees modes that q misses: far below the reverse one, the flow has collapsed on part of p.
    """
    parts = blocks(log_weights_p, "log_weights_p")
    up = normalised_weights(parts, log_weights=log_weights_p)
    down = normalised_weights(parts, log_weights=_scaled(log_weights_p, -1.0))
    value = forward_effective_sample_size(_flat(parts))
    return analyse(value, [(2.0 - a - b) * value for a, b in zip(up, down)], s_tau)


def expected_acceptance(log_weights: Array) -> Array:
    """Acceptance of independence Metropolis in equilibrium, from independent draws of q.  (...) -> ()

    E_{x~p, y~q} min(1, w(y) / w(x)) = sum_{i != j} min(w_i, w_j) / ((n - 1) sum_i w_i), all pairs by one sort.
    """
    xp = namespace(log_weights)
    log_w = xp.sort(xp.reshape(xp.astype(log_weights, xp.float64), (-1,)))
    n = log_w.shape[0]
    if n < 2:
        raise ValueError(f"expected_acceptance needs at least 2 log weights, got {n}")
    w = xp.exp(log_w - log_w[-1])
    larger = n - 1 - xp.arange(n, dtype=xp.float64, device=log_w.device)
    return 2.0 * xp.sum(w * larger) / ((n - 1) * xp.sum(w))


def _scaled(log_weights: Any, factor: float) -> Any:
    """The same series times a number, an array or a list of replicas."""
    replicas = isinstance(log_weights, list | tuple)
    return [part * factor for part in log_weights] if replicas else log_weights * factor


def _flat(parts: list[Array]) -> Array:
    xp = namespace(*parts)
    return xp.concat([xp.reshape(part, (-1,)) for part in parts])
