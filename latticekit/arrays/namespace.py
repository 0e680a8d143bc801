"""The array library behind an array."""

from __future__ import annotations

import importlib
from typing import Any

import array_api_compat
import numpy as np

Array = Any  # an array of any Array-API library

_BACKENDS = {"numpy": "array_api_compat.numpy", "cupy": "array_api_compat.cupy", "array_api_strict": "array_api_strict"}
_CUPY_MISSING = 'CuPy is not installed. For NVIDIA GPUs: pip install "latticekit[cuda13]" (or [cuda12]).'
_NO_DRIVER = (
    "CuPy is installed, but no NVIDIA driver or GPU is usable (driver version {driver}). NumPy arrays run without one; "
    "on a cluster check that the job has a GPU (nvidia-smi)."
)
_OLD_DRIVER = (
    "The NVIDIA driver supports CUDA {driver}.x, this CuPy needs {runtime}: update the driver or install "
    '"latticekit[cuda{driver}]".'
)


def namespace(*arrays: Array) -> Any:
    """The Array-API namespace that the arrays share."""
    return array_api_compat.array_namespace(*arrays)


def library(x: Array) -> str:
    """Name of the library an array belongs to: "numpy", "cupy", "array_api_strict", ..."""
    return "numpy" if type(x) is np.ndarray else type(x).__module__.partition(".")[0]


def to_host(x: Array) -> np.ndarray:
    """Explicit copy of a device array to NumPy; NumPy arrays and numbers pass through."""
    return x.get() if library(x) == "cupy" else np.asarray(x)


def backend(name: str) -> Any:
    """Array-API namespace by name ("numpy", "cupy", "array_api_strict"), ready to allocate."""
    if name not in _BACKENDS:
        raise ValueError(f"unknown backend {name!r}: choose one of {', '.join(map(repr, _BACKENDS))}")
    if name == "cupy":
        _check_cupy()
    try:
        return importlib.import_module(_BACKENDS[name])
    except ImportError as error:
        raise ImportError(f"backend {name!r} is not installed: pip install {name.replace('_', '-')}") from error


def _check_cupy() -> None:
    try:
        runtime = importlib.import_module("cupy").cuda.runtime
    except ImportError as error:
        raise ImportError(_CUPY_MISSING) from error
    driver = runtime.driverGetVersion()
    if driver == 0:
        raise RuntimeError(_NO_DRIVER.format(driver=driver))
    if driver // 1000 < runtime.runtimeGetVersion() // 1000:
        raise RuntimeError(_OLD_DRIVER.format(driver=driver // 1000, runtime=runtime.runtimeGetVersion() // 1000))


def finite(x: Array, what: str) -> Array:
    """x itself, after checking that every number in it is finite; raises ValueError saying where it is not."""
    xp = namespace(x)
    bad = xp.logical_not(xp.isfinite(x))
    if bool(xp.any(bad)):
        where = tuple(int(i) for i in np.argwhere(to_host(bad))[0])
        count = int(xp.sum(xp.astype(bad, xp.int64)))
        raise ValueError(f"{what} holds {count} non-finite number(s), the first at index {where}: replace them first")
    return x
