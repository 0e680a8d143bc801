"""`latticekit info`: what this machine offers."""

from __future__ import annotations

import importlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from latticekit import __version__
from latticekit.cli.terminal import say

_REQUIRED = ("numpy", "numba", "scipy", "xarray", "zarr")
_OPTIONAL = {"matplotlib": "plot", "h5netcdf": "netcdf", "pyerrors": "analysis", "arviz-stats": "analysis"}


def info() -> None:
    """Show versions, backends, devices, threads and the kernel cache."""
    from latticekit.arrays import threads

    rows = [
        ("latticekit", f"{__version__}, {Path(__file__).parents[1]}"),
        ("python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        *((name, _version(name) or "missing") for name in _REQUIRED),
        *((name, _version(name) or f'not installed: pip install "latticekit[{e}]"') for name, e in _OPTIONAL.items()),
        ("backend numpy", f"{threads()} threads (LATTICEKIT_THREADS), {os.cpu_count()} processors"),
        ("backend cupy", _cupy()),
        ("kernel cache", _cache()),
    ]
    width = max(len(name) for name, _ in rows)
    say("\n".join(f"{name:<{width}}  {text}" for name, text in rows))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cupy() -> str:
    """The GPUs, or why there is none."""
    from latticekit.arrays import backend

    try:
        backend("cupy")
        cupy = importlib.import_module("cupy")
        runtime = cupy.cuda.runtime
        devices = [runtime.getDeviceProperties(i) for i in range(runtime.getDeviceCount())]
        names = [f"{d['name'].decode()} ({d['totalGlobalMem'] / 2**30:.0f} GiB)" for d in devices]
        return f"cupy {cupy.__version__}: {', '.join(names) or 'no device'}"
    except Exception as error:  # whatever a driver may say, `info` reports it and goes on
        return f"not usable: {error}"


def _cache() -> str:
    """Where Numba keeps compiled kernels, and how many."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    where = Path(chosen) if chosen else Path(__file__).parents[1] / "kernels"
    files = [*where.rglob("*.nbc")]
    size = sum(f.stat().st_size for f in files) / 2**20
    return f"{len(files)} compiled kernels, {size:.1f} MiB, in {where}"
