"""Jumps: the gradient of the loss through the whole trajectory, by differences; training by the driver."""

import numpy as np
import pytest

import latticekit as lk
from latticekit.arrays import tree_items, tree_map
from latticekit.fields import plaquette_angle
from latticekit.random import Key
from latticekit.samplers import L2HMC, GeneralisedLeapfrog, Hamiltonian, with_momenta
from latticekit.testing import check_strict
from latticekit.testing.differences import slope
from latticekit.training import Constant, Jumps
from tests.cases.l2hmc import ACTION, SITES, generic, links, trajectory

LOSSES = {
    "plaquettes": Jumps(1.0, 0.0, 0.0),
    "charge": Jumps(0.0, 1.0, 0.0),
    "mixed": Jumps(0.7, 2.0, 0.1),
}
KEY, ENERGY = Key(4), Hamiltonian(ACTION)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient(kernels, name):
    """Along a random direction in the space of all parameters, step sizes included, through the whole trajectory."""
    flow, loss = trajectory(0.5, steps=2, step_size=0.25), LOSSES[name]
    bars = dict(tree_items(loss.gradient(flow, ENERGY, KEY, 12).params_bar))
    norm = np.sqrt(sum(np.sum(bar**2) for bar in bars.values()))
    keys = (Key(9).fold("test", n) for n in range(len(bars)))
    v = tree_map(lambda p: next(keys).normal((1, *p.shape), p)[0], flow.params)

    def at(e):
        moved = flow.with_params(tree_map(lambda p, along: p + e * along, flow.params, v))
        return float(loss.gradient(moved, ENERGY, KEY, 12).loss)

    expected = sum(np.sum(step * bars[name]) for name, step in tree_items(v))
    assert abs(slope(at, 3e-5) - expected) < 1e-9 * norm


def test_the_loss_is_what_it_says(reference):
    flow = trajectory(step_size=0.35)
    z, _ = flow.prior.draw(KEY, 8, flow.sites, flow.like)
    y, log_det, _ = flow.layer.apply(z)
    log_w = ENERGY.value(z) - ENERGY.value(y) + log_det
    old, new = (plaquette_angle(one[:, 0]) for one in (z, y))
    far = np.mean(np.abs(np.exp(1j * new) - np.exp(1j * old)) ** 2, axis=(1, 2))
    charge = np.sum(np.sin(new) - np.sin(old), axis=(1, 2)) / (2 * np.pi)
    expected = -np.mean(np.minimum(1.0, np.exp(log_w)) * (0.7 * far + 2.0 * charge**2)) - 0.1 * np.mean(log_w)
    found = LOSSES["mixed"].gradient(flow, ENERGY, KEY, 8)
    assert float(found.loss) == pytest.approx(expected, rel=1e-12)
    assert found.log_weights == pytest.approx(log_w, abs=1e-11)


def test_on_strict_arrays():
    check_strict(lambda old, new: LOSSES["mixed"].jump(old, new), links(3), np.array(generic()[:, 1]))


def test_training_by_the_driver(tmp_path):
    """The loss falls; a training that was cut is the unbroken one, bit for bit; its model comes back whole."""
    prior, layer = with_momenta(links(64), ACTION), GeneralisedLeapfrog(ACTION, 1, 0.5, (3,))
    recipe = {"batch": 16, "learning_rate": 1e-2, "estimator": Jumps(), "schedule": Constant(), "progress": False}
    whole = lk.train(layer, ENERGY, SITES, prior=prior, steps=24, **recipe)
    loss = whole.history["loss"].values
    assert np.mean(loss[-6:]) < np.mean(loss[:6]) - 0.05
    lk.train(layer, ENERGY, SITES, prior=prior, steps=6, out=tmp_path / "cut", **recipe)
    again = lk.train(layer, ENERGY, SITES, prior=prior, steps=24, out=tmp_path / "cut", resume=True, **recipe)
    np.testing.assert_array_equal(again.history["loss"], loss)
    one, other = (L2HMC(ACTION, flow) for flow in (again.flow, lk.load_model(tmp_path / "cut").flow))
    np.testing.assert_array_equal(*(up.step(up.init(links(3)), KEY)[0].x for up in (one, other)))


def test_bad_weights_are_refused():
    for weights in ((0.0, 0.0), (-1.0, 1.0), (1.0, 1.0, -0.1)):
        with pytest.raises(ValueError, match="weights that are not negative"):
            Jumps(*weights)
