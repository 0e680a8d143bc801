"""Long campaign: every observable of every update against exact values, relative error at most 5e-4.

Run with `pytest -m slow tests/campaigns`.  One pull beyond 4 sigma has probability 6e-5, so that the whole campaign
raises a false alarm in a few per cent of fresh seeds; the sum of squared pulls per system is tested to 1e-4 either way.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2

import latticekit as lk
from latticekit.arrays import threads

pytestmark = pytest.mark.slow
LOCAL = ("action", "phi_squared", "phi_fourth", "two_point_0")
GLOBAL = ("abs_magnetization", "susceptibility")


@pytest.fixture(autouse=True)
def one_thread():
    """Small lattices gain nothing from threads."""
    before = threads()
    lk.set_threads(1)
    yield
    lk.set_threads(before)


def pulls(update, sites, chains, draws, runs, seed):
    """{quantity: (pull, relative error)}; means of independent chains are independent, so no tau_int enters."""
    means: dict[str, list[np.ndarray]] = {}
    for run in range(runs):
        tree = lk.sample(update, sites, chains=chains, draws=draws, warmup=100, seed=seed + run)
        for name, values in chain_means(tree["posterior"].to_dataset(), math.prod(sites)).items():
            means.setdefault(name, []).append(values)
    known = exact_values(update.action, sites)
    return {name: pull(np.concatenate(means[name]), known[name]) for name in means if name in known}


def chain_means(posterior, volume):
    """Mean over the draws of each chain."""
    found = {name: posterior[name].mean("draw").values for name in posterior.data_vars if name != "two_point"}
    found["susceptibility"] = volume * (posterior["magnetization"] ** 2).mean("draw").values
    return found | {f"two_point_{dt}": c for dt, c in enumerate(posterior["two_point"].mean("draw").values.T)}


def exact_values(action, sites):
    """Scalars and the correlator, entry by entry."""
    known = dict(action.exact(sites))
    return known | {f"two_point_{dt}": c for dt, c in enumerate(known.pop("two_point", ()))}


def pull(values, exact):
    error = values.std(ddof=1) / math.sqrt(len(values))
    return (values.mean() - exact) / error, error / abs(exact) if exact else math.inf


def check(found, precise, name):
    """Every pull below 4, their spread reasonable, the precise ones precise."""
    z = np.array([pull for pull, _ in found.values()])
    print(f"\n{name}: " + ", ".join(f"{k} {p:+.2f} ({r:.1e})" for k, (p, r) in found.items()))
    assert np.all(np.abs(z) < 4), {k: v for k, v in found.items() if abs(v[0]) >= 4}
    assert chi2.sf(np.sum(z**2), len(z)) > 1e-6  # quantities of one run are correlated: a loose bound above
    for key in precise:
        assert found[key][1] <= 5e-4, (key, found[key])


FREE = [
    *((dim, extent, GLOBAL) for dim in (1, 2) for extent in (4, 8, 16)),
    *((dim, extent, GLOBAL) for dim, extent in [(3, 4), (3, 8), (4, 4)]),
    *((dim, extent, ()) for dim, extent in [(3, 16), (4, 8), (4, 16)]),
]


@pytest.mark.parametrize(("dim", "extent", "beyond"), FREE, ids=[f"{d}D-L{n}" for d, n, _ in FREE])
def test_free_field(dim, extent, beyond):
    """HMC on the free field.  Where `beyond` is empty the zero mode is left at the error that a minute gives."""
    volume = extent**dim
    update = lk.HMC(lk.FreeScalar(1.0), trajectory_length=1.1, jitter=0.5, target_acceptance=0.9)
    chains = max(16, min(1024, 2**18 // volume))
    total = 2e7 * max(1.0, 8 / volume) if beyond else min(2e6, 1e9 / volume)
    runs = max(1, round(total / chains / 1000))
    found = pulls(update, (extent,) * dim, chains, min(1000, math.ceil(total / chains)), runs, seed=1000 * dim + extent)
    check(found, LOCAL + beyond, f"free field {extent}^{dim}, {runs} runs")


PHI4 = [
    ((2,), -2.0, 1.0),
    ((8,), -2.0, 1.0),
    ((8,), 1.0, 0.5),
    ((2, 2), -4.0, 8.0),
    ((2, 2), -4.0, 5.276),
    ((4, 4), -4.0, 6.975),
]
UPDATES = {
    "hmc": (lambda a: lk.HMC(a, trajectory_length=1.0, jitter=0.2, target_acceptance=0.9), 1.6e7),
    "metropolis": (lambda a: lk.Repeat(lk.Metropolis(a, hits=3), 2), 1.6e7),
    "heatbath": (lambda a: lk.Repeat(lk.Heatbath(a), 2), 1.6e7),
    "overrelaxation": (lambda a: lk.Sequence([lk.Heatbath(a), lk.Overrelaxation(a)]), 1.6e7),
    "mala": (lambda a: lk.Repeat(lk.MALA(a), 8), 1.6e7),
    "cluster": (lambda a: lk.Sequence([lk.Metropolis(a, hits=2), lk.Cluster(a)]), 1.6e7),
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("system", PHI4, ids=str)
def test_phi4(system, update):
    """Chains and strips solved by the transfer matrix, every update."""
    sites, mass_squared, coupling = system
    make, total = UPDATES[update]
    draws, chains = 1500, 1024
    found = pulls(make(lk.Phi4(mass_squared, coupling)), sites, chains, draws, round(total / draws / chains), seed=77)
    check(found, ("phi_squared", "phi_fourth", "two_point_0", *GLOBAL), f"{update} on phi^4 {system}")
