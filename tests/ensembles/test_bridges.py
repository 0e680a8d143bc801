"""NetCDF, pyerrors and ArviZ get the same numbers."""

import numpy as np
import pytest
import xarray as xr

from latticekit.ensembles.bridges import to_arviz, to_pyerrors
from latticekit.ensembles.netcdf import from_netcdf, to_netcdf
from latticekit.ensembles.reading import open_ensemble
from tests.ensembles.blocks import FAULTS, Killed, written

pytestmark = pytest.mark.filterwarnings("ignore:`scipy.odr` is deprecated:DeprecationWarning")  # pyerrors imports it
CHAINS, DRAWS = 3, 400


@pytest.fixture(scope="module")
def tree():
    rng = np.random.default_rng(11)
    noise = rng.normal(size=(CHAINS, DRAWS, 4))
    for t in range(1, DRAWS):
        noise[:, t] += 0.6 * noise[:, t - 1]
    coords = {"chain": np.arange(CHAINS), "draw": np.arange(DRAWS), "trajectory": ("draw", 3 * np.arange(DRAWS) + 3)}
    posterior = {
        "plaquette": (("chain", "draw"), noise[..., 0] + 0.5),
        "two_point": (("chain", "draw", "dt"), noise[..., :3]),
        "loop": (("chain", "draw"), noise[..., 0] + 1j * noise[..., 3]),
        "small": (("chain", "draw"), noise[..., 0].astype(np.float32)),
    }
    stats = {"log_weight": (("chain", "draw"), 0.1 * noise[..., 1] + 700.0)}
    attrs = {"action": "Phi4", "config_sha256": "ab" * 32, "seed": 3}
    groups = {"/posterior": xr.Dataset(posterior, coords), "/sample_stats": xr.Dataset(stats, coords)}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **groups})


def test_netcdf_round_trip(tmp_path):
    stored = open_ensemble(written(tmp_path / "e.zarr", [30]))
    to_netcdf(stored, tmp_path / "e.nc")
    back = from_netcdf(tmp_path / "e.nc")
    xr.testing.assert_identical(back, stored.load())
    assert back["sample_stats"]["accepted"].dtype == bool
    assert type(back["posterior"]["zeta"].attrs["exact"]) is float


def test_a_killed_export_leaves_the_old_file(tmp_path, tree):
    to_netcdf(tree, tmp_path / "e.nc")
    with FAULTS.before(0, tmp_path), pytest.raises(Killed):
        to_netcdf(tree * 2, tmp_path / "e.nc")
    xr.testing.assert_identical(from_netcdf(tmp_path / "e.nc"), tree)


def test_pyerrors_mean_and_numbers(tree):
    obs = to_pyerrors(tree, "plaquette")
    assert obs.value == pytest.approx(float(tree["posterior"]["plaquette"].mean()), rel=1e-14)
    name = f"Phi4-{'ab' * 6}"
    assert obs.names == [f"{name}|r{c}" for c in range(CHAINS)]
    assert obs.idl[f"{name}|r0"] == range(3, 3 * DRAWS + 1, 3)
    obs.gamma_method()
    assert obs.e_tauint[name] == pytest.approx(2.0, rel=0.4)  # AR(1) of 0.6: (1 + 0.6) / (1 - 0.6) / 2


def test_pyerrors_correlator_and_complex(tree):
    correlator = to_pyerrors(tree, "two_point", ensemble="A")
    means = tree["posterior"]["two_point"].mean(("chain", "draw"))
    np.testing.assert_allclose([obs.value for obs in correlator], means, rtol=0, atol=1e-14)
    loop = to_pyerrors(tree, "loop")
    assert complex(loop.real.value, loop.imag.value) == pytest.approx(complex(tree["posterior"]["loop"].mean()))
    single = to_pyerrors(tree, "small")
    assert single.value == pytest.approx(float(tree["posterior"]["small"].astype(float).mean()), rel=1e-14)


def test_pyerrors_keeps_correlations(tree):
    difference = to_pyerrors(tree, "two_point")[0] - (to_pyerrors(tree, "plaquette") - 0.5)
    difference.gamma_method()
    assert abs(difference.value) < 1e-15
    assert difference.dvalue < 1e-14


def test_pyerrors_weights(tree):
    weight = np.exp(tree["sample_stats"]["log_weight"] - 700.0)
    for name in ("plaquette", "two_point"):
        x = tree["posterior"][name]
        obs = np.atleast_1d(np.asarray(to_pyerrors(tree, name, weights="log_weight")))
        exact = np.atleast_1d((x * weight).mean(("chain", "draw")) / weight.mean())
        np.testing.assert_allclose([o.value for o in obs], exact, rtol=1e-12)
    with pytest.raises(KeyError, match="log_wait"):
        to_pyerrors(tree, "plaquette", weights="log_wait")


def test_pyerrors_refuses_a_bad_name(tree):
    with pytest.raises(ValueError, match="replica"):
        to_pyerrors(tree, "plaquette", ensemble="A|r1")


def test_arviz_reads_the_tree(tree):
    stats = pytest.importorskip("arviz_stats")
    real = to_arviz(tree)
    assert set(real["posterior"].data_vars) == {"plaquette", "two_point", "loop_re", "loop_im", "small"}
    table = stats.summary(real, round_to="none")
    assert table.loc["plaquette", "mean"] == pytest.approx(float(tree["posterior"]["plaquette"].mean()))
    assert table.loc["two_point[2]", "mean"] == pytest.approx(float(tree["posterior"]["two_point"][..., 2].mean()))
    xr.testing.assert_identical(real["sample_stats"].to_dataset(), tree["sample_stats"].to_dataset())
