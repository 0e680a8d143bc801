"""`measure`, `summary`, `plot`, `convert`: what can be done with a stored ensemble."""

import json

import numpy as np
import pytest

from latticekit.ensembles import open_ensemble


@pytest.fixture
def stored(call, settings):
    """A store of 4 chains x 40 draws with every fourth configuration."""
    assert call("run", settings).code == 0
    return "ensemble.zarr"


def test_summary(call, stored):
    table = call("summary", stored)
    assert table.code == 0
    assert table.out.startswith("Phi4(mass_squared = 0.5, coupling = 0) on 4 x 4: 4 chains x 40 draws")
    assert "verdict:" in table.out
    found = json.loads(call("summary", stored, "--json").out)
    action = next(row for row in found["quantities"] if row["quantity"] == "action")
    assert action["exact"] == 8.0
    assert action["value"] == pytest.approx(float(open_ensemble(stored)["posterior"]["action"].mean()))
    assert isinstance(found["trusted"], bool)
    assert all(one["level"] in ("ok", "warn", "fail") for one in found["findings"])


def test_measure_repeats_what_was_measured(call, stored):
    result = call("measure", stored, "--observables", "two_point", "momentum_two_point", "--out", "more.nc")
    assert result.code == 0, result.err
    assert "momentum_two_point[0]" in result.out
    assert call("convert", "more.nc", "more.zarr").code == 0
    more, whole = open_ensemble("more.zarr")["posterior"], open_ensemble(stored)["posterior"]
    kept = whole.to_dataset().sel(draw=np.arange(0, 40, 4))
    assert np.array_equal(more["trajectory"], kept["trajectory"])
    assert np.allclose(more["two_point"], kept["two_point"], rtol=1e-13)
    assert np.array_equal(more["action"], kept["action"])
    assert np.allclose(more["momentum_two_point"][..., 0], kept["magnetization"] ** 2 * 16, rtol=1e-12)
    assert json.loads(open_ensemble("more.zarr").attrs["parents"]) == [open_ensemble(stored).attrs["config_sha256"]]


def test_measure_mistakes(call, stored, settings):
    unknown = call("measure", stored, "--observables", "two_pint")
    assert unknown.code == 2
    assert "did you mean 'two_point'" in unknown.err
    assert call("measure", stored, "--observables", "two_point", "--out", "a.txt").code == 2
    call("run", settings, "--out", "without.zarr", "--run.configurations", 0)
    none = call("measure", "without.zarr", "--observables", "two_point")
    assert none.code == 2
    assert "configurations = 10" in none.err


def test_convert_there_and_back(call, stored):
    assert call("convert", stored, "a.nc").code == 0
    assert call("convert", "a.nc", "b.zarr").code == 0
    assert call("convert", "b.zarr", "c.npz").code == 0
    first, last = open_ensemble(stored), open_ensemble("b.zarr")
    assert first.children.keys() == last.children.keys()
    for name, node in first.children.items():
        assert node.to_dataset().identical(last[name].to_dataset()), name
    assert {k: v for k, v in first.attrs.items() if k != "config"} == {
        k: v for k, v in last.attrs.items() if k != "config"
    }
    with np.load("c.npz") as arrays:
        assert np.array_equal(arrays["posterior/action"], first["posterior"]["action"])
        assert np.array_equal(arrays["configurations/phi"], first["configurations"]["phi"])
        assert json.loads(str(arrays["attributes"]))["config_sha256"] == first.attrs["config_sha256"]


def test_a_copy_cannot_be_continued(call, stored, settings):
    call("convert", stored, "a.nc")
    call("convert", "a.nc", "b.zarr")
    result = call("run", settings, "--out", "b.zarr", "--run.draws", 50, "--resume")
    assert result.code == 2
    assert "can be read, but not continued" in result.err


def test_convert_mistakes(call, stored):
    assert "latticekit can write .zarr, .nc, .npz" in call("convert", stored, "a.h5").err
    assert "latticekit can read .zarr, .nc" in call("convert", "run.toml", "a.nc").err
    assert "there is no" in call("convert", "missing.zarr", "a.nc").err
    assert call("convert", stored, "a.nc").code == 0
    again = call("convert", stored, "a.nc")
    assert again.code == 2
    assert "exists and is left as it is" in again.err


def test_plot(call, stored, tmp_path):
    result = call("plot", stored, "--out", "figures", "--quantity", "action", "--quantity", "two_point")
    assert result.code == 0, result.err
    names = ["action-history.png", "action-autocorrelation.png", "action-histogram.png", "two_point.png"]
    assert result.out.split() == [f"figures/{name}" for name in names]
    assert all((tmp_path / "figures" / name).read_bytes()[:4] == b"\x89PNG" for name in names)
    unknown = call("plot", stored, "--quantity", "actoin")
    assert unknown.code == 2
    assert "no quantity 'actoin'" in unknown.err
