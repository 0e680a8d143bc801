"""Couplings: frozen sites keep their bits, bounds hold, what does not fit is refused."""

import numpy as np
import pytest

from latticekit.flows import (
    NICE,
    AdditiveCoupling,
    AffineCoupling,
    Blocks,
    Checkerboard,
    Half,
    Linear,
    Multiscale,
    NeuralSpline,
    RealNVP,
    Setting,
    SplineCoupling,
    Squeeze,
    Sublattice,
    Translate,
)
from latticekit.flows.networks import Conditional, ConvNet
from latticekit.random import Key
from tests.cases import field
from tests.cases.layers import LAYERS, initialised

pytestmark = pytest.mark.usefixtures("reference")
NET = ConvNet((3,), 3)


def made(layer, sites=(4, 4)):
    return layer.init(Setting(sites, np.zeros(0), Key(1)))


@pytest.mark.parametrize("name", ["affine", "additive", "spline"])
def test_frozen_sites_keep_their_bits_and_all_that_depends_on_them(name):
    case = LAYERS[name]
    layer, x = initialised(case), field(3, *case.sites)
    frozen = ~case.layer.mask.pattern(case.sites)
    y, _, _ = layer.apply(x)
    assert np.array_equal(y[:, frozen], x[:, frozen])
    assert np.all(y[:, ~frozen] != x[:, ~frozen])
    moved = x + np.where(frozen, 0.0, 0.5)
    features = layer._features(x, layer.mask.active(x))[0]
    assert np.array_equal(layer._features(moved, layer.mask.active(x))[0], features)


def test_active_sites_may_be_anything_to_the_network():
    """What is not read cannot spoil the result: a huge active number changes its own site only."""
    layer, x = initialised(LAYERS["affine"]), np.array(field(1, 4, 4))
    y, _, _ = layer.apply(x)
    x[0, 0, 0] = 1e300
    changed = layer.apply(x)[0] != y
    assert changed[0, 0, 0]
    assert changed.sum() == 1


def test_scales_are_bounded():
    layer = initialised(LAYERS["affine"], noise=50.0)
    x = field(3, 4, 4)
    assert np.max(np.abs(layer.apply(x)[1])) <= 8 * 2.0 + 1e-12
    assert np.isfinite(layer.apply(x)[0]).all()
    with pytest.raises(ValueError, match="must be positive"):
        AffineCoupling(NET, bound=0.0)


def test_volume_is_preserved_by_additive_couplings():
    _, log_det, _ = initialised(LAYERS["additive"]).apply(field(3, 4, 4))
    assert np.array_equal(log_det, np.zeros(3))


def test_splines_are_the_identity_outside_and_continuous_with_their_slope():
    layer = initialised(LAYERS["spline"])
    x = np.zeros((9, 4, 4))
    x[:, 0, 0] = [-7.0, -3.0 - 1e-9, -3.0 + 1e-9, -1e-9, 1e-9, 3.0 - 1e-9, 3.0 + 1e-9, 7.0, 2.0]
    y, log_det, _ = layer.apply(x)
    outside = np.abs(x[:, 0, 0]) > 3
    assert np.array_equal(y[outside, 0, 0], x[outside, 0, 0])
    for left, right in ((1, 2), (5, 6)):
        assert y[left, 0, 0] == pytest.approx(y[right, 0, 0], abs=1e-7)
        assert log_det[left] == pytest.approx(log_det[right], abs=1e-6)
    order = np.argsort(x[:, 0, 0])
    assert np.all(np.diff(y[order, 0, 0]) > 0)


@pytest.mark.parametrize("scale", [0.3, 3.0, 40.0])
def test_steep_splines_stay_finite_and_monotone(scale):
    case = LAYERS["spline"]
    layer, x = initialised(case, noise=scale), np.zeros((2001, 4, 4))
    x[:, 0, 0] = np.linspace(-3.2, 3.2, 2001)
    y, log_det, residuals = layer.apply(x)
    assert np.isfinite(log_det).all()
    assert np.all(np.diff(y[:, 0, 0]) > 0)
    slope = np.gradient(y[:, 0, 0], x[:, 0, 0])
    assert slope.min() > 0
    again, _, _ = layer.apply(layer.inverse(y)[0])
    assert np.max(np.abs(again - y)) < 1e-12
    x_bar, _ = layer.vjp(residuals, np.ones_like(x), np.ones(2001))
    assert np.isfinite(x_bar).all()


@pytest.mark.parametrize(
    ("settings", "message"), [({"bins": 1}, "2 bins"), ({"reach": 0.0}, "reach"), ({"least": 1.0}, "least")]
)
def test_splines_that_are_none(settings, message):
    with pytest.raises(ValueError, match=message):
        SplineCoupling(NET, **settings)


def test_a_conditional_layer_depends_on_its_couplings_chain_by_chain():
    layer = initialised(LAYERS["affine conditional"])
    x = field(3, 4, 2)
    rows = np.array([[0.3, -1.2], [1.0, 0.0], [-2.0, 0.7]])
    together = layer.conditioned(rows).apply(x)[0]
    alone = [layer.conditioned(tuple(row)).apply(x[i : i + 1])[0] for i, row in enumerate(rows.tolist())]
    assert together == pytest.approx(np.concatenate(alone), abs=1e-14)
    assert np.all(np.any(together != layer.apply(x)[0], axis=(1, 2)) == [False, True, True])


@pytest.mark.parametrize(
    ("layer", "sites", "message"),
    [
        (AffineCoupling(NET), (4, 5), "multiples of 2 for a checkerboard: got 5"),
        (AdditiveCoupling(NET, Half(2)), (4, 4), "needs an axis"),
        (Squeeze(3), (4, 6), "multiples of 3"),
        (Translate((1,)), (4, 4), "needs 2 steps"),
        (Sublattice(Linear(), 3), (4, 4), "multiples of 3"),
        (Blocks(Linear(), (2, 3)), (4, 4), "do not fill"),
    ],
)
def test_lattices_that_do_not_fit_are_refused_at_once(layer, sites, message):
    with pytest.raises(ValueError, match=message):
        made(layer, sites)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Squeeze(1), "at least 2"),
        (lambda: Sublattice(Linear(), 0), "at least 1"),
        (lambda: Blocks(Linear(), ()), "extents"),
        (lambda: Multiscale(()), "at least one scale"),
        (lambda: RealNVP(1), "at least 2 layers"),
    ],
)
def test_layers_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_couplings_are_moved_to_other_volumes():
    """The same weights; a field that repeats is mapped as its period is."""
    small = initialised(LAYERS["realnvp"])
    x = field(2, 4, 4)
    y, log_det, _ = small.apply(x)
    big_y, big_log_det, _ = small.resized((8, 4)).apply(np.tile(x, (1, 2, 1)))
    assert big_y == pytest.approx(np.tile(y, (1, 2, 1)), abs=1e-13)
    assert big_log_det == pytest.approx(2 * log_det, abs=1e-12)
    with pytest.raises(ValueError, match="got 5"):
        small.resized((8, 5))
    with pytest.raises(ValueError, match="cannot be moved"):
        initialised(LAYERS["linear"]).resized((4, 4))
    assert initialised(LAYERS["multiscale"]).resized((8, 8)).apply(field(1, 8, 8))[0].shape == (1, 8, 8)


def test_blocks_share_their_layer_and_take_numbers_as_couplings():
    layer = initialised(LAYERS["blocks"])
    x = np.tile(field(2, 2, 2), (1, 2, 2))
    y, _, _ = layer.apply(x)
    assert y == pytest.approx(np.tile(y[:, :2, :2], (1, 2, 2)), abs=1e-14)
    conditional = made(Blocks(AffineCoupling(Conditional(NET, 1), Checkerboard()), (2, 2)))
    assert conditional.conditioned((0.5,)).apply(x)[0].shape == x.shape
    with pytest.raises(ValueError, match="give numbers"):
        conditional.conditioned(np.zeros((2, 1)))


def test_squeeze_gathers_sublattices():
    x = np.arange(16.0).reshape(1, 4, 4)
    y = made(Squeeze()).apply(x)[0]
    assert np.array_equal(y[0, :2, :2], x[0, ::2, ::2])
    assert np.array_equal(y[0, 2:, :2], x[0, 1::2, ::2])


def test_the_coarsest_scale_comes_first():
    layer = made(Multiscale((RealNVP(2, (3,)), RealNVP(2, (3,)), Linear())), (8, 8))
    assert [getattr(one, "stride", 1) for one in layer.layers] == [4, 2, 1]


@pytest.mark.parametrize(
    ("make", "coupling"), [(RealNVP, AffineCoupling), (NICE, AdditiveCoupling), (NeuralSpline, SplineCoupling)]
)
def test_flows_of_alternating_checkerboards(make, coupling):
    flow = make(4, (5,), 3)
    assert [one.mask for one in flow.layers] == [Checkerboard(0), Checkerboard(1)] * 2
    assert all(type(one) is coupling and one.odd for one in flow.layers)
    weights = [one.params["network"]["0"]["w"] for one in made(flow).layers]
    assert not np.array_equal(weights[0], weights[1])
    assert not any(one.odd for one in make(2, odd=False).layers)
