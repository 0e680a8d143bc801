"""HMC through a flow of links: right force, reversible, of second order, exact averages."""

import numpy as np
import pytest

from latticekit.actions import Wilson
from latticekit.flows import PulledBack
from latticekit.random import Key
from latticekit.testing import check_force, check_order, check_reversibility
from latticekit.updates import HMC, LEAPFROG
from tests.cases.gauge_flows import LAYERS, generic, initialised

FLOWS = ("u1 flow", "u1 blocks", "su2 flow", "su3", "inverse of u1")


def pulled(name, beta=2.0):
    case = LAYERS[name]
    return PulledBack(Wilson(case.group, beta), initialised(case, noise=0.03)), case


@pytest.mark.parametrize("name", FLOWS)
def test_force(reference, name):
    action, case = pulled(name)
    check_force(action, generic(case), directions=2, step=2e-4)


@pytest.mark.parametrize("name", FLOWS[:4])
def test_reversibility(reference, name):
    action, case = pulled(name)
    check_reversibility(action, generic(case), LEAPFROG.schedule(0.05, 10), tolerance=2e-12)


@pytest.mark.parametrize("name", ["u1 flow", "su2"])
def test_order(reference, name):
    action, case = pulled(name)
    check_order(action, generic(case, chains=16), LEAPFROG, trajectory_length=0.5, steps=16, halvings=2)


@pytest.mark.parametrize(
    ("name", "chains", "power"),
    [("u1 flow", 1000, 0.003), pytest.param("su2", 1800, 0.002, marks=pytest.mark.slow)],
)
def test_hmc_through_a_flow_is_exact(reference, name, chains, power):
    """<exp(-Delta H)> = 1 and the exact plaquette: false alarm 1e-6; off by 5 times `power`, it would be seen."""
    action, case = pulled(name)
    update = HMC(action, trajectory_length=1.0, steps=8)
    state = update.init(generic(case, chains=chains))
    plaquettes, weights = [], []
    for draw in range(18):
        state, info = update.step(state, Key(3).at(draw))
        if draw >= 8:
            u = action.layer.apply(state.x)[0]
            plaquettes.append(-action.action.value(u) / (2.0 * np.prod(case.sites)))
            weights.append(np.exp(-info["energy_error"]))
    exact = action.action.exact(case.sites)["plaquette"]
    for seen, value, bound in ((plaquettes, exact, power), (weights, 1.0, 0.02)):
        means = np.mean(seen, axis=0)
        error = np.std(means, ddof=1) / np.sqrt(chains)
        assert error < bound * value
        assert abs(np.mean(means) - value) < 5 * error
