"""HMC through a flow of links: the force is right, molecular dynamics reversible and of second order, averages exact."""

import numpy as np
import pytest

from latticekit.actions import Wilson
from latticekit.flows import PulledBack
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.testing import check_force, check_order, check_reversibility
from latticekit.updates import HMC, LEAPFROG
from tests.cases.gauge_flows import LAYERS, generic, initialised

 
FLOWS = ("u1 flow", "u1 blocks", "su2 flow", "su3", "inverse of u1")


def pulled(name, beta=2.0):
    case = LAYERS[name]
    return PulledBack(Wilson(case.group, beta), initialised(case, noise=0.03)), case


@pytest.mark.parametrize("name", FLOWS)
def test_force(name):
    action, case = pulled(name)
    check_force(action, generic(case), directions=2, step=2e-4)


@pytest.mark.parametrize("name", FLOWS[:4])
def test_reversibility(name):
    action, case = pulled(name)
    check_reversibility(action, generic(case), LEAPFROG.schedule(0.05, 10), tolerance=2e-12)


@pytest.mark.parametrize("name", ["u1 flow", "su2"])
def test_order(name):
    action, case = pulled(name)
    check_order(action, generic(case, chains=16), LEAPFROG, trajectory_length=0.5, steps=16, halvings=2)


@pytest.mark.parametrize(("name", "group", "chains"), [("u1 flow", U1(), 1500), ("su2", SU(2), 300)])
def test_hmc_through_a_flow_is_exact(name, group, chains):
    """<exp(-Delta H)> = 1 and the exact plaquette: false alarm 1e-6 each; 1 % of the plaquette would be 5 sigma."""
    action, case = pulled(name)
    update = HMC(action, trajectory_length=1.0, steps=8)
    state = update.init(generic(case, chains=chains))
    plaquettes, weights = [], []
    for draw in range(18):
        state, info = update.step(state, Key(3).at(draw))
        if draw >= 8:
            u = action.layer.apply(state.x)[0]
            plaquettes.append(-action.action.value(u) / (2.0 * np.prod(case.sites)))
            weights.append(np.exp(-info["delta_h"]))
    exact = action.action.exact(case.sites)["plaquette"]
    for seen, value, power in ((plaquettes, exact, 0.002), (weights, 1.0, 0.05)):
        means = np.mean(seen, axis=0)
        error = np.std(means, ddof=1) / np.sqrt(chains)
        assert error < power * value
        assert abs(np.mean(means) - value) < 5 * error
