"""Local Metropolis: decisions, acceptance, tuning."""

import numpy as np

from latticekit.actions import FreeScalar, Phi4
from latticekit.random import Key
from latticekit.updates import Metropolis


def test_acceptance_of_one_gaussian_variable(reference):
    """On one site with S = m^2 phi^2, a = (2/pi) arctan(2 s / step) with s the width: 4 sigma, false alarm 6e-5."""
    action, chains = FreeScalar(0.5), 40000
    x = Key(1).normal((chains, 1), np.zeros(0))  # the equilibrium of this action
    _, info = Metropolis(action, step_size=1.7).step(Metropolis(action, 1.7).init(x), Key(2))
    exact = 2 / np.pi * np.arctan(2 / 1.7)
    assert abs(info["acceptance_rate"].mean() - exact) < 4 * np.sqrt(exact * (1 - exact) / chains)


def test_each_site_is_offered_every_hit(reference):
    """With tiny steps all proposals are accepted: every site moves by the sum of its own numbers."""
    x, key, update = np.zeros((3, 4, 2)), Key(4), Metropolis(Phi4(0.0, 1.0), step_size=1e-12, hits=3)
    state, info = update.step(update.init(x), key)
    moved = sum(1e-12 * key.fold("proposal", hit).normal(x.shape, x) for hit in range(3))
    np.testing.assert_allclose(state.x, moved, rtol=1e-12)
    assert np.all(info["acceptance_rate"] == 1)


def test_warmup_reaches_the_target_and_then_stays(reference):
    update = Metropolis(Phi4(-4.0, 6.975), target_acceptance=0.4)
    state, key = update.init(np.zeros((200, 4, 4))), Key(3)
    for n in range(200):
        state, info = update.step(state, key.at(n))
        state = update.tune(state, info)
    state = update.settle(state)
    rates = []
    for n in range(200, 220):
        state, info = update.step(state, key.at(n))
        rates.append(info["acceptance_rate"].mean())
        assert info["step_size"] == state.tuning.size
    assert abs(np.mean(rates) - 0.4) < 0.02
