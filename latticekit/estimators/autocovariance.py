"""The autocovariance function Gamma(t) by fast Fourier transform."""

from __future__ import annotations

from collections.abc import Iterator

from array_api_compat import device

from latticekit.arrays import namespace
from latticekit.estimators.series import Array

WORKSPACE = 2**21  # complex numbers held by one transform: 32 MiB


def autocovariance(parts: list[Array], lags: int) -> Array:
    """Gamma(t), t = 0..lags, of fluctuations with overall mean zero.  [(chain, draw, k), ...] -> (lags + 1, k)

    Gamma(t) = sum_r sum_i d_r(i) d_r(i + t) / sum_r (N_r - t), for chains of any length
    (U. Wolff, hep-lat/0306017, sec. 3.1).
    """
    xp = namespace(*parts)
    products = sum(_lagged_products(part, lags) for part in parts)
    lag = xp.arange(lags + 1, dtype=xp.float64, device=device(parts[0]))
    pairs = sum(part.shape[0] * xp.maximum(part.shape[1] - lag, xp.zeros_like(lag)) for part in parts)
    return products / pairs[:, None]


def longest(parts: list[Array]) -> int:
    """Draws of the longest chain."""
    return max(part.shape[1] for part in parts)


def columns(parts: list[Array]) -> Iterator[list[Array]]:
    """The same blocks a few observables at a time, so that transforms fit the workspace."""
    count, step = parts[0].shape[2], max(1, WORKSPACE // (2 * longest(parts)))
    for start in range(0, count, step):
        yield [part[:, :, start : min(start + step, count)] for part in parts]


def _lagged_products(x: Array, lags: int) -> Array:
    """sum over chains and i of x(i) x(i + t).  (chain, draw, k) -> (lags + 1, k), zero beyond the chain"""
    xp = namespace(x)
    chains, length, count = x.shape
    reach = min(lags, length - 1)
    size = _transform_size(length + reach)
    step = max(1, WORKSPACE // (size * count))
    power = sum(_power(x[i : min(i + step, chains), ...], size) for i in range(0, chains, step))
    products = xp.fft.irfft(xp.astype(power, xp.complex128), n=size, axis=0)[: reach + 1, ...]
    return xp.concat([products, xp.zeros((lags - reach, count), dtype=x.dtype, device=device(x))], axis=0)


def _power(x: Array, size: int) -> Array:
    xp = namespace(x)
    spectrum = xp.fft.rfft(x, n=size, axis=1)
    return xp.sum(xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2, axis=0)


def _transform_size(n: int) -> int:
    """A length >= n with small prime factors: m 2^k for one of a few odd m."""
    return min(m << max(0, (-(-n // m) - 1).bit_length()) for m in (1, 3, 5, 9, 15))
