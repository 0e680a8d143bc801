"""The Gamma method: errors of Monte Carlo means from the autocorrelation function."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

from array_api_compat import device

from latticekit.arrays import namespace
from latticekit.estimators.autocovariance import autocovariance, columns, longest
from latticekit.estimators.estimate import Estimate
from latticekit.estimators.fluctuations import fluctuations
from latticekit.estimators.series import Array, draws

_ANTICORRELATED = (
    "{} observable(s) are so strongly anti-correlated that the summed autocorrelation function came out negative: "
    "tau_int = 1/2 was used, which overestimates the error; use more draws"
)


def gamma_method(series: Any, weights: Any = None, *, log_weights: Any = None, s_tau: float = 1.5) -> Estimate:
    """Mean, error and integrated autocorrelation time.  (chain, draw, *dims) -> Estimate of (*dims)

    error^2 = 2 tau_int var / N with tau_int = 1/2 + sum_{t=1}^W rho(t); U. Wolff, hep-lat/0306017: Gamma(t) around
    the mean of all replicas, its bias removed (eq. 49), automatic window with parameter s_tau (sec. 3.3), error of
    tau_int from eq. 42. Chains are the replicas, or a list of (draw_r, *dims) of unequal length. With weights (chain,
    draw), or their logarithms, the mean is <wO>/<w>. A constant series has error 0 and tau_int 1/2. Modes slower
    than the run are invisible to it: do not trust an error from fewer than about 50 effective draws.
    """
    mean, deltas = fluctuations(series, weights, log_weights)
    return analyse(mean, deltas, s_tau)


def analyse(value: Array, deltas: list[Array], s_tau: float = 1.5) -> Estimate:
    """Error of a value whose first-order fluctuations [(chain, draw, *dims), ...] are known.  -> Estimate of (*dims)"""
    if not s_tau > 0:
        raise ValueError(f"s_tau must be positive (1 to 2 is usual), got {s_tau}")
    xp = namespace(value, *deltas)
    flat = [xp.reshape(d, (d.shape[0], d.shape[1], -1)) for d in deltas]
    pieces = [_columns(part, s_tau) for part in columns(flat)]
    fields = [xp.reshape(xp.concat(list(column)), value.shape) for column in zip(*pieces, strict=True)]
    error, error_error, tau, tau_error, window, lost = fields
    if bool(xp.any(lost)):
        warnings.warn(_ANTICORRELATED.format(int(xp.count_nonzero(lost))), RuntimeWarning, stacklevel=3)
    n = draws(deltas)
    return Estimate(value, error, error_error, tau, tau_error, n / (2.0 * tau), window, n)


class _Columns(NamedTuple):
    error: Array
    error_error: Array
    tau_int: Array
    tau_int_error: Array
    window: Array
    lost: Array


def _columns(deltas: list[Array], s_tau: float) -> _Columns:
    """[(chain, draw, k), ...] -> fields of an Estimate, (k,) each"""
    xp = namespace(*deltas)
    n, scale = draws(deltas), _scale(deltas)
    gamma = autocovariance([d / scale for d in deltas], longest(deltas) // 2)
    variance, window = gamma[0, ...], automatic_window(gamma, n, s_tau)
    c = summed(gamma, window)
    lost = xp.logical_and(c <= 0, variance > 0)
    window = xp.where(c > 0, window, xp.zeros_like(window))
    c = xp.where(lost, variance, c)
    w = xp.astype(window, xp.float64)
    c, variance = c * (1 + (2 * w + 1) / n), variance + c / n  # eq. 49: each Gamma(t) came out too small by c / n
    tau = xp.where(variance > 0, c / xp.where(variance > 0, 2 * variance, xp.ones_like(c)), xp.full_like(c, 0.5))
    error = scale * xp.sqrt(c / n)
    spread = xp.maximum(w + 0.5 - tau, xp.zeros_like(tau))
    return _Columns(error, error * xp.sqrt((w + 0.5) / n), tau, 2 * tau * xp.sqrt(spread / n), window, lost)


def _scale(deltas: list[Array]) -> Array:
    """Largest fluctuation, 1 for a constant series: squares then neither overflow nor vanish."""
    xp = namespace(*deltas)
    largest = xp.max(xp.abs(deltas[0]), axis=(0, 1))
    for d in deltas[1:]:
        largest = xp.maximum(largest, xp.max(xp.abs(d), axis=(0, 1)))
    return xp.where(largest > 0, largest, xp.ones_like(largest))


def summed(gamma: Array, window: Array) -> Array:
    """C(W) = Gamma(0) + 2 sum_{t=1}^W Gamma(t).  (lags, k), (k,) -> (k,)"""
    xp = namespace(gamma, window)
    inside = _lags(gamma, xp.int64)[1:, ...] <= window
    return gamma[0, ...] + 2 * xp.sum(xp.where(inside, gamma[1:, ...], xp.zeros_like(gamma[1:, ...])), axis=0)


def automatic_window(gamma: Array, n: int, s_tau: float) -> Array:
    """First W at which truncation costs less than noise.  (lags, k) -> (k,)

    The smallest W >= 1 with exp(-W/tau) < tau / sqrt(W N), tau = s_tau / log(1 + 1/G), G(W) = sum_{t=1}^W rho(t): U.
    Wolff, hep-lat/0306017, sec. 3.3. Where the staggered sum of (-1)^t rho(t) is larger it is used for G: an
    alternating autocorrelation function cancels in G while it decays slowly. If no W qualifies, the largest.
    """
    xp = namespace(gamma)
    if gamma.shape[0] == 1:
        return xp.zeros(gamma.shape[1:], dtype=xp.int64, device=device(gamma))
    rho = gamma[1:, ...] / xp.where(gamma[:1, ...] > 0, gamma[:1, ...], xp.ones_like(gamma[:1, ...]))
    t = _lags(gamma, xp.float64)[1:, ...]
    sign = 1 - 2 * (t % 2)
    g = xp.maximum(xp.cumulative_sum(rho, axis=0), xp.cumulative_sum(sign * rho, axis=0))
    tau = s_tau / xp.log1p(1 / xp.maximum(g, xp.full_like(g, 1e-12)))
    enough = xp.astype(xp.exp(-t / tau) < tau / xp.sqrt(t * n), xp.int64)
    enough = xp.concat([enough[:-1, ...], xp.ones_like(enough[-1:, ...])], axis=0)
    return xp.argmax(enough, axis=0) + 1


def _lags(gamma: Array, dtype: Any) -> Array:
    xp = namespace(gamma)
    return xp.arange(gamma.shape[0], dtype=dtype, device=device(gamma))[:, None]
