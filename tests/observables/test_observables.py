"""Every observable: labels, shapes, symmetries, and the sums that tie them together."""

import numpy as np
import pytest

from latticekit.groups import Real
from latticekit.observables import (
    OBSERVABLES as REGISTRY,
)
from latticekit.observables import (
    AbsMagnetization,
    Magnetization,
    MomentumTwoPoint,
    PhiFourth,
    PhiSquared,
    TwoPoint,
    observable,
)
from latticekit.testing import check_strict, scalar_symmetries
from tests.cases import OBSERVABLES, field

SCALARS = [name for name, case in OBSERVABLES.items() if not case.observable.unsuited(Real(), (4, 4))]
BOXES = [(1,), (5,), (4, 4), (3, 6), (4, 3, 4), (3, 2, 4, 3)]


@pytest.mark.parametrize("sites", BOXES)
@pytest.mark.parametrize("name", SCALARS)
def test_shape_matches_the_labels(kernels, name, sites):
    one = OBSERVABLES[name].observable
    measured, coords = one.measure(field(3, *sites, dtype="float32")), one.coords(sites)
    assert tuple(coords) == one.dims
    assert measured.shape == (3, *(len(coords[dim]) for dim in one.dims))
    assert measured.dtype == "float64"
    assert set(one.attributes()) == {"long_name", "units", "symbol"}


@pytest.mark.parametrize("sites", BOXES)
@pytest.mark.parametrize("name", SCALARS)
def test_symmetries(kernels, name, sites):
    one, kinds = OBSERVABLES[name]
    x = field(3, *sites)
    for label, g in scalar_symmetries(sites, kinds).items():
        np.testing.assert_allclose(one.measure(g(x)), one.measure(x), rtol=1e-12, atol=1e-13, err_msg=label)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SCALARS)
def test_strict_arrays(name, dtype):
    one = OBSERVABLES[name].observable
    for sites in BOXES:
        check_strict(one.measure, field(2, *sites, dtype=dtype))


def test_moments_by_hand(kernels):
    x = field(2, 3, 4)
    np.testing.assert_allclose(Magnetization().measure(x), x.mean(axis=(1, 2)), rtol=1e-13)
    np.testing.assert_allclose(AbsMagnetization().measure(x), abs(x.mean(axis=(1, 2))), rtol=1e-13)
    np.testing.assert_allclose(PhiSquared().measure(x), (x**2).mean(axis=(1, 2)), rtol=1e-13)
    np.testing.assert_allclose(PhiFourth().measure(x), (x**4).mean(axis=(1, 2)), rtol=1e-13)


@pytest.mark.parametrize("sites", BOXES)
def test_two_point_by_its_definition(kernels, sites):
    x = field(2, *sites)
    time, space = sites[0], x[0, 0].size
    s = x.reshape(2, time, -1).mean(axis=2)
    expected = [space * np.mean(s * np.roll(s, -dt, axis=1), axis=1) for dt in range(time)]
    np.testing.assert_allclose(TwoPoint().measure(x), np.stack(expected, axis=1), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sites", BOXES)
def test_two_point_functions_and_the_magnetization(kernels, sites):
    x = field(2, *sites)
    total = x[0].size * Magnetization().measure(x) ** 2
    np.testing.assert_allclose(TwoPoint().measure(x).sum(axis=1), total, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(MomentumTwoPoint().measure(x)[:, 0], total, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("sites", BOXES)
def test_momentum_two_point_by_its_definition(kernels, sites):
    x = field(2, *sites)
    power = np.abs(np.fft.fftn(x, axes=range(1, x.ndim))) ** 2 / x[0].size
    along = [mu for mu, extent in enumerate(sites) if extent == sites[0]]
    lines = [power[(slice(None), *(slice(None) if nu == mu else 0 for nu in range(len(sites))))] for mu in along]
    expected = np.mean(lines, axis=0)[:, : sites[0] // 2 + 1]
    np.testing.assert_allclose(MomentumTwoPoint().measure(x), expected, rtol=1e-12, atol=1e-13)


def test_single_precision_fields_are_summed_in_double():
    x = field(1, 256, 256, dtype="float32") + np.float32(1)
    for one in (Magnetization(), TwoPoint()):
        np.testing.assert_allclose(one.measure(x), one.measure(x.astype("float64")), rtol=1e-13)
    assert PhiFourth().measure(x)[0] == pytest.approx(PhiFourth().measure(x.astype("float64"))[0], rel=1e-8)


def test_observables_by_name():
    for name, cls in REGISTRY.items():
        assert observable(name) == cls()
        assert cls.name == name
    mine = TwoPoint()
    assert observable(mine) is mine
    with pytest.raises(ValueError, match="did you mean 'magnetization'"):
        observable("magnetisation")
    with pytest.raises(ValueError, match=r"unknown observable 7: Known: magnetization"):
        observable(7)
