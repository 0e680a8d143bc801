"""Every update passes the oracles: purity, independence of chains, strict arrays, exactness, detailed balance."""

import numpy as np
import pytest

from latticekit.actions import FreeScalar, Phi4
from latticekit.random import Key
from latticekit.testing import (
    check_chains,
    check_detailed_balance,
    check_exact,
    check_pure,
    check_strict,
    free_field_draws,
)
from tests.cases import UPDATES, field

EXACT = [name for name, case in UPDATES.items() if case.exact]
BALANCED = [name for name, case in UPDATES.items() if case.balanced]
ACTION = Phi4(0.2, 0.5)  # soft enough for the coarse steps of the cases to be accepted
SYSTEMS = {  # action, sites, chains; each start is drawn from the free field of mass^2 = 1
    "free": (FreeScalar(1.0), (4,), 2**15),
    "interacting": (ACTION, (2, 2), 2**15),
}


def start(system, **settings):
    """Action, draws of known density, and that density."""
    action, sites, chains = SYSTEMS[system]
    x, log_q = free_field_draws(sites, chains, np.zeros(0), mass_squared=1.0, key=Key(4), **settings)
    return action, x, log_q


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pure(kernels, name, dtype):
    check_pure(UPDATES[name].make(ACTION), field(4, 4, 6, dtype=dtype), Key(2, step=3))


@pytest.mark.parametrize("name", UPDATES)
def test_chains_are_independent_of_their_company(kernels, name):
    check_chains(UPDATES[name].make(ACTION), field(6, 4, 6), Key(2, step=3))


@pytest.mark.parametrize("name", UPDATES)
def test_strict_arrays(name):
    update = UPDATES[name].make(ACTION)
    check_strict(lambda x: update.step(update.init(x), Key(2, step=3)), field(3, 4, 4), tolerance=1e-12)


@pytest.mark.parametrize("name", UPDATES)
def test_numbers_depend_on_the_step_and_the_seed(kernels, name):
    update = UPDATES[name].make(ACTION)
    state = update.init(field(8, 4, 4))
    results = [update.step(state, key)[0].x for key in (Key(2), Key(3), Key(2, step=1))]
    assert not np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", EXACT)
def test_leaves_the_weight_invariant(kernels, name, system):
    action, x, log_q = start(system)
    check_exact(UPDATES[name].make(action), x, log_q, updates=2, key=Key(6))


@pytest.mark.parametrize("name", BALANCED)
def test_detailed_balance(kernels, name):
    action, x, log_q = start("interacting")
    check_detailed_balance(UPDATES[name].make(action), x, log_q, key=Key(6))


@pytest.mark.parametrize("name", UPDATES)
def test_report(kernels, name):
    """Arrays per chain or plain numbers, and the action of the new field in double precision."""
    update = UPDATES[name].make(ACTION)
    state, info = update.step(update.init(field(8, 4, 4)), Key(1))
    assert state.action.dtype == "float64"
    np.testing.assert_allclose(state.action, update.action.value(state.x), rtol=1e-12)
    assert info
    assert np.mean(info.get("acceptance_rate", 0.5)) > 0.2, "a case that refuses everything tests nothing"
    for value in info.values():
        assert isinstance(value, (bool, int, float)) or value.shape == (8,)
    assert update.parameters()["name"] == type(update).__name__
