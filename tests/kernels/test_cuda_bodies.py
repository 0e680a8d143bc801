"""The CUDA kernels' text as plain Python over an emulated grid, with the host code around it."""

import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.actions.phi4 import phi4_evolve, phi4_force, phi4_value
from latticekit.arrays import using_kernels
from latticekit.kernels.cuda import hmc, phi4, random
from latticekit.random import Key
from latticekit.updates.hmc import transition
from latticekit.updates.integrators import FORCE_GRADIENT, LEAPFROG

M2, LAM = -1.3, 0.7
KEY = Key(2**40 + 9, step=5, chain=3)
SHAPES = [(2, 5), (3, 3, 4), (1, 1, 1), (1, 2, 3, 4), (2, 2, 3, 2, 3)]


@pytest.fixture(autouse=True)
def grid(monkeypatch):
    """Every launch runs thread by thread, in a scrambled order, and is counted."""
    launches = []

    def launch(body, count, single, *args):
        launches.append(body.python.__name__)
        for i in np.random.default_rng(count).permutation(count):
            body(int(i), *args)

    for module in (phi4, random):
        monkeypatch.setattr(module, "launch", launch)
    with using_kernels("reference"):
        yield launches


def field(*shape, seed=3):
    x = np.random.default_rng(seed).normal(size=shape)
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_value_and_force(shape):
    x = field(*shape)
    np.testing.assert_allclose(phi4.value(x, M2, LAM), phi4_value(x, M2, LAM), rtol=1e-13)
    np.testing.assert_allclose(phi4.force(x, M2, LAM), phi4_force(x, M2, LAM), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("schedule", [LEAPFROG.schedule(0.1, 3), FORCE_GRADIENT.schedule(0.1, 2)], ids=["lf", "fg"])
def test_trajectory(shape, schedule, grid):
    x, p = field(*shape), field(*shape, seed=4)
    y, q = phi4.evolve(x, p, M2, LAM, schedule)
    expected = phi4_evolve(x, p, M2, LAM, schedule)
    np.testing.assert_allclose(y, expected[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose(q, expected[1], rtol=0, atol=1e-13)
    assert len(grid) == len(schedule) + 2 * np.count_nonzero(schedule[:, 2])


def test_an_empty_trajectory_returns_copies():
    x, p = field(2, 4), field(2, 4, seed=4)
    y, q = phi4.evolve(x, p, M2, LAM, np.zeros((0, 3)))
    assert not np.shares_memory(x, y)
    np.testing.assert_array_equal((y, q), (x, p))


@pytest.mark.parametrize("shape", [(1,), (5,), (2, 1), (3, 2), (2, 7), (1, 3, 3)], ids=str)
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_random_numbers(shape, kind):
    x = np.zeros(0)
    result, expected = getattr(random, kind)(x, KEY, shape), getattr(KEY, kind)(shape, x)
    if kind == "uniform":
        np.testing.assert_array_equal(result, expected)
    np.testing.assert_allclose(result, expected, rtol=1e-15, atol=4e-15)


@pytest.mark.parametrize("shape", [(6, 3, 4), (2, 2, 3, 2)], ids=str)
def test_transition(shape):
    x, action, schedule = field(*shape), Phi4(M2, LAM), LEAPFROG.schedule(0.2, 3)
    current = action.value(x)
    result, expected = hmc.transition(x, action, KEY, schedule, current), transition(x, action, KEY, schedule, current)
    for one, other in zip(result[:3], expected[:3]):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(result[3], expected[3])


def test_what_the_kernels_do_not_know_is_declined():
    x = field(2, 4, 6)
    assert phi4.value(x[:, :, ::2], M2, LAM) is NotImplemented
    assert phi4.evolve(x.astype("float16"), x, M2, LAM, LEAPFROG.schedule(0.1, 1)) is NotImplemented
    assert random.uniform(np.zeros(0, "int64"), KEY, (3,)) is NotImplemented
    assert hmc.transition(x, Phi4(M2, LAM) + Phi4(M2, LAM), KEY, None, None) is NotImplemented
