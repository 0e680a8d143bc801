"""Long campaign: coupling flows of phi^4 give the exact physics, E1 of 1904.12072 and a narrow lattice.

Run with `pytest -m slow tests/campaigns -s`.  About 30 pulls, each beyond 4 sigma with probability 6e-5: a fresh seed
raises a false alarm once in 500 times.
"""

from __future__ import annotations

import pytest

import latticekit as lk

pytestmark = pytest.mark.slow
POINTS = {"E1": (lk.preset("E1").action, (6, 6), 0.8), "6 x 4": (lk.Phi4(-4.0, 6.975), (6, 4), 0.9)}


@pytest.fixture(params=POINTS, scope="module")
def trained(request):
    """Action and flow; one short recipe for both."""
    action, lattice, least = POINTS[request.param]
    settings = {"steps": 250, "seed": 3, "dtype": "float32", "batch": 128, "learning_rate": 1e-2}
    model = lk.train(lk.CouplingFlow(), action, lattice, progress=False, **settings)
    assert model.ess > least, model
    return action, model.flow


def check(table):
    """Every quantity that is known exactly, log Z among them."""
    print(f"\n{table}")
    pulls = {row.name: row.pull for row in table.rows if row.pull is not None}
    assert {"action", "phi_squared", "abs_magnetization", "susceptibility", "two_point[0]", "log_z"} <= set(pulls)
    assert all(abs(one) < 4 for one in pulls.values()), pulls


def test_flow_and_metropolis(trained):
    action, flow = trained
    update = lk.IndependenceMetropolis(action, flow)
    settings = {"chains": 64, "draws": 1500, "warmup": 20, "seed": 4, "dtype": "float32", "progress": False}
    check(lk.summary(lk.sample(update, flow.sites, **settings)))


def test_weighted_draws(trained):
    action, flow = trained
    table = lk.summary(lk.draw_ensemble(flow, action, chains=64, draws=1500, seed=5, progress=False))
    check(table)
    assert float(table["log_z"].estimate.error) < 5e-3


def test_metropolis_and_hmc_in_turn(trained):
    """HMC moves fields between proposals: their log q comes from the inverse of the flow."""
    action, flow = trained
    update = lk.Sequence([lk.IndependenceMetropolis(action, flow), lk.HMC(action, steps=10)])
    settings = {"chains": 64, "draws": 500, "warmup": 100, "seed": 6, "dtype": "float32", "progress": False}
    table = lk.summary(lk.sample(update, flow.sites, **settings))
    print(f"\n{table}")
    assert all(abs(row.pull) < 4 for row in table.rows if row.pull is not None)
