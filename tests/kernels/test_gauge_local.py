"""Sweeps of links in kernels, beside `test_parity`: what they conserve, and what they do not depend on."""

import numpy as np
import pytest

import latticekit as lk
from latticekit.arrays import threads
from latticekit.estimators import gamma_method
from latticekit.random import Key
from latticekit.updates.links_heatbath import link_heatbath
from latticekit.updates.links_overrelaxation import link_overrelaxation


@pytest.fixture
def restore_threads():
    """Leave the setting as it was."""
    before = threads()
    yield
    lk.set_threads(before)


@pytest.mark.parametrize(("n", "sites"), [(2, (8, 8)), (3, (4, 4, 4, 4)), (3, (8, 6))])
@pytest.mark.parametrize("weights", [lk.actions.Uniform(), lk.OpenBoundary(), lk.Anisotropic(2.0)], ids=str)
def test_overrelaxation_conserves_the_action(n, sites, weights):
    action = lk.Wilson(lk.SU(n), 2.0 * n, weights)
    u = lk.hot(action.group, sites, 3)
    moved = link_overrelaxation(u, action)
    np.testing.assert_allclose(action.value(moved), action.value(u), rtol=1e-12, atol=1e-10)
    assert np.max(action.group.defect(moved)) < 1e-14
    assert np.max(np.abs(moved - u)) > 0.1


@pytest.mark.parametrize("chains", [1, 5, 17])
def test_same_bits_for_any_number_of_threads(restore_threads, chains):
    action, key = lk.Wilson(lk.SU(3), 6.0), Key(3, step=1)
    u = lk.hot(action.group, (8, 8, 4, 4), chains)
    found = []
    for count in (1, 2):
        lk.set_threads(count)
        found.append((*link_heatbath(u, action, key, 64), link_overrelaxation(u, action)))
    for one, two in zip(*found):
        np.testing.assert_array_equal(one, two)


def test_plaquette_of_su2_on_a_torus():
    """Exact value 0.4331 at beta = 2 within 4 s.e. (a false alarm in 16000); 1 % would be 6 s.e."""
    action = lk.Wilson(lk.SU(2), 2.0)
    tree = lk.sample(lk.Heatbath(action), (8, 8), chains=64, draws=100, warmup=20, seed=4, observables=["plaquette"])
    found = gamma_method(tree["posterior"]["plaquette"].values)
    exact = action.exact((8, 8))["plaquette"]
    assert abs(float(found.pull(exact))) < 4
    assert 6 * float(found.error) < 0.01 * exact
