"""Every group is a group."""

import numpy as np
import pytest

from latticekit.groups import SU, Real
from latticekit.random import Key
from latticekit.testing import check_group, check_strict
from tests.cases import GROUPS, field


@pytest.mark.parametrize("name", GROUPS)
def test_axioms_and_momenta(kernels, name):
    group, shape = GROUPS[name]
    check_group(group, group.random(Key(1).fold("start"), shape, np.zeros(0)))


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_stay_in_the_library_and_dtype(reference, name, dtype):
    group, shape = GROUPS[name]
    x = group.random(Key(1), shape, np.zeros(0, dtype))
    v = group.random_algebra(Key(2), x)
    assert x.dtype == group.translate(x, v).dtype == group.identity(shape, x).dtype == group.project(x).dtype
    assert np.real(x).dtype == v.dtype == dtype
    assert np.iscomplexobj(x) == isinstance(group, SU)
    assert group.inner(v, v).dtype == "float64"
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    check_strict(lambda x: group.random_algebra(Key(2), x), x, tolerance=tolerance)
    check_strict(group.translate, x, v, tolerance=tolerance)
    check_strict(group.inner, v, v, tolerance=tolerance)
    for f in (group.project, group.defect):
        check_strict(f, x, tolerance=tolerance)


def test_real_inner_product_sums_in_double_precision():
    v = np.full((1, 64, 64), 0.1, dtype="float32")
    exact = 4096 * float(np.float32(0.1) * np.float32(0.1))
    assert Real().inner(v, v)[0] == pytest.approx(exact, rel=1e-14)
    assert Real().shape(3, (4, 5)) == (3, 4, 5)
    np.testing.assert_array_equal(Real().translate(field(1, 3), field(1, 3)), 2 * field(1, 3))
