"""Long campaign: L2HMC against exact values on a small torus, untrained and trained.

Run with `pytest -m slow tests/campaigns/test_l2hmc.py -s`.  One pull beyond 4 sigma has probability 6e-5.
"""

from __future__ import annotations

import math

import pytest

import latticekit as lk
from latticekit.samplers import L2HMC, GeneralisedLeapfrog, Hamiltonian, with_momenta
from latticekit.training import Jumps

pytestmark = pytest.mark.slow
ACTION, SITES = lk.Wilson(lk.U1(), 2.0), (4, 4)


def links():
    """Fields of HMC to train on.  -> (n, 2, *sites)"""
    run = {"chains": 256, "draws": 8, "thin": 10, "warmup": 100, "seed": 1, "progress": False}
    tree = lk.sample(lk.HMC(ACTION, steps=6), SITES, configurations=1, observables=["plaquette"], **run)
    return tree["configurations"]["theta"].values.reshape(-1, 2, *SITES)


@pytest.mark.parametrize("steps", [1, 100])
def test_exact_values(steps):
    """Means of independent chains, so that no tau_int enters: plaquette to 0.25 %, <Q^2> to 4 %."""
    layer, prior = GeneralisedLeapfrog(ACTION, 3, 0.3, (6,), start=0.4), with_momenta(links(), ACTION)
    recipe = {"steps": steps, "batch": 32, "learning_rate": 5e-3, "estimator": Jumps(), "progress": False}
    trained = lk.train(layer, Hamiltonian(ACTION), SITES, prior=prior, **recipe)
    run = {"chains": 512, "draws": 150, "warmup": 100, "seed": 2, "progress": False}
    observables = ["plaquette", "topological_charge"]
    tree = lk.sample(L2HMC(ACTION, trained.flow), SITES, observables=observables, **run)["posterior"]
    known = ACTION.exact(SITES)
    means = {
        "plaquette": (tree["plaquette"], 2.5e-3),
        "topological_charge_squared": (tree["topological_charge"] ** 2, 4e-2),
    }
    for name, (series, bound) in means.items():
        x = series.mean("draw").values
        error = x.std(ddof=1) / math.sqrt(x.size)
        print(f"{name} {x.mean():.5f} +- {error:.5f}, exact {known[name]:.5f}")
        assert error < bound * known[name]
        assert abs(x.mean() - known[name]) < 4 * error
