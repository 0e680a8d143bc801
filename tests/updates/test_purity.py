"""What every update keeps: purity, independence of chains, dtypes, the same result on another array library."""

import array_api_strict as strict
import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.random import Key
from latticekit.updates import MALA, Cluster, Heatbath, Langevin, Metropolis, Overrelaxation, Repeat, Sequence

ACTION, DOUBLE_WELL = Phi4(-1.0, 1.0), Phi4(-9.0, 1.5)
UPDATES = {
    "metropolis": Metropolis(ACTION, 0.5, hits=2),
    "heatbath": Heatbath(ACTION),
    "heatbath, double well": Heatbath(DOUBLE_WELL),
    "heatbath, free": Heatbath(Phi4(1.0, 0.0)),
    "overrelaxation": Overrelaxation(ACTION),
    "euler": Langevin(ACTION, 0.01),
    "heun": Langevin(ACTION, 0.01, "heun"),
    "mala": MALA(ACTION, 0.02),
    "swendsen_wang": Cluster(ACTION),
    "wolff": Cluster(ACTION, "wolff"),
    "sequence": Sequence([Repeat(Overrelaxation(ACTION), 2), Cluster(ACTION), Metropolis(ACTION)]),
}


@pytest.fixture(params=UPDATES)
def update(request, reference):
    return UPDATES[request.param]


@pytest.fixture
def x():
    return 0.6 * np.random.default_rng(7).normal(size=(5, 4, 6))


def steps(update, x, chain=0, n=3):
    """State and info after n steps, chains numbered from `chain`."""
    state = update.init(x)
    for i in range(n):
        state, info = update.step(state, Key(3, chain=chain).at(i))
    return state, info


def test_equal_input_gives_equal_output_and_stays_as_it_was(update, x):
    before = x.copy()
    x.flags.writeable = False
    one, other = steps(update, x), steps(update, x)
    np.testing.assert_array_equal(one[0].x, other[0].x)
    np.testing.assert_array_equal(x, before)
    assert not np.array_equal(one[0].x, x)


def test_chains_do_not_know_of_each_other(update, x):
    all_chains, info = steps(update, x)
    some, some_info = steps(update, x[2:], chain=2)
    np.testing.assert_array_equal(all_chains.x[2:], some.x)
    for name, value in info.items():
        if np.ndim(value):
            assert value.shape == (5,)
            np.testing.assert_array_equal(value[2:], some_info[name])


def test_the_state_knows_its_action(update, x):
    state, _ = steps(update, x)
    np.testing.assert_allclose(state.action, update.action.value(state.x), rtol=1e-12)


def test_float32_stays_float32(update, x):
    state, _ = steps(update, x.astype(np.float32))
    assert state.x.dtype == np.float32
    assert state.action.dtype == np.float64


def test_strict_arrays_give_the_same(update, x):
    expected, expected_info = steps(update, x)
    state, info = steps(update, strict.asarray(x))
    np.testing.assert_allclose(np.asarray(state.x), expected.x, rtol=1e-11, atol=1e-12)
    assert set(info) == set(expected_info)
    for name, value in info.items():
        np.testing.assert_allclose(np.asarray(value), expected_info[name], rtol=1e-9, atol=1e-10)
