"""Sweeps of links in kernels, beside `test_parity`: what they conserve, and what they do not depend on."""

import numpy as np
import pytest

import latticekit as lk
from latticekit.arrays import threads
from latticekit.estimators import gamma_method
from latticekit.kernels.cpu import gauge_local, gauge_local_plan
from latticekit.kernels.cpu.links import layout
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


@pytest.mark.parametrize(
    ("group", "chains", "sites"),
    [(lk.U1(), 1, (16, 32)), (lk.SU(2), 1, (8, 4, 16)), (lk.SU(3), 1, (8, 4, 4, 4)), (lk.SU(3), 3, (2, 2, 4, 4))],
    ids=str,
)
@pytest.mark.parametrize("count", [1, 2])
def test_waves_through_the_lattice_give_the_same_bits(monkeypatch, restore_threads, group, chains, sites, count):
    action, key = lk.Wilson(group, 2.0 * group.n, lk.Anisotropic(1.5)), Key(5, step=2)
    u = lk.hot(group, sites, chains)
    lk.set_threads(1)
    gauge_local_plan.plan.cache_clear()
    expected = (*link_heatbath(u, action, key, 64), link_overrelaxation(u, action))
    monkeypatch.setattr(gauge_local_plan, "CACHE", 0)
    monkeypatch.setattr(gauge_local_plan, "CHUNK", 1)
    monkeypatch.setattr(gauge_local, "CHUNK", 1)
    gauge_local_plan.plan.cache_clear()
    lk.set_threads(count)
    found = (*link_heatbath(u, action, key, 64), link_overrelaxation(u, action))
    gauge_local_plan.plan.cache_clear()
    for one, two in zip(expected, found):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("sites", [(4, 6), (8, 8), (2, 4, 6, 8), (16, 16, 16, 16)])
@pytest.mark.parametrize("threads", [1, 2])
def test_plans_visit_neighbours_in_time(sites, threads):
    """Every phase finds slices t - 1, t and t + 1 after the phase before it and before the one after it."""
    one = layout(1, sites, 8, 2)
    tasks, steps = gauge_local_plan.plan(one, 1 << 40, threads)
    slices, site, half = one.outer[0], one.volume // one.outer[0], one.volume // 2
    done = np.zeros(one.volume, int)  # phases that outer sites, in pairs of one of each parity, have gone through
    for kind, start, stop in tasks.reshape(-1, 3):
        phase = 0 if kind < 0 else 2 * one.dim + 1 if kind == one.dim else 1 + 2 * kind + start // half
        first, last = (start, stop) if phase in (0, 2 * one.dim + 1) else (start % half * 2, (stop - 1) % half * 2 + 2)
        near = np.arange(first // site - 1, -(-last // site) + 1) % slices
        if 0 < phase <= 2 * one.dim and threads == 1:
            assert set(done.reshape(slices, site)[near].reshape(-1)) <= {phase, phase + 1}
        assert set(done[first:last]) == {phase}
        done[first:last] += 1
    assert set(done) == {2 * one.dim + 2}
    assert steps[-1] == len(tasks) // 3


def test_plaquette_of_su2_on_a_torus():
    """Exact value 0.4331 at beta = 2 within 4 s.e. (a false alarm in 16000); 1 % would be 6 s.e."""
    action = lk.Wilson(lk.SU(2), 2.0)
    tree = lk.sample(lk.Heatbath(action), (8, 8), chains=64, draws=100, warmup=20, seed=4, observables=["plaquette"])
    found = gamma_method(tree["posterior"]["plaquette"].values)
    exact = action.exact((8, 8))["plaquette"]
    assert abs(float(found.pull(exact))) < 4
    assert 6 * float(found.error) < 0.01 * exact
