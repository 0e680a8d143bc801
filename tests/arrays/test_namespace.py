"""Which library, explicit copies, messages for missing backends."""

import sys
import types

import numpy as np
import pytest

from latticekit.arrays import backend, finite, library, namespace, set_threads, threads, to_host


def test_library_and_namespace(like):
    xp = namespace(like)
    assert library(like) in ("numpy", "array_api_strict")
    assert xp.asarray([1.0]).dtype == xp.float64
    assert isinstance(to_host(like), np.ndarray)


def test_device_arrays_are_copied_explicitly():
    device_array = type("ndarray", (), {"__module__": "cupy", "get": lambda self: np.arange(3)})()
    assert library(device_array) == "cupy"
    np.testing.assert_array_equal(to_host(device_array), [0, 1, 2])


def test_unknown_backend():
    with pytest.raises(ValueError, match="choose one of 'numpy', 'cupy', 'array_api_strict'"):
        backend("nump")


@pytest.mark.parametrize(
    ("driver", "error", "message"),
    [
        (None, ImportError, r'pip install "latticekit\[cuda13\]"'),
        (0, RuntimeError, r"no NVIDIA driver or GPU is usable \(driver version 0\)"),
        (12080, RuntimeError, r"supports CUDA 12.x, this CuPy needs 13"),
    ],
)
def test_cupy_that_cannot_run_says_why(monkeypatch, driver, error, message):
    runtime = types.SimpleNamespace(driverGetVersion=lambda: driver, runtimeGetVersion=lambda: 13000)
    cupy = types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=runtime))
    monkeypatch.setitem(sys.modules, "cupy", None if driver is None else cupy)
    with pytest.raises(error, match=message):
        backend("cupy")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_finite_says_where_it_is_not(like, bad):
    xp = namespace(like)
    x = np.ones((2, 3, 4))
    assert finite(xp.asarray(x), "field").shape == (2, 3, 4)
    x[1, 2, 3] = bad
    with pytest.raises(ValueError, match=r"field holds 1 non-finite number\(s\), the first at index \(1, 2, 3\)"):
        finite(xp.asarray(x), "field")


def test_threads(monkeypatch):
    monkeypatch.setattr(sys.modules["latticekit.arrays.threads"], "_threads", None)
    monkeypatch.setenv("LATTICEKIT_THREADS", "3")
    assert threads() == 3
    monkeypatch.delenv("LATTICEKIT_THREADS")
    assert threads() >= 1
    set_threads(2)
    assert threads() == 2
    with pytest.raises(ValueError, match="at least 1, got 0"):
        set_threads(0)
