"""Every layer is invertible, and its log-det, vjp and carry are right, on every library and in both precisions."""

import inspect
import itertools
import json
from functools import partial

import numpy as np
import pytest

from latticekit.arrays import tree_items
from latticekit.flows.bundled import built, known_parts
from latticekit.lattice import shift
from latticekit.testing import (
    check_carry,
    check_equivariance,
    check_inverse,
    check_log_det,
    check_strict,
    check_vjp,
    scalar_symmetries,
)
from tests.cases import field
from tests.cases.layers import LAYERS, initialised

CHAINS = 3


pytestmark = pytest.mark.usefixtures("reference")


@pytest.fixture(params=LAYERS)
def case(request):
    return LAYERS[request.param]


def generic(case, dtype="float64"):
    return field(CHAINS, *case.sites, dtype=dtype, scale=0.8)


def test_vjp(case):
    check_vjp(initialised(case), generic(case), step=3e-5 if case.kinks else 5e-4)


def test_log_det(case):
    check_log_det(initialised(case), generic(case), step=1e-4 if case.kinks else 4e-4)


def test_inverse(case):
    check_inverse(initialised(case), generic(case))


def test_carry(case):
    check_carry(initialised(case), generic(case))


def test_symmetries(case):
    if transforms := symmetries(case):
        layer = initialised(case)
        check_equivariance(lambda x: layer.apply(x)[0], generic(case), transforms)


def symmetries(case):
    """Those of the case by name."""
    known = ("translation", "reflection", "permutation", "sign")
    found = scalar_symmetries(case.sites, [kind for kind in case.symmetries if kind in known])
    dim = len(case.sites)
    if "site reflection" in case.symmetries:
        found |= {f"site reflection {mu}": partial(reflected, mu=mu) for mu in range(dim)}
    if "even translation" in case.symmetries:
        for mu, nu in itertools.combinations_with_replacement(range(dim), 2):
            found[f"even translation {mu} {nu}"] = partial(twice, mu=mu, nu=nu)
    if "double translation" in case.symmetries:
        found |= {f"double translation {mu}": partial(twice, mu=mu, nu=mu) for mu in range(dim)}
    return found


def reflected(x, mu):
    """x_mu -> -x_mu, where the sites of a checkerboard keep their parity."""
    return shift(np.flip(x, axis=mu + 1), mu, -1)


def twice(x, mu, nu):
    return shift(shift(x, mu), nu)


def test_a_symmetry_that_is_none_is_seen():
    case = LAYERS["affine"]._replace(symmetries=("reflection",))
    with pytest.raises(AssertionError, match="equivariance"):
        test_symmetries(case)


def results(case, namespace, x, y_bar, log_det_bar):
    """Everything a layer does, on one library."""
    layer = initialised(case, str(x.dtype).rpartition(".")[2], namespace)
    y, log_det, residuals = layer.apply(x)
    back, back_log_det = layer.inverse(y)
    x_bar, bars = layer.vjp(residuals, y_bar, log_det_bar)
    carried = layer.carry(residuals, y_bar, log_det_bar)
    return {
        "y": y,
        "log_det": log_det,
        "x": back,
        "back": back_log_det,
        "x_bar": x_bar,
        "bars": bars,
        "carried": carried,
    }


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_on_array_api_strict(case, dtype):
    x, y_bar = generic(case, dtype), field(CHAINS, *case.sites, dtype=dtype, seed=2)
    log_det_bar = np.array([1.0, -0.3, 0.6])

    def everything(x, y_bar, log_det_bar):
        return results(case, "numpy" if isinstance(x, np.ndarray) else "array_api_strict", x, y_bar, log_det_bar)

    check_strict(everything, x, y_bar, log_det_bar, tolerance=1e-12 if dtype == "float64" else 2e-5)


def test_single_precision(case):
    """Results in float32, log-dets in float64, both as in double precision to rounding."""
    x, y_bar, log_det_bar = generic(case), field(CHAINS, *case.sites, seed=2), np.array([1.0, -0.3, 0.6])
    exact = results(case, "numpy", x, y_bar, log_det_bar)
    single = results(case, "numpy", x.astype("float32"), y_bar.astype("float32"), log_det_bar)
    for name, one in tree_items(single):
        assert one.dtype == ("float64" if name in ("log_det", "back") else "float32"), name
        other = dict(tree_items(exact))[name]
        assert one == pytest.approx(other, abs=5e-5 * max(1.0, np.max(np.abs(other)))), name


@pytest.mark.parametrize("name", [n for n in LAYERS if n not in ("squeeze", "squeeze of period 3", "translate")])
def test_starts_near_the_identity(name):
    """As initialised, without a target: only what mixes scales by construction may move sites by more than a little."""
    case = LAYERS[name]._replace(action=None)
    layer, x = initialised(case, noise=0.0), generic(case)
    y, log_det, _ = layer.apply(x)
    assert np.max(np.abs(y - x)) < 0.7
    assert np.max(np.abs(log_det)) < 0.2 * x[0].size


def test_results_do_not_depend_on_the_batch(case):
    layer, x = initialised(case), generic(case)
    y, log_det, _ = layer.apply(x)
    one, one_log_det, _ = layer.apply(x[1:2])
    assert one == pytest.approx(y[1:2], abs=1e-13)
    assert one_log_det == pytest.approx(log_det[1:2], abs=1e-12)


def parts_of(one):
    """A layer and everything it is made of."""
    yield one
    for member in one.members().values():
        yield from parts_of(member)


def test_every_public_layer_mask_and_prior_has_a_case():
    from latticekit import flows
    from latticekit.flows import Layer, Mask, Prior
    from tests.cases.layers import PRIORS

    seen = [part for case in LAYERS.values() for part in parts_of(case.layer)]
    seen += [part.mask for part in seen if hasattr(part, "mask")] + [case.prior for case in PRIORS.values()]
    elsewhere = {"ContinuousFlow", "EquivariantODE"}  # a room of its own
    public = [getattr(flows, name) for name in flows.__all__ if name not in elsewhere]
    missing = [
        c.__name__
        for c in public
        if inspect.isclass(c) and issubclass(c, (Layer, Mask, Prior)) and not inspect.isabstract(c)
        if not any(type(one) is c for one in seen)
    ]
    assert missing == []


def test_settings_are_plain_data_that_make_the_layer_again(case):
    layer = initialised(case)
    again = built(json.loads(json.dumps(layer.settings())), known_parts()).with_params(layer.params)
    again = again.conditioned(case.couplings) if case.couplings else again
    assert again == layer
    assert np.array_equal(again.apply(generic(case))[0], layer.apply(generic(case))[0])
