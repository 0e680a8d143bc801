"""Have the chains forgotten their start, and do they agree?"""

from __future__ import annotations

from typing import Any, NamedTuple

from array_api_compat import device

from latticekit.arrays import namespace
from latticekit.estimators.gamma import gamma_method
from latticekit.estimators.series import Array, blocks


class Thermalisation(NamedTuple):
    """z of the beginning against the rest: all chains together, (*dims), and each alone, (chain, *dims)."""

    pooled: Array
    per_chain: Array


def thermalised(series: Any, fraction: float = 0.2, *, s_tau: float = 1.5) -> Thermalisation:
    """Does the beginning of the run differ from the rest?  (chain, draw, *dims) -> Thermalisation

    z = (mean of the first draws - mean of the rest) / sqrt(C/n_first + C/n_rest), C = 2 tau_int var by the Gamma
    method of the rest, whose longer series knows it better. Normal with unit width for a thermalised run, two-sided;
    0 where nothing ever changed, infinite where only the beginning did.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie in (0, 1), got {fraction}")
    parts = blocks(series)
    xp = namespace(*parts)
    cuts = [max(1, int(fraction * part.shape[1])) for part in parts]
    first = [part[:, :cut, ...] for part, cut in zip(parts, cuts)]
    rest = [part[:, cut:, ...] for part, cut in zip(parts, cuts)]
    pooled = _z([p for part in first for p in _chains(part)], [p for part in rest for p in _chains(part)], s_tau)
    pairs = [pair for a, b in zip(first, rest) for pair in zip(_chains(a), _chains(b))]
    return Thermalisation(pooled, xp.stack([_z([a], [b], s_tau) for a, b in pairs]))


def _chains(part: Array) -> list[Array]:
    return [part[c, ...] for c in range(part.shape[0])]


def _z(first: list[Array], rest: list[Array], s_tau: float) -> Array:
    """[(draw, *dims), ...] twice -> (*dims)"""
    later = gamma_method(rest, s_tau=s_tau)
    xp = namespace(later.value)
    n_first, n_rest = sum(x.shape[0] for x in first), later.n
    mean = sum(xp.sum(x - later.value, axis=0) for x in first) / n_first
    error = later.error * (1 + n_rest / n_first) ** 0.5
    known = error > 0
    jump = xp.where(mean > 0, xp.full_like(mean, float("inf")), xp.full_like(mean, -float("inf")))
    unknown = xp.where(mean == 0, xp.zeros_like(mean), jump)
    return xp.where(known, mean / xp.where(known, error, xp.ones_like(error)), unknown)


class Stuck(NamedTuple):
    """Longest run of identical values and whether the chain never moved at all, (chain, *dims) each."""

    longest_run: Array
    frozen: Array


def stuck(series: Array) -> Stuck:
    """How long did each chain stand still?  (chain, draw, *dims) -> Stuck of (chain, *dims)

    Rejections repeat values, so runs of 1 / (1 - acceptance) are normal; runs of many tau_int are not.
    """
    (x,) = blocks(series)
    xp = namespace(x)
    length = x.shape[1]
    time = xp.reshape(xp.arange(length, device=device(x)), (1, -1) + (1,) * (x.ndim - 2))
    moved = x[:, 1:, ...] != x[:, :-1, ...]
    ends = xp.where(moved, time[:, 1:, ...], xp.full_like(xp.astype(moved, time.dtype), length))
    start = xp.zeros_like(ends[:, :1, ...])
    edges = xp.concat([start, xp.sort(ends, axis=1), start + length], axis=1)
    longest = xp.max(edges[:, 1:, ...] - edges[:, :-1, ...], axis=1)
    return Stuck(longest, longest == length)
