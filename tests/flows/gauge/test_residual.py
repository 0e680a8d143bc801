"""Residual layers are invertible, gauge covariant and local; log-det, vjp, carry are right; they go to any lattice."""

from dataclasses import dataclass
from math import prod

import numpy as np
import pytest

from latticekit.arrays import tree_items
from latticekit.fields import plane_averages, stout
from latticekit.flows.gauge.residual import ResidualFlow, ResidualLayer
from latticekit.flows.gauge.residual_jacobian import exponent, jacobian, rows
from latticekit.flows.gauge.residual_links import ActiveLinks, put, take
from latticekit.flows.gauge.residual_update import look
from latticekit.flows.parameters import Setting
from latticekit.groups import SU, U1
from latticekit.groups.matrices import mul
from latticekit.random import Key
from latticekit.testing import check_carry, check_inverse, check_log_det, check_strict, check_vjp, gauge_symmetries
from tests.cases.gauge_flows import generic, initialised, target
from tests.cases.residual import BOTH, LAYERS, layer

pytestmark = pytest.mark.usefixtures("reference")
SINGLE = [name for name, case in LAYERS.items() if isinstance(case.layer, ResidualLayer)]
SMALL = ["su2 free weights", "su2 rectangles", "su3", "u1"]


@pytest.fixture(params=LAYERS)
def case(request):
    return LAYERS[request.param]


def test_vjp(case):
    check_vjp(initialised(case, noise=0.5), generic(case, chains=2), step=1e-3, action=target(case))


@pytest.mark.parametrize("name", SMALL)
def test_log_det(name):
    case = LAYERS[name]
    check_log_det(initialised(case, noise=0.5), generic(case, chains=1), action=target(case))


def test_inverse(case):
    check_inverse(initialised(case, noise=0.5), generic(case), action=target(case))


def test_carry(case):
    check_carry(initialised(case, noise=0.5), generic(case), action=target(case))


def apart(group, x, y):
    return np.max(np.abs(group.matrices(x) - group.matrices(y)))


def test_gauge_covariance(case):
    """U'(g U) = g U'(U), the log-det is invariant, and so is the vjp."""
    one, x = initialised(case, noise=0.5), generic(case)
    (turned,) = gauge_symmetries(case.group, case.sites, ["gauge"]).values()
    y, log_det, residuals = one.apply(x)
    other, other_log_det, other_residuals = one.apply(turned.field(x))
    assert apart(case.group, other, turned.field(y)) < 1e-13
    assert other_log_det == pytest.approx(log_det, abs=1e-13)
    bar, weight = case.group.random_algebra(Key(6), x), np.array([1.0, -0.5, 0.2])
    x_bar, bars = one.vjp(residuals, bar, weight)
    other_bar, other_bars = one.vjp(other_residuals, turned.algebra(bar, y), weight)
    assert other_bar == pytest.approx(turned.algebra(x_bar, x), abs=3e-13)
    for name, value in tree_items(other_bars):
        assert value == pytest.approx(dict(tree_items(bars))[name], abs=1e-12), name


@pytest.mark.parametrize("name", SINGLE)
def test_an_active_link_moves_no_other_link(name):
    """Exactly: not by rounding either.  And frozen links keep their bits."""
    case = LAYERS[name]
    one, x = initialised(case, noise=0.5), generic(case).copy()
    links, sites = case.layer.links, case.sites
    y = one.apply(x)[0]
    own = take(x[:, links.mu], links, sites)
    assert np.array_equal(put(y[:, links.mu], own, links, sites), x[:, links.mu])
    assert all(np.array_equal(y[:, mu], x[:, mu]) for mu in range(len(sites)) if mu != links.mu)
    assert np.all(np.max(np.abs(take(y[:, links.mu], links, sites) - own).reshape(-1, own.shape[-1]), axis=0) > 0)
    own = own.copy()
    own[..., 0] = case.group.random(Key(9), case.group.shape(3, (1,)), np.zeros(0))[:, 0, ..., 0]
    x[:, links.mu] = put(x[:, links.mu], own, links, sites)
    z, before = (take(field[:, links.mu], links, sites) for field in (one.apply(x)[0], y))
    assert np.array_equal(z[..., 1:], before[..., 1:])
    assert np.all(z[..., 0] != before[..., 0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_on_array_api_strict(case, dtype):
    x, log_det_bar = generic(case, dtype, chains=2), np.array([1.0, -0.3])
    y_bar = case.group.random_algebra(Key(6), x)

    def everything(x, y_bar, log_det_bar):
        one = initialised(case, dtype, "numpy" if isinstance(x, np.ndarray) else "array_api_strict")
        y, log_det, residuals = one.apply(x)
        back, back_log_det = one.inverse(y)
        x_bar, bars = one.vjp(residuals, y_bar, log_det_bar)
        carried = one.carry(residuals, y_bar, log_det_bar)
        return {"y": y, "l": log_det, "x": back, "b": back_log_det, "x_bar": x_bar, "p": bars, "c": carried}

    check_strict(everything, x, y_bar, log_det_bar, tolerance=1e-12 if dtype == "float64" else 5e-5)


def test_single_precision(case):
    """Results in float32, log-dets in float64, both as in double precision to rounding."""
    x, log_det_bar = generic(case, "float32"), np.array([1.0, -0.3, 0.6])
    y_bar = case.group.random_algebra(Key(6), x)
    found = []
    for kind in ("float32", "float64"):
        field = x if kind == "float32" else x.astype("float64" if x.dtype.kind == "f" else "complex128")
        one = initialised(case, kind, noise=0.3)
        y, log_det, residuals = one.apply(field)
        assert y.dtype == field.dtype
        assert log_det.dtype == "float64"
        x_bar, bars = one.vjp(residuals, y_bar.astype(kind), log_det_bar)
        assert {leaf.dtype.name for _, leaf in tree_items(bars)} | {x_bar.dtype.name} == {kind}
        found.append((case.group.matrices(y), log_det, x_bar, *[leaf for _, leaf in tree_items(bars)]))
    for single, double in zip(*found):
        assert np.max(np.abs(single - double)) < 1e-4 * max(1.0, np.max(np.abs(double)))


def test_fresh_layers_are_the_identity(case):
    one, x = initialised(case, noise=0.0), generic(case)
    y, log_det, _ = one.apply(x)
    assert apart(case.group, y, x) < 1e-13
    assert np.max(np.abs(log_det)) < 1e-12


def test_log_det_of_su2_in_closed_form():
    """U V = r (cos a + i n.sigma sin a) with constant weights: a' = a - r sin a, and Haar measure is sin(a)^2 da."""
    case = LAYERS["su2"]._replace(layer=layer(context=False, reach=0.8))
    one, x = initialised(case, noise=1.0), generic(case)
    seen = look(x, one.move, *one._weights(x))
    m = mul(take(x[:, 0], one.links, case.sites), seen.v)
    cosine, r = 0.5 * (m[:, 0, 0] + m[:, 1, 1]).real, np.sqrt((m[:, 0, 0] * m[:, 1, 1] - m[:, 0, 1] * m[:, 1, 0]).real)
    a = np.arccos(cosine / r)
    expected = np.log(1 - r * np.cos(a)) + 2 * np.log(np.sin(a - r * np.sin(a)) / np.sin(a))
    assert one.apply(x)[1] == pytest.approx(expected.sum(axis=1), abs=1e-12)


def test_the_bound_of_the_jacobian():
    """|H| <= reach for any parameters, and nearly so for the largest weights on cold links."""
    case = LAYERS["su3"]
    one = initialised(case, noise=0.0)
    one = one.with_params({"theta": np.full((1, 1), 20.0), "phi": np.zeros((1, 1, 1))})
    cold = case.group.identity(case.group.shape(1, case.sites), np.zeros(0))
    for x, least in ((generic(case), 0.0), (cold, 0.89)):
        seen = look(x, one.move, *one._weights(x))
        m = rows(mul(take(x[:, 1], one.links, case.sites), seen.v))
        norms = np.linalg.norm(jacobian(m, exponent(m, case.group), case.group).h, 2, axis=(-2, -1))
        assert least < norms.max() < 0.9 + 1e-14


def test_the_inverse_reports_its_convergence():
    case = LAYERS["su3"]
    one, x = initialised(case, noise=0.5), generic(case)
    found = one.solved(one.apply(x)[0])
    assert 5 < found.iterations < 400
    assert found.change < 1e-13
    with pytest.raises(RuntimeError, match="not reached"):
        one.inverse(np.full_like(x, np.nan))


def test_positive_weights_smooth():
    """All links of a sweep in turn: plaquettes rise, as under stout smearing with the same weight."""
    case = LAYERS["su2 flow"]
    x = generic(case)
    one = initialised(case, noise=0.0)
    for layer_ in one.layers:
        layer_.own["theta"][...] = np.arctanh(0.2 / (0.5 / 2))
    risen = plane_averages(one.apply(x)[0]) - plane_averages(x)
    assert np.all(risen > 0.3)
    assert np.all(risen > 0.5 * (plane_averages(stout(x, 0.2)) - plane_averages(x)))


def test_another_lattice():
    """What a link sees is the same on any lattice: repeated links move alike, log-dets add up."""
    case = LAYERS["su2"]
    one, x = initialised(case, noise=0.5), generic(case)
    tall = np.concatenate([x, x], axis=-1)
    y, log_det, _ = one.apply(x)
    other, other_log_det, _ = one.resized((4, 8)).apply(tall)
    assert other[..., :4] == pytest.approx(y, abs=1e-14)
    assert other_log_det == pytest.approx(2 * log_det, abs=1e-12)


def test_couplings_of_every_chain():
    case = LAYERS["su2 at couplings"]
    one, x = initialised(case, noise=0.5), generic(case)
    betas = np.array([[1.7], [2.3], [2.8]])
    together = one.conditioned(betas).apply(x)
    for c in range(3):
        y, log_det, _ = one.conditioned(tuple(betas[c])).apply(x[c : c + 1])
        assert together[0][c : c + 1] == pytest.approx(y, abs=1e-14)
        assert together[1][c : c + 1] == pytest.approx(log_det, abs=1e-13)


def test_every_link_moves_once_in_a_sweep():
    for loops, modulus in ((("plaquette",), 2), (BOTH, 4)):
        layers = ResidualFlow(1, 3, loops=loops).layers
        assert len(layers) == 3 * modulus
        for mu in range(3):
            seen = np.concatenate([one.links.active((4, 8, 4)) for one in layers if one.links.mu == mu])
            assert sorted(seen) == list(range(prod((4, 8, 4))))


def test_a_window_holds_what_lies_inside():
    links = ActiveLinks(1, 0, 2, ((3, 2), (1, 3)))
    rows_, columns = np.unravel_index(links.active((4, 4)), (4, 4))
    assert set(zip(rows_.tolist(), columns.tolist())) == {(3, 1), (3, 3), (0, 2)}


@dataclass(frozen=True)
class Forgetful(ResidualLayer):
    """Wrong on purpose: the way back sees weights 1 % larger."""

    def vjp(self, residuals, y_bar, log_det_bar):
        stronger = self.with_params({"theta": 1.01 * self.own["theta"], "phi": self.own["phi"]})
        return ResidualLayer.vjp(stronger, residuals, y_bar, log_det_bar)


def test_faults_are_seen():
    case = LAYERS["su2"]
    wrong = initialised(case._replace(layer=Forgetful(ActiveLinks(0))), noise=0.5)
    with pytest.raises(AssertionError, match="x_bar"):
        check_vjp(wrong, generic(case), action=target(case))
    with pytest.raises(AssertionError, match="carry"):
        check_carry(wrong.with_params(wrong.params), generic(case) * np.exp(0.1j), action=target(case), tolerance=0.0)


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="multiple of 2"):
        layer().init(Setting((4, 5), np.zeros(0), Key(1)))
    with pytest.raises(ValueError, match="use modulus 4"):
        layer(loops=BOTH)
    with pytest.raises(ValueError, match="multiple of 4"):
        layer(0, 0, 4, loops=BOTH).init(Setting((4, 6), np.zeros(0), Key(1)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        layer(reach=1.0)
    with pytest.raises(ValueError, match="bind them"):
        initialised(LAYERS["su2 at couplings"]._replace(couplings=())).apply(generic(LAYERS["su2"]))
    with pytest.raises(ValueError, match="plaquette, then others"):
        layer(loops=("rectangle",))
    with pytest.raises(ValueError, match="widen its window"):
        layer(window=((0, 0), (0, 1))).init(Setting((4, 4), np.zeros(0), Key(1))).links.active((4, 4))
    with pytest.raises(ValueError, match="tied must be"):
        layer(tied="some")


def test_cold_links_are_safe():
    """Q = 0 and equal eigenvalues: finite, and still right."""
    for name in ("su2", "su3", "su4"):
        case = LAYERS[name]
        one, x = initialised(case), case.group.identity(case.group.shape(3, case.sites), np.zeros(0))
        check_inverse(one, x, action=target(case))
        check_carry(one, x, action=target(case))
        assert np.all(np.isfinite(one.vjp(one.apply(x)[2], case.group.random_algebra(Key(1), x), np.ones(3))[0]))
    assert U1().n == 1
    assert SU(3).algebra_size == 8
