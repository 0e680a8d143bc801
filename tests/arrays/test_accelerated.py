"""The registry of kernels: chosen by type, declined by NotImplemented, switched off on request."""

import sys
import types

import numpy as np
import pytest

import latticekit
from latticekit.arrays import REGISTRY, accelerated, backend, kernels_enabled, using_kernels


@pytest.fixture
def doubled(monkeypatch):
    """An accelerated function whose kernel answers "kernel" for positive numbers and declines the others."""
    module = types.ModuleType("tests_a_kernel")
    module.calls = []

    def kernel(x, scale=1):
        module.calls.append(scale)
        return "kernel" if x[0] > 0 else NotImplemented

    module.double = kernel
    monkeypatch.setitem(sys.modules, "tests_a_kernel", module)
    monkeypatch.setattr(sys.modules["latticekit.arrays.accelerated"], "REGISTRY", {})

    @accelerated(numpy="tests_a_kernel:double")
    def double(x, scale=1):
        """The definition."""
        return 2 * x * scale

    double.module = module
    return double


def test_kernel_is_chosen_by_type(doubled):
    with using_kernels("fast"):
        assert doubled(np.ones(1)) == "kernel"
        strict = backend("array_api_strict")
        assert float(doubled(strict.ones(1))[0]) == 2.0


def test_a_declining_kernel_leaves_it_to_the_reference(doubled):
    with using_kernels("fast"):
        np.testing.assert_array_equal(doubled(-np.ones(1), scale=3), [-6.0])
    assert doubled.module.calls == [3]


def test_the_switch(doubled):
    with using_kernels("reference"):
        assert not kernels_enabled()
        np.testing.assert_array_equal(doubled(np.ones(1)), [2.0])
        with latticekit.kernels("fast"):
            assert kernels_enabled()
            assert doubled(np.ones(1)) == "kernel"
        assert not kernels_enabled()
    with pytest.raises(RuntimeError, match="inside"), using_kernels("fast"):
        raise RuntimeError("inside")
    assert doubled.module.calls == [1]


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match='expected "reference" or "fast"'), using_kernels("quick"):
        pass


def test_the_definition_keeps_its_name_and_text(doubled):
    assert doubled.__name__ == "double"
    assert doubled.__doc__ == "The definition."


def test_kernels_load_at_first_use_only():
    @accelerated(numpy="latticekit_no_such_module:f")
    def lonely(x):
        return x

    name = f"{lonely.__module__}.{lonely.__qualname__}"
    try:
        assert REGISTRY[name] is lonely
        with using_kernels("reference"):
            assert lonely(np.ones(1)) == 1
        with using_kernels("fast"), pytest.raises(ModuleNotFoundError):
            lonely(np.ones(1))
    finally:
        del REGISTRY[name]
