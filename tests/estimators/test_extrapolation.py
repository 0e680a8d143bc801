"""Least squares against numpy, exact polynomials, and its own error bars."""

import numpy as np
import pytest

from latticekit.estimators import linear_extrapolation

x = np.array([0.02, 0.05, 0.1, 0.15, 0.3])


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_against_polyfit(degree):
    rng = np.random.default_rng(degree)
    y, dy = rng.standard_normal((5, 2, 3)), 0.1 + rng.random((5, 2, 3))
    found = linear_extrapolation(x, y, dy, degree)
    for k in np.ndindex(2, 3):
        c, cov = np.polyfit(x, y[:, *k], degree, w=1 / dy[:, *k], cov="unscaled")
        assert np.allclose(found.coefficients[:, *k], c[::-1], rtol=1e-9, atol=1e-10)
        assert np.allclose(found.covariance[:, :, *k], cov[::-1, ::-1], rtol=1e-8)
        assert found.intercept.value[k] == pytest.approx(c[-1], rel=1e-9)
        assert found.intercept.error[k] == pytest.approx(np.sqrt(cov[-1, -1]), rel=1e-8)
        chi2 = np.sum(((y[:, *k] - np.polyval(c, x)) / dy[:, *k]) ** 2)
        assert found.chi2[k] == pytest.approx(chi2, rel=1e-8)
    assert found.dof == 4 - degree


def test_exact_line():
    found = linear_extrapolation(1e-6 * x, 3 - 2e6 * x, np.full(5, 0.1))
    assert found.intercept.value == pytest.approx(3.0, abs=1e-9)
    assert found.coefficients[1] == pytest.approx(-2e12, rel=1e-12)
    assert found.chi2 == pytest.approx(0, abs=1e-15)


def test_coverage_and_chi2():
    """4000 fits: coverage 65-71 % is five standard deviations wide; <chi2> = dof to 4 standard deviations."""
    dy = np.linspace(0.1, 0.3, 5)[:, None] * np.ones((5, 4000))
    y = 1 + 2 * x[:, None] + dy * np.random.default_rng(5).standard_normal((5, 4000))
    found = linear_extrapolation(x, y, dy)
    assert 0.65 < np.mean(np.abs(found.intercept.pull(1.0)) < 1) < 0.71
    assert np.mean(found.chi2) == pytest.approx(3, abs=4 * np.sqrt(6 / 4000))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((x, x[:4], x[:4]), "shapes must be"),
        ((x, x, x, 5), "needs at least 6 different x"),
        ((np.ones(5), x, x), "needs at least 2 different x, got 1"),
        ((x, x, x - 0.02), "every dy must be positive"),
        ((x, x * np.nan, x), "y holds 5 non-finite"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        linear_extrapolation(*arguments)
