"""Long campaign: every observable of every update against exact values, relative error at most 5e-4.

Run with `pytest -n 0 -m slow tests/campaigns -s`.  One pull beyond 4 sigma has probability 6e-5, so that the whole
campaign raises a false alarm in a few per cent of fresh seeds.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from scipy.stats import chi2

import latticekit as lk

pytestmark = pytest.mark.slow
LOCAL = ("action", "phi_squared", "phi_fourth")
GLOBAL = ("abs_magnetization", "susceptibility")


def pulls(update, sites, chains, draws, runs, seed, **settings):
    """{quantity: (pull, relative error)}; means of independent chains are independent, so no tau_int enters."""
    means: dict[str, list[np.ndarray]] = {}
    for run in range(runs):
        tree = lk.sample(update, sites, chains=chains, draws=draws, warmup=100, seed=seed + run, **settings)
        for name, values in chain_means(tree["posterior"].to_dataset(), math.prod(sites)).items():
            means.setdefault(name, []).append(values)
    known = exact_values(update.action, sites)
    return {name: pull(np.concatenate(means[name]), known[name]) for name in means if name in known}


def chain_means(posterior, volume):
    """Mean over the draws of each chain."""
    found = {name: posterior[name].mean("draw").values for name in posterior.data_vars if name != "two_point"}
    found["susceptibility"] = volume * (posterior["magnetization"] ** 2).mean("draw").values
    if "two_point" not in posterior:
        return found
    correlator = posterior["two_point"].mean("draw").values.T
    return found | {f"two_point_{dt}": c for dt, c in enumerate(correlator[: len(correlator) // 2 + 1])}


def exact_values(action, sites):
    """Scalars and the correlator, entry by entry."""
    known = dict(action.exact(sites))
    return known | {f"two_point_{dt}": c for dt, c in enumerate(known.pop("two_point", ()))}


def pull(values, exact):
    error = values.std(ddof=1) / math.sqrt(len(values))
    return (values.mean() - exact) / error, error / abs(exact) if exact else math.inf


def check(found, precise, name):
    """Every pull below 4, and the precise ones precise."""
    print(f"\n{name}: " + ", ".join(f"{k} {p:+.2f} ({r:.1e})" for k, (p, r) in found.items()))
    assert all(abs(z) < 4 for z, _ in found.values()), {k: v for k, v in found.items() if abs(v[0]) >= 4}
    for key in precise:
        assert found[key][1] <= 5e-4, (key, found[key])


FREE = [
    *((dim, extent) for dim in (1, 2) for extent in (4, 8, 16)),
    *((dim, extent) for dim, extent in [(3, 4), (3, 8), (3, 16), (4, 4), (4, 8), (4, 16)]),
]


@lru_cache
def free_field(dim, extent):
    """HMC on the free field, its step size jittered lest a mode come back to where it was."""
    volume, sites = extent**dim, (extent,) * dim
    update = lk.HMC(lk.FreeScalar(1.0), trajectory_length=1.1, jitter=0.5, target_acceptance=0.9)
    chains = max(16, min(1024, 2**18 // volume))
    total = 2e7 * max(1.0, 8 / volume) if volume <= 512 else 2e4
    runs = max(1, round(total / chains / 1000))
    return pulls(update, sites, chains, min(1000, math.ceil(total / chains)), runs, seed=1000 * dim + extent)


@pytest.mark.parametrize(("dim", "extent"), FREE, ids=[f"{d}D-L{n}" for d, n in FREE])
def test_free_field(dim, extent):
    """The zero mode, one number per configuration, is left to `test_zero_mode` on the largest lattices."""
    check(free_field(dim, extent), LOCAL + (GLOBAL if extent**dim <= 512 else ()), f"free field {extent}^{dim}")


@pytest.mark.parametrize(("dim", "extent", "chains", "runs"), [(3, 16, 64, 33), (4, 8, 64, 33), (4, 16, 16, 130)])
def test_zero_mode(dim, extent, chains, runs):
    """A heavier field, whose periods are shorter, in float32 (sums are always in float64); 16^4 takes two hours."""
    update = lk.HMC(lk.FreeScalar(4.0), trajectory_length=0.55, steps=4, jitter=0.5, integrator="omelyan")
    settings = {"observables": ["magnetization", "abs_magnetization"], "dtype": "float32"}
    found = pulls(update, (extent,) * dim, chains=chains, draws=7000, runs=runs, seed=416, **settings)
    check(found, GLOBAL, f"free field {extent}^{dim}, zero mode")


@pytest.mark.parametrize("quantity", [*LOCAL, *GLOBAL, "two_point_0", "two_point_1", "two_point_2"])
def test_free_field_pulls_are_normal(quantity):
    """The systems are independent: their squared pulls add up to chi^2; a false alarm in 10^4 either way."""
    z = np.array([free_field(*system)[quantity][0] for system in FREE])
    print(f"\n{quantity}: chi2/dof = {np.mean(z**2):.2f} of {len(z)} systems")
    assert 5e-5 < chi2.sf(np.sum(z**2), len(z)) < 1 - 5e-5


PHI4 = [
    ((2,), -2.0, 1.0),
    ((8,), -2.0, 1.0),
    ((8,), 1.0, 0.5),
    ((2, 2), -4.0, 8.0),
    ((2, 2), -4.0, 5.276),
    ((4, 4), -4.0, 6.975),
]
UPDATES = {
    "hmc": lambda a: lk.HMC(a, trajectory_length=1.0, jitter=0.2, target_acceptance=0.9),
    "metropolis": lambda a: lk.Repeat(lk.Metropolis(a, hits=3), 2),
    "heatbath": lambda a: lk.Repeat(lk.Heatbath(a), 2),
    "overrelaxation": lambda a: lk.Sequence([lk.Heatbath(a), lk.Overrelaxation(a)]),
    "mala": lambda a: lk.Repeat(lk.MALA(a), 24),
    "cluster": lambda a: lk.Sequence([lk.Metropolis(a, hits=4), lk.Cluster(a)]),
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("system", PHI4, ids=str)
def test_phi4(system, update):
    """Chains and strips solved by the transfer matrix, every update: all agree with the same numbers."""
    sites, mass_squared, coupling = system
    found = pulls(UPDATES[update](lk.Phi4(mass_squared, coupling)), sites, chains=1024, draws=1500, runs=10, seed=77)
    check(found, ("phi_squared", "phi_fourth", "two_point_0", *GLOBAL), f"{update} on phi^4 {system}")
