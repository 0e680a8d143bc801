"""Errors by resampling bins: jackknife, bootstrap, and the error as a function of the bin size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import device

from latticekit.arrays import finite, namespace
from latticekit.estimators.bins import Bins, bins
from latticekit.estimators.estimate import Estimate
from latticekit.estimators.series import Array, blocks
from latticekit.random import Key

Function = Callable[[Array], Array]


def jackknife(
    f: Function | None, series: Any, bin_size: int, weights: Any = None, *, log_weights: Any = None
) -> Estimate:
    """Error of f(means) from leaving out one bin at a time.  (chain, draw, *dims) -> Estimate of f's shape

    error^2 = (B - 1)/B sum_b (f_b - mean f_b)^2. f acts on the leading axes of (*dims), as in gamma_function, and
    sees all samples at once on one more axis behind; None is the mean itself. Bins must be longer than several
    tau_int.
    """
    cut = bins(series, bin_size, weights, log_weights)
    count = cut.shifted.shape[0]
    samples = _apply(f, cut.mean(_sum(cut.shifted) - cut.shifted, _sum(cut.weight) - cut.weight))
    error = _spread(samples) * (count - 1) / count**0.5
    return Estimate(_central(f, cut), error, error / (2 * (count - 1)) ** 0.5, n=cut.n)


def bootstrap(
    f: Function | None,
    series: Any,
    bin_size: int,
    replicas: int = 1000,
    key: Key | int = 0,
    weights: Any = None,
    *,
    log_weights: Any = None,
) -> Estimate:
    """Error of f(means) from drawing bins with replacement.  (chain, draw, *dims) -> Estimate of f's shape

    The spread over the replicas, times sqrt(B / (B - 1)) so that its square is unbiased for a mean of B bins. f as in
    jackknife; key is a Key or a seed, and the same bins are drawn on every array library.
    """
    if replicas < 2:
        raise ValueError(f"bootstrap: a spread needs at least 2 replicas, got {replicas}")
    cut = bins(series, bin_size, weights, log_weights)
    count = cut.shifted.shape[0]
    times = _multiplicities(Key(key) if isinstance(key, int) else key, replicas, count, cut.weight)
    samples = _apply(f, cut.mean(_chosen(times, cut.shifted), _chosen(times, cut.weight)))
    error = _spread(samples) * (count / (count - 1)) ** 0.5
    relative = (1 / (2 * (count - 1)) + 1 / (2 * (replicas - 1))) ** 0.5
    return Estimate(_central(f, cut), error, error * relative, n=cut.n)


class Binning(NamedTuple):
    """Bin sizes and numbers of bins, (sizes,); naive error of the mean at each with its error, (sizes, *dims)."""

    bin_size: Array
    bins: Array
    error: Array
    error_error: Array


def binning(series: Any, fewest: int = 16) -> Binning:
    """The naive error of the mean as bins double.  (chain, draw, *dims) -> Binning of (sizes, *dims)

    error(b)^2 = var(bin means) / B rises to 2 tau_int var / N and stays there once b exceeds several tau_int.
    Doubling stops before fewer than `fewest` bins are left.
    """
    parts = blocks(series)
    xp = namespace(*parts)
    sizes = [1]
    while sum(part.shape[0] * (part.shape[1] // (2 * sizes[-1])) for part in parts) >= max(fewest, 2):
        sizes.append(2 * sizes[-1])
    found = [jackknife(None, series, size) for size in sizes]
    counts = [(e.n or 0) // size for e, size in zip(found, sizes)]
    integers = {"dtype": xp.int64, "device": device(parts[0])}
    errors = xp.stack([e.error for e in found]), xp.stack([e.error_error for e in found])
    return Binning(xp.asarray(sizes, **integers), xp.asarray(counts, **integers), *errors)


def _sum(x: Array) -> Array:
    return namespace(x).sum(x, axis=0, keepdims=True)


def _apply(f: Function | None, means: Array) -> Array:
    """f of every sample.  (samples, *dims) -> (*derived, samples)"""
    behind = namespace(means).moveaxis(means, 0, -1)
    return behind if f is None else finite(f(behind), "f of the resampled means")


def _spread(samples: Array) -> Array:
    """Standard deviation of the last axis with n - 1, exactly zero for equal samples."""
    return namespace(samples).std(samples - samples[..., :1], axis=-1, correction=1)


def _central(f: Function | None, cut: Bins) -> Array:
    mean = cut.mean(_sum(cut.shifted), _sum(cut.weight))
    return _apply(f, mean)[..., 0]


def _chosen(times: Array, sums: Array) -> Array:
    """(replicas, bins), (bins, *dims) -> (replicas, *dims)"""
    return namespace(times, sums).tensordot(times, sums, axes=1)


def _multiplicities(key: Key, replicas: int, count: int, like: Array) -> Array:
    """How often each bin is drawn in each replica, float64.  -> (replicas, bins)

    Sorting the drawn bins of all replicas together turns counting into one search for the edges between bins.
    """
    xp = namespace(like)
    uniform = key.fold("bootstrap").uniform((replicas, count), like)
    first = xp.reshape(xp.arange(replicas, dtype=xp.int64, device=device(like)) * count, (replicas, 1))
    drawn = xp.sort(xp.reshape(xp.astype(uniform * count, xp.int64) + first, (-1,)))
    edges = xp.arange(replicas * count + 1, dtype=xp.int64, device=device(like))
    below = xp.searchsorted(drawn, edges)
    return xp.astype(xp.reshape(below[1:] - below[:-1], (replicas, count)), xp.float64)
