"""Fused HMC transitions of U(1): the reference's result, chain by chain, whatever the chains around it."""

import numpy as np
import pytest

from latticekit.actions import Wilson
from latticekit.actions.couplings import OpenBoundary
from latticekit.actions.gauge import gauge_value
from latticekit.arrays import using_kernels
from latticekit.groups import U1
from latticekit.kernels.cpu import hmc
from latticekit.random import Key
from latticekit.updates.hmc import transition
from latticekit.updates.integrators import LEAPFROG

ACTION, KEY = Wilson(U1(), 2.5), Key(2**40 + 9, step=5, chain=3)


def start(*shape, action=ACTION, seed=2, dtype="float64"):
    x = np.random.default_rng(seed).uniform(-np.pi, np.pi, (shape[0], len(shape) - 1, *shape[1:])).astype(dtype)
    return x, gauge_value.reference(x, action)


def agree(result, expected, atol):
    for one, other in zip(result[:3], expected[:3]):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)
    np.testing.assert_array_equal(result[3], expected[3])


@pytest.mark.parametrize("shape", [(1, 16, 16), (2, 5, 9), (130, 4, 4), (3, 4, 3, 5)], ids=str)
@pytest.mark.parametrize("action", [ACTION, Wilson(U1(), 2.5, OpenBoundary())], ids=["uniform", "open"])
def test_transitions_follow_the_reference_through_rejections(shape, action):
    x, current = start(*shape, action=action)
    schedule = LEAPFROG.schedule(0.35, 4)
    result = hmc.transition(x, action, KEY, schedule, current)
    with using_kernels("reference"):
        expected = transition(x, action, KEY, schedule, current)
    agree(result, expected, 1e-11)
    if shape[0] > 100:
        assert 0 < result[3].mean() < 1, "the case must accept and reject"
    kept = ~result[3]
    np.testing.assert_array_equal(result[0][kept], x[kept])
    np.testing.assert_array_equal(result[1][kept], current[kept])


def test_single_precision():
    x, current = start(20, 8, 8, dtype="float32")
    schedule = LEAPFROG.schedule(0.2, 4)
    result = hmc.transition(x, ACTION, KEY, schedule, current)
    with using_kernels("reference"):
        agree(result, transition(x, ACTION, KEY, schedule, current), 1e-4)
    assert result[0].dtype == np.float32


def test_a_field_that_is_not_finite_is_kept_and_reported():
    x, current = start(20, 4, 4)
    x[0, 1, 1, 2], current[0] = np.nan, 7.0
    y, action, delta, accepted = hmc.transition(x, ACTION, KEY, LEAPFROG.schedule(0.1, 3), current)
    assert not accepted[0]
    assert not np.isfinite(delta[0])
    assert action[0] == 7.0
    np.testing.assert_array_equal(y[0], x[0])
    assert np.isfinite(delta[1:]).all()


def test_energy_is_conserved_to_second_order():
    x, current = start(64, 8, 8)
    errors = [
        np.abs(hmc.transition(x, ACTION, KEY, LEAPFROG.schedule(1.0 / n, n), current)[2]).mean() for n in (20, 40, 80)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


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
    assert hmc.transition(x[:, :, ::2], ACTION, KEY, schedule, current) is NotImplemented
    assert hmc.transition(x, ACTION, KEY, schedule, current.astype("float32")) is NotImplemented
    assert hmc.transition(x, ACTION, KEY, schedule, current[:1]) is NotImplemented
    assert hmc.transition(x, ACTION, Key(1, chain=2**24 - 1), schedule, current) is NotImplemented
