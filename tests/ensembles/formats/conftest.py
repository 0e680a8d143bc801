"""Files are checked with the references: nothing need be compiled for a plaquette of a few sites."""

import pytest

from latticekit.arrays import using_kernels


@pytest.fixture(autouse=True)
def without_kernels():
    """Run a test with the references alone."""
    with using_kernels("reference"):
        yield
