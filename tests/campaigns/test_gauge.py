"""Long campaign: gauge fields against exact values in two dimensions, and against theory in four.

Run with `pytest -n 0 -m slow tests/campaigns/test_gauge.py -s`.  One pull beyond 4 sigma has probability 6e-5.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import latticekit as lk
from latticekit.estimators import gamma_function
from latticekit.exact import U1Torus, strong_coupling
from latticekit.observables import WilsonLoop

pytestmark = pytest.mark.slow


TORI = {  # and the draws of 1024 chains that heatbath needs for 2e-4 on the plaquette
    (lk.U1(), 1.0): 4400,
    (lk.U1(), 2.0): 1200,
    (lk.SU(2), 2.0): 2300,
    (lk.SU(2), 4.0): 600,
    (lk.SU(3), 6.0): 1400,
    (lk.SU(3), 9.0): 640,
}
UPDATES = {  # and the draws each needs, in units of those of heatbath
    "hmc": (lambda a: lk.HMC(a, trajectory_length=1.0, jitter=0.2, integrator="omelyan"), 4),
    "heatbath": (lk.Heatbath, 1),
    "heatbath + 2 overrelaxation": (lambda a: lk.Sequence([lk.Heatbath(a), lk.Repeat(lk.Overrelaxation(a), 2)]), 1),
    "metropolis": (lambda a: lk.Metropolis(a, hits=6), 1),
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize(("group", "beta"), TORI, ids=str)
def test_torus(group, beta, update):
    """4 x 4, where the finite volume shows: means of independent chains, so that no tau_int enters."""
    action, sites = lk.Wilson(group, beta), (4, 4)
    make, factor = UPDATES[update]
    charge = ["topological_charge"] if group.n == 1 else []
    run = {"chains": 1024, "warmup": 100, "start": "hot"}
    long = {"draws": TORI[group, beta] * factor, "observables": ["plaquette", *charge]}
    loops = {"draws": 200 * factor, "observables": [WilsonLoop(2, 2)]}  # dearer than the update
    means = {}
    for seed, what in enumerate((long, loops)):
        means |= chain_means(lk.sample(make(action), sites, seed=seed, **run, **what)["posterior"])
    found = {}
    for name, exact in expected(action.exact(sites), beta, sites, group).items():
        x = means[name]
        error = x.std(ddof=1) / math.sqrt(len(x))
        found[name] = ((x.mean() - exact) / error, error / abs(exact))
    print(f"\n{update}, {group} beta = {beta}: " + ", ".join(f"{k} {z:+.2f} ({r:.1e})" for k, (z, r) in found.items()))
    assert all(abs(z) < 4 for z, _ in found.values())
    assert found["plaquette"][1] <= 2e-4


def chain_means(posterior):
    """Mean over the draws of each chain, name -> (chain,)."""
    found = {}
    if "plaquette" in posterior:
        found["plaquette"] = posterior["plaquette"].mean("draw").values
    if "wilson_loop" in posterior:
        loops = posterior["wilson_loop"].mean("draw").values
        found |= {f"wilson_loop[{t + 1},{r + 1}]": loops[:, t, r] for t, r in ((0, 1), (1, 1))}
    if "topological_charge" in posterior:
        charge = np.rint(posterior["topological_charge"].values)
        found["Q^2"] = (charge**2).mean(axis=1)
        found |= {f"P({q})": (charge == q).mean(axis=1) for q in (0, 1, 2)}
    return found


def expected(known, beta, sites, group):
    """The same, exactly."""
    found = {"plaquette": known["plaquette"]}
    found |= {f"wilson_loop[{t + 1},{r + 1}]": known["wilson_loop"][t, r] for t, r in ((0, 1), (1, 1))}
    if group.n == 1:
        probability = dict(zip(*U1Torus(beta, sites).charge_distribution()))
        found["Q^2"] = known["topological_charge_squared"]
        found |= {f"P({q})": probability[q] for q in (0, 1, 2) if probability.get(q, 0.0) > 1e-4}
    return found


PUBLISHED = [  # quoted to the digits that the reviews give; they are compared, and only the identity is a gate
    (lk.SU(3), 5.7, 0.5492),
    (lk.SU(3), 6.0, 0.5937),
    (lk.SU(3), 6.2, 0.6136),
    (lk.SU(2), 2.3, 0.602),
    (lk.SU(2), 2.5, 0.652),
]


@pytest.mark.parametrize(("group", "beta", "published"), PUBLISHED, ids=str)
def test_four_dimensions(group, beta, published):
    """8^4: plaquette beside the literature, and sum F^2 = -4 C_F S, which holds for every coupling and volume."""
    action = lk.Wilson(group, beta)
    update = lk.Sequence([lk.Heatbath(action), lk.Repeat(lk.Overrelaxation(action), 4)])
    run = {"chains": 2, "draws": 250 if group.n == 3 else 400, "warmup": 80, "seed": 3, "configurations": 2}
    tree = lk.sample(update, (8,) * 4, observables=["plaquette"], **run)
    value = lk.summary(tree)["plaquette"].estimate
    fields = tree["configurations"][group.field].values
    pairs = np.array([[both_sides(action, u) for u in chain[:, None]] for chain in fields])
    ratio = gamma_function(lambda m: m[0] / (4 * group.casimir * m[1]), pairs)
    error = float(ratio.error)
    print(f"\n{group} beta = {beta}: plaquette {value} (literature {published}), identity {ratio}, {error:.1e}")
    assert abs(float(ratio.value) - 1) < 4 * error
    assert error <= 5e-4
    assert abs(float(value.value) - published) < 4 * float(value.error) + 2e-3


def both_sides(action, u):
    """sum over links of sum_a F_a^2, and -S."""
    force = action.force(u)
    return float(action.group.inner(force, force)[0]), -float(action.value(u)[0])


@pytest.mark.parametrize(("group", "beta"), [(lk.SU(2), 0.8), (lk.SU(3), 2.0)], ids=str)
def test_strong_coupling(group, beta):
    """8^4: the character expansion to u^5; what it leaves out is below the error."""
    action = lk.Wilson(group, beta)
    tree = lk.sample(lk.Heatbath(action), (8,) * 4, chains=4, draws=300, warmup=30, seed=5, observables=["plaquette"])
    value = lk.summary(tree)["plaquette"].estimate
    exact = strong_coupling.plaquette(group.n, beta, 4)
    print(f"\n{group} beta = {beta}: {value}, expansion {exact:.6f}")
    assert abs(float(value.value) - exact) < 4 * float(value.error)
