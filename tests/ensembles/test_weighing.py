"""Weighted ensembles, log Z with bounds, findings on flows: exact values, mutations, bookkeeping.

Pulls are against exact values of 4 x 2 sites; |z| < 4 for 15 numbers: false-alarm rate 1e-3 per seed, which is fixed.
"""

from dataclasses import replace

import numpy as np
import pytest

import latticekit as lk
from latticekit.ensembles import assess, draw_ensemble, from_netcdf, open_ensemble, to_netcdf
from latticekit.ensembles.assessment import log_weights
from latticekit.samplers import IndependenceMetropolis, Reweighting
from tests.samplers.flows import Breaking, Shifted, Stretch, poor

ACTION, SITES = lk.Phi4(2.0, 0.5), (4, 2)
FLOW = poor(SITES, Stretch(factor=0.4, bend=0.001))
WELLS = lk.Phi4(-4.0, 2.0)
pytestmark = pytest.mark.usefixtures("reference")


@pytest.fixture(scope="module")
def drawn():
    return draw_ensemble(FLOW, ACTION, chains=256, draws=100, seed=3)


def texts(table, level=None):
    return " | ".join(one.text for one in table.findings if level in (None, one.level))


def test_labels(drawn):
    assert {v.attrs["weighted"] for v in drawn["posterior"].data_vars.values()} == {"log_weight"}
    assert set(drawn.children) == {"posterior", "sample_stats"}
    log_w = drawn["sample_stats"]["log_weight"]
    assert log_w.dims == ("chain", "draw")
    assert drawn.attrs["log_q_normalised"] == 1
    assert len({tuple(row) for row in log_w.values}) == 256, "no chain repeats another"
    assert np.unique(log_w.values).size == log_w.size


def test_reweighted_means_are_exact(drawn):
    table = lk.summary(drawn)
    assert table.worst_pull < 4
    assert sum(row.pull is not None for row in table.rows) >= 14
    row = table["phi_squared"]
    assert float(row.estimate.error) < 0.03 * row.exact
    plain = float(drawn["posterior"]["phi_squared"].mean())
    assert abs(plain - row.exact) > 10 * float(row.estimate.error), "the weights matter"


def test_log_z_lies_between_its_bounds(drawn):
    table = lk.summary(drawn)
    assert abs(table["log_z"].pull) < 4
    assert float(table["log_z"].estimate.error) < 0.02
    lower = table["log_z_lower_bound"].estimate
    assert float(lower.value) < table["log_z"].exact - 5 * float(lower.error)


def test_metropolis_gives_both_bounds_and_the_same_means():
    table = lk.summary(lk.sample(IndependenceMetropolis(ACTION, FLOW), SITES, chains=256, draws=200, warmup=40, seed=4))
    assert table.worst_pull < 4
    assert abs(table["log_z"].pull) < 4
    upper = table["log_z_upper_bound"].estimate
    assert float(upper.value) > table["log_z"].exact + 5 * float(upper.error)
    assert "longest run of rejections" in texts(table)
    assert "volume law" in texts(table)
    assert "forward ESS" not in texts(table), "a flow alone cannot see what it misses"


def test_a_log_q_wrong_by_a_constant_moves_log_z_only(drawn):
    """Mutation: one percent of log Z."""
    wrong = drawn.copy(deep=True)
    wrong["sample_stats"]["log_weight"] += 0.1
    table = lk.summary(wrong)
    assert table["log_z"].pull > 4
    assert table["phi_squared"].pull == pytest.approx(lk.summary(drawn)["phi_squared"].pull, rel=1e-9)


def test_weights_are_not_forgotten(drawn):
    """Mutation: the label that says so."""
    wrong = drawn.copy(deep=True)
    for v in wrong["posterior"].data_vars.values():
        v.attrs["weighted"] = "no"
    assert lk.summary(wrong).worst_pull > 10


def test_draws_without_a_finite_weight_are_counted_never_averaged():
    """Fields whose first z is above 1 break: the sum over the others, weight zero for them, is exact for p there."""
    broken = draw_ensemble(poor(SITES, Breaking(factor=0.4, bend=0.001)), ACTION, chains=64, draws=100, seed=3)
    whole = draw_ensemble(FLOW, ACTION, chains=64, draws=100, seed=3)
    log_w = broken["sample_stats"]["log_weight"].values
    lost = np.isneginf(log_w)
    assert 0.1 < lost.mean() < 0.22
    assert np.isfinite(broken["posterior"]["action"].values).all()
    table = lk.summary(broken)
    assert not table.trusted
    assert f"{lost.sum()} of 6400 draws of the flow had no finite weight" in texts(table, "fail")
    w = np.where(lost, 0.0, np.exp(np.where(lost, 0.0, whole["sample_stats"]["log_weight"].values)))
    expected = np.sum(w * whole["posterior"]["phi_squared"].values) / np.sum(w)
    assert float(table["phi_squared"].estimate.value) == pytest.approx(expected, rel=1e-10)
    assert float(table["log_z"].estimate.value) == pytest.approx(np.log(np.mean(w)), rel=1e-10)


def test_collapse_on_one_well_is_seen_with_fields_of_hmc():
    """Two wells, a flow in the right one: reverse ESS looks fine, forward ESS and the summary say what is missing."""
    sites = (2, 2)
    flow = poor(sites, Shifted(0.9, 0.28))
    update = lk.Sequence([lk.HMC(WELLS, steps=6), lk.Cluster(WELLS)])
    wells = lk.sample(update, sites, chains=64, draws=100, warmup=50, seed=1, configurations=1)
    found = assess(flow, WELLS, draws=4000, reference=wells)
    assert float(found.forward.value) < 0.5 * float(found.ess.value)
    assert any("mode collapse" in one.text for one in found.findings)
    assert "mode collapse" in str(found)
    mixed = lk.Sequence([IndependenceMetropolis(WELLS, flow), lk.HMC(WELLS, steps=6), lk.Cluster(WELLS)])
    table = lk.summary(lk.sample(mixed, sites, chains=64, draws=100, warmup=20, seed=2))
    assert "mode collapse" in texts(table, "warn")


def test_assessment_agrees_with_the_ensemble(drawn):
    reference = lk.sample(lk.HMC(ACTION, steps=3), SITES, chains=64, draws=100, warmup=40, seed=5, configurations=2)
    found = assess(FLOW, ACTION, draws=8000, seed=8, reference=reference)
    table = lk.summary(drawn)
    exact = ACTION.exact(SITES)["log_z"]
    assert abs(found.free_energy.log_z.pull(exact)) < 4
    assert found.free_energy.lower.value < exact < found.free_energy.upper.value
    assert abs(found.free_energy.log_z.value - table["log_z"].estimate.value) < 0.1
    assert 0 < found.acceptance < 1
    fields = reference["configurations"]["phi"].values
    expected = -ACTION.value(fields.reshape(-1, *SITES)) - FLOW.log_q(fields.reshape(-1, *SITES))
    np.testing.assert_allclose(log_weights(FLOW, reference), expected.reshape(64, 50), rtol=1e-10)


def test_resume_and_copies_keep_the_weights(tmp_path):
    settings = {"chains": 3, "seed": 5}
    whole = draw_ensemble(FLOW, ACTION, draws=20, **settings)
    draw_ensemble(FLOW, ACTION, draws=7, out=tmp_path / "a.zarr", **settings)
    again = draw_ensemble(FLOW, ACTION, draws=20, out=tmp_path / "a.zarr", resume=True, **settings)
    for group in ("posterior", "sample_stats"):
        for name, values in whole[group].data_vars.items():
            assert values.values.tobytes() == again[group][name].values.tobytes(), name
    expected = str(lk.summary(whole)).splitlines()[1:]
    assert str(lk.summary(open_ensemble(tmp_path / "a.zarr"))).splitlines()[1:] == expected
    pytest.importorskip("h5netcdf")
    to_netcdf(whole, tmp_path / "a.nc")
    assert str(lk.summary(from_netcdf(tmp_path / "a.nc"))).splitlines()[1:] == expected


def test_float32_and_another_precision():
    tree = draw_ensemble(poor(SITES, Stretch(0.4, 0.001), dtype="float32"), ACTION, chains=64, draws=50)
    assert tree.attrs["dtype"] == "float32"
    assert lk.summary(tree).worst_pull < 4


def test_no_weighted_draws_in_a_sequence():
    with pytest.raises(ValueError, match="cannot be part"):
        lk.Sequence([Reweighting(ACTION, FLOW), lk.HMC(ACTION)])
    with pytest.raises(ValueError, match="made for"):
        lk.sample(Reweighting(ACTION, FLOW), (2, 2))
    with pytest.raises(ValueError, match="block"):
        Reweighting(ACTION, FLOW, block=0)


def test_an_unnormalised_prior_has_no_exact_log_z(drawn):
    other = drawn.copy()
    other.attrs = drawn.attrs | {"log_q_normalised": 0}
    assert lk.summary(other)["log_z"].exact is None


def test_defect_of_an_integrated_log_det_is_told():
    class Sloppy(Stretch):
        def defect(self, x):
            return np.linspace(1e-3, 5e-2, x.shape[0])

    tree = draw_ensemble(replace(FLOW, layer=Sloppy(factor=0.4, bend=0.001)), ACTION, chains=64, draws=100)
    assert tree.attrs["log_det_defect"] == pytest.approx(0.0255)
    assert "integrated log-det off by" in texts(lk.summary(tree), "warn")
