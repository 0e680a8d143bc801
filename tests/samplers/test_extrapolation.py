"""Step size to zero."""

import numpy as np
import pytest

from latticekit.actions import FreeScalar
from latticekit.arrays import using_kernels
from latticekit.exact import FreeField
from latticekit.random import Key
from latticekit.samplers import chain, extrapolate_step_size
from latticekit.updates import Langevin

SIZES = (0.03, 0.06, 0.09, 0.12)


@pytest.mark.parametrize(("order", "degree"), [(1, 1), (1, 2), (2, 1)])
def test_a_polynomial_is_continued_exactly(order, degree):
    def run(e):
        bias = sum(0.4 * e ** (order * k) for k in range(1, degree + 1))
        return np.array([1.3, -0.2]) + bias, np.array([1e-3, 2e-3])

    fit = extrapolate_step_size(run, SIZES, order=order, degree=degree)
    np.testing.assert_allclose(fit.intercept.value, [1.3, -0.2], rtol=1e-12)
    assert np.all(fit.chi2 < 1e-12)


@pytest.mark.parametrize(("scheme", "order", "degree"), [("euler", 1, 2), ("heun", 2, 1)])
def test_langevin_reaches_the_exact_value(scheme, order, degree):
    """|z| < 4 (false alarm 6e-5), chi^2 not absurd (p > 1e-4), where the largest step is off by more than 10 sigma."""
    action, sites, chains = FreeScalar(1.0), (4,), 2000
    exact = FreeField(sites, 1.0).phi_squared

    def run(step_size):
        update, warmup, draws = Langevin(action, step_size, scheme), round(3 / step_size), round(12 / step_size)
        key = Key(round(1e6 * step_size))
        state, _ = list(chain(update, update.init(np.zeros((chains, *sites))), key, 1, thin=warmup))[-1]
        means = np.mean([(s.x**2).mean(axis=1) for s, _ in chain(update, state, key, draws, first=warmup)], axis=0)
        return means.mean(), means.std(ddof=1) / np.sqrt(chains)

    with using_kernels("reference"):
        fit = extrapolate_step_size(run, SIZES, order=order, degree=degree)
        biased, error = run(SIZES[-1])
    assert abs(fit.intercept.value - exact) < 4 * fit.intercept.error
    assert fit.chi2 < 20
    assert abs(biased - exact) > 10 * error


def test_wrong_step_sizes_are_refused():
    with pytest.raises(ValueError, match="more than 1 step sizes, all positive"):
        extrapolate_step_size(lambda e: (1.0, 0.1), [0.1])
    with pytest.raises(ValueError, match="all positive"):
        extrapolate_step_size(lambda e: (1.0, 0.1), [0.1, 0.0])
