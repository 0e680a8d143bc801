"""`summary`: numbers, exact values, identities and verdicts."""

import numpy as np
import pytest
import xarray as xr

import latticekit as lk

FREE = lk.HMC(lk.FreeScalar(mass_squared=0.7), trajectory_length=1.3, steps=6, jitter=0.5)


@pytest.fixture(scope="module")
def free():
    return lk.sample(FREE, lattice=(8,), chains=64, draws=4000, warmup=50, seed=4)


def test_exact_values_and_pulls(free):
    """Eleven pulls of one seed, false-alarm rate 11 x 6e-5; the errors of phi_squared are below 0.5 %."""
    table = lk.summary(free)
    known = [row for row in table.rows if row.pull is not None]
    expected = {"action", "phi_squared", "phi_fourth", "two_point[0]", "susceptibility", "schwinger_dyson"}
    assert expected <= {r.name for r in known}
    assert table.worst_pull < 4
    assert table["phi_squared"].estimate.error < 0.005 * table["phi_squared"].estimate.value
    assert table.trusted
    assert "trust this run" in str(table)


def test_a_two_percent_fault_is_seen(free):
    """Mutation: rescaled draws must pull away from the exact values."""
    posterior = free["posterior"].to_dataset()
    wrong = free.copy()
    wrong["posterior"] = xr.DataTree(posterior.assign(phi_squared=1.02 * posterior["phi_squared"]))
    table = lk.summary(wrong)
    assert abs(table["phi_squared"].pull) > 5
    assert not table.trusted


def test_schwinger_dyson_sees_a_wrong_coupling():
    tree = lk.sample(
        lk.HMC(lk.Phi4(-1.0, 2.0), trajectory_length=1.0, steps=6),
        lattice=(4, 4),
        chains=128,
        draws=8000,
        warmup=50,
        seed=3,
    )
    assert abs(lk.summary(tree)["schwinger_dyson"].pull) < 4
    tree.attrs["action_params"] = tree.attrs["action_params"].replace("2.0", "2.06")
    assert abs(lk.summary(tree)["schwinger_dyson"].pull) > 4


def changed(tree, **variables):
    """The tree with some variables of /posterior replaced."""
    new = tree.copy()
    new["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(variables))
    return new


def levels(table):
    return {one.level for one in table.findings}


def test_stuck_chain_fails(free):
    action = free["posterior"]["action"].copy(deep=True)
    action[3, :] = float(action[3, 0])
    table = lk.summary(changed(free, action=action))
    assert not table.trusted
    assert any("never moved" in one.text and "chain 3" in one.text for one in table.findings)


def test_missing_thermalisation_fails(free):
    drift = xr.DataArray(np.linspace(3, 0, 4000), dims="draw")
    table = lk.summary(changed(free, action=free["posterior"]["action"] + drift))
    assert any("not thermalised" in one.text for one in table.findings)
    assert not table.trusted


def test_chains_that_disagree_fail(free):
    offset = xr.DataArray(np.where(np.arange(64) < 32, 0.0, 2.0), dims="chain")
    table = lk.summary(changed(free, action=free["posterior"]["action"] + offset))
    assert any("disagree" in one.text for one in table.findings)
    assert not table.trusted


def test_frozen_sign_is_told(free):
    m = abs(free["posterior"]["magnetization"])
    assert any("never changed sign" in one.text for one in lk.summary(changed(free, magnetization=m)).findings)


def test_short_run_is_told():
    tree = lk.sample(FREE, lattice=(8,), chains=1, draws=30, warmup=10, seed=4)
    table = lk.summary(tree)
    assert any("too few" in one.text for one in table.findings)
    assert "trust this run" not in str(table).replace("do NOT trust this run", "")


def test_low_acceptance_is_told():
    coarse = lk.HMC(lk.Phi4(-4.0, 6.975), trajectory_length=1.0, steps=3)
    table = lk.summary(lk.sample(coarse, lattice=(8, 8), chains=8, draws=200, warmup=200, seed=4))
    assert any("acceptance" in one.text and one.level in ("warn", "fail") for one in table.findings)


def test_dataset_has_the_table(free):
    table = lk.summary(free)
    data = table.dataset
    assert list(data["observable"].values) == [row.name for row in table.rows]
    assert float(data["value"].sel(observable="action")) == float(table["action"].estimate.value)
    with pytest.raises(KeyError, match="phi_squared"):
        table["phi_square"]


def test_needs_draws():
    with pytest.raises(ValueError, match="no draws"):
        lk.summary(xr.DataTree())
