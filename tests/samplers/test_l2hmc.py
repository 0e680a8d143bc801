"""L2HMC: its maps are invertible with the right log-det and vjp; the update is exact, and HMC without networks."""

import numpy as np
import pytest

import latticekit as lk
from latticekit.actions import LuscherWeisz, Phi4, Schroedinger, Wilson
from latticekit.arrays import tree_map
from latticekit.fields import geometric_charge, plane_averages, plaquette_angle
from latticekit.flows import Flow
from latticekit.flows.gauge import Rows
from latticekit.flows.networks import ConvNet
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.samplers import L2HMC, GeneralisedLeapfrog, Hamiltonian, l2hmc
from latticekit.samplers.drifts import Drift
from latticekit.samplers.kicks import Kick, force_vjp
from latticekit.samplers.l2hmc import moved
from latticekit.samplers.phase_space import PhaseSpace
from latticekit.testing import (
    check_carry,
    check_chains,
    check_detailed_balance,
    check_force,
    check_inverse,
    check_log_det,
    check_pure,
    check_strict,
    check_vjp,
    gauge_symmetries,
)
from latticekit.testing.differences import slope
from tests.cases.l2hmc import ACTION, LAYERS, SITES, generic, initialised, links, trajectory


@pytest.mark.parametrize("name", LAYERS)
def test_layers(reference, name):
    layer, z, energy = initialised(LAYERS[name]), generic(), Hamiltonian(ACTION)
    if name != "trajectory":  # that of its parts; the whole is seen by the gradients of `Jumps`
        check_vjp(layer, z, action=energy, step=1e-4)
    check_inverse(layer, z)
    check_carry(layer, z)


@pytest.mark.parametrize("name", ["kick", "drift of 0, 1", "drift of 1, 0"])
def test_log_det(reference, name):
    check_log_det(initialised(LAYERS[name]), generic(chains=1), step=2e-4)


def test_the_hessian_of_the_action(reference):
    x, v = links(3), np.array(generic()[:, 1])
    along = slope(lambda e: ACTION.force(x + e * v), 1e-3)
    assert force_vjp(ACTION, x, v) == pytest.approx(along, abs=1e-10)
    check_force(Hamiltonian(ACTION), generic())


@pytest.mark.parametrize("name", ["kick", "drift of 0, 0", "trajectory"])
def test_gauge_covariance(reference, name):
    """Links turn along, momenta and log-det stay: the trajectory knows no gauge."""
    layer, z = initialised(LAYERS[name]), generic()
    (turned,) = gauge_symmetries(U1(), SITES, ["gauge"]).values()
    y, log_det, _ = layer.apply(z)
    other, other_log_det, _ = layer.apply(np.stack([turned.field(z[:, 0]), z[:, 1]], axis=1))
    assert other_log_det == pytest.approx(log_det, abs=1e-12)
    assert other[:, 1] == pytest.approx(y[:, 1], abs=1e-12)
    assert np.exp(1j * other[:, 0]) == pytest.approx(np.exp(1j * turned.field(y[:, 0])), abs=1e-12)


def test_on_strict_arrays():
    def through(z, bar):
        layer = initialised(
            LAYERS["trajectory"], namespace="numpy" if isinstance(z, np.ndarray) else "array_api_strict"
        )
        y, log_det, residuals = layer.apply(z)
        return y, log_det, layer.vjp(residuals, bar, log_det), moved(layer, z, log_det < 0.0)

    check_strict(through, generic(), generic()[::-1].copy(), tolerance=1e-12)


def test_without_networks_it_is_hmc(kernels):
    """The same momenta, trajectories, tests: whichever the direction."""
    update, plain = L2HMC(ACTION, trajectory(0.0, steps=4, step_size=0.25)), lk.HMC(ACTION, 1.0, steps=4)
    x = links(32)
    (new, info), (expected, known) = (one.step(one.init(x), Key(5)) for one in (update, plain))
    assert np.exp(1j * new.x) == pytest.approx(np.exp(1j * expected.x), abs=1e-13)
    assert info["energy_error"] == pytest.approx(known["energy_error"], abs=1e-11)
    np.testing.assert_array_equal(info["accepted"], known["accepted"])
    assert 0 < np.count_nonzero(info["accepted"]) < 32


def test_a_trajectory_is_undone_by_the_other_direction(reference):
    """f then f^-1 and the other way round, with the opposite Jacobian; f^-1 takes the momenta with a minus."""
    layer, z, forward = trajectory().layer, generic(6), np.arange(6) % 3 == 0
    sign = np.stack([np.ones(6), np.where(forward, -1.0, 1.0)], axis=1).reshape(6, 2, 1, 1, 1)
    y, log_det = moved(layer, z, forward)
    back, back_log_det = moved(layer, y * sign, ~forward)
    start = z * np.stack([np.ones(6), np.where(forward, 1.0, -1.0)], axis=1).reshape(6, 2, 1, 1, 1)
    assert np.max(np.abs(log_det)) > 0.1
    assert back_log_det == pytest.approx(-log_det, abs=1e-11)
    assert np.exp(1j * back[:, 0]) == pytest.approx(np.exp(1j * start[:, 0]), abs=1e-11)
    assert back[:, 1] == pytest.approx(start[:, 1], abs=1e-11)


def test_pure_and_chain_by_chain(kernels):
    update = L2HMC(ACTION, trajectory())
    check_pure(update, links(5))
    check_chains(update, links(6))


def observables():
    """Gauge-invariant functions of the links."""
    return {
        "plaquette": lambda x: plane_averages(x)[:, 0],
        "charge squared": lambda x: geometric_charge(x) ** 2,
        "one plaquette": lambda x: np.cos(plaquette_angle(x)[:, 0, 1]),
        "one angle": lambda x: np.sin(plaquette_angle(x)[:, 1, 0]),
    }


def balance():
    """Worst pull of detailed balance, from uniform links (density 1), of a trajectory far from its own inverse."""
    action, sites, chains = Wilson(U1(), 1.0), (2, 2), 40_000
    flow = trajectory(0.8, sites, action, steps=1, step_size=0.4)
    update = L2HMC(action, flow.with_params(tree_map(lambda p: p - 0.1, flow.params)))
    x = U1().random(Key(8), (chains, 2, *sites), np.zeros(0))
    return check_detailed_balance(update, x, np.zeros(chains), tests=observables(), key=Key(6))


def test_detailed_balance(kernels):
    assert balance() < 4.5


@pytest.mark.parametrize("fault", ["log-det", "direction"])
def test_a_fault_is_seen(fault, monkeypatch):
    right = l2hmc.moved
    wrong = {
        "log-det": lambda layer, z, forward: (right(layer, z, forward)[0], 0.7 * right(layer, z, forward)[1]),
        "direction": lambda layer, z, forward: right(layer, z, np.ones_like(forward)),
    }
    monkeypatch.setattr(l2hmc, "moved", wrong[fault])
    with pytest.raises(AssertionError, match="detailed balance"):
        balance()


def test_in_a_sequence_of_the_driver():
    """Exact plaquette from 256 chains, each mean an independent one: false alarm 1e-6, 2 % off would be seen."""
    update = lk.Sequence([L2HMC(ACTION, trajectory(0.3, steps=2)), lk.HMC(ACTION, steps=4)])
    run = {"chains": 256, "draws": 10, "warmup": 10, "seed": 2, "progress": False, "observables": ["plaquette"]}
    tree = lk.sample(update, SITES, **run)
    means = tree["posterior"]["plaquette"].mean("draw").values
    error = means.std(ddof=1) / 16
    assert error < 0.004
    assert abs(means.mean() - ACTION.exact(SITES)["plaquette"]) < 5 * error
    assert {"l2_hmc_acceptance_rate", "hmc_acceptance_rate"} <= set(tree["sample_stats"].data_vars)


def test_single_precision(reference):
    layer, prior = GeneralisedLeapfrog(ACTION, 2, start=0.5), trajectory().prior
    update = L2HMC(ACTION, Flow.init(layer, SITES, prior=prior, dtype="float32"))
    state, info = update.step(update.init(links(4).astype("float32")), Key(1))
    assert state.x.dtype == "float32"
    assert info["energy_error"].dtype == "float64"


def test_what_is_stored_with_an_ensemble():
    stored = L2HMC(ACTION, trajectory()).parameters()
    assert stored["trajectory"]["layer"]["layers"][0]["name"] == "Kick"
    assert len(stored["trajectory_sha256"]) == 64


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: GeneralisedLeapfrog(Wilson(SU(2), 2.0)), TypeError, r"Wilson's action of U\(1\)"),
        (lambda: GeneralisedLeapfrog(LuscherWeisz(U1(), 2.0)), ValueError, "plaquette actions with free links only"),
        (lambda: GeneralisedLeapfrog(Wilson(U1(), 2.0, Schroedinger(0.9))), ValueError, "free links only"),
        (lambda: GeneralisedLeapfrog(ACTION, 0), ValueError, "steps must be at least 1"),
        (lambda: GeneralisedLeapfrog(ACTION, 1, -0.1), ValueError, "step_size must be positive"),
        (lambda: Drift(Rows(0, 1, 0, 3), ConvNet(), 0.1), ValueError, "even period"),
        (lambda: initialised(LAYERS["kick"], (4, 4, 4)), ValueError, "two dimensions"),
        (lambda: initialised(LAYERS["drift of 0, 0"], (4, 4, 4)), ValueError, "two dimensions"),
        (lambda: initialised(LAYERS["trajectory"], (4, 5)), ValueError, "multiple of 2"),
        (lambda: Hamiltonian(Phi4(1.0, 1.0)), TypeError, r"U\(1\) links"),
        (lambda: L2HMC(Phi4(1.0, 1.0), trajectory()), TypeError, r"Wilson's action of U\(1\)"),
        (lambda: L2HMC(ACTION, initialised(LAYERS["kick"])), TypeError, "flow on phase space"),
        (lambda: L2HMC(ACTION, trajectory()).check((4, 6)), ValueError, "was made for lattice"),
    ],
)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_phase_space():
    space, z = PhaseSpace(), generic(2) * 3.0
    assert space.shape(3, (4, 6)) == (3, 2, 2, 4, 6)
    assert np.max(np.abs(space.project(z)[:, 0])) <= np.pi
    np.testing.assert_array_equal(space.project(z)[:, 1], z[:, 1])
    assert isinstance(initialised(LAYERS["kick"]), Kick)
