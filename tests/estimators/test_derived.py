"""Functions of means and paired differences."""

import numpy as np
import pytest

from latticekit.estimators import difference, gamma_function, gamma_method


def test_linear_functions_are_exact(ar1):
    x = ar1(0.6, (3, 200, 4), 1)
    coefficients = np.array([1.0, -2.0, 0.5, 3.0])
    ours = gamma_function(lambda m: coefficients @ m, x)
    direct = gamma_method(x @ coefficients)
    assert ours.value == pytest.approx(direct.value, rel=1e-12)
    assert ours.error == pytest.approx(direct.error, rel=1e-10)


def test_ratio_is_the_weighted_mean(ar1):
    x = ar1(0.6, (3, 2000), 2)
    w = np.exp(0.3 * x)
    ours = gamma_function(
        lambda m: m[0] / m[1],
        np.stack([w * x, w], axis=-1),
        gradient=lambda m: np.stack([1 / m[1], -m[0] / m[1] ** 2]),
    )
    direct = gamma_method(x, w)
    assert ours.value == pytest.approx(direct.value, rel=1e-12)
    assert ours.error == pytest.approx(direct.error, rel=1e-11)
    numerical = gamma_function(lambda m: m[0] / m[1], np.stack([w * x, w], axis=-1))
    assert numerical.error == pytest.approx(direct.error, rel=1e-3)


def test_several_outputs_and_axes_that_ride_along(ar1):
    x = 3 + ar1(0.6, (2, 300, 5, 7), 3)  # five time slices, seven channels

    def effective_mass(c):
        return np.log(c[:-1] / c[1:])

    together = gamma_function(effective_mass, x)
    assert together.error.shape == (4, 7)
    alone = gamma_function(effective_mass, x[:, :, :, 3])
    assert np.allclose(together.error[:, 3], alone.error, rtol=1e-10)
    pair = gamma_function(lambda m: np.log(m[0] / m[1]), x[:, :, 1:3, 3])
    assert pair.error == pytest.approx(alone.error[1], rel=1e-6)


def test_one_primary(ar1):
    x = 3 + 0.1 * ar1(0.6, (2, 400), 4)
    e, direct = gamma_function(np.log, x), gamma_method(x)
    assert e.value == pytest.approx(np.log(direct.value), rel=1e-14)
    assert e.error == pytest.approx(direct.error / direct.value, rel=1e-4)
    by_hand = gamma_function(np.log, x, gradient=lambda m: 1 / m)
    assert by_hand.error == pytest.approx(direct.error / direct.value, rel=1e-12)


def test_reweighted_function(ar1):
    x = ar1(0.6, (2, 400, 2), 5)
    log_w = 0.2 * x[:, :, 0]
    e = gamma_function(lambda m: m[0], x, log_weights=log_w)
    assert e.error == pytest.approx(gamma_method(x[:, :, 0], log_weights=log_w).error, rel=1e-9)


def test_constant_primary_is_a_number(ar1):
    x = ar1(0.6, (2, 400), 6)
    e = gamma_function(lambda m: m[0] * m[1], np.stack([x, np.full_like(x, 2.0)], axis=-1))
    assert e.error == pytest.approx(2 * gamma_method(x).error, rel=1e-9)


def test_difference(ar1):
    x = ar1(0.6, (2, 400, 3), 7)
    assert np.array_equal(difference(x, x).error, [0, 0, 0])
    e = difference(x, x[:, ::-1])
    assert np.allclose(e.error, gamma_method(x - x[:, ::-1]).error, rtol=1e-12)
    assert np.allclose(e.value, 0, atol=1e-14)


def test_refusals(ar1):
    x = 0.1 * ar1(0.6, (2, 400, 2), 8)
    with pytest.raises(ValueError, match="keep the axes"):
        gamma_function(lambda m: np.sum(m), x[..., None])
    with pytest.raises(ValueError, match="gradient: expected shape"):
        gamma_function(lambda m: m[0], x, gradient=lambda m: np.zeros(3))
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match="f at the means"):
        gamma_function(lambda m: m[0] / 0.0, x)
    with pytest.raises(ValueError, match="same chains, draws and observables"):
        difference(x, x[:, 1:])
