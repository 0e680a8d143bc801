"""The equivariant continuous flow: derivatives, log-dets and their defect, inverse, symmetries, other lattices."""

from dataclasses import replace

import numpy as np
import pytest

from latticekit.arrays import tree_items, using_kernels
from latticekit.flows import ContinuousFlow, EquivariantODE, Inverse, Sequential, Setting, continuous_field
from latticekit.flows.bundled import built, described
from latticekit.flows.continuous_tying import Tying, time_kernels
from latticekit.flows.orbits import displacement_orbits
from latticekit.random import Key
from latticekit.testing import check_equivariance, check_inverse, check_strict, check_vjp, scalar_symmetries
from latticekit.testing.differences import jacobian, real_rows
from tests.cases.continuous import CONTINUOUS

ZERO = np.zeros(0)
CASES = pytest.mark.parametrize("case", CONTINUOUS.values(), ids=list(CONTINUOUS))
SMALL = [CONTINUOUS[name] for name in ("square", "unequal extents", "no translations", "not odd", "conditional")]


def field(case, seed=5, chains=3, like=ZERO):
    return Key(seed).fold("test").normal((chains, *case.sites), like)


def bars(layer, x, y_bar, log_det_bar):
    return layer.vjp(layer.apply(x)[2], y_bar, log_det_bar)


def orbit(layer, d):
    """Number of the orbit of a displacement."""
    return displacement_orbits(layer.sites, layer.symmetry)[np.ravel_multi_index(tuple(d), layer.sites)]


def same(left, right, tolerance=1e-13):
    left, right = dict(tree_items(left)), dict(tree_items(right))
    assert left.keys() == right.keys()
    for name, value in right.items():
        np.testing.assert_allclose(left[name], value, rtol=0, atol=tolerance * max(1.0, np.max(np.abs(value))))


@CASES
def test_vjp(case, kernels):
    check_vjp(case.made(ZERO), field(case), step=2e-4)


@CASES
def test_inverse(case, kernels):
    check_inverse(case.made(ZERO), field(case))


@CASES
def test_symmetries(case, kernels):
    layer = case.made(ZERO)
    if len(np.shape(layer.couplings)) < 2:
        transforms = scalar_symmetries(case.sites, case.symmetries)
        check_equivariance(lambda x: layer.apply(x)[0], field(case), transforms, tolerance=1e-13)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("without exchanges", "permutation"),
        ("translations alone", "reflection"),
        ("no translations", "translation"),
        ("not odd", "sign"),
    ],
)
def test_dropped_symmetries_are_gone(name, broken, kernels):
    layer = CONTINUOUS[name].made(ZERO)
    transforms = scalar_symmetries(CONTINUOUS[name].sites, (broken,))
    with pytest.raises(AssertionError):
        check_equivariance(lambda x: layer.apply(x)[0], field(CONTINUOUS[name]), transforms, tolerance=1e-3)


@CASES
def test_one_pass_is_apply_and_carry(case, kernels):
    layer, x = case.made(ZERO), field(case)
    y, log_det, residuals = layer.apply(x)
    carried = layer.carry(residuals, field(case, 6), np.ones(3))
    same(layer.apply_with_score(x, field(case, 6))[:3], (y, log_det, carried))
    same(layer.push(x), (y, log_det))


@pytest.mark.parametrize("case", SMALL)
def test_defect_is_that_of_the_discrete_map(case, reference):
    """log_det against differences of the map itself: what `defect(exact=True)` finds by vjp."""
    layer, x = case.made(ZERO), field(case)
    dense = jacobian(lambda v: real_rows(layer.apply(x + v)[0]), x)
    measured = np.abs(layer.apply(x)[1] - np.linalg.slogdet(dense)[1])
    np.testing.assert_allclose(layer.defect(x, exact=True), measured, rtol=0, atol=1e-8)
    assert np.max(measured) > 1e-5, "too small to tell"


@pytest.mark.parametrize("case", SMALL)
def test_orders(case, kernels):
    """Defect, its estimate, and the error of carry fall as steps^-4."""
    x, zeta = field(case), field(case, 6)
    errors = []
    for steps in (16, 32):
        layer = case.made(ZERO).with_steps(steps)
        residuals = layer.apply(x)[2]
        back = layer.vjp(residuals, layer.carry(residuals, zeta, np.ones(3)), np.ones(3))[0]
        defects = layer.defect(x, exact=True), layer.defect(x)
        errors.append([np.sum(d) for d in defects] + [np.max(np.abs(back - zeta))])
    ratio = np.array(errors[0]) / np.array(errors[1])
    assert np.all((ratio > 10) & (ratio < 25)), ratio


def test_the_defect_of_a_flow_that_is_stiff_is_seen():
    case = CONTINUOUS["square"]
    layer, x = case.made(ZERO, 0.5), field(case)
    assert np.all(layer.defect(x) > 0.05 * layer.defect(x, exact=True))
    assert np.min(layer.defect(x, exact=True)) > 1e-4


@CASES
def test_strict_agrees(case):
    layer, x = case.made(ZERO), field(case)

    def run(x, params, zeta, weight):
        y, log_det, residuals = layer.with_params(params).apply(x)
        carried = layer.with_params(params).carry(residuals, zeta, weight)
        return y, log_det, carried, layer.with_params(params).vjp(residuals, zeta, weight)

    check_strict(run, x, layer.params, field(case, 6), np.linspace(0.5, 1.5, 3), tolerance=1e-12)
    check_strict(lambda x, params: layer.with_params(params).inverse(x), x, layer.params, tolerance=1e-11)


@CASES
def test_single_precision(case, kernels):
    double, x = case.made(ZERO), field(case)
    layer = double.with_params({name: np.asarray(p, np.float32) for name, p in double.params.items()})
    y, log_det, residuals = layer.apply(x.astype(np.float32))
    x_bar, params_bar = layer.vjp(residuals, y, log_det)
    assert {y.dtype, x_bar.dtype, *(bar.dtype for bar in params_bar.values())} == {np.dtype("float32")}
    assert log_det.dtype == np.float64
    np.testing.assert_allclose(y, double.apply(x)[0], atol=2e-5)
    np.testing.assert_allclose(layer.inverse(y)[0], x, atol=2e-4)


def test_starts_as_the_identity(kernels):
    layer = EquivariantODE(3, 2, 2).init(Setting((4, 4), ZERO, Key(1)))
    x = field(CONTINUOUS["square"])
    y, log_det, _ = layer.apply(x)
    np.testing.assert_allclose(y, x, rtol=0, atol=1e-14)
    assert np.all(log_det == 0)


def test_velocity_by_definition(kernels):
    """The double sum over sites, with W from `kernel` and the distance."""
    layer, x = CONTINUOUS["unequal extents"].made(ZERO), field(CONTINUOUS["unequal extents"])
    w = layer.kernel(0.5)[1]
    features = np.concatenate([np.sin(layer.params["omega"][:, None, None, None] * x), x[None]])
    expected = np.zeros_like(x)
    for p in np.ndindex(4, 3):
        for q in np.ndindex(4, 3):
            here = w[orbit(layer, [(a - b) % n for a, b, n in zip(p, q, (4, 3))])]
            expected[:, p[0], p[1]] += np.einsum("f,fc->c", here, features[:, :, q[0], q[1]])
    weights = layer.with_steps(1).weights(x).at(1)
    np.testing.assert_allclose(continuous_field.velocity(x, weights)[0], expected, atol=1e-13)


def test_linear_flow_is_the_runge_kutta_polynomial(kernels):
    """Without sines every mode is multiplied by (1 + z + z^2/2 + z^3/6 + z^4/24)^steps, z = spectrum / steps."""
    layer = EquivariantODE(0, 1, 3).init(Setting((4, 6), ZERO, Key(1)))
    layer = layer.with_params({**layer.params, "theta": Key(2).fold("test").normal(layer.params["theta"].shape, ZERO)})
    x = Key(3).fold("test").normal((2, 4, 6), ZERO)
    y, log_det, _ = layer.apply(x)
    r, w = layer.kernel(0.0)
    by_site = w[[orbit(layer, d) for d in np.ndindex(4, 6)], 0].reshape(4, 6)
    spectrum = np.fft.fft2(by_site).real
    z = spectrum / 3
    factor = (1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24) ** 3
    np.testing.assert_allclose(np.fft.fft2(y), factor * np.fft.fft2(x), atol=1e-11)
    np.testing.assert_allclose(log_det, np.sum(spectrum), atol=1e-12)
    assert r[0] == 0
    assert len(r) == len(w) == layer.params["theta"].shape[1]


def test_checkpoint_changes_nothing(kernels):
    case = CONTINUOUS["checkpointed"]
    layer, x = case.made(ZERO), field(case)
    plain = replace(layer, checkpoint=False)
    same(bars(layer, x, field(case, 6), np.ones(3)), bars(plain, x, field(case, 6), np.ones(3)))
    kept = [sum(leaf.size for _, leaf in tree_items(one.apply(x)[2][0])) for one in (layer, plain)]
    assert kept[1] == 4 * kept[0] == 4 * layer.steps * x.size


@pytest.mark.parametrize("checkpoint", [0, 1, 2])
def test_score_through_a_sequence(checkpoint, kernels):
    case = CONTINUOUS["square"]
    flow = Sequential((case.made(ZERO), case.made(ZERO, 0.1)), checkpoint)
    x, zeta = field(case), field(case, 6)
    y, log_det, residuals = flow.apply(x)
    found = flow.apply_with_score(x, zeta)
    same(found[:3], (y, log_det, flow.carry(residuals, zeta, np.ones(3))))
    same(flow.vjp(found[3], zeta, np.ones(3)), flow.vjp(residuals, zeta, np.ones(3)))
    same(flow.push(x), (y, log_det))
    same(Inverse(flow).push(y), flow.inverse(y))


@pytest.mark.parametrize("name", ["square", "odd extent", "unequal extents", "without exchanges", "translations alone"])
def test_larger_lattice(name, kernels):
    """A periodic field goes through the larger flow as through the small one, with log-dets in proportion to volume
    up to half a period, whose kernel the larger lattice splits between +L/2 and -L/2."""
    case = CONTINUOUS[name]
    layer, x = case.made(ZERO), field(case)
    twice = tuple(2 * n for n in case.sites)
    tiled = np.tile(x, (1, *(2,) * len(case.sites)))
    y, log_det, _ = layer.resized(twice).apply(tiled)
    small, small_log_det, _ = layer.apply(x)
    np.testing.assert_allclose(y, np.tile(small, (1, *(2,) * len(case.sites))), atol=1e-12)
    np.testing.assert_allclose(log_det, 2 ** len(case.sites) * small_log_det, atol=1e-11)
    same(layer.resized(twice).resized(case.sites).params, layer.params)


def test_a_square_kernel_on_a_rectangle(kernels):
    case = CONTINUOUS["square"]
    layer, x = case.made(ZERO), field(case)
    y, _, _ = layer.resized((4, 8)).apply(np.tile(x, (1, 1, 2)))
    np.testing.assert_allclose(y, np.tile(layer.apply(x)[0], (1, 1, 2)), atol=1e-12)


def test_lattices_that_cannot_be():
    with pytest.raises(ValueError, match="number of dimensions"):
        CONTINUOUS["square"].made(ZERO).resized((8,))
    with pytest.raises(ValueError, match="do not fit"):
        CONTINUOUS["no translations"].made(ZERO).resized((6, 4))
    with pytest.raises(ValueError, match="has parameters for"):
        CONTINUOUS["square"].made(ZERO).apply(np.zeros((1, 5, 5)))


def test_couplings_by_chain_are_couplings_one_by_one(kernels):
    case = CONTINUOUS["conditional by chain"]
    layer, x = case.made(ZERO), field(case)
    each = [layer.conditioned((float(c),)).apply(x[n : n + 1]) for n, (c,) in enumerate(case.couplings)]
    y, log_det, _ = layer.apply(x)
    np.testing.assert_allclose(y, np.concatenate([one[0] for one in each]), atol=1e-13)
    np.testing.assert_allclose(log_det, np.concatenate([one[1] for one in each]), atol=1e-13)


def test_couplings_enter_linearly():
    case = CONTINUOUS["conditional"]
    layer = case.made(ZERO)
    theta, scaled = layer.params["theta"], ((-3.8 + 4.0) / 1.0, (5.5 - 5.0) / 2.0)
    mixed = theta[:1] + scaled[0] * theta[1:2] + scaled[1] * theta[2:]
    plain = EquivariantODE(2, 2, 3).init(Setting(case.sites, ZERO, Key(1)))
    plain = plain.with_params({"theta": mixed, "omega": layer.params["omega"]})
    same(layer.apply(field(case))[:2], plain.apply(field(case))[:2])


def test_couplings_must_be_bound_and_fit():
    layer = EquivariantODE(conditions=2).init(Setting((4, 4), ZERO, Key(1)))
    with pytest.raises(ValueError, match="bind them"):
        layer.apply(np.zeros((1, 4, 4)))
    with pytest.raises(ValueError, match="expected 2 couplings"):
        layer.conditioned((1.0,))
    assert EquivariantODE().conditioned((1.0,)) == EquivariantODE()


def test_an_inverse_that_does_not_converge_says_so():
    case = CONTINUOUS["square"]
    layer = case.made(ZERO, 30.0).with_steps(1)
    with pytest.raises(ArithmeticError, match="take more steps"):
        layer.inverse(field(case))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 0}, "steps"),
        ({"times": 0}, "times"),
        ({"features": -1}, "features"),
        ({"symmetry": "square"}, "unknown symmetry"),
        ({"conditions": 2, "centre": (1.0,)}, "one per coupling"),
    ],
)
def test_settings_that_cannot_be(settings, said):
    with pytest.raises(ValueError, match=said):
        EquivariantODE(**settings)


def test_settings_come_back():
    flow = ContinuousFlow(3, 2, 4, odd=False).init(Setting((4, 4), ZERO, Key(1)))
    again = built(described(flow), {"Sequential": Sequential, **{type(one).__name__: type(one) for one in flow.layers}})
    x = field(CONTINUOUS["square"])
    same(again.with_params(flow.params).apply(x)[:2], flow.apply(x)[:2])


def test_time_kernels_add_up_to_one():
    k = time_kernels((0.0, 0.3, 1.0), 6)
    np.testing.assert_allclose(np.sum(k, axis=1), 1.0, atol=1e-15)
    assert np.argmax(k[0]) == 0
    assert np.argmax(k[2]) == 5


def test_a_uniform_step_moves_the_kernel_sum_by_the_number_of_orbits():
    """The parametrisation theta / mult, for the dropped symmetries too."""
    counts = {}
    for symmetry in ("hypercubic", "reflections", "translations"):
        tying = Tying((6, 6), symmetry)
        counts[symmetry] = float(np.sum(tying.orbit_shares() * np.bincount(displacement_orbits((6, 6), symmetry))))
    np.testing.assert_allclose(list(counts.values()), Tying((6, 6), "hypercubic").orbits)


def test_a_wrong_second_derivative_is_caught(monkeypatch, reference):
    right = continuous_field._Features.bends
    monkeypatch.setattr(continuous_field._Features, "bends", lambda self: 1.01 * right(self))
    case = CONTINUOUS["square"]
    with pytest.raises(AssertionError, match="x_bar"):
        check_vjp(case.made(ZERO), field(case), step=2e-4)


def test_kernels_and_references_share_residuals():
    """A forward pass of one, a backward pass of the other."""
    case = CONTINUOUS["square"]
    layer, x = case.made(ZERO), field(case)
    with using_kernels("reference"):
        residuals = layer.apply(x)[2]
        expected = layer.vjp(residuals, x, np.ones(3))
    same(layer.vjp(residuals, x, np.ones(3)), expected)
