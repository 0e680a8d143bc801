"""The oracles of updates pass what is right and catch faults of 1 %."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from latticekit.actions import FreeScalar, Phi4
from latticekit.random import Key
from latticekit.testing import (
    check_chains,
    check_detailed_balance,
    check_exact,
    check_pure,
    free_field_draws,
    normal_draws,
)
from latticekit.updates import HMC, LEAPFROG, State
from latticekit.updates.acceptance import metropolis_test, select
from tests.cases import field
from tests.testing.objects import Faulty

pytestmark = pytest.mark.usefixtures("reference")
DOUBLE = np.zeros(0)
FREE = FreeScalar(1.0)


@dataclass(frozen=True)
class Shaken(HMC):
    """Leapfrog HMC written out, with a place for each fault."""

    fault: str = ""
    size: float = 0.01

    def step(self, state, key):
        off = {self.fault: 1 + self.size}
        action, group, x = self.action, self.action.group, state.x
        p = group.random_algebra(key.fold("momentum"), x) * off.get("momenta", 1.0)
        y, q = action.evolve(x, p, LEAPFROG.schedule(self.trajectory_length / self.steps, self.steps))
        y, q = y * off.get("log_det", 1.0), q * off.get("friction", 1.0)
        kinetic = 0.5 * off.get("kinetic", 1.0) * (group.inner(q, q) - group.inner(p, p))
        delta_h = (action.value(y) - state.action) * off.get("action", 1.0) + kinetic
        accepted = metropolis_test(delta_h, key)
        new = select(accepted, y, x)
        return State(new, action.value(new) * off.get("record", 1.0)), {}


@pytest.fixture(scope="module")
def draws():
    """2^18 exact draws of the free field on 8 sites: 5 sigma for 1 % and a margin."""
    from latticekit.arrays import using_kernels

    with using_kernels("reference"):
        return free_field_draws((8,), 2**18, DOUBLE, mass_squared=1.0, key=Key(5))


def test_draws_have_the_density_they_say():
    """Normalised: <exp(-S) / q> = Z, the exact partition function; exact draws have a constant weight."""
    x, log_q = free_field_draws((4, 2), 200, DOUBLE, mass_squared=0.3)
    log_weight = -FreeScalar(0.3).value(x) - log_q
    khat2 = [
        4 * math.sin(math.pi * a / 4) ** 2 + 4 * math.sin(math.pi * b / 2) ** 2 for a in range(4) for b in range(2)
    ]
    log_z = sum(0.5 * math.log(math.pi / (k + 0.3)) for k in khat2)
    np.testing.assert_allclose(log_weight, log_z, rtol=1e-12)
    x, log_q = normal_draws((1,), 2**14, DOUBLE, scale=0.7)
    weight = np.exp(-np.sum(x**2, axis=1) - log_q)
    assert abs(np.mean(weight) - math.sqrt(math.pi)) < 4 * np.std(weight) / 2**7


def test_right_updates_pass(draws):
    update = Shaken(FREE, steps=3)
    assert check_exact(update, *draws, updates=2) < 4
    assert check_detailed_balance(update, *draws) < 4


@pytest.mark.parametrize("fault", ["momenta", "friction", "log_det"])
def test_a_fault_of_one_percent_is_caught(draws, fault):
    update = Shaken(FREE, steps=3, fault=fault)
    with pytest.raises(AssertionError, match="leaves exp"):
        check_exact(update, *draws, updates=3)
    with pytest.raises(AssertionError, match="detailed balance"):
        check_detailed_balance(update, *draws)


@pytest.mark.parametrize("fault", ["kinetic", "action"])
def test_a_fault_of_two_percent_in_the_accept_test_is_caught(draws, fault):
    """Accepting corrects only what a coarse step does wrong, so its faults show less; `test_hmc.py` sees any."""
    with pytest.raises(AssertionError, match="leaves exp"):
        check_exact(Shaken(FREE, steps=2, fault=fault, size=0.02), *draws, updates=3)


class Renamed:
    """Runs an update of one action under the name of another."""

    def __init__(self, update, action):
        self.update, self.action = update, action

    def init(self, x):
        return State(x, self.action.value(x))

    def step(self, state, key):
        new, info = self.update.step(self.update.init(state.x), key)
        return State(new.x, self.action.value(new.x)), info


def test_sampling_an_action_that_is_larger_by_one_percent_is_caught(draws):
    larger = Faulty(FREE, value=lambda s, x: 1.01 * s, force=lambda f, x: 1.01 * f)
    check_exact(Renamed(HMC(FREE, steps=4), FREE), *draws, updates=3)
    with pytest.raises(AssertionError, match="leaves exp"):
        check_exact(Renamed(HMC(larger, steps=4), FREE), *draws, updates=3)


def test_a_record_of_the_action_that_is_off_is_caught():
    x, log_q = free_field_draws((4,), 100, DOUBLE, mass_squared=1.0)
    with pytest.raises(AssertionError, match=r"state\.action against the action of state\.x"):
        check_exact(Shaken(FREE, steps=2, fault="record"), x, log_q)


def test_false_alarms_are_rare():
    """60 seeds of a right update, 12 pulls each: the largest of 720 stays below 4.5 (false alarm 5e-3)."""
    action = Phi4(-1.0, 2.0)
    update = HMC(action, steps=3)
    for seed in range(60):
        x, log_q = normal_draws((2,), 2**12, DOUBLE, scale=0.7, key=Key(seed))
        check_exact(update, x, log_q, updates=2, key=Key(seed))
        check_detailed_balance(update, x, log_q, key=Key(seed))


class Forgetful(HMC):
    """Impure in one of four ways."""

    way = ""

    def step(self, state, key):
        if self.way == "counts":
            object.__setattr__(self, "calls", getattr(self, "calls", 0) + 1)
            key = key.at(self.calls)
        new, info = super().step(state, key)
        if self.way == "mutates":
            state.x[...] = new.x
        if self.way == "views":
            new = new._replace(x=state.x[:, ::1])
        if self.way == "mixes chains":
            new = new._replace(x=new.x + 1e-9 * np.mean(new.x))
        if self.way == "ignores key.chain":
            new, info = super().step(state, Key(key.seed, key.step))
        return new, info


def forgetful(way):
    update = Forgetful(Phi4(0.2, 0.5), steps=3)
    object.__setattr__(update, "way", way)
    return update


@pytest.mark.parametrize(
    ("way", "error", "message"),
    [
        ("counts", AssertionError, "must not remember"),
        ("mutates", ValueError, "read-only"),
        ("views", AssertionError, "is a view of the given state"),
    ],
)
def test_impure_updates_are_caught(way, error, message):
    check_pure(forgetful(""), field(4, 4, 4))
    with pytest.raises(error, match=message):
        check_pure(forgetful(way), field(4, 4, 4))


@pytest.mark.parametrize("way", ["mixes chains", "ignores key.chain"])
def test_chains_that_know_their_company_are_caught(way):
    check_chains(forgetful(""), field(4, 4, 4))
    with pytest.raises(AssertionError, match="together and apart"):
        check_chains(forgetful(way), field(4, 4, 4))
    with pytest.raises(ValueError, match="at least two chains"):
        check_chains(forgetful(""), field(1, 4, 4))
