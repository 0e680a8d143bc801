"""Fused HMC transitions: the reference's result, chain by chain, whatever the chains around it."""

import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.actions.phi4 import phi4_value
from latticekit.arrays import using_kernels
from latticekit.kernels.cpu import hmc
from latticekit.random import Key
from latticekit.updates.hmc import transition
from latticekit.updates.integrators import LEAPFROG

ACTION, KEY = Phi4(-1.0, 0.8), Key(2**40 + 9, step=5, chain=3)


def start(*shape, seed=2):
    x = np.random.default_rng(seed).normal(size=shape)
    return x, phi4_value.reference(x, ACTION.mass_squared, ACTION.coupling)


def agree(result, expected, atol):
    for one, other in zip(result[:3], expected[:3]):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)
    np.testing.assert_array_equal(result[3], expected[3])


@pytest.mark.parametrize("shape", [(1, 16, 16), (2, 5, 9), (130, 4, 4), (19, 3, 5)], ids=str)
def test_both_layouts_follow_the_reference_through_rejections(shape):
    x, current = start(*shape)
    schedule = LEAPFROG.schedule(0.2, 4)
    result = hmc.transition(x, ACTION, KEY, schedule, current)
    with using_kernels("reference"):
        expected = transition(x, ACTION, KEY, schedule, current)
    agree(result, expected, 1e-11)
    if shape[0] > 100:
        assert 0 < result[3].mean() < 1, "the case must accept and reject"
    kept = ~result[3]
    np.testing.assert_array_equal(result[0][kept], x[kept])
    np.testing.assert_array_equal(result[1][kept], current[kept])


@pytest.mark.parametrize("shape", [(1, 16, 16), (20, 4, 4)], ids=str)
def test_a_field_that_is_not_finite_is_kept_and_reported(shape):
    x, current = start(*shape)
    x[0, 1, 2], current[0] = np.nan, 7.0
    y, action, delta, accepted = hmc.transition(x, ACTION, KEY, LEAPFROG.schedule(0.1, 3), current)
    assert not accepted[0]
    assert not np.isfinite(delta[0])
    assert action[0] == 7.0
    np.testing.assert_array_equal(y[0], x[0])
    assert np.isfinite(delta[1:]).all()


def test_a_diverging_trajectory_is_refused():
    x, current = start(3, 8, 8)
    y, action, _, accepted = hmc.transition(x, ACTION, KEY, LEAPFROG.schedule(5.0, 30), current)
    assert not accepted.any()
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(action, current)


def test_a_chain_does_not_depend_on_its_neighbours():
    """Chain 5 alone, with its own number, is chain 5 among 16: same numbers, equal to rounding."""
    x, current = start(16, 8, 8)
    schedule = LEAPFROG.schedule(0.1, 4)
    together = hmc.transition(x, ACTION, KEY, schedule, current)
    alone = hmc.transition(x[5:6], ACTION, Key(KEY.seed, step=5, chain=8), schedule, current[5:6])
    agree(alone, tuple(part[5:6] for part in together), 1e-12)


def test_inputs_stay_untouched_and_may_be_read_only():
    x, current = start(4, 8, 8)
    before = x.copy()
    x.flags.writeable = current.flags.writeable = False
    hmc.transition(x, ACTION, KEY, LEAPFROG.schedule(0.1, 2), current)
    np.testing.assert_array_equal(x, before)


def test_other_actions_and_arguments_are_declined():
    x, current = start(2, 4, 4)
    schedule = LEAPFROG.schedule(0.1, 1)
    assert hmc.transition(x, ACTION + ACTION, KEY, schedule, current) is NotImplemented
    assert hmc.transition(x, ACTION, KEY, schedule, current.astype("float32")) is NotImplemented
    assert hmc.transition(x, ACTION, KEY, schedule, current[:1]) is NotImplemented
    assert hmc.transition(x, ACTION, Key(1, chain=2**24 - 1), schedule, current) is NotImplemented
