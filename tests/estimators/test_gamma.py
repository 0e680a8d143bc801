"""The Gamma method against its definition, and its invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticekit.estimators import autocorrelation, gamma_method
from latticekit.estimators.autocovariance import WORKSPACE, autocovariance
from latticekit.estimators.gamma import automatic_window


def covariance_by_hand(parts, lags):
    """Gamma(t) as written in the paper, one product at a time."""
    mean = np.mean(np.concatenate(parts))
    gamma = []
    for t in range(lags + 1):
        products = [(x[i] - mean) * (x[i + t] - mean) for x in parts for i in range(len(x) - t)]
        gamma.append(sum(products) / len(products))
    return np.array(gamma)


def window_by_hand(rho, n, s_tau):
    for w in range(1, len(rho)):
        g = max(sum(rho[1 : w + 1]), sum((-1) ** t * rho[t] for t in range(1, w + 1)))
        tau = s_tau / np.log((g + 1) / g) if g > 0 else 0.0
        if g <= 0 or np.exp(-w / tau) < tau / np.sqrt(w * n):
            return w
    return len(rho) - 1


def by_hand(parts, s_tau=1.5):
    n = sum(map(len, parts))
    gamma = covariance_by_hand(parts, max(map(len, parts)) // 2)
    w = window_by_hand(gamma / gamma[0], n, s_tau)
    gamma = gamma + (gamma[0] + 2 * sum(gamma[1 : w + 1])) / n  # eq. 49
    c = gamma[0] + 2 * sum(gamma[1 : w + 1])
    tau = c / gamma[0] / 2
    return np.sqrt(c / n), np.sqrt(c / n) * np.sqrt((w + 0.5) / n), tau, 2 * tau * np.sqrt((w + 0.5 - tau) / n), w


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, -0.3])
@pytest.mark.parametrize("lengths", [(200,), (120, 120), (150, 70, 31)])
@pytest.mark.parametrize("s_tau", [1.0, 1.5, 2.0])
def test_is_the_paper(ar1, rho, lengths, s_tau):
    parts = [ar1(rho, (1, n), seed)[0] + 5.0 for seed, n in enumerate(lengths)]
    e = gamma_method(parts, s_tau=s_tau)
    assert np.allclose(
        (e.error, e.error_error, e.tau_int, e.tau_int_error, e.window), by_hand(parts, s_tau), rtol=1e-11
    )
    assert e.value == pytest.approx(np.mean(np.concatenate(parts)), rel=1e-14)
    assert e.n == sum(lengths)
    assert e.ess == pytest.approx(e.n / (2 * e.tau_int), rel=1e-15)


def test_chains_are_replicas(ar1):
    x = ar1(0.7, (3, 100, 2), 1)
    together, apart = gamma_method(x), gamma_method(list(x))
    assert np.allclose(together.error, apart.error, rtol=1e-12)
    assert np.array_equal(together.window, apart.window)


@pytest.mark.parametrize("workspace", [64, 1000, WORKSPACE])
def test_any_workspace_gives_the_same(ar1, monkeypatch, workspace):
    x = ar1(0.7, (5, 60, 7), 2)
    expected = gamma_method(x)
    monkeypatch.setattr("latticekit.estimators.autocovariance.WORKSPACE", workspace)
    found = gamma_method(x)
    assert found.error.shape == (7,)
    assert np.allclose(found.error, expected.error, rtol=1e-12)


def test_autocovariance_of_short_and_long_chains():
    rng = np.random.default_rng(3)
    parts = [rng.standard_normal(n) for n in (9, 4, 1)]
    mean = np.mean(np.concatenate(parts))
    found = autocovariance([(x - mean)[None, :, None] for x in parts], 8)
    assert np.allclose(found[:, 0], covariance_by_hand(parts, 8), atol=1e-14)


def test_constant_series_has_no_error():
    e = gamma_method(np.full((3, 50), 0.1))
    assert (e.value, e.error, e.error_error, e.tau_int, e.tau_int_error) == (0.1, 0.0, 0.0, 0.5, 0.0)
    e = gamma_method(np.stack([np.full((2, 30), 1 / 3), np.random.default_rng(1).random((2, 30))], axis=-1))
    assert e.error[0] == 0
    assert e.error[1] > 0


def test_anticorrelation_beyond_the_data_is_said_and_conservative():
    x = np.tile([1.0, -1.0], 20)[None]
    with pytest.warns(RuntimeWarning, match=r"1 observable\(s\) are so strongly anti-correlated"):
        e = gamma_method(x)
    assert e.tau_int == pytest.approx(0.5, abs=1e-12)
    assert e.error == pytest.approx(np.sqrt(1 / 40), rel=0.05)


def test_alternating_series_get_a_window(ar1):
    e = gamma_method(ar1(-0.8, (4, 5000), 4))
    assert e.window > 10
    assert e.tau_int == pytest.approx(0.2 / 1.8 / 2, rel=0.3)


def test_independent_chains_of_one_draw():
    x = np.random.default_rng(5).standard_normal((100, 1))
    assert gamma_method(x).error == pytest.approx(np.std(x) * np.sqrt(1.01 / 100), rel=1e-12)


def test_two_draws():
    with pytest.warns(RuntimeWarning, match="anti-correlated"):
        assert gamma_method(np.array([[1.0, 2.0]])).error > 0


def test_huge_and_tiny_numbers(ar1):
    x = ar1(0.5, (2, 100), 7)
    e = gamma_method(x)
    for scale in (2.0**-900, 2.0**900):
        assert gamma_method(x * scale).error == e.error * scale


def test_dims_keep_their_shape(ar1):
    x = ar1(0.5, (2, 100, 3, 2), 8)
    e = gamma_method(x)
    assert e.error.shape == e.window.shape == (3, 2)
    one = gamma_method(x[:, :, 2, 1])
    assert one.error == pytest.approx(e.error[2, 1], rel=1e-12)
    assert e[2, 1].error == e.error[2, 1]
    assert e[2].n == 200


def test_weights(ar1):
    x = ar1(0.5, (2, 300), 9)
    e = gamma_method(x)
    assert gamma_method(x, np.full((2, 300), 7.0)).error == pytest.approx(e.error, rel=1e-13)
    w = np.exp(x)
    weighted = gamma_method(x, w)
    assert weighted.value == pytest.approx(np.sum(w * x) / np.sum(w), rel=1e-13)
    logs = gamma_method(x, log_weights=x + 5000.0)
    assert np.allclose((logs.value, logs.error), (weighted.value, weighted.error), rtol=1e-11)
    assert gamma_method(np.full((2, 300), 0.3), w).error == 0


def test_window_is_not_zero_on_noise():
    gamma = np.concatenate([np.ones((1, 1)), 1e-3 * np.random.default_rng(1).standard_normal((50, 1))])
    assert automatic_window(gamma, 10000, 1.5) >= 1


@pytest.mark.parametrize("s_tau", [0, -1.0, float("nan")])
def test_refuses_s_tau(s_tau):
    with pytest.raises(ValueError, match="s_tau must be positive"):
        gamma_method(np.zeros((1, 9)), s_tau=s_tau)


def test_luscher_error_by_hand(ar1):
    x = ar1(0.7, (2, 400), 10)
    found = autocorrelation(x, 5, cutoff=20)
    gamma = covariance_by_hand(list(x), 30)
    rho = gamma / gamma[0]
    assert np.allclose(found.rho, rho[:6], atol=1e-13)
    for t in range(6):
        total = sum((rho[k + t] + rho[abs(k - t)] - 2 * rho[k] * rho[t]) ** 2 for k in range(1, t + 21))
        assert found.error[t] == pytest.approx(np.sqrt(total / 800), rel=1e-9, abs=1e-14)


def test_autocorrelation_scatters_as_its_error_says(ar1):
    """2000 replicas: the standard deviation is known to 1.6 %, the formula is asymptotic; 10 % is asked."""
    found = autocorrelation(ar1(0.8, (2, 2000, 2000), 11), 8)
    assert np.allclose(np.std(found.rho, axis=1)[1:], np.mean(found.error, axis=1)[1:], rtol=0.1)
    assert np.allclose(np.mean(found.rho, axis=1), 0.8 ** np.arange(9), atol=0.01)
    assert np.all(found.error[0] < 1e-12)


def test_autocorrelation_of_a_constant_and_of_too_many_lags():
    found = autocorrelation(np.ones((2, 20, 3)), 4)
    assert np.array_equal(found.rho[:, 0], [1, 0, 0, 0, 0])
    assert np.array_equal(found.lag, np.arange(5))
    with pytest.raises(ValueError, match=r"lags must lie in \[0, 20\)"):
        autocorrelation(np.ones((2, 20)), 20)


data = st.tuples(st.integers(0, 2**31), st.sampled_from([-0.2, 0.0, 0.3, 0.9]))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data, st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_shift_and_scale(ar1, drawn, shift, scale):
    seed, rho = drawn
    x = ar1(rho, (3, 80), seed)
    e, moved = gamma_method(x), gamma_method(scale * x + shift)
    assert moved.value == pytest.approx(scale * e.value + shift, rel=1e-9, abs=1e-9 * scale)
    assert moved.error == pytest.approx(scale * e.error, rel=1e-3 if abs(shift) > 1e3 * scale else 1e-9)
    assert gamma_method(-x).error == pytest.approx(e.error, rel=1e-12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data, st.permutations(range(4)))
def test_order_of_chains_and_direction_of_time(ar1, drawn, order):
    seed, rho = drawn
    x = ar1(rho, (4, 60, 2), seed)
    e, swapped, reversed_ = gamma_method(x), gamma_method(x[order]), gamma_method(x[:, ::-1])
    assert np.allclose(swapped.error, e.error, rtol=1e-10)
    assert np.allclose(reversed_.error, e.error, rtol=1e-10)
    assert np.array_equal(swapped.window, e.window)
