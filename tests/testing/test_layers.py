"""The oracles of layers pass a right layer and catch faults of 1 %."""

import pytest

from latticekit.testing import check_inverse, check_log_det, check_vjp
from tests.cases import field
from tests.testing.objects import Bend, FaultyBend

X = field(3, 2, 3)


def test_a_right_layer_passes():
    assert check_inverse(Bend(), X) < 1e-13
    assert check_log_det(Bend(), X) < 1e-10
    assert check_vjp(Bend(), X) < 1e-10
    check_vjp(FaultyBend(), X)


@pytest.mark.parametrize("fault", ["x_bar", "a", "b", "log_det_bar"])
def test_a_wrong_vjp_is_caught(fault):
    with pytest.raises(AssertionError, match="against differences"):
        check_vjp(FaultyBend(fault=fault), X)


@pytest.mark.parametrize("fault", ["inverse", "inverse log_det"])
def test_a_wrong_inverse_is_caught(fault):
    with pytest.raises(AssertionError, match="inverse of"):
        check_inverse(FaultyBend(fault=fault), X)


def test_a_wrong_log_det_is_caught():
    with pytest.raises(AssertionError, match="dense Jacobian"):
        check_log_det(FaultyBend(fault="log_det"), X)


def test_a_forgotten_parameter_is_caught():
    class Forgets(Bend):
        def vjp(self, residuals, y_bar, log_det_bar):
            x_bar, bars = super().vjp(residuals, y_bar, log_det_bar)
            return x_bar, {"a": bars["a"]}

    with pytest.raises(AssertionError, match="no cotangent for parameter 'b'"):
        check_vjp(Forgets(), X)
