"""Figures show the numbers of the estimators, and say what they show."""

import sys

import numpy as np
import pytest
import xarray as xr

import latticekit as lk
from latticekit.ensembles import plots
from latticekit.estimators import autocorrelation, gamma_method


@pytest.fixture(scope="module")
def free():
    update = lk.HMC(lk.FreeScalar(mass_squared=0.5), trajectory_length=1.5, steps=4)
    return lk.sample(update, lattice=(6, 4), chains=5, draws=200, warmup=30, seed=2)


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_history(free):
    axes = plots.history(free, "action").axes[0]
    chains = [line for line in axes.lines if len(line.get_xdata()) == 200]
    assert [np.array_equal(line.get_ydata(), y) for line, y in zip(chains, free["posterior"]["action"].values)] == [
        True
    ] * 4
    early = [line for line in axes.lines if line.get_xdata()[0] == -30]
    assert len(early) == 4
    mean = gamma_method(free["posterior"]["action"].values)
    assert labels(axes) == ["warmup", f"mean {mean}"]
    assert axes.get_xlabel() == "draw (4 of 5 chains)"
    assert axes.get_ylabel() == "action  $S$"
    assert axes.get_title("left") == r"Phi4, $6 \times 4$, mass squared = 0.5, coupling = 0"


def test_autocorrelation(free):
    series = free["posterior"]["action"].values
    axes = plots.autocorrelation(free, "action").axes[0]
    line = axes.lines[-1]
    expected = autocorrelation(series, len(line.get_xdata()) - 1)
    assert np.array_equal(line.get_ydata(), expected.rho)
    band = axes.collections[0].get_paths()[0].vertices
    assert np.isin(expected.rho + expected.error, band[:, 1]).all()
    estimate = gamma_method(series)
    assert f"{float(estimate.tau_int):.1f}"[:3] in labels(axes)[0]
    assert any(patch.get_width() == int(estimate.window) for patch in axes.patches)


def test_histogram(free):
    values = free["posterior"]["abs_magnetization"].values
    axes = plots.histogram(free, "abs_magnetization").axes[0]
    density, edges, _ = axes.patches[0].get_data()
    assert np.sum(density * np.diff(edges)) == pytest.approx(1, rel=1e-12)
    assert np.allclose(density, np.histogram(values, edges, density=True)[0], rtol=1e-12)
    segments = axes.collections[0].get_segments()
    inside = gamma_method(((values >= edges[2]) & (values < edges[3])).astype(float))
    assert (segments[2][1, 1] - segments[2][0, 1]) / 2 == pytest.approx(float(inside.error) / (edges[3] - edges[2]))


def test_two_point(free):
    values = free["posterior"]["two_point"].values
    axes = plots.two_point(free).axes[0]
    exact, measured = axes.lines[0], axes.containers[0].lines[0]
    assert labels(axes) == ["exact", "measured"]
    assert np.array_equal(exact.get_ydata(), lk.FreeScalar(0.5).exact((6, 4))["two_point"])
    estimate = gamma_method(values)
    assert np.array_equal(measured.get_ydata(), estimate.value)
    bars = axes.containers[0].lines[2][0].get_segments()
    assert np.allclose([bar[1, 1] - bar[0, 1] for bar in bars], 2 * estimate.error)
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == r"time separation $\Delta t$"


def test_units_are_shown(free):
    tree = free.copy()
    posterior = tree["posterior"].to_dataset().copy()
    posterior["action"].attrs = {"long_name": "mass", "symbol": "m", "units": "a^-1"}
    tree["posterior"] = xr.DataTree(posterior)
    assert plots.histogram(tree, "action").axes[0].get_xlabel() == "mass  $m$  [a^-1]"


@pytest.mark.parametrize("draw", [plots.history, plots.autocorrelation, plots.histogram])
def test_a_constant_is_drawn(free, draw, tmp_path):
    tree = free.copy()
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(action=lambda d: 0 * d["action"] + 2))
    draw(tree, "action").savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_a_correlator_may_be_negative(free, tmp_path):
    tree = free.copy()
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(two_point=lambda d: -d["two_point"]))
    figure = plots.two_point(tree)
    figure.savefig(tmp_path / "a.png")
    assert figure.axes[0].get_yscale() == "linear"


def test_mistakes(free):
    with pytest.raises(ValueError, match=r"'two_point' is not one number per draw .* choose one of action"):
        plots.history(free, "two_point")
    with pytest.raises(ValueError, match=r"'action' is not a correlator .* choose one of two_point"):
        plots.two_point(free, "action")
    with pytest.raises(ValueError, match="no draws yet"):
        plots.history(xr.DataTree(), "action")


def test_without_matplotlib(free, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "latticekit\[plot\]"'):
        plots.history(free, "action")
