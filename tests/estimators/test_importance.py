"""Effective sample sizes with errors, acceptance, rejection runs: against exact numbers of normal densities."""

import math

import array_api_strict as strict
import numpy as np
import pytest

from latticekit.estimators import (
    effective_sample_size,
    expected_acceptance,
    forward_effective_sample_size,
    forward_ess,
    rejections,
    reverse_ess,
)
from latticekit.samplers import metropolis_scan

SHIFT = 0.5  # p = N(0, 1), q = N(SHIFT, 1): ESS = exp(-SHIFT^2), acceptance = erfc(SHIFT / 2)


def weights(seed, shape, of_p=False):
    """log p/q at draws of q, or of p."""
    x = np.random.default_rng(seed).normal(size=shape) + (0.0 if of_p else SHIFT)
    return SHIFT**2 / 2 - SHIFT * x


@pytest.mark.parametrize(("estimate", "of_p"), [(reverse_ess, False), (forward_ess, True)])
def test_value_and_error(estimate, of_p):
    """Exact value within the error, and the error the spread of 300 repetitions to 15 % (3.7 sigma)."""
    many = [estimate(weights(seed, (4, 500), of_p)) for seed in range(300)]
    values = np.array([float(e.value) for e in many])
    pooled = estimate(weights(1000, (8, 50000), of_p))
    assert abs(pooled.value - np.exp(-(SHIFT**2))) < 4 * pooled.error
    assert pooled.error < 0.01 * pooled.value
    assert np.std(values) == pytest.approx(np.mean([float(e.error) for e in many]), rel=0.15)


def test_values_are_those_of_the_plain_functions():
    log_w = weights(1, (3, 40))
    assert reverse_ess(log_w).value == pytest.approx(effective_sample_size(log_w), rel=1e-14)
    assert forward_ess(log_w).value == pytest.approx(forward_effective_sample_size(log_w), rel=1e-14)
    replicas = [log_w[0], log_w[1, :7]]
    assert reverse_ess(replicas).value == pytest.approx(effective_sample_size(np.concatenate(replicas)), rel=1e-14)


def test_constant_weights_are_worth_every_draw():
    for estimate in (reverse_ess, forward_ess):
        assert float(estimate(np.full((2, 10), 800.0)).value) == 1.0
    assert float(expected_acceptance(np.full(10, -800.0))) == 1.0


def test_expected_acceptance_against_all_pairs_and_a_chain():
    log_w = weights(2, (300,)) * 3
    w = np.exp(log_w)
    pairs = np.minimum(w[:, None], w[None, :])
    direct = (pairs.sum() - np.trace(pairs)) / (299 * w.sum())
    assert float(expected_acceptance(log_w)) == pytest.approx(direct, rel=1e-13)
    assert float(expected_acceptance(strict.asarray(log_w))) == pytest.approx(direct, rel=1e-13)
    many = weights(3, (400, 500))
    assert float(expected_acceptance(many)) == pytest.approx(math.erfc(SHIFT / 2), abs=2e-3)
    _, moved = metropolis_scan(many, np.random.default_rng(4).uniform(size=many.shape))
    rate = moved[:, 100:].mean(axis=1)
    assert abs(rate.mean() - float(expected_acceptance(many))) < 4 * rate.std() / 20 + 1e-3


def test_runs_of_rejections():
    found = rejections(np.array([[1, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1]], dtype=bool))
    assert found.runs.tolist() == [5, 1, 1, 1]  # 0: before, between, after; then runs of 1, 2 and 3
    assert found.longest == 3
    windows = [6 / 12, 3 / 10, 1 / 8]
    assert found.tau_int == pytest.approx(0.5 + sum(windows))
    assert rejections(np.ones((2, 5), dtype=bool)).tau_int == 0.5
    with pytest.raises(ValueError, match="axes"):
        rejections(np.ones(3, dtype=bool))


def test_tau_of_constant_acceptance():
    """Accepting with probability a, rho(t) = (1 - a)^t and tau = 1/2 + (1 - a) / a; 5 sigma."""
    moved = np.random.default_rng(5).uniform(size=(20, 20000)) < 0.4
    assert rejections(moved).tau_int == pytest.approx(2.0, rel=0.02)
