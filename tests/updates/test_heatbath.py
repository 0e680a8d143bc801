"""Heatbath: the bounds hold identically, draws follow the exact density, tries are few."""

import numpy as np
import pytest
from scipy import integrate, stats

from latticekit.actions import Conditional, FreeScalar, Phi4
from latticekit.random import Key
from latticekit.updates import Heatbath
from latticekit.updates.sites_heatbath import best_gaussian, draw_conditional, envelope, one_sided, two_sided

WEIGHTS = [
    (3.0, 0.7, 0.4),
    (0.0, 6.975, -1.0),
    (-1.5, 1.0, 0.2),
    (-6.0, 1.5, 0.3),
    (-30.0, 2.0, -5.0),
    (-4.0, 1.0, 40.0),
]
GRID = np.linspace(-12, 12, 4001)


def conditional(a, lam, b):
    """A weight with the same b at the sites of GRID."""
    return Conditional(a, lam, np.full((1, GRID.size), float(b)))


def log_density(bound, weight):
    """Log of (density of a proposal) x (its acceptance), and the proposals, for both sides on GRID."""
    one = np.ones_like(weight.linear)
    for side in (1e-300, 1 - 1e-16):
        phi, log_accept = bound(weight)(GRID * one, side * one)
        width = abs(phi[0, 1] - phi[0, 0]) / (GRID[1] - GRID[0])
        yield phi, log_accept, -0.5 * GRID**2 - np.log(width)


def upper_share(bound, weight):
    """Probability of the upper side."""
    sides = np.linspace(0, 1, 200001)[None, 1:-1]
    wide = Conditional(weight.quadratic, weight.quartic, np.full(sides.shape, weight.linear[0, 0]))
    phi, _ = bound(wide)(0 * sides + 20.0, sides)
    return np.mean(phi > 0)


@pytest.mark.parametrize("parameters", WEIGHTS)
def test_the_gaussian_identity(parameters):
    """a phi^2 + lambda phi^4 = A phi^2 + lambda (phi^2 - c)^2 - lambda c^2, and c = <phi^2>."""
    a, lam, b = parameters
    precision, square = (v[0, 0] for v in best_gaussian(conditional(a, lam, b)))
    phi = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(
        precision * phi**2 + lam * (phi**2 - square) ** 2 - lam * square**2, a * phi**2 + lam * phi**4, atol=1e-9
    )
    np.testing.assert_allclose(square, b**2 / (4 * precision**2) + 1 / (2 * precision), rtol=1e-6)
    assert precision > 0


@pytest.mark.parametrize("parameters", WEIGHTS)
def test_proposals_times_acceptance_are_the_weight(parameters):
    """log q + log accept + V is one constant over all phi, on each side: draws are exact."""
    weight = conditional(*parameters)
    for phi, log_accept, log_q in log_density(one_sided, weight):
        total = log_q + log_accept + weight.value(phi)
        assert np.all(log_accept <= 0)
        np.testing.assert_allclose(total, total[0, 0], rtol=0, atol=1e-9 * np.max(abs(weight.value(phi))))
    share = upper_share(two_sided, weight)
    constants = []
    for phi, log_accept, log_q in log_density(two_sided, weight):
        kept = np.isfinite(log_accept)
        total = (log_q + log_accept + weight.value(phi))[kept]
        assert np.all(log_accept[kept] <= 1e-12)
        assert np.all(np.sign(phi[kept]) == np.sign(phi[kept][0]))
        np.testing.assert_allclose(total, total[0], rtol=0, atol=1e-9 * np.max(abs(weight.value(phi)[kept])))
        constants.append(np.exp(total[0]))
    if 1e-5 < share < 1 - 1e-5:  # share * high = (1 - share) * low, up to the resolution of the share
        high, low = constants
        assert abs(share - low / (high + low)) < 1e-5


def test_at_least_half_of_the_tries_succeed():
    """Quadrature over the proposals, for weights of all shapes (lambda = 1 is no restriction: rescale phi)."""
    for a in (-200.0, -40.0, -10.0, -3.0, -1.5, -1.001, -1.0, -0.5, 0.0, 1.0, 5.0, 50.0):
        for b in (0.0, 0.3, 1.0, 2.5, 6.0, 20.0, 300.0):
            weight = conditional(a, 1.0, b)
            share = upper_share(envelope, weight)
            density = stats.norm.pdf(GRID) * (GRID[1] - GRID[0])
            rates = [np.sum(density * np.exp(log_accept)) for _, log_accept, _ in log_density(envelope, weight)]
            assert share * rates[0] + (1 - share) * rates[1] >= 0.498, (a, b)


def draws_of(key, shape):
    """Numbers of the n-th try."""
    like = np.zeros(0)
    return lambda n: tuple(
        getattr(key.fold("heatbath", 3 * n + i), kind)(shape, like)
        for i, kind in enumerate(("normal", "uniform", "uniform"))
    )


@pytest.mark.parametrize("parameters", WEIGHTS)
def test_draws_follow_the_density(reference, parameters):
    """Kolmogorov-Smirnov against quadrature at p > 1e-3 and moments at 4 sigma: false alarm 1.2e-3 per weight."""
    a, lam, b = parameters
    weight = Conditional(a, lam, np.full((1000, 100), b))
    phi, tries, waiting = draw_conditional(weight, draws_of(Key(5), (1000, 100)), np.full((1000, 100), True), 64)
    grid = np.linspace(phi.min() - 1, phi.max() + 1, 20001)
    value = Conditional(a, lam, b).value(grid)
    density = np.exp(value.min() - value)
    cdf = integrate.cumulative_simpson(density, x=grid, initial=0)
    sample = phi.ravel()
    assert stats.ks_1samp(sample, lambda v: np.interp(v, grid, cdf / cdf[-1])).pvalue > 1e-3
    for power in (1, 2, 4):
        exact = integrate.simpson(density * grid**power, x=grid) / cdf[-1]
        assert abs(np.mean(sample**power) - exact) < 4 * np.std(sample**power) / np.sqrt(sample.size)
    assert not np.any(waiting)
    assert 1 <= tries.mean() < 2.02


def test_a_wrong_acceptance_fails_the_identity(monkeypatch):
    """The oracle catches an exponent wrong by 1 %."""
    weight = conditional(0.0, 6.975, -1.0)
    phi, log_accept, log_q = next(log_density(one_sided, weight))
    total = log_q + 1.01 * log_accept + weight.value(phi)
    assert np.ptp(total) > 1e-9 * np.max(abs(weight.value(phi)))


def test_free_field_takes_one_try_each(reference):
    update, x = Heatbath(FreeScalar(0.3)), np.zeros((7, 4, 4))
    _, info = update.step(update.init(x), Key(1))
    assert np.all(info["n_tries"] == 1)
    assert np.all(info["acceptance_rate"] == 1)
    assert np.all(info["failures"] == 0)


def test_sites_without_success_keep_their_value_and_are_counted(reference):
    update, x = Heatbath(Phi4(-4.0, 6.975), attempts=1), Key(1).normal((500, 4, 4), np.zeros(0))
    state, info = update.step(update.init(x), Key(2))
    np.testing.assert_array_equal(np.sum(state.x == x, axis=(1, 2)), info["failures"])
    assert 0.1 < info["failures"].mean() / 16 < 0.5
    np.testing.assert_allclose(info["acceptance_rate"], 1 - info["failures"] / 16)


def test_the_new_value_does_not_depend_on_the_old_one(reference):
    """Even sites given equal odd neighbours: the same draws whatever they held."""
    x = Key(1).normal((5, 6), np.zeros(0))
    y = x.copy()
    y[:, ::2] += 1.0
    update = Heatbath(Phi4(-1.0, 1.0))
    new = [update.step(update.init(z), Key(2))[0].x for z in (x, y)]
    np.testing.assert_array_equal(new[0], new[1])
