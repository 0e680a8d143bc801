"""The 68 % interval covers 65-71 % in 2000 replicas (R25).

A right error fails a case with probability 6e-3; seeds are fixed. Coverage moves by 0.5 % for a 1 % fault in the error,
so the error itself is checked as well: its root mean square over the replicas is known to 0.15 % and must be right
to 1 %.
"""

import numpy as np
import pytest

import latticekit.estimators.gamma as gamma_module
from latticekit.estimators import (
    bootstrap,
    difference,
    free_energy,
    gamma_function,
    gamma_method,
    jackknife,
)

REPLICAS, BATCH = 2000, 500
LENGTHS = [(0.0, 4, 1000), (0.5, 4, 1000), (0.9, 4, 4000), (0.98, 4, 5000), (-0.5, 4, 1000)]


def estimates(ar1, estimator, rho, chain, draw, width=1):
    """Values and errors of REPLICAS independent runs; the estimator sees (chain, draw, width, BATCH)."""
    found = []
    for seed in range(REPLICAS // BATCH):
        found.append(estimator(ar1(rho, (chain, draw, width, BATCH), seed)))
    return tuple(np.concatenate([np.ravel(getattr(e, name)) for e in found]) for name in ("value", "error"))


def coverage(values, errors, truth):
    assert values.size == REPLICAS
    return np.mean(np.abs(values - truth) < errors)


def covers(values, errors, truth):
    return 0.65 < coverage(values, errors, truth) < 0.71


@pytest.mark.parametrize(("rho", "chain", "draw"), LENGTHS)
def test_gamma_method(ar1, ar1_mean_error, rho, chain, draw):
    values, errors = estimates(ar1, lambda x: gamma_method(x[:, :, 0]), rho, chain, draw)
    assert covers(values, errors, 0.0)
    tolerance = 0.01 if abs(rho) < 0.95 else 0.02
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(ar1_mean_error(rho, chain, draw), rel=tolerance)


def test_one_percent_of_error_is_seen(ar1, ar1_mean_error):
    _, errors = estimates(ar1, lambda x: gamma_method(x[:, :, 0]), 0.5, 4, 1000)
    ratio = np.sqrt(np.mean(errors**2)) / ar1_mean_error(0.5, 4, 1000)
    assert abs(ratio - 1) < 0.005
    assert abs(1.01 * ratio - 1) > 0.005


FAULTS = {
    "factor 2 dropped": ("summed", lambda gamma, window: (summed(gamma, window) + gamma[0]) / 2),
    "no autocorrelation": ("automatic_window", lambda gamma, n, s_tau: np.zeros(gamma.shape[1], dtype=int)),
    "window a quarter": ("automatic_window", lambda gamma, n, s_tau: automatic_window(gamma, n, s_tau) // 4),
    "window on lag one": ("automatic_window", lambda gamma, n, s_tau: np.ones(gamma.shape[1], dtype=int)),
}
summed, automatic_window = gamma_module.summed, gamma_module.automatic_window


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_caught(ar1, monkeypatch, fault):
    values, errors = estimates(ar1, lambda x: gamma_method(x[:, :, 0]), 0.9, 2, 2000)
    assert covers(values, errors, 0.0)
    monkeypatch.setattr(gamma_module, *FAULTS[fault])
    values, errors = estimates(ar1, lambda x: gamma_method(x[:, :, 0]), 0.9, 2, 2000)
    assert not covers(values, errors, 0.0)


def test_without_the_staggered_sum_alternating_series_are_wrong(ar1, monkeypatch):
    """Wolff's window alone stops at W = 1, where 1 + 2 rho(1) = 0 for rho = -1/2."""
    monkeypatch.setattr(gamma_module, *FAULTS["window on lag one"])
    with pytest.warns(RuntimeWarning, match="anti-correlated"):
        values, errors = estimates(ar1, lambda x: gamma_method(x[:, :, 0]), -0.5, 4, 1000)
    assert not covers(values, errors, 0.0)


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_weighted_ratio(ar1, rho):
    """Normal x with w = exp(x/2) has mean 1/2."""
    values, errors = estimates(ar1, lambda x: gamma_method(x[:, :, 0], log_weights=x[:, :, 0] / 2), rho, 4, 3000)
    assert covers(values, errors, 0.5)


def test_weighted_minus_unweighted(ar1):
    def change(x):
        return difference(x[:, :, 0], x[:, :, 0], log_weights=(x[:, :, 0] / 2, None))

    assert covers(*estimates(ar1, change, 0.5, 4, 2000), 0.5)


def test_paired_difference(ar1):
    """b = a + small: only the small part fluctuates in the difference, two separate errors would be far too large."""

    def paired(x):
        return difference(x[:, :, 0] + 0.1 * x[:, :, 1], x[:, :, 0])

    values, errors = estimates(ar1, paired, 0.5, 4, 1000, width=2)
    assert covers(values, errors, 0.0)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(np.std(values), rel=0.05)


def test_function_of_means(ar1):
    """<x y> - <x> <y> of y = x + z is 1."""

    def covariance(x):
        a, b = x[:, :, 0], x[:, :, 0] + x[:, :, 1]
        return gamma_function(lambda m: m[2] - m[0] * m[1], np.stack([a, b, a * b], axis=2))

    assert covers(*estimates(ar1, covariance, 0.5, 4, 2000, width=2), 1.0)


def test_free_energy(ar1):
    """log <exp(x/2)> = 1/8."""
    assert covers(*estimates(ar1, lambda x: free_energy(x[:, :, 0] / 2).log_z, 0.5, 4, 2000), 0.125)


@pytest.mark.parametrize("resample", [jackknife, lambda f, x, size, **kw: bootstrap(f, x, size, 300, **kw)])
def test_resampling(ar1, resample):
    values, errors = estimates(ar1, lambda x: resample(None, x[:, :, 0], 50), 0.5, 4, 2000)
    assert covers(values, errors, 0.0)
    values, errors = estimates(ar1, lambda x: resample(None, x[:, :, 0], 50, log_weights=x[:, :, 0] / 2), 0.5, 4, 2000)
    assert covers(values, errors, 0.5)


def test_bins_shorter_than_the_autocorrelation_are_caught(ar1):
    assert not covers(*estimates(ar1, lambda x: jackknife(None, x[:, :, 0], 2), 0.5, 4, 2000), 0.0)


@pytest.mark.parametrize(("rho", "chain", "draw"), LENGTHS[1:3])
def test_error_of_tau_int(ar1, rho, chain, draw):
    """tau_int scatters as its error says, to 20 % (eq. 42 is a leading-order formula), and is centred."""
    runs = [gamma_method(ar1(rho, (chain, draw, BATCH), seed)) for seed in range(REPLICAS // BATCH)]
    tau = np.concatenate([e.tau_int for e in runs])
    said = np.mean(np.concatenate([e.tau_int_error for e in runs]))
    assert np.std(tau) == pytest.approx(said, rel=0.2)
    assert np.mean(tau) == pytest.approx((1 + rho) / (1 - rho) / 2, rel=0.01)


def test_error_of_the_error(ar1):
    runs = [gamma_method(ar1(0.9, (4, 4000, BATCH), seed)) for seed in range(REPLICAS // BATCH)]
    error = np.concatenate([e.error for e in runs])
    said = np.mean(np.concatenate([e.error_error for e in runs]))
    assert np.std(error) == pytest.approx(said, rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "chain", "draw"), LENGTHS)
def test_campaign(ar1, rho, chain, draw):
    """20000 replicas of fresh seeds: 68.3 % is eight standard deviations inside the limits, five with a 1 % bias."""
    first = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"first seed {first}")
    runs = [gamma_method(ar1(rho, (chain, draw, BATCH), first + i)) for i in range(40)]
    values, errors = (np.concatenate([getattr(e, name) for e in runs]) for name in ("value", "error"))
    assert 0.65 < np.mean(np.abs(values) < errors) < 0.71
