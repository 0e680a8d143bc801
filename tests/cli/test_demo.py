"""`latticekit demo`: passes, and fails where HMC is wrong by two percent."""

from dataclasses import replace

import pytest

from latticekit.arrays import using_kernels
from latticekit.cli import demo
from latticekit.ensembles import open_ensemble, sample
from latticekit.updates import HMC, hmc


def test_demo_agrees_and_is_replaced_by_the_next(call, monkeypatch):
    monkeypatch.setattr(demo, "CHAINS", 32)
    monkeypatch.setattr(demo, "DRAWS", 200)
    monkeypatch.setattr(demo, "STEPS", 60)
    monkeypatch.setattr(demo, "FLOW_DRAWS", 100)
    first = call("demo")
    assert first.code == 0, first.out
    assert "everything agrees" in first.out
    assert "trained for 60 steps: ESS 0." in first.out
    assert "log_z" in first.out
    assert all(
        command in first.out for command in ("latticekit summary demo.zarr", "latticekit init", "latticekit plot")
    )
    tree = open_ensemble("demo.zarr")
    assert tree["posterior"].sizes["draw"] == 200
    assert call("demo").out.splitlines()[:20] == first.out.splitlines()[:20], "one seed, one result"


def test_demo_leaves_other_ensembles_alone(call, tmp_path):
    sample(
        HMC(replace(demo_action(), coupling=1.0), steps=2),
        (4,),
        chains=1,
        draws=4,
        warmup=0,
        out=tmp_path / "demo.zarr",
    )
    (tmp_path / "folder").mkdir()
    for out in ("demo.zarr", "folder"):
        result = call("demo", "--out", out)
        assert result.code == 2
        assert result.out == ""
    assert open_ensemble(tmp_path / "demo.zarr")["posterior"].sizes["draw"] == 4


def demo_action():
    from latticekit.actions import preset

    return preset("E1").action


def test_a_wrong_coupling_is_caught(call, monkeypatch):
    """Mutation: trajectories and their Metropolis test feel 1.02 lambda, everything else says lambda."""
    right = hmc.transition

    def wrong(x, action, key, schedule, current):
        other = replace(action, coupling=1.02 * action.coupling)
        y, _, delta_h, accepted = right(x, other, key, schedule, other.value(x))
        return y, action.value(y), delta_h, accepted

    monkeypatch.setattr(hmc, "transition", wrong)
    with using_kernels("fast"):
        result = call("demo")
    assert result.code == 1
    assert "do not trust" in result.out


@pytest.mark.slow
def test_default_demo_passes_for_other_seeds(call):
    """Ten seeds of 59 pulls, allowed 5 sigma: false-alarm rate below 3e-4."""
    with using_kernels("fast"):
        assert [call("demo", "--seed", seed).code for seed in range(10)] == [0] * 10


def test_a_flow_whose_density_is_wrong_by_one_percent_is_caught(call, monkeypatch):
    """Mutation: log q of the draws, wrong by one percent of its fluctuation."""
    from latticekit.samplers import proposals

    right = proposals.propose

    def wrong(flow, action, key, chains):
        found = right(flow, action, key, chains)
        return found._replace(log_q=1.01 * found.log_q)

    monkeypatch.setattr(demo, "FLOW_DRAWS", 600)
    monkeypatch.setattr(proposals, "propose", wrong)
    with using_kernels("fast"):
        result = call("demo")
    assert result.code == 1
    assert "of flow against" in result.out.splitlines()[-2]


def test_a_training_that_fails_is_told(call, monkeypatch):
    monkeypatch.setattr(demo, "STEPS", 0)
    monkeypatch.setattr(demo, "DRAWS", 8)
    monkeypatch.setattr(demo, "CHAINS", 4)
    with using_kernels("fast"):
        result = call("demo")
    assert result.code == 2
    assert "the training of the demo ended with code 2" in result.err
    assert "steps" in result.err
