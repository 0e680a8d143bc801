"""The oracles of actions pass what is right, on flat and curved fields, and catch faults of 1 %."""

import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.lattice import shift
from latticekit.random import Key
from latticekit.testing import (
    check_equivariance,
    check_force,
    check_group,
    check_order,
    check_reversibility,
    check_symmetries,
    check_volume_preservation,
    scalar_symmetries,
)
from latticekit.updates import FORCE_GRADIENT, INTEGRATORS, LEAPFROG, Integrator
from tests.cases import field
from tests.testing.objects import XY, Circle, Faulty

pytestmark = pytest.mark.usefixtures("reference")

PHI4, X = Phi4(-4.0, 6.0), field(3, 4, 6)
SPINS = Circle().random(Key(2), (3, 4, 6), np.zeros(0))


def one_site(result, x):
    """A force wrong by 1 % at a single site."""
    wrong = np.array(result)
    wrong[:, 1, 2] *= 1.01
    return wrong


@pytest.mark.parametrize(("action", "x"), [(PHI4, X), (XY(), SPINS), (PHI4 + Phi4(1.0, 0.0), X)])
def test_a_right_force_passes(action, x):
    assert check_force(action, x) < 1e-10


@pytest.mark.parametrize("fault", [lambda f, x: 1.01 * f, lambda f, x: -f, one_site, lambda f, x: f + 0.01 * x.real])
@pytest.mark.parametrize(("action", "x"), [(PHI4, X), (XY(), SPINS)])
def test_a_wrong_force_is_caught(action, x, fault):
    with pytest.raises(AssertionError, match="look for a factor or a sign"):
        check_force(Faulty(action, force=fault), x)


@pytest.mark.parametrize("fault", [lambda s, x: 1.01 * s, lambda s, x: s + 0.01 * np.sum(x**2, axis=(1, 2))])
def test_a_wrong_value_is_caught(fault):
    with pytest.raises(AssertionError, match="differences of its value"):
        check_force(Faulty(PHI4, value=fault), X)


def test_a_wrong_force_is_caught_in_single_precision():
    single = X.astype("float32")
    assert check_force(PHI4, single) < 1e-4
    with pytest.raises(AssertionError, match="relative error"):
        check_force(Faulty(PHI4, force=lambda f, x: f * np.float32(1.01)), single)


def test_a_force_of_another_shape_or_dtype_or_nan_is_caught():
    with pytest.raises(AssertionError, match=r"an algebra element here is float64\(3, 4, 6\)"):
        check_force(Faulty(PHI4, force=lambda f, x: f.astype("float32")), X)
    with pytest.raises(AssertionError, match="algebra element"):
        check_force(Faulty(PHI4, force=lambda f, x: f[:, :1]), X)
    with pytest.raises(AssertionError, match="nan exceeds"):
        check_force(Faulty(PHI4, force=lambda f, x: f * np.nan), X)


@pytest.mark.parametrize(("action", "x"), [(PHI4, X), (XY(), SPINS)])
@pytest.mark.parametrize("scheme", INTEGRATORS.values(), ids=INTEGRATORS)
def test_dynamics_pass(action, x, scheme):
    schedule = scheme.schedule(0.05, 10)
    check_reversibility(action, x, schedule)
    check_volume_preservation(action, x[:2, :2, :2], schedule)


def test_a_schedule_that_is_no_palindrome_is_caught():
    schedule = LEAPFROG.schedule(0.05, 10)
    schedule[0, 1] *= 1.01
    with pytest.raises(AssertionError, match="palindrome"):
        check_reversibility(PHI4, X, schedule)


def test_dynamics_with_friction_are_caught():
    damped = Faulty(PHI4, evolve=lambda yq, x, p: (yq[0], 0.99 * yq[1]))
    with pytest.raises(AssertionError, match="palindrome"):
        check_reversibility(damped, X, LEAPFROG.schedule(0.05, 10))
    with pytest.raises(AssertionError, match="shear"):
        check_volume_preservation(damped, X[:2, :2, :2], LEAPFROG.schedule(0.05, 10))


def test_a_drift_that_depends_on_the_field_is_caught():
    stretched = Faulty(XY(), evolve=lambda yq, x, p: (Circle().translate(yq[0], 0.01 * yq[0].imag), yq[1]))
    with pytest.raises(AssertionError, match="shear"):
        check_volume_preservation(stretched, SPINS[:2, :2, :2], LEAPFROG.schedule(0.05, 5))


@pytest.mark.parametrize(
    ("action", "x"), [(PHI4, field(16, 4, 4)), (XY(), Circle().random(Key(3), (16, 4, 4), np.zeros(0)))]
)
def test_orders_pass(action, x):
    assert check_order(action, x, LEAPFROG, steps=64) == pytest.approx(2, abs=0.1)
    assert check_order(action, x, FORCE_GRADIENT) == pytest.approx(4, abs=0.1)


def test_a_wrong_order_is_caught():
    with pytest.raises(AssertionError, match="fitted order"):
        check_order(Faulty(PHI4, force=lambda f, x: 1.01 * f), field(16, 4, 4), LEAPFROG)
    with pytest.raises(AssertionError, match="expected 4"):
        check_order(PHI4, field(16, 4, 4), Integrator("claims too much", 4, LEAPFROG.stages))


def test_symmetries_pass():
    square = field(3, 4, 4)
    names = scalar_symmetries((4, 4))
    assert len(names) == 2 + 2 + 1 + 1
    assert "exchange 0,1" not in scalar_symmetries((4, 6))
    check_symmetries(PHI4, square)
    check_symmetries(XY(), SPINS, scalar_symmetries((4, 6)), on_algebra={"sign": lambda v: v})


BROKEN = {
    "translation 1": lambda x: 0.01 * x[:, 0, 0] ** 2,
    "reflection 0": lambda x: 0.01 * np.sum(x**2 * shift(x, 0) * shift(x, 1), axis=(1, 2)),
    "exchange 0,1": lambda x: 0.01 * np.sum(x * shift(x, 0), axis=(1, 2)),
    "sign": lambda x: 0.01 * np.sum(x, axis=(1, 2)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_symmetry_is_caught(name):
    broken = Faulty(PHI4, value=lambda s, x: s + BROKEN[name](x))
    transforms = {name: scalar_symmetries((4, 4))[name]}
    with pytest.raises(AssertionError, match=f"broken by '{name}'"):
        check_symmetries(broken, field(3, 4, 4), transforms)


def test_a_force_that_is_not_equivariant_is_caught():
    with pytest.raises(AssertionError, match="equivariance"):
        check_symmetries(Faulty(PHI4, force=lambda f, x: one_site(f, x)), field(3, 4, 4))
    with pytest.raises(AssertionError, match="broken by 'sign'"):
        check_equivariance(lambda x: x**3 + 0.01, field(3, 4, 4), scalar_symmetries((4, 4)))


def test_groups_pass_and_faults_are_caught(monkeypatch):
    check_group(Circle(), SPINS)
    faults = {
        "translate": lambda right: lambda self, x, v: right(self, x, v + 0.01 * v**2),
        "random_algebra": lambda right: lambda self, key, like: 1.01 * right(self, key, like),
        "project": lambda right: lambda self, x: 1.01 * right(self, x),
        "defect": lambda right: lambda self, x: 0.01 + right(self, x),
        "inner": lambda right: lambda self, v, w: 1.01 * right(self, v, w),
    }
    for name, fault in faults.items():
        with monkeypatch.context() as patch:
            patch.setattr(Circle, name, fault(getattr(Circle, name)))
            with pytest.raises(AssertionError, match=r"See the protocol of Group|Their density is"):
                check_group(Circle(), SPINS)
