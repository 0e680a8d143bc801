"""Effective sample size, free energy, exp(-delta_h)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticekit.estimators import (
    effective_sample_size,
    exp_mean,
    extrapolate_ess,
    forward_effective_sample_size,
    free_energy,
    gamma_method,
    log_mean_exp,
)


def test_log_mean_exp():
    x = np.array([[0.0, math.log(3)], [-1e4, -1e4], [1e4, 1e4 + math.log(3)], [-np.inf, 0.0]])
    expected = [math.log(2), -1e4, 1e4 + math.log(2), -math.log(2)]
    assert np.allclose(log_mean_exp(x, axis=1), expected, rtol=1e-15, atol=1e-15)
    assert log_mean_exp(np.full(3, -np.inf)) == -np.inf
    assert log_mean_exp(x.astype(np.float32), axis=1).dtype == np.float64


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), st.floats(-1e4, 1e4))
def test_effective_sample_size(log_w, shift):
    log_w = np.array(log_w)
    w = np.exp(log_w)
    expected = np.sum(w) ** 2 / np.sum(w * w) / len(w)
    assert effective_sample_size(log_w) == pytest.approx(expected, rel=1e-12)
    assert effective_sample_size(log_w + shift) == pytest.approx(expected, rel=1e-9)
    assert 1 / len(w) - 1e-12 <= effective_sample_size(log_w) <= 1 + 1e-12


def test_forward_equals_reverse_in_the_limit():
    """q normal, w = exp(x/2): p is normal around 1/2 and both ESS are exp(-1/4)."""
    q = np.random.default_rng(1).standard_normal(400_000)
    assert effective_sample_size(q / 2) == pytest.approx(math.exp(-0.25), rel=0.01)
    assert forward_effective_sample_size((q + 0.5) / 2) == pytest.approx(math.exp(-0.25), rel=0.01)


def test_only_forward_sees_a_missed_mode():
    """p has two modes, q knows one: w = 1/2 wherever q looks, and is huge in the other mode of p."""
    rng = np.random.default_rng(2)
    assert effective_sample_size(np.full(1000, math.log(0.5))) == 1
    log_w_at_p = np.where(rng.random(1000) < 0.5, math.log(0.5), 50.0)
    assert forward_effective_sample_size(log_w_at_p) < 1e-10


def test_volume_law():
    assert extrapolate_ess(0.9, 8**4, 16**4) == pytest.approx(0.9**16, rel=1e-14)
    with pytest.raises(ValueError, match="volumes must be positive"):
        extrapolate_ess(0.9, 0, 1)


def test_free_energy(ar1):
    q = ar1(0.5, (4, 5000, 3), 3)
    found = free_energy(q / 2 + 1000, (q + 0.5) / 2 + 1000)
    assert np.all(np.abs(found.log_z.pull(1000.125)) < 4)
    assert np.all(np.abs(found.lower.pull(1000.0)) < 4)
    assert np.all(np.abs(found.upper.pull(1000.25)) < 4)
    weight = gamma_method(np.exp(q / 2))
    assert np.allclose(found.log_z.error, weight.error / weight.value, rtol=1e-11)
    assert np.allclose(found.log_z.value - 1000, np.log(weight.value), rtol=1e-11)
    assert free_energy(q).upper is None
    assert np.all(free_energy(np.full((2, 9), 3.5)).log_z.error == 0)


def test_exp_mean(ar1):
    """delta_h normal with variance 2 mean: <exp(-delta_h)> = 1."""
    dh = 0.5 + ar1(0.3, (4, 5000), 4)
    assert abs(exp_mean(dh).pull(1.0)) < 4
    assert abs(exp_mean(1.05 * dh - 0.2).pull(1.0)) > 4
    diverged = np.concatenate([dh, np.full((4, 5000), np.inf)], axis=1)
    assert exp_mean(diverged).value == pytest.approx(exp_mean(dh).value / 2, rel=1e-12)


def test_exp_mean_refuses():
    with pytest.raises(ValueError, match="integrator is unstable"):
        exp_mean(np.array([[0.0, -1000.0]]))
    with pytest.raises(ValueError, match="non-finite"):
        exp_mean(np.array([[0.0, np.nan]]))
