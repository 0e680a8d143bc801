"""`latticekit init` and `latticekit run`: from a file to a resumable store."""

import json

import numpy as np
import pytest

from latticekit.ensembles import open_ensemble


def values(path):
    return {k: v.values for k, v in open_ensemble(path)["posterior"].to_dataset().variables.items()}


def test_init_then_run(call, tmp_path):
    assert call("init", "--preset", "E2").code == 0
    before = (tmp_path / "run.toml").read_text()
    again = call("init")
    assert again.code == 2
    assert "exists and is left as it is" in again.err
    assert (tmp_path / "run.toml").read_text() == before
    result = call("run", "run.toml", "--run.draws", 8, "--run.warmup", 5)
    assert result.code == 0, result.err
    assert "latticekit summary ensemble.zarr" in result.out
    attributes = open_ensemble(tmp_path / "ensemble.zarr").attrs
    assert json.loads(attributes["lattice_shape"]) == [8, 8]
    assert json.loads(attributes["action_params"])["coupling"] == 6.008


def test_init_of_a_gauge_field_then_run(call, tmp_path):
    assert call("init", "--preset", "u1-2.0").code == 0
    result = call("run", "run.toml", "--run.draws", 8, "--run.warmup", 5, "--action.boundary", "schroedinger")
    assert result.code == 0, result.err
    attributes = open_ensemble(tmp_path / "ensemble.zarr").attrs
    assert json.loads(attributes["lattice_shape"]) == [16, 16]
    stored = json.loads(attributes["action_params"])
    assert (stored["beta"], stored["weights"]["name"]) == (2.0, "Schroedinger")
    assert json.loads(attributes["update"])["name"] == "Sequence"


def test_init_mistakes(call):
    assert "unknown preset" in call("init", "--preset", "E9").err
    assert call("init", "no/such/folder/run.toml").code == 2


def test_resume_is_the_unbroken_run(call, settings, tmp_path):
    assert call("run", settings, "--out", "a.zarr").code == 0
    assert call("run", settings, "--out", "b.zarr", "--run.draws", 13).code == 0
    assert call("run", settings, "--out", "b.zarr", "--resume").code == 0
    whole, parts = values(tmp_path / "a.zarr"), values(tmp_path / "b.zarr")
    assert whole.keys() == parts.keys()
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
    assert whole["action"].shape == (4, 40)


def test_stored_settings_repeat_the_run(call, settings, tmp_path):
    call("run", settings)
    first = open_ensemble(tmp_path / "ensemble.zarr")
    (tmp_path / "again.toml").write_text(first.attrs["config_toml"])
    assert call("run", "again.toml", "--out", "again.zarr").code == 0
    second = open_ensemble(tmp_path / "again.zarr")
    assert second.attrs["config_sha256"] == first.attrs["config_sha256"]
    assert np.array_equal(first["posterior"]["action"], second["posterior"]["action"])


def test_an_existing_store_is_never_overwritten(call, settings, tmp_path):
    call("run", settings)
    before = values(tmp_path / "ensemble.zarr")
    again = call("run", settings)
    assert again.code == 2
    assert "continue it with --resume" in again.err
    other = call("run", settings, "--resume", "--action.mass_squared", 0.6)
    assert other.code == 2
    assert "action.mass_squared: 0.5 stored, 0.6 given" in other.err
    after = values(tmp_path / "ensemble.zarr")
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["--update", "metropolis", "--lattice.shape", 5, 4], "sites must be even"),
        (["--out", "/proc/nothing/a.zarr"], "Choose a place that can be written"),
        (["--run.backend", "cupy"], "pip install"),
        (["--action.mass_squared", "nan"], "finite"),
    ],
)
def test_errors_say_what_to_do(call, settings, tokens, message):
    result = call("run", settings, *tokens)
    assert result.code == 2
    assert message in result.err


def test_as_a_process(shell, settings):
    """A pipe gets plain text and no progress bar."""
    done = shell("-m", "latticekit", "run", settings, "--run.draws", "5")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("ensemble.zarr: 4 chains x 5 draws of action, magnetization")
    assert "\033" not in done.stdout
