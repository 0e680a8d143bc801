"""Spectral couplings between two staples, and flows of blocks made of them."""

import numpy as np
import pytest

from latticekit.actions import Wilson
from latticekit.arrays import tree_map
from latticekit.flows import Flow
from latticekit.flows.gauge import CellMap, Haar, Mixture, PeriodicSpline, Rows, SpectralCoupling, SpectralMap
from latticekit.flows.gauge.eigen import eigenphases
from latticekit.flows.gauge.spectral import SpectralHierarchicalFlow
from latticekit.flows.gauge.spectral_turn import power
from latticekit.flows.networks import DenseNet
from latticekit.flows.parameters import Setting
from latticekit.groups import SU
from latticekit.groups.matrices import mul, re_trace
from latticekit.random import Key

pytestmark = pytest.mark.usefixtures("reference")


def test_halfway_between_staples_the_weight_is_one_of_the_spectrum():
    """Re tr U (1 + G) = 2 cos(omega/2) Re tr U G^(1/2) for G of SU(2) with phases +-omega."""
    u, g = (SU(2).random(Key(k), (1, 1, 2, 2, 100), np.zeros(0))[:, 0] for k in (1, 2))
    omega = np.abs(eigenphases(g)[0][:, 0])
    expected = 2 * np.cos(omega / 2) * re_trace(mul(u, power(g, 0.5).root))
    assert re_trace(u) + re_trace(mul(u, g)) == pytest.approx(expected, abs=1e-13)


def shaken(layer, sites, noise=0.3):
    """Generic parameters."""
    layer, n = layer.init(Setting(sites, np.zeros(0), Key(7))), iter(range(10_000))
    return layer.with_params(
        tree_map(lambda p: p + noise * Key(8).fold("test", next(n)).normal(p.shape, p), layer.params)
    )


def test_blocks_of_a_larger_lattice_do_the_same():
    """Trained on one lattice, run on another: blocks are on their own, but for links they share."""
    group = SU(2)
    flow = SpectralHierarchicalFlow(group, (2, 2), hidden=(3,), spectral=SpectralMap(Mixture(2)))
    layer, x = shaken(flow, (2, 2)), group.random(Key(5), group.shape(3, (2, 2)), np.zeros(0))
    tiled = np.concatenate([np.concatenate([x, x], axis=4), np.concatenate([x, x], axis=4)], axis=5)
    y, log_det, _ = layer.apply(x)
    large, large_log_det, _ = layer.resized((4, 4)).apply(tiled)
    assert large[..., :2, :2] == pytest.approx(y, abs=1e-13)
    assert large_log_det == pytest.approx(4 * log_det, abs=1e-12)
    with pytest.raises(ValueError, match="multiple of 2"):
        layer.resized((4, 3))


def test_a_flow_of_blocks_reweights_to_exact_values():
    """Generic parameters, SU(3): <exp(-S)/q> = Z.  False alarms 6e-5; a log Z that is 0.2 off is seen."""
    group, action = SU(3), Wilson(SU(3), 0.5)
    layer = SpectralHierarchicalFlow(group, (2, 2), (0.5, 1.0), (3,), spectral=CellMap(3, PeriodicSpline(4)))
    flow = Flow(shaken(layer, (2, 2), 0.05), Haar(group), (2, 2), np.zeros(0))
    x, log_q = flow.draw(Key(3), 1000)
    w = np.exp(-action.value(x) - log_q - action.exact((2, 2))["log_z"])
    assert abs(np.mean(w) - 1) < 4 * np.std(w) / np.sqrt(w.size)
    assert np.std(w) / np.sqrt(w.size) < 0.04


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="between 0 and 1"):
        SpectralCoupling(Rows(0, 1), DenseNet((3,)), group=SU(2), frame=1.5)
    with pytest.raises(ValueError, match="use SpectralMap"):
        CellMap(4)
    with pytest.raises(ValueError, match="powers of two"):
        SpectralHierarchicalFlow(SU(3), (4, 6))
