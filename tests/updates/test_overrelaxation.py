"""Overrelaxation: exact conservation, involution, the part that is left to the Metropolis test."""

import numpy as np
import pytest

import latticekit.updates.sites_overrelaxation as overrelaxation
from latticekit.actions import FreeScalar, Phi4
from latticekit.random import Key
from latticekit.updates import Overrelaxation
from latticekit.updates.checkerboard import parities
from latticekit.updates.sites_heatbath import best_gaussian


@pytest.mark.parametrize("sites", [(6,), (4, 2), (4, 4, 2), (1,)])
def test_free_field_conserves_the_action(reference, sites):
    update = Overrelaxation(FreeScalar(0.7))
    start = state = update.init(Key(1).normal((5, *sites), np.zeros(0)))
    for n in range(20):
        state, info = update.step(state, Key(2).at(n))
        assert np.all(info["acceptance_rate"] == 1)
    np.testing.assert_allclose(state.action, start.action, rtol=1e-13)
    assert sites == (1,) or np.max(abs(state.x - start.x)) > 0.1


def test_free_sweep_backwards_is_its_inverse(reference, monkeypatch):
    update, x = Overrelaxation(FreeScalar(0.7)), Key(1).normal((5, 4, 6), np.zeros(0))
    y = update.step(update.init(x), Key(2))[0]
    monkeypatch.setattr(overrelaxation, "parities", lambda x: reversed(list(parities(x))))
    np.testing.assert_allclose(update.step(y, Key(3))[0].x, x, atol=1e-14)


@pytest.mark.parametrize("action", [Phi4(-4.0, 6.975), Phi4(-6.0, 1.5), Phi4(1.0, 0.3)])
def test_the_accepted_change_is_the_change_of_the_action(reference, action):
    """delta = lambda (y^2 - x^2)(y^2 + x^2 - 2c) equals the difference of the site's action under x -> b/A - x."""
    x = Key(1).normal((5, 4, 4), np.zeros(0))
    weight = action.conditional(x)
    precision, square = best_gaussian(weight)
    y = weight.linear / precision - x
    delta = action.coupling * (y * y - x * x) * (y * y + x * x - 2 * square)
    np.testing.assert_allclose(delta, weight.value(y) - weight.value(x), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(best_gaussian(action.conditional(x))[0], precision)
    np.testing.assert_allclose(weight.linear / precision - y, x, atol=1e-14)


def test_acceptance_is_high_near_the_paper_points(reference):
    update, state = Overrelaxation(Phi4(-4.0, 6.975)), None
    state = update.init(0.4 * Key(1).normal((100, 6, 6), np.zeros(0)))
    rates = []
    for n in range(20):
        state, info = update.step(state, Key(2).at(n))
        rates.append(info["acceptance_rate"].mean())
    assert np.mean(rates) > 0.7
