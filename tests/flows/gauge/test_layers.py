"""Every layer on links is invertible, gauge equivariant and local; its log-det, vjp and carry are right."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from latticekit.arrays import tree_items, tree_map
from latticekit.flows.bundled import built, known_parts
from latticekit.flows.gauge import Rectangle, Rows, U1Coupling
from latticekit.flows.gauge.coupling import LinkCoupling
from latticekit.flows.networks import ConvNet
from latticekit.flows.parameters import Setting
from latticekit.groups import SU
from latticekit.random import Key
from latticekit.testing import (
    check_carry,
    check_inverse,
    check_log_det,
    check_strict,
    check_vjp,
    gauge_symmetries,
)
from tests.cases.gauge_flows import LAYERS, generic, initialised, target

pytestmark = pytest.mark.usefixtures("reference")
COUPLINGS = [name for name, case in LAYERS.items() if isinstance(case.layer, LinkCoupling)]
SMALL = [name for name, case in LAYERS.items() if len(case.sites) == 2 and name not in ("su3 spline", "inverse of su3")]


@pytest.fixture(params=LAYERS)
def case(request):
    return LAYERS[request.param]


def test_vjp(case):
    check_vjp(initialised(case), generic(case), step=2e-5 if case.kinks else 1e-4, action=target(case))


@pytest.mark.parametrize("name", SMALL)
def test_log_det(name):
    case = LAYERS[name]
    case = case._replace(sites=(1, 4)) if case.group.n > 2 else case
    step = 1e-5 if case.kinks else 2e-4
    check_log_det(initialised(case), generic(case, chains=2), step=step, action=target(case))


def test_inverse(case):
    check_inverse(initialised(case), generic(case), action=target(case))


def test_carry(case):
    check_carry(initialised(case), generic(case), action=target(case))


def apart(group, x, y):
    return np.max(np.abs(group.matrices(x) - group.matrices(y)))


def test_gauge_covariance(case):
    """U'(g U) = g U'(U), the log-det is invariant, and so is the vjp."""
    layer, x = initialised(case), generic(case)
    (turned,) = gauge_symmetries(case.group, case.sites, ["gauge"]).values()
    y, log_det, residuals = layer.apply(x)
    other, other_log_det, other_residuals = layer.apply(turned.field(x))
    assert apart(case.group, other, turned.field(y)) < 1e-13
    assert other_log_det == pytest.approx(log_det, abs=1e-13)
    bar, weight = case.group.random_algebra(Key(6), x), np.array([1.0, -0.5, 0.2])
    x_bar, bars = layer.vjp(residuals, bar, weight)
    other_bar, other_bars = layer.vjp(other_residuals, turned.algebra(bar, y), weight)
    assert other_bar == pytest.approx(turned.algebra(x_bar, x), abs=3e-13)
    for name, value in tree_items(other_bars):
        assert value == pytest.approx(dict(tree_items(bars))[name], abs=1e-12), name


@pytest.mark.parametrize("name", COUPLINGS)
def test_an_active_link_moves_no_other_link(name):
    """Exactly: not by rounding either."""
    case = LAYERS[name]
    layer, x = initialised(case), generic(case).copy()
    y = layer.apply(x)[0]
    rows, site = layer.rows, [0] * len(case.sites)
    site[rows.mu], site[rows.nu] = rows.column, rows.offset
    link = (slice(None), rows.mu, ..., *site)
    x[link] = case.group.random(Key(9), case.group.shape(3, (1,) * len(case.sites)), np.zeros(0))[
        (slice(None), 0, ..., *[0] * len(case.sites))
    ]
    z = layer.apply(x)[0]
    assert np.all(z[link] != y[link])
    z[link] = y[link]
    assert np.array_equal(z, y)


@pytest.mark.parametrize("name", COUPLINGS)
def test_frozen_links_stay(name):
    case = LAYERS[name]
    layer, x = initialised(case), generic(case)
    rows, y = layer.rows, layer.apply(x)[0]
    kept = rows.replace(y, rows.take(x[:, rows.mu], (0, 0), len(case.sites)), len(case.sites))
    assert np.array_equal(kept, x)
    assert not np.array_equal(y, x)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_on_array_api_strict(case, dtype):
    x, log_det_bar = generic(case, dtype), np.array([1.0, -0.3, 0.6])
    y_bar = case.group.random_algebra(Key(6), x)

    def everything(x, y_bar, log_det_bar):
        layer = initialised(case, dtype, "numpy" if isinstance(x, np.ndarray) else "array_api_strict")
        y, log_det, residuals = layer.apply(x)
        back, back_log_det = layer.inverse(y)
        x_bar, bars = layer.vjp(residuals, y_bar, log_det_bar)
        carried = layer.carry(residuals, y_bar, log_det_bar)
        return {"y": y, "l": log_det, "x": back, "b": back_log_det, "x_bar": x_bar, "p": bars, "c": carried}

    check_strict(everything, x, y_bar, log_det_bar, tolerance=1e-12 if dtype == "float64" else 5e-5)


def test_single_precision(case):
    """Results in float32, log-dets in float64, both as in double precision to rounding."""
    x, log_det_bar = generic(case, "float32"), np.array([1.0, -0.3, 0.6])
    y_bar = case.group.random_algebra(Key(6), x)
    found = []
    for kind in ("float32", "float64"):
        field = x if kind == "float32" else x.astype("float64" if x.dtype.kind == "f" else "complex128")
        layer = initialised(case, kind)
        y, log_det, residuals = layer.apply(field)
        assert y.dtype == field.dtype
        assert log_det.dtype == "float64"
        x_bar, bars = layer.vjp(residuals, y_bar.astype(kind), log_det_bar)
        assert {leaf.dtype.name for _, leaf in tree_items(bars)} | {x_bar.dtype.name} == {kind}
        found.append((case.group.matrices(y), log_det, x_bar, *[leaf for _, leaf in tree_items(bars)]))
    for single, double in zip(*found):
        assert np.max(np.abs(single - double)) < 1e-4 * max(1.0, np.max(np.abs(double)))


def test_zero_parameters_are_the_identity(case):
    layer, x = initialised(case, noise=0.0), generic(case)
    layer = layer.with_params(tree_map(np.zeros_like, layer.params))
    y, log_det, _ = layer.apply(x)
    assert apart(case.group, y, x) < 1e-13
    assert np.max(np.abs(log_det)) < 1e-12


def test_another_lattice():
    """Trained on one, run on another: what a site sees is the same."""
    case = LAYERS["u1"]
    layer, x = initialised(case), generic(case)
    tall = np.concatenate([x, x], axis=3)
    y = layer.resized((4, 8)).apply(tall)[0]
    assert y[..., :4] == pytest.approx(layer.apply(x)[0], abs=1e-14)
    with pytest.raises(ValueError, match="multiple of 4"):
        layer.resized((4, 6))


@dataclass(frozen=True)
class Forgetful(U1Coupling):
    """Wrong on purpose: forgets that the plaquette moves with the link."""

    def couple_vjp(self, x, p, y_bar, log_det_bar):
        return y_bar, super().couple_vjp(x, p, y_bar, log_det_bar)[1]


@dataclass(frozen=True)
class Peeping(U1Coupling):
    """Wrong on purpose: asks an active loop."""

    def _loops(self, x):
        path, _ = super()._loops(x)[0]
        return ((path, (0, 0)), *super()._loops(x)[1:])


def test_faults_are_seen():
    case = LAYERS["u1"]
    network = initialised(case).network
    forgetful, peeping = (
        kind(case.layer.rows, network, transform=case.layer.transform) for kind in (Forgetful, Peeping)
    )
    with pytest.raises(AssertionError, match="x_bar"):
        check_vjp(forgetful, generic(case), action=target(case))
    with pytest.raises(AssertionError, match="dense Jacobian"):
        check_log_det(peeping, generic(case), action=target(case))
    with pytest.raises(AssertionError, match="inverse"):
        check_inverse(peeping, generic(case), action=target(case))


def test_errors_say_what_to_do():
    net = ConvNet((3,), 3)
    with pytest.raises(ValueError, match=r"add larger ones, as \(1, 2\)"):
        U1Coupling(Rows(0, 1, 0, 2), net, (Rectangle(1, 1),))
    with pytest.raises(ValueError, match="more than one active link"):
        U1Coupling(Rows(0, 1, 0, 4), net, active=Rectangle(2, 1))
    with pytest.raises(ValueError, match="multiple of 4"):
        U1Coupling(Rows(0, 1), net).init(Setting((8, 6), np.zeros(0), Key(1)))


def test_cold_links_are_safe():
    """All eigenvalues equal: finite, and still right."""
    for name in ("su2", "su3", "su4"):
        case = LAYERS[name]
        layer, x = initialised(case), case.group.identity(case.group.shape(3, case.sites), np.zeros(0))
        check_inverse(layer, x, action=target(case))
        check_carry(layer, x, action=target(case))
        assert np.all(np.isfinite(layer.vjp(layer.apply(x)[2], case.group.random_algebra(Key(1), x), np.ones(3))[0]))


def test_nearly_equal_eigenvalues_are_safe():
    group, case = SU(3), LAYERS["su3"]
    layer = initialised(case)
    near = group.random_algebra(Key(3), generic(case))
    for size in (1e-3, 1e-6, 1e-9, 1e-13):
        x = group.translate(group.identity(group.shape(3, case.sites), np.zeros(0)), near * size)
        y, log_det, residuals = layer.apply(x)
        x_bar, bars = layer.vjp(residuals, near, np.ones(3))
        assert max(np.max(np.abs(x_bar)), *[np.max(np.abs(leaf)) for _, leaf in tree_items(bars)]) < 1e3
        assert np.max(np.abs(log_det)) < 1e2
        assert apart(group, layer.inverse(y)[0], x) < 1e-12


def test_settings_survive_as_plain_data(case):
    again = built(json.loads(json.dumps(case.layer.settings())), known_parts())
    assert again == case.layer
