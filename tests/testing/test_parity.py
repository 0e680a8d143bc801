"""The oracles of kernels and of strict arrays pass what agrees and catch what does not."""

import sys
import types

import numpy as np
import pytest

from latticekit.actions import phi4
from latticekit.arrays import accelerated
from latticekit.testing import check_parity, check_strict
from latticekit.testing.parity import difference
from tests.cases import field

X = field(2, 4, 4)


@pytest.fixture
def against(monkeypatch):
    """Make an accelerated copy of the phi^4 force whose NumPy kernel is the given function."""
    monkeypatch.setattr(sys.modules["latticekit.arrays.accelerated"], "REGISTRY", {})

    def build(kernel):
        monkeypatch.setitem(sys.modules, "tests_force_kernel", types.SimpleNamespace(force=kernel))
        return accelerated(numpy="tests_force_kernel:force")(phi4.phi4_force.reference)

    return build


def right(x, mass_squared, coupling):
    """The reference, in another order of additions."""
    return -phi4.phi4_force.reference(-x, mass_squared, coupling)


def mutating(x, mass_squared, coupling):
    x += 1
    return right(x, mass_squared, coupling)


def test_a_right_kernel_passes_and_may_decline(against):
    assert check_parity(against(right), (X, -4.0, 6.0)) < 1e-15
    assert check_parity(against(lambda *args: NotImplemented), (X, -4.0, 6.0)) is None


@pytest.mark.parametrize(
    ("kernel", "error", "message"),
    [
        (lambda *args: 1.01 * right(*args), AssertionError, "The reference is the definition"),
        (lambda *args: right(*args) * (1 + 1e-11), AssertionError, "exceeds 1e-12"),
        (lambda *args: right(*args).astype("float32"), AssertionError, "is float32"),
        (lambda *args: right(*args)[:1], AssertionError, "expected float64"),
        (lambda *args: right(*args) * np.nan, AssertionError, "nan exceeds"),
        (mutating, AssertionError, "changed its input"),
    ],
)
def test_a_wrong_kernel_is_caught(against, kernel, error, message):
    with pytest.raises(error, match=message):
        check_parity(against(kernel), (X, -4.0, 6.0))


def test_standard_code_passes():
    assert check_strict(phi4.phi4_force, X, -4.0, 6.0) < 1e-15
    check_strict(lambda x: {"twice": x + x, "number": 3}, X)


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda x: x[:, 0], IndexError),
        (lambda x: np.asarray(x) * 2.0, AssertionError),
        (lambda x: x * (1.01 if "strict" in type(x).__module__ else 1.0), AssertionError),
        (lambda x: x.__imul__(1.0), ValueError),
    ],
)
def test_code_that_is_not_standard_is_caught(f, error):
    with pytest.raises(error):
        check_strict(f, X)


def test_difference_of_results():
    a = {"x": np.array([1.0, np.inf, np.nan]), "n": np.array([1, 2])}
    assert difference(a, {"x": np.array([1.0, np.inf, np.nan]), "n": np.array([1, 2])}, "same") == 0
    assert difference({"x": np.array([1.0])}, {"x": np.array([np.inf])}, "infinite") == np.inf
    assert difference({"n": np.array([1])}, {"n": np.array([2])}, "integers") == np.inf
    assert difference({"x": np.array([100.0])}, {"x": np.array([101.0])}, "relative") == pytest.approx(1 / 101)
    with pytest.raises(AssertionError, match="results are named"):
        difference({"x": 1.0}, {"y": 1.0}, "names")
