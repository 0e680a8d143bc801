"""The oracles of layers pass a right layer and catch faults of 1 %, on the real line and on a group."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from latticekit.actions import GaugeAction
from latticekit.groups import SU
from latticekit.random import Key
from latticekit.testing import check_carry, check_inverse, check_log_det, check_vjp
from tests.cases import field
from tests.testing.objects import XY, Bend, Circle, Square, Turn, faulty


class Right(NamedTuple):
    layer: Any
    x: np.ndarray
    action: Any = None


RIGHT = {
    "real": Right(Bend(), field(3, 2, 3)),
    "circle": Right(Turn(), Circle().random(Key(3), (3, 2, 3), np.zeros(0)), XY()),
}


@pytest.fixture(params=RIGHT)
def right(request):
    return RIGHT[request.param]


def test_a_right_layer_passes(right):
    for layer in (right.layer, faulty(right.layer, "")):
        assert check_inverse(layer, right.x, action=right.action) < 1e-13
        assert check_log_det(layer, right.x, action=right.action) < 1e-9
        assert check_vjp(layer, right.x, action=right.action) < 1e-9
        assert check_carry(layer, right.x, action=right.action) < 1e-14


@pytest.mark.parametrize("fault", ["x_bar", "a", "log_det_bar"])
def test_a_wrong_vjp_is_caught(right, fault):
    with pytest.raises(AssertionError, match="against differences"):
        check_vjp(faulty(right.layer, fault), right.x, action=right.action)


@pytest.mark.parametrize("fault", ["inverse", "inverse log_det"])
def test_a_wrong_inverse_is_caught(right, fault):
    with pytest.raises(AssertionError, match="inverse of"):
        check_inverse(faulty(right.layer, fault), right.x, action=right.action)


def test_a_wrong_log_det_is_caught(right):
    with pytest.raises(AssertionError, match="dense Jacobian"):
        check_log_det(faulty(right.layer, "log_det"), right.x, action=right.action)


@pytest.mark.parametrize("fault", ["carry", "carry weight"])
def test_a_wrong_carry_is_caught(right, fault):
    with pytest.raises(AssertionError, match="carry of"):
        check_carry(faulty(right.layer, fault), right.x, action=right.action)


def test_a_forgotten_parameter_is_caught():
    class Forgets(Bend):
        def vjp(self, residuals, y_bar, log_det_bar):
            x_bar, bars = super().vjp(residuals, y_bar, log_det_bar)
            return x_bar, {"a": bars["a"]}

    with pytest.raises(AssertionError, match="no cotangent for parameter 'b'"):
        check_vjp(Forgets(), field(3, 2, 3))


def test_log_det_of_matrices_is_that_of_the_haar_measure(reference):
    action = GaugeAction(SU(2), beta=2.0)
    x = action.group.random(Key(1), (3, 2, 2, 2, 1, 2), np.zeros(0))
    assert check_log_det(Square(), x, action=action) < 1e-8


def test_angles_count_modulo_a_turn():
    from latticekit.actions import Wilson
    from latticekit.groups import U1

    class Wraps:
        def apply(self, x):
            return x + 0.3, np.zeros(len(x)), ()

        def inverse(self, y):
            return U1().project(y - 0.3) + 2 * np.pi, np.zeros(len(y))

    x = U1().random(Key(1), (3, 2, 4, 4), np.zeros(0))
    assert check_inverse(Wraps(), x, action=Wilson(U1(), beta=1.0)) < 1e-14
