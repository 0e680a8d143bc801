"""Fixtures of all tests."""

import os

os.environ.setdefault("LATTICEKIT_THREADS", "1")

import pytest

from latticekit.arrays import using_kernels


@pytest.fixture(params=["reference", "fast"])
def kernels(request):
    """Run a test with the references alone, then with the kernels."""
    with using_kernels(request.param):
        yield request.param


@pytest.fixture
def reference():
    """Run a test with the references alone."""
    with using_kernels("reference"):
        yield


@pytest.fixture(params=["numpy", "array_api_strict"])
def like(request):
    """An empty float64 array of each library that references must run on."""
    from latticekit.arrays import backend

    xp = backend(request.param)
    return xp.zeros((0,), dtype=xp.float64)
