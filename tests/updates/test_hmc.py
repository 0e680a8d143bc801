"""HMC: each step by its definition, exact expectation values of its errors, tuning, divergence.

Fixed seeds; statistical assertions are |z| < 4 (false alarm 6e-5 at a fresh seed).
"""

import math

import numpy as np
import pytest

from latticekit.actions import FreeScalar, Phi4
from latticekit.arrays import using_kernels
from latticekit.random import Key
from latticekit.testing import free_field_draws
from latticekit.updates import HMC, INTEGRATORS, LEAPFROG, OMELYAN, Integrator
from tests.cases import field

DOUBLE = np.zeros(0)


def by_definition(action, x, key, schedule):
    """Delta H, accepted and the new field of one trajectory, written out with the group alone."""
    p = q = key.fold("momentum").normal(x.shape, x)
    y, axes = x, tuple(range(1, x.ndim))
    for drift, kick, gradient in schedule:
        y = y + drift * q
        q = q + kick * action.force(y + gradient * action.force(y))
    delta_h = action.value(y) + 0.5 * np.sum(q**2, axis=axes) - action.value(x) - 0.5 * np.sum(p**2, axis=axes)
    u = key.fold("accept").uniform((x.shape[0],), DOUBLE)
    accepted = np.log(u) < -delta_h
    return np.where(accepted[:, None, None], y, x), delta_h, accepted


@pytest.mark.parametrize("name", INTEGRATORS)
def test_a_step_is_its_definition(kernels, name):
    action, x, key = Phi4(-4.0, 6.0), field(64, 4, 6), Key(3, step=5)
    update = HMC(action, 0.9, steps=3, integrator=name)
    state, info = update.step(update.init(x), key)
    with using_kernels("reference"):
        y, delta_h, accepted = by_definition(action, x, key, INTEGRATORS[name].schedule(0.3, 3))
    np.testing.assert_allclose(info["energy_error"], delta_h, rtol=1e-10, atol=1e-11)
    np.testing.assert_array_equal(info["accepted"], accepted)
    assert 0 < np.count_nonzero(accepted) < 64 or name in ("omf4", "force_gradient")
    np.testing.assert_allclose(state.x, y, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(state.action, action.value(state.x), rtol=1e-12)
    np.testing.assert_allclose(info["acceptance_rate"], np.minimum(1.0, np.exp(-delta_h)), rtol=1e-9)
    assert (info["n_steps"], info["step_size"]) == (3, pytest.approx(0.3))


@pytest.mark.parametrize("fault", ["kinetic term", "momenta", "accept"])
def test_the_definition_sees_a_fault_of_one_percent(reference, fault, monkeypatch):
    action, x, key = Phi4(0.2, 0.5), field(4096, 4, 6), Key(3, step=5)
    update = HMC(action, 0.9, steps=3)
    _, right, accepted = by_definition(action, x, key, LEAPFROG.schedule(0.3, 3))
    group = type(action.group)
    if fault == "kinetic term":
        inner = group.inner
        monkeypatch.setattr(group, "inner", lambda self, v, w: 1.01 * inner(self, v, w))
    elif fault == "momenta":
        draw = group.random_algebra
        monkeypatch.setattr(group, "random_algebra", lambda self, key, like: 0.99 * draw(self, key, like))
    else:
        import latticekit.updates.hmc as hmc

        test = hmc.metropolis_test
        monkeypatch.setattr(hmc, "metropolis_test", lambda delta, key: test(0.99 * delta, key))
    _, info = update.step(update.init(x), key)
    same = np.allclose(info["energy_error"], right, rtol=1e-10, atol=1e-11)
    assert not (same and np.array_equal(info["accepted"], accepted))


def free_dh(sites, mass_squared, step_size, steps):
    """<Delta H> of leapfrog on the free field in equilibrium, mode by mode.

    One step of a mode of frequency w (S = w^2 x^2 / 2) is the matrix M = kick drift kick; n steps are M^n, and
    <Delta H> = 1/2 (tr(M'^n^T M'^n) / 2 - 1) * 2 in units where x and p have unit variance.
    """
    total = 0.0
    for modes in np.ndindex(*sites):
        khat2 = sum(4 * math.sin(math.pi * n / extent) ** 2 for n, extent in zip(modes, sites))
        e = step_size * math.sqrt(2 * (khat2 + mass_squared))
        kick, drift = np.array([[1, 0], [-e / 2, 1]]), np.array([[1, e], [0, 1]])
        matrix = np.linalg.matrix_power(kick @ drift @ kick, steps)
        total += 0.5 * (np.sum(matrix**2) - 2)
    return total


def test_the_exact_delta_h_agrees_with_the_published_table():
    """`half` normalisation: frequencies khat^2 + m^2, hence a step smaller by sqrt(2) in `full`."""
    table = {
        ((8,), 1.0): 0.008537272569811183,
        ((8, 8), 0.25): 0.08074042681671867,
        ((6, 4), 0.3): 0.030587454613170584,
        ((6, 4, 4, 4), 0.4): 0.7812849849315413,
    }
    for (sites, mass_squared), expected in table.items():
        assert free_dh(sites, mass_squared, 0.25 / math.sqrt(2), 4) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("sites", "mass_squared", "size", "steps"), [((8,), 1.0, 0.45, 5), ((6, 4), 0.3, 0.4, 4)])
def test_mean_delta_h_of_the_free_field(kernels, sites, mass_squared, size, steps):
    """From exact draws; a step size wrong by 1 % would be seen with more than 4 sigma."""
    x, _ = free_field_draws(sites, 2**15, DOUBLE, mass_squared=mass_squared, key=Key(8))
    update = HMC(FreeScalar(mass_squared), steps * size, steps=steps)
    _, info = update.step(update.init(x), Key(9))
    delta_h, exact = info["energy_error"], free_dh(sites, mass_squared, size, steps)
    error = np.std(delta_h) / math.sqrt(delta_h.size)
    assert abs(np.mean(delta_h) - exact) < 4 * error
    assert abs(free_dh(sites, mass_squared, 1.01 * size, steps) - exact) > 4 * error


@pytest.mark.parametrize("name", INTEGRATORS)
def test_mean_of_exp_minus_delta_h_is_one(kernels, name):
    """2^14 trajectories from exact draws of the free field, at steps with a sizeable Delta H."""
    steps = {"leapfrog": 5, "omelyan": 3, "omf4": 1, "force_gradient": 2}[name]
    x, _ = free_field_draws((6, 6), 2**14, DOUBLE, mass_squared=0.5, key=Key(11))
    update = HMC(FreeScalar(0.5), steps=steps, integrator=name)
    _, info = update.step(update.init(x), Key(12))
    weight = np.exp(-info["energy_error"])
    assert np.std(weight) > 0.02
    assert abs(np.mean(weight) - 1) < 4 * np.std(weight) / math.sqrt(weight.size)
    assert np.mean(np.exp(-info["energy_error"] + 0.2 * np.std(weight))) - 1 > 4 * np.std(weight) / math.sqrt(
        weight.size
    )


@pytest.mark.parametrize(("name", "steps"), [("leapfrog", 10), ("omelyan", 6), ("omf4", 3), ("force_gradient", 5)])
def test_mean_of_exp_minus_delta_h_along_chains_of_phi4(kernels, name, steps):
    """10^4 trajectories of an interacting field after thermalisation; the means of 256 chains are independent."""
    update = HMC(Phi4(-4.0, 6.975), steps=steps, integrator=name)
    state = update.init(0.3 * Key(1).fold("start").normal((256, 6, 6), DOUBLE))
    weights = []
    for step in range(80):
        state, info = update.step(state, Key(1).at(step))
        if step >= 40:
            weights.append(np.exp(-info["energy_error"]))
    chains = np.mean(weights, axis=0)
    error = np.std(chains) / math.sqrt(chains.size)
    assert np.size(weights) >= 10**4
    assert error < 2e-3
    assert abs(np.mean(chains) - 1) < 4 * error


def test_tuning_happens_in_warmup_only(kernels):
    action = Phi4(-4.0, 6.0)
    update = HMC(action, target_acceptance=0.8)
    state = update.init(field(64, 8, 8))
    for step in range(60):
        state, info = update.step(state, Key(2).at(step))
        state = update.tune(state, info)
    state = update.settle(state)
    frozen, sizes, rates = state.tuning, set(), []
    for step in range(60, 100):
        state, info = update.step(state, Key(2).at(step))
        sizes.add(info["step_size"])
        rates.append(info["acceptance_rate"])
    assert state.tuning == frozen
    assert len(sizes) == 1
    assert sizes.pop() * info["n_steps"] == pytest.approx(1.0)
    assert 0.65 < np.mean(rates) < 0.95


def test_steps_under_trial_leave_no_chain_behind(kernels):
    """The search passes steps far too large for the force; what they make of a field must not be kept."""
    update = HMC(Phi4(-4.0, 6.975))
    state = update.init(field(64, 6, 6))
    for step in range(40):
        state, info = update.warm(state, Key(11).at(step))
        state = update.tune(state, info)
    assert float(np.max(state.action)) < 36
    np.testing.assert_allclose(state.action, update.action.value(state.x), rtol=1e-12, atol=1e-10)


def test_given_steps_are_never_tuned(kernels):
    update = HMC(Phi4(-4.0, 6.0), steps=4)
    state = update.init(field(4, 4, 4))
    after, info = update.step(state, Key(1))
    assert update.tune(after, info) is after
    assert update.settle(after) is after
    assert after.tuning == ()


def test_tuning_survives_a_start_where_nothing_is_accepted(kernels):
    """The number of steps stays bounded, however long the acceptance stays at zero."""
    update = HMC(Phi4(-4.0, 6.0), trajectory_length=2.0)
    state = update.init(field(4, 4, 4))
    for step in range(30):
        state, info = update.step(state, Key(1).at(step))
        state = update.tune(state, {**info, "acceptance_rate": np.zeros(4)})
        assert info["n_steps"] <= 1000


def test_jitter_moves_the_step_size_within_its_bounds(kernels):
    update = HMC(Phi4(-4.0, 6.0), steps=5, jitter=0.2)
    state = update.init(field(2, 4, 4))
    sizes = [update.step(state, Key(1).at(step))[1]["step_size"] for step in range(200)]
    assert 0.16 <= min(sizes) < 0.165
    assert 0.235 < max(sizes) <= 0.24
    assert np.mean(sizes) == pytest.approx(0.2, abs=4 * 0.04 / math.sqrt(3 * 200) * 2)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_diverging_trajectory_is_refused_and_reported(kernels, dtype):
    x = field(6, 4, 4, dtype=dtype)
    update = HMC(Phi4(-4.0, 6.0), trajectory_length=400.0, steps=10)
    state, info = update.step(update.init(x), Key(1))
    assert np.all(info["diverging"])
    assert not np.any(info["accepted"])
    np.testing.assert_array_equal(info["acceptance_rate"], 0.0)
    np.testing.assert_array_equal(state.x, x)
    assert np.all(np.isfinite(state.action))


def test_one_bad_chain_leaves_the_others_alone(kernels):
    x = np.array(field(4, 4, 4))
    update = HMC(Phi4(-4.0, 6.0), steps=20)
    good, _ = update.step(update.init(x), Key(1))
    x[2, 0, 0] = np.nan
    state, info = update.step(update.init(x), Key(1))
    np.testing.assert_array_equal(info["diverging"], [False, False, True, False])
    assert not info["accepted"][2]
    others = [0, 1, 3]
    np.testing.assert_allclose(state.x[others], good.x[others], rtol=1e-12)


def test_single_precision_fields_with_double_energies(kernels):
    update = HMC(Phi4(-4.0, 6.0), steps=10)
    single, info = update.step(update.init(field(16, 8, 8, dtype="float32")), Key(1))
    _, expected = update.step(update.init(field(16, 8, 8, dtype="float32").astype("float64")), Key(1))
    assert single.x.dtype == "float32"
    assert single.action.dtype == info["energy_error"].dtype == "float64"
    np.testing.assert_allclose(info["energy_error"], expected["energy_error"], atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trajectory_length": 0.0}, "trajectory_length must be positive, got 0.0"),
        ({"trajectory_length": math.nan}, "trajectory_length must be positive"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"jitter": 1.0}, r"jitter must lie in \[0, 1\)"),
        ({"target_acceptance": 1.0}, "target_acceptance must lie in"),
        ({"integrator": "leapfog"}, "unknown integrator 'leapfog': one of leapfrog, omelyan"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        HMC(Phi4(-4.0, 6.0), **settings)


def test_parameters_name_the_integrator():
    assert HMC(Phi4(-4.0, 6.0), steps=3, integrator=OMELYAN).parameters() == {
        "name": "HMC",
        "trajectory_length": 1.0,
        "steps": 3,
        "integrator": "omelyan",
        "jitter": 0.0,
        "target_acceptance": 0.8,
    }
    mine = Integrator("mine", 2, LEAPFROG.stages)
    assert HMC(Phi4(-4.0, 6.0), steps=3, integrator=mine).parameters()["integrator"] == "mine"
