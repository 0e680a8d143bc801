"""Every update against exact values: |z| < 4, false-alarm rate 7e-5 per number; fixed seeds."""

import numpy as np
import pytest

import latticekit.updates.cluster as cluster
import latticekit.updates.sites_heatbath as heatbath
from latticekit.actions import FreeScalar, Phi4
from latticekit.updates import MALA, Cluster, Heatbath, Metropolis, Overrelaxation, Repeat, Sequence

SYSTEMS = {
    "double well 2x2": (Phi4(-6.0, 1.5), (2, 2)),
    "phi4 chain": (Phi4(-1.0, 1.0), (6,)),
    "free chain": (FreeScalar(3.0), (6,)),
}
UPDATES = {
    "metropolis": Metropolis,
    "metropolis, 3 hits": lambda action: Metropolis(action, step_size=0.5, hits=3),
    "heatbath": Heatbath,
    "heatbath, 1 try": lambda action: Heatbath(action, attempts=1),
    "overrelaxation": lambda action: Sequence([Repeat(Overrelaxation(action), 2), Metropolis(action)]),
    "mala": MALA,
    "swendsen_wang": lambda action: Sequence([Cluster(action), Metropolis(action)]),
    "wolff": lambda action: Sequence([Cluster(action, "wolff"), Metropolis(action)]),
}
MORE = {"mala": {"draws": 300}, "heatbath": {"draws": 80}}


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", UPDATES)
def test_exact_values(pulls, name, system):
    action, sites = SYSTEMS[system]
    z, error = pulls(UPDATES[name](action), sites, **MORE.get(name, {"draws": 200}))
    assert np.all(abs(z) < 4), z
    assert error < 2.5e-3  # 1 % is more than 4 sigma


@pytest.mark.slow
@pytest.mark.parametrize("name", UPDATES)
def test_exact_values_long(pulls, name):
    z, error = pulls(UPDATES[name](Phi4(-4.0, 6.975)), (4, 4), chains=4000, warmup=300, draws=600, seed=11)
    assert np.all(abs(z) < 5), z
    assert error < 1e-3


def test_a_heatbath_that_never_rejects_is_caught(pulls, monkeypatch):
    right = heatbath.envelope

    def wrong(weight):
        propose = right(weight)
        return lambda normal, side: (propose(normal, side)[0], 0.0 * normal)

    monkeypatch.setattr(heatbath, "envelope", wrong)
    z, _ = pulls(Heatbath(Phi4(-1.0, 1.0)), (6,))
    assert np.max(abs(z)) > 4


def test_a_bond_probability_of_another_normalisation_is_caught(pulls, monkeypatch):
    right = cluster.activated
    monkeypatch.setattr(cluster, "activated", lambda bonds, key: right(0.9 * bonds, key))
    action, sites = SYSTEMS["phi4 chain"]
    z, _ = pulls(UPDATES["swendsen_wang"](action), sites)
    assert np.max(abs(z)) > 4
