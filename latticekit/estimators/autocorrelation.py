"""The normalised autocorrelation function with its error."""

from __future__ import annotations

from typing import Any, NamedTuple

from array_api_compat import device

from latticekit.arrays import namespace
from latticekit.estimators.autocovariance import autocovariance, columns, longest
from latticekit.estimators.fluctuations import fluctuations
from latticekit.estimators.series import Array, draws


class Autocorrelation(NamedTuple):
    """rho(t) and its error at lag = 0..lags: (lags + 1,), (lags + 1, *dims), (lags + 1, *dims)."""

    lag: Array
    rho: Array
    error: Array


def autocorrelation(series: Any, lags: int, *, cutoff: int = 100) -> Autocorrelation:
    """rho(t) = Gamma(t) / Gamma(0) with error.  (chain, draw, *dims) -> Autocorrelation of (lags + 1, *dims)

    Madras-Sokal error as in M. Luscher, hep-lat/0409106, eq. E.11: error(t)^2 = (1/N) sum_{k=1}^{t + cutoff} [rho(k +
    t) + rho(k - t) - 2 rho(k) rho(t)]^2. The cutoff must exceed a few tau_int. Lags beyond the longest chain count as
    zero there. A constant series has rho(0) = 1 and nothing else.
    """
    mean, deltas = fluctuations(series)
    if not 0 <= lags < longest(deltas):
        raise ValueError(f"lags must lie in [0, {longest(deltas)}), the length of the longest chain, got {lags}")
    xp = namespace(mean)
    flat = [xp.reshape(d, (d.shape[0], d.shape[1], -1)) for d in deltas]
    reach = min(2 * lags + cutoff, longest(deltas) - 1)
    rho = xp.concat([_rho(autocovariance(part, reach)) for part in columns(flat)], axis=1)
    errors = xp.stack([_error(rho, t, cutoff, draws(deltas)) for t in range(lags + 1)])
    shape = (lags + 1, *mean.shape)
    lag = xp.arange(lags + 1, device=device(mean))
    return Autocorrelation(lag, xp.reshape(rho[: lags + 1, ...], shape), xp.reshape(errors, shape))


def _rho(gamma: Array) -> Array:
    xp = namespace(gamma)
    varies = gamma[:1, ...] > 0
    rho = gamma / xp.where(varies, gamma[:1, ...], xp.ones_like(gamma[:1, ...]))
    return xp.concat([xp.ones_like(rho[:1, ...]), rho[1:, ...]], axis=0)


def _error(rho: Array, t: int, cutoff: int, n: int) -> Array:
    """(lags, k) -> (k,)"""
    xp = namespace(rho)
    k = range(1, t + cutoff + 1)
    terms = _at(rho, [i + t for i in k]) + _at(rho, [abs(i - t) for i in k])
    terms = terms - 2 * _at(rho, list(k)) * rho[t : t + 1, ...]
    return xp.sqrt(xp.sum(terms * terms, axis=0) / n)


def _at(rho: Array, lags: list[int]) -> Array:
    """rho at some lags, zero where it was not measured."""
    xp = namespace(rho)
    padded = xp.concat([rho, xp.zeros_like(rho[:1, ...])], axis=0)
    index = xp.asarray([min(lag, rho.shape[0]) for lag in lags], dtype=xp.int64, device=device(rho))
    return xp.take(padded, index, axis=0)
