"""Figures of flows show the numbers they say they show."""

import numpy as np
import pytest

import latticekit as lk
from latticekit.ensembles import draw_ensemble, flow_plots
from latticekit.ensembles.weighing import log_z, weights_of
from tests.samplers.flows import Stretch, poor

pytest.importorskip("matplotlib")
ACTION, SITES = lk.Phi4(1.0, 0.5), (4, 6)
pytestmark = pytest.mark.usefixtures("reference")


@pytest.fixture(scope="module")
def trained():
    layer = lk.ContinuousFlow(features=2, times=2, steps=4)
    return lk.train(layer, ACTION, SITES, steps=12, batch=16, seed=1, progress=False)


def test_training(trained):
    axes, right = flow_plots.training(trained).axes
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["ESS per draw"].get_ydata(), trained.history["ess"].values)
    np.testing.assert_array_equal(lines["acceptance rate"].get_ydata(), trained.history["acceptance_rate"].values)
    np.testing.assert_array_equal(right.lines[0].get_ydata(), trained.history["loss"].values)
    assert r"$4 \times 6$" in axes.get_title("left")


def test_log_weights():
    action = lk.Phi4(2.0, 0.5)
    update = lk.IndependenceMetropolis(action, poor((4, 2), Stretch(0.4, 0.001)))
    ensemble = lk.sample(update, (4, 2), chains=32, draws=100, warmup=20, seed=3)
    weights = weights_of(ensemble)[""]
    z = float(log_z(weights).log_z.value)
    axes = flow_plots.log_weights(ensemble).axes[0]
    count, edges, _ = axes.patches[0].get_data()
    expected = np.histogram(weights.q - z, edges)[0] / (weights.q.size * np.diff(edges))
    np.testing.assert_allclose(count, expected, rtol=1e-12)
    tilted = axes.lines[0].get_ydata()
    np.testing.assert_allclose(tilted, count * np.exp((edges[1:] + edges[:-1]) / 2), rtol=1e-12)
    assert len(axes.containers) == 1, "draws of p are shown"
    alone = draw_ensemble(update.flow, action, chains=16, draws=50)
    assert len(flow_plots.log_weights(alone).axes[0].containers) == 0


def test_kernel_is_the_slope_of_the_drift(trained):
    """d phi_dot(x) / d phi(y) at phi = 0, from a small step of the layer's own map."""
    r, t, k = flow_plots.learned_kernel(trained)
    layer = flow_plots.continuous_part(trained)
    source = np.zeros((1, *SITES))
    source[0, 0, 0] = 1e-6
    moved = (layer.apply(source)[0] - source)[0] / 1e-6
    mean = k[:, :-1].mean(axis=1) if np.allclose(k[:, :-1], k[:, 1:], atol=1e-3) else k.mean(axis=1)
    assert moved[0, 0] == pytest.approx(mean[0], abs=0.05)
    assert r[0] == 0
    assert list(r) == sorted(set(r))
    assert k.shape == (len(r), len(t))
    image = flow_plots.kernel(trained).axes[0].collections[0]
    np.testing.assert_allclose(image.get_array().reshape(k.shape), k)


def test_path_begins_at_the_prior_and_ends_at_the_draw(trained):
    figure = flow_plots.path(trained, seed=4)
    images = [axes.images[0] for axes in figure.axes if axes.images]
    x, _ = trained.flow.draw(lk.Key(4), 1)
    z, _ = trained.flow.prior.draw(lk.Key(4), 1, SITES, trained.flow.like)
    np.testing.assert_array_equal(images[0].get_array(), z[0])
    np.testing.assert_allclose(images[-1].get_array(), x[0], rtol=1e-13)
    assert [axes.get_xlabel() for axes in figure.axes if axes.images][::4] == ["prior", "$t = 1$"]


def test_what_is_missing_is_said(trained):
    plain = lk.train(lk.RealNVP(layers=2, hidden=(2,)), ACTION, SITES, steps=2, batch=8, seed=1, progress=False)
    with pytest.raises(ValueError, match="no continuous flow"):
        flow_plots.kernel(plain)
    hmc = lk.sample(lk.HMC(ACTION, steps=3), SITES, chains=2, draws=8, warmup=2)
    with pytest.raises(ValueError, match="no flow took part"):
        flow_plots.log_weights(hmc)
    chain = lk.train(lk.FourierScale(), ACTION, (6,), steps=2, batch=8, seed=1, progress=False)
    with pytest.raises(ValueError, match="two dimensions"):
        flow_plots.path(chain)
