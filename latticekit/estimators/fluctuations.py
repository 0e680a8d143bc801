"""Means and the fluctuations their errors come from, with or without weights."""

from __future__ import annotations

from typing import Any

from latticekit.arrays import namespace
from latticekit.estimators.series import Array, blocks, draws, matching, total


def fluctuations(series: Any, weights: Any = None, log_weights: Any = None) -> tuple[Array, list[Array]]:
    """Mean and first-order fluctuations.  (chain, draw, *dims) -> (*dims), [(chain, draw, *dims), ...]

    O - <O>, or for a reweighted mean <wO>/<w> the linear response to one draw, w (O - <wO>/<w>) / <w>: the gradient
    of the ratio applied to its primaries. Fluctuations average to zero, so every error becomes that of a plain mean.
    """
    parts = blocks(series)
    pivot = parts[0][:1, :1, ...]  # values near the mean: no digits are lost, and a constant series is exactly 0
    shifted = [part - pivot for part in parts]
    w = normalised_weights(parts, weights, log_weights)
    mean = total([x * v for x, v in zip(shifted, w)]) / draws(parts)
    return pivot[0, 0, ...] + mean, [(x - mean) * v for x, v in zip(shifted, w)]


def normalised_weights(parts: list[Array], weights: Any = None, log_weights: Any = None) -> list[Array]:
    """Weights divided by their mean, shaped (chain, draw, 1, ...) to multiply the blocks; 1 without weights."""
    if weights is not None and log_weights is not None:
        raise ValueError("give weights or log_weights, not both")
    if weights is None and log_weights is None:
        return [namespace(x).ones_like(x[(..., *(slice(0, 1),) * (x.ndim - 2))]) for x in parts]
    if log_weights is None:
        w = matching(weights, parts, "weights")
    else:
        w = _exp(matching(log_weights, parts, "log_weights"))
    mean = total(w) / draws(w)
    if bool(namespace(mean).any(mean == 0)):
        raise ValueError("weights: their mean is zero, so <wO>/<w> has no value")
    return [v / mean for v in w]


def _exp(log_weights: list[Array]) -> list[Array]:
    """exp(log w - max log w): the common factor drops out of the ratio."""
    xp = namespace(*log_weights)
    largest = log_weights[0][:1, :1, ...]
    for part in log_weights:
        largest = xp.maximum(largest, xp.max(part, axis=(0, 1), keepdims=True))
    return [xp.exp(part - largest) for part in log_weights]
