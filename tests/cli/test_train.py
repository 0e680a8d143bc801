"""`latticekit train` and `run` with a trained model: from flow.toml to an ensemble and its figures."""

import inspect
import json
from dataclasses import fields, replace

import numpy as np
import pytest

from latticekit.cli import config as tree
from latticekit.cli.flows import FLOWS
from latticekit.cli.template import template
from latticekit.ensembles import load_model, open_ensemble, train
from latticekit.flows import Layer


@pytest.fixture
def flow(tmp_path) -> str:
    """A short training of a small flow."""
    (tmp_path / "flow.toml").write_text(
        """
flow = "continuous"
[action]
mass_squared = -1.0
coupling = 1.0
[lattice]
shape = [4, 4]
[train]
steps = 6
batch = 32
seed = 2
[continuous]
features = 2
times = 2
steps = 3
"""
    )
    return "flow.toml"


def test_train_run_summary_plot(call, flow, tmp_path):
    trained = call("train", flow)
    assert trained.code == 0, trained.err
    assert "latticekit run --update independence_metropolis --model.path flow" in trained.out
    model = load_model(tmp_path / "flow")
    assert model.flow.sites == (4, 4)
    assert model.history.sizes["step"] == 6
    assert "[continuous]" in model.history.attrs["config_toml"]
    short = ["--model.path", "flow", "--run.draws", 20, "--run.chains", 16, "--run.warmup", 4]
    for name, update in {
        "a": ["independence_metropolis"],
        "b": ["independence_metropolis", "hmc"],
        "c": ["reweighting"],
    }.items():
        done = call("run", *short, "--out", f"{name}.zarr", "--update", *update)
        assert done.code == 0, done.err
        table = call("summary", f"{name}.zarr")
        assert "Phi4(mass_squared = -1, coupling = 1) on 4 x 4: 16 chains x 20 draws" in table.out
        assert "log_z_lower_bound" in table.out
        assert "volume law" in table.out
    weighted = open_ensemble("c.zarr")
    assert "warmup_posterior" not in weighted.children, "independent draws need none"
    assert 'path = "flow"' in weighted.attrs["config_toml"]
    assert json.loads(weighted.attrs["update"])["flow_sha256"]
    pytest.importorskip("matplotlib")
    for source, expected in {
        "flow": {"training", "kernel", "path"},
        "c.zarr": {"log_weights", "two_point", "action-history"},
    }.items():
        assert call("plot", source, "--out", "plots").code == 0
        assert expected <= {path.stem for path in (tmp_path / "plots").glob("*.png")}


def test_resume_of_a_training_is_bit_identical(call, flow, tmp_path):
    call("train", flow, "--out", "whole")
    assert call("train", flow, "--out", "part").code == 0
    again = call("train", flow, "--out", "part", "--resume")
    assert again.code == 0, again.err
    one, two = (load_model(tmp_path / name) for name in ("whole", "part"))
    np.testing.assert_array_equal(one.history["loss"], two.history["loss"])
    refused = call("train", flow, "--out", "part")
    assert refused.code == 2
    assert "continue it with --resume" in refused.err


def test_a_model_on_a_larger_lattice(call, flow):
    """Volume transfer: the extents of the run win over those of the training."""
    call("train", flow)
    done = call(
        *("run", "--update", "reweighting", "--model.path", "flow", "--out", "large.zarr", "--lattice.shape", 4, 8),
        *("--run.draws", 4, "--run.chains", 4),
    )
    assert done.code == 0, done.err
    assert json.loads(open_ensemble("large.zarr").attrs["lattice_shape"]) == [4, 8]


def test_one_flow_for_a_range_of_couplings(call, tmp_path):
    """[couplings] makes any flow conditional; a run with the model says at which of them."""
    (tmp_path / "flow.toml").write_text(
        """
flow = "real_nvp"
[action]
mass_squared = -1.0
[couplings]
coupling = [0.5, 1.5]
[lattice]
shape = [4, 2]
[train]
steps = 4
batch = 16
[real_nvp]
layers = 2
hidden = [3]
"""
    )
    assert call("train", "flow.toml").code == 0
    model = load_model(tmp_path / "flow")
    assert model.ranges == {"coupling": [0.5, 1.5]}
    assert (model.action.mass_squared, model.action.coupling) == (-1.0, 1.0)
    assert "[couplings]\ncoupling = [0.5, 1.5]" in model.history.attrs["config_toml"]
    run = ["run", "--update", "reweighting", "--model.path", "flow", "--run.draws", 4, "--run.chains", 4]
    for out, given, coupling in (
        ("middle.zarr", [], 1.0),
        ("other.zarr", ["--action.mass_squared", -1, "--action.coupling", 0.7], 0.7),
    ):
        done = call(*run, "--out", out, *given)
        assert done.code == 0, done.err
        attrs = open_ensemble(out).attrs
        assert json.loads(attrs["action_params"])["coupling"] == coupling
        assert json.loads(attrs["update"])["flow"]["layer"]["couplings"] == [coupling]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["run", "--update", "reweighting", "--action.preset", "E1"], "reweighting needs a trained flow"),
        (["run", "--update", "reweighting", "--model.path", "none"], "is no model bundle"),
        (["train", "--flow", "continous"], "continuous"),
        (["train", "--action.preset", "E1", "--train.steps", "3", "--train.seconds", "2"], "steps or seconds"),
        (["train", "--action.preset", "E1", "--continuous.times", "0"], "must be at least 1"),
        (["train"], "shape is missing"),
        (["train", "--action.preset", "E1", "--couplings.beta", "1", "2"], "phi4 takes mass_squared, coupling"),
        (["train", "--action.preset", "E1", "--couplings.coupling", "2", "1"], r"must be (low, high)"),
    ],
)
def test_mistakes_are_explained(call, tokens, message):
    result = call(*tokens)
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1


def test_init_writes_what_train_reads(call, tmp_path):
    assert call("init", "flow.toml", "--kind", "train", "--preset", "symmetric").code == 0
    text = (tmp_path / "flow.toml").read_text()
    assert max(map(len, text.splitlines())) <= 120
    assert "latticekit train flow.toml" in text
    done = call("train", "flow.toml", "--train.steps", 2, "--train.batch", 8, "--lattice.shape", 4, 4)
    assert done.code == 0, done.err


def test_every_flow_can_be_named_and_built():
    for name in FLOWS:
        config = replace(tree.TrainConfig(), flow=name)
        assert isinstance(tree.layer_of(config), Layer)
        assert f"\n[{name}]\n" in template(config, "a.toml")


def test_train_section_is_that_of_train():
    """Same names and defaults as `latticekit.train`, but that a training on the command line always has a folder."""
    parameters = inspect.signature(train).parameters
    for f in fields(tree.TRAIN_SECTIONS["train"]):
        assert f.name in parameters
        if f.name != "out":
            assert f.default == parameters[f.name].default, f.name
