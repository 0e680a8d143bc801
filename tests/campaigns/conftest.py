"""Fixtures of the campaigns."""

import pytest

import latticekit as lk
from latticekit.arrays import threads


@pytest.fixture(autouse=True)
def one_thread():
    """Times are then those of a core, and small lattices gain nothing from threads."""
    before = threads()
    lk.set_threads(1)
    yield
    lk.set_threads(before)
