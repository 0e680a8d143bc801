"""Every action passes the oracles, with its reference and with its kernels."""

import numpy as np
import pytest

from latticekit.groups import Real
from latticekit.random import Key
from latticekit.testing import (
    check_force,
    check_gauge_symmetries,
    check_reversibility,
    check_strict,
    check_symmetries,
    check_volume_preservation,
    scalar_symmetries,
)
from latticekit.updates import INTEGRATORS, LEAPFROG
from tests.cases import ACTIONS

SCALARS = [name for name, case in ACTIONS.items() if isinstance(case.action.group, Real)]
LINKS = [name for name in ACTIONS if name not in SCALARS]
FLAT = "theta alone, geometric"  # has no force
JUMPS = (FLAT, "theta, geometric")  # which a wide stencil would notice


def start(name, chains=3, dtype="float64"):
    """The action of a case and a generic field for it."""
    action, sites, _ = ACTIONS[name]
    x = action.group.random(Key(5).fold("start"), action.group.shape(chains, sites), np.zeros(0, dtype))
    return action, x * 0.6 if name in SCALARS else x


@pytest.mark.parametrize("name", SCALARS)
def test_force(kernels, name):
    assert check_force(*start(name)) < 1e-11


@pytest.mark.parametrize("name", [name for name in LINKS if name != FLAT])
def test_force_of_links(kernels, name):
    """With the step that everyone gets: a link's action is no polynomial in it."""
    assert check_force(*start(name)) < 2e-12


@pytest.mark.parametrize("name", [name for name in ACTIONS if name not in JUMPS])
def test_force_in_single_precision(kernels, name):
    assert check_force(*start(name, dtype="float32")) < (1e-4 if name in SCALARS else 1e-3)


@pytest.mark.parametrize("name", SCALARS)
def test_symmetries(kernels, name):
    _, sites, kinds = ACTIONS[name]
    check_symmetries(*start(name), scalar_symmetries(sites, kinds))


@pytest.mark.parametrize("name", LINKS)
def test_symmetries_of_links(kernels, name):
    axes = {"su2 3d anisotropic": (1, 2)}.get(name)
    check_gauge_symmetries(*start(name), ACTIONS[name].symmetries, axes=axes)


@pytest.mark.parametrize("scheme", INTEGRATORS)
@pytest.mark.parametrize("name", ACTIONS)
def test_reversibility(kernels, name, scheme):
    check_reversibility(*start(name), INTEGRATORS[scheme].schedule(0.05, 20))


@pytest.mark.parametrize("scheme", INTEGRATORS)
def test_phase_space_volume(kernels, scheme):
    action = ACTIONS["phi4 2d"].action
    x = action.group.random(Key(5), (2, 2, 2), np.zeros(0)) * 0.6
    check_volume_preservation(action, x, INTEGRATORS[scheme].schedule(0.1, 5))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ACTIONS)
def test_strict_arrays(name, dtype):
    action, x = start(name, dtype=dtype)
    p = action.group.random_algebra(Key(6), x)
    tolerance = 1e-13 if dtype == "float64" else 1e-5
    check_strict(action.value, x, tolerance=tolerance)
    check_strict(action.force, x, tolerance=tolerance)
    check_strict(lambda x, p: action.evolve(x, p, LEAPFROG.schedule(0.1, 3)), x, p, tolerance=tolerance)


@pytest.mark.parametrize("name", ACTIONS)
def test_values_are_double_and_fields_keep_their_dtype(kernels, name):
    action, x = start(name, dtype="float32")
    y, q = action.evolve(x, action.group.random_algebra(Key(6), x), LEAPFROG.schedule(0.1, 2))
    assert action.value(x).dtype == "float64"
    assert action.value(x).shape == (3,)
    assert action.force(x).dtype == q.dtype == "float32"
    assert y.dtype == x.dtype


@pytest.mark.parametrize("name", ACTIONS)
def test_chains_do_not_know_each_other(kernels, name):
    action, x = start(name, chains=5)
    np.testing.assert_allclose(action.value(x)[3:4], action.value(x[3:4]), rtol=1e-13)
    np.testing.assert_allclose(action.force(x)[3:4], action.force(x[3:4]), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", ACTIONS)
def test_parameters_and_conventions_are_plain(name):
    action = ACTIONS[name].action
    assert action.parameters()["name"] == type(action).__name__
    assert action.conventions()["weight"] == "exp(-S)"
