"""Every update of links against the exact solution in two dimensions: |z| < 4 (false alarm 6e-5 each), fixed seeds."""

import math

import numpy as np
import pytest

from latticekit.actions import GaugeAction, Wilson
from latticekit.fields import geometric_charge, plane_averages
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.updates import HMC, MALA, Heatbath, Metropolis, Overrelaxation, Repeat, Sequence
from tests.links import haar

SITES = (4, 4)
EXACT = {
    "u1": (Wilson(U1(), 2.0), 0.6992519268),
    "su2": (Wilson(SU(2), 2.0), 0.4331280030),
    "su3": (Wilson(SU(3), 6.0), 0.4225320566),
}
CHARGE_SQUARED = 0.2906361
UPDATES = {
    "heatbath": Heatbath,
    "heatbath, one try": lambda a: Heatbath(a, attempts=1),
    "1 HB + 2 OR": lambda a: Sequence([Heatbath(a), Repeat(Overrelaxation(a), 2)]),
    "metropolis": lambda a: Metropolis(a, hits=3),
    "hmc": lambda a: HMC(a, 1.5, integrator="omelyan", target_acceptance=0.9),
    "mala": lambda a: Repeat(MALA(a), 4),
}


def run(update, chains=200, warmup=15, draws=30, seed=1):
    """Mean plaquette and Q^2 per chain after a hot start.  -> (2, chain)"""
    key, group = Key(seed), update.action.group
    state, total = update.init(haar(group, chains, SITES, seed=seed)), 0.0
    for n in range(warmup + draws):
        state, info = update.step(state, key.at(n))
        if n < warmup:
            state = update.tune(state, info)
        if n == warmup - 1:
            state = update.settle(state)
        if n >= warmup:
            q = geometric_charge(state.x) if group == U1() else np.zeros(chains)
            total = total + np.stack([plane_averages(state.x)[:, 0], q**2])
    return total / draws


def pull(values, exact):
    error = values.std(ddof=1) / math.sqrt(values.size)
    return (values.mean() - exact) / error, error / exact


@pytest.mark.parametrize("system", EXACT)
@pytest.mark.parametrize("name", UPDATES)
def test_plaquette_and_charge(kernels, name, system):
    if system == "su3" and kernels == "reference" and name != "heatbath":
        pytest.skip("a minute; the campaign runs it")
    action, exact = EXACT[system]
    plaquette, charge = run(UPDATES[name](action))
    z, error = pull(plaquette, exact)
    assert abs(z) < 4
    assert error < {"mala": 1e-2, "hmc": 5e-3}.get(name, 4e-3)
    if system == "u1":
        assert abs(pull(charge, CHARGE_SQUARED)[0]) < 4


@pytest.mark.slow
@pytest.mark.parametrize("system", EXACT)
@pytest.mark.parametrize("name", UPDATES)
def test_plaquette_and_charge_to_two_in_ten_thousand(kernels, name, system):
    action, exact = EXACT[system]
    plaquette, charge = run(UPDATES[name](action), chains=4000, warmup=50, draws=400, seed=7)
    z, error = pull(plaquette, exact)
    assert abs(z) < 4
    assert error < {"mala": 6e-4, "hmc": 3e-4}.get(name, 2e-4)
    if system == "u1":
        assert abs(pull(charge, CHARGE_SQUARED)[0]) < 4


def test_updating_all_links_at_once_is_caught(reference, monkeypatch):
    """2 x 2 sites, exactly 0.4461449704: right by parity, wrong by more than ten sigma without colours."""
    update = Heatbath(Wilson(SU(2), 2.0))
    assert abs(pull(two_by_two(update), 0.4461449704)[0]) < 4
    monkeypatch.setattr(GaugeAction, "colours", lambda self, mu, dim: (1, (1,) * dim))
    assert abs(pull(two_by_two(update), 0.4461449704)[0]) > 10


def two_by_two(update, chains=1000, draws=16):
    """Mean plaquette per chain on 2 x 2 sites.  -> (chain,)"""
    state, total = update.init(haar(SU(2), chains, (2, 2))), 0.0
    for n in range(draws + 6):
        state, _ = update.step(state, Key(9).at(n))
        total = total + plane_averages(state.x)[:, 0] * (n >= 6)
    return total / draws
