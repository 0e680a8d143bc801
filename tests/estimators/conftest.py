"""AR(1) series, whose autocorrelation is known: rho(t) = rho^t, tau_int = (1 + rho) / (1 - rho) / 2."""

from __future__ import annotations

import warnings

import numpy as np
import pytest


def _ar1(rho, shape, seed):
    """Stationary normal series (chain, draw, *dims), mean 0, variance 1."""
    chain, draw, *dims = shape
    x = np.random.default_rng(seed).standard_normal((draw, chain, *dims))
    x[1:] *= np.sqrt(1 - rho * rho)
    for t in range(1, draw):
        x[t] += rho * x[t - 1]
    return np.moveaxis(x, 0, 1)


@pytest.fixture(scope="session")
def ar1():
    return _ar1


@pytest.fixture(scope="session")
def ar1_mean_error():
    """Exact standard deviation of the mean of an AR(1) series (chain, draw)."""

    def exact(rho, chain, draw):
        t = np.arange(1, draw)
        return np.sqrt((1 + 2 * np.sum((1 - t / draw) * rho**t)) / (chain * draw))

    return exact


@pytest.fixture(scope="session")
def peers():
    """pyerrors, the array functions of ArviZ, emcee.autocorr; their import-time warnings are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyerrors = pytest.importorskip("pyerrors")
        arviz = pytest.importorskip("arviz_stats.base")
        emcee = pytest.importorskip("emcee")
    return pyerrors, arviz.array_stats, emcee.autocorr
