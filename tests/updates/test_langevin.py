"""Langevin: the bias of either scheme is the exact number; MALA is the Euler proposal with the right test."""

import math

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

import latticekit.updates.langevin as langevin
from latticekit.actions import FreeScalar, Phi4
from latticekit.exact import FreeField, finite_step
from latticekit.groups import Real
from latticekit.random import Key
from latticekit.updates import MALA, Langevin
from latticekit.updates.langevin import euler, heun

SITES, ACTION = (4, 2), FreeScalar(0.6)
EXACT = {"euler": finite_step.euler_langevin_phi_squared, "heun": finite_step.heun_langevin_phi_squared}


def stationary(move, step_size):
    """<phi^2> of the linear map that one step is on a Gaussian action, from its matrices."""
    size = math.prod(SITES)
    unit, zero = np.eye(size).reshape(size, *SITES), np.zeros((size, *SITES))
    matrix = move(unit, ACTION, zero, step_size).reshape(size, size).T
    noise = move(zero, ACTION, unit, step_size).reshape(size, size).T
    return np.trace(solve_discrete_lyapunov(matrix, noise @ noise.T)) / size


def omega():
    """S = omega phi^2 / 2 per mode of ACTION on SITES, from the force itself."""
    size = math.prod(SITES)
    hessian = -ACTION.force(np.eye(size).reshape(size, *SITES)).reshape(size, size)
    return np.linalg.eigvalsh(hessian)


@pytest.mark.parametrize("scheme", ["euler", "heun"])
@pytest.mark.parametrize("step_size", [0.001, 0.02, 0.08])
def test_the_bias_is_the_exact_number(reference, scheme, step_size):
    move, order = langevin.SCHEMES[scheme]
    assert abs(stationary(move, step_size) / EXACT[scheme](omega(), step_size) - 1) < 1e-12
    exact = FreeField(SITES, 0.6).phi_squared
    ratio = (stationary(move, 0.002) - exact) / (stationary(move, 0.001) - exact)
    assert abs(np.log2(ratio) - order) < 0.02


@pytest.mark.parametrize("move", [euler, heun])
def test_a_noise_wrong_by_one_percent_is_caught(reference, monkeypatch, move):
    scheme = move.__name__
    monkeypatch.setattr(langevin.math, "sqrt", lambda v: 1.01 * v**0.5)
    assert abs(stationary(move, 0.05) / EXACT[scheme](omega(), 0.05) - 1) > 1e-3


@pytest.mark.parametrize("scheme", ["euler", "heun"])
def test_a_run_has_the_predicted_bias(reference, scheme):
    """|z| < 4 (false alarm 6e-5) of the biased value, while the exact one is more than 10 sigma away."""
    update, key, step_size = Langevin(ACTION, 0.08, scheme), Key(4), 0.08
    state, total = update.init(np.zeros((4000, *SITES))), 0.0
    for n in range(450):
        state, info = update.step(state, key.at(n))
        total = total + (state.x**2).mean(axis=(1, 2)) * (n >= 50)
    mean, error = np.mean(total / 400), np.std(total / 400, ddof=1) / np.sqrt(4000)
    assert abs(mean - EXACT[scheme](omega(), step_size)) < 4 * error
    assert abs(mean - FreeField(SITES, 0.6).phi_squared) > 10 * error
    assert error < 2.5e-3 * mean
    assert info["bias_order"] == {"euler": 1, "heun": 2}[scheme]
    assert not np.any(info["diverging"])


def test_a_diverging_chain_is_reported(reference):
    update = Langevin(Phi4(1.0, 1.0), 0.02)
    x = np.zeros((2, 4))
    x[1] = 50.0
    state = update.init(x)
    for n in range(10):
        state, info = update.step(state, Key(1).at(n))
    np.testing.assert_array_equal(info["diverging"], [False, True])
    assert np.all(np.isfinite(state.x[0]))


def test_mala_is_the_euler_proposal_with_its_own_ratio(reference):
    """Delta H = S' - S + log q(x'|x) - log q(x|x'), q the Gaussian of the Euler step."""
    action, eps, key, group = Phi4(-1.0, 1.0), 0.03, Key(6), Real()
    update = MALA(action, eps)
    start = update.init(0.5 * Key(1).normal((200, 4, 4), np.zeros(0)))
    state, info = update.step(start, key)
    eta = key.fold("momentum").normal(start.x.shape, start.x)
    y = euler(start.x, action, eta, eps)

    def log_q(new, old):
        off = new - old - eps * action.force(old)
        return -group.inner(off, off) / (4 * eps)

    expected = action.value(y) - start.action + log_q(y, start.x) - log_q(start.x, y)
    np.testing.assert_allclose(info["energy_error"], expected, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(state.x[info["accepted"]], y[info["accepted"]], rtol=1e-12)
    np.testing.assert_array_equal(state.x[~info["accepted"]], start.x[~info["accepted"]])
    assert info["step_size"] == eps


def test_mala_tunes_to_its_target(reference):
    update = MALA(Phi4(-1.0, 1.0))
    state, key = update.init(np.zeros((200, 4, 4))), Key(3)
    for n in range(200):
        state, info = update.step(state, key.at(n))
        state = update.tune(state, info)
    state, rates = update.settle(state), []
    for n in range(200, 220):
        state, info = update.step(state, key.at(n))
        rates.append(info["acceptance_rate"].mean())
    assert abs(np.mean(rates) - 0.574) < 0.03


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Langevin(ACTION, 0.0), "Langevin: step_size must be positive and finite, got 0.0"),
        (lambda: Langevin(ACTION, 0.1, "milstein"), "unknown scheme 'milstein': one of euler, heun"),
        (lambda: MALA(ACTION, -1.0), "MALA: step_size"),
        (lambda: MALA(ACTION, target_acceptance=0.0), "target_acceptance"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
