"""The CUDA kernels of gauge links as plain Python over an emulated grid, with the host code around them."""

import numpy as np
import pytest

from latticekit.actions import GaugeAction, Wilson
from latticekit.actions.couplings import Defect, OpenBoundary
from latticekit.actions.gauge import gauge_evolve, gauge_force, gauge_value
from latticekit.arrays import using_kernels
from latticekit.fields.plaquettes import plane_averages
from latticekit.groups import SU, U1
from latticekit.groups.sun import su_project, su_translate
from latticekit.kernels.cuda import gauge, gauge_local, hmc, phi4, random
from latticekit.kernels.site.primitives import sqrt
from latticekit.random import Key
from latticekit.updates.hmc import transition
from latticekit.updates.integrators import FORCE_GRADIENT, LEAPFROG
from latticekit.updates.links_heatbath import link_heatbath
from latticekit.updates.links_metropolis import link_metropolis
from latticekit.updates.links_overrelaxation import link_overrelaxation

KEY = Key(2**40 + 9, step=5, chain=3)
U1_CASES = [(U1(), (2, 3)), (U1(), (1, 4)), (U1(), (2, 3, 2)), (U1(), (2, 1, 2, 3))]
SU_CASES = [(SU(2), (2, 3)), (SU(3), (3, 2)), (SU(2), (2, 1, 2)), (SU(4), (1, 2)), (SU(3), (1, 2, 1, 2))]
EVEN = [(U1(), (4, 2)), (U1(), (2, 2, 4)), (SU(2), (2, 4)), (SU(3), (2, 2)), (SU(4), (2, 2)), (SU(2), (2, 2, 2, 2))]


@pytest.fixture(autouse=True)
def grid(monkeypatch):
    """Every launch runs thread by thread, in a scrambled order, and is counted."""
    launches = []

    def launch(body, count, single, *args):
        launches.append(body.python.__name__)
        for i in np.random.default_rng(count).permutation(count):
            body(int(i), *args)

    for module in (gauge, gauge_local, phi4, random):
        monkeypatch.setattr(module, "launch", launch)
    monkeypatch.setattr(sqrt, "python", lambda x: np.sqrt(np.float64(x)))  # 1/0 is infinite on a GPU, and not used
    with using_kernels("reference"), np.errstate(divide="ignore", invalid="ignore"):
        yield launches


def links(group, sites, chains=2):
    x = group.random(Key(3).fold("start"), group.shape(chains, sites), np.zeros(0))
    x.flags.writeable = False
    return x


def momenta(group, x):
    return group.random_algebra(Key(4).fold("momentum"), x)


def close(result, expected, atol, group):
    """Links compared as matrices: an angle of pi may be one of -pi."""
    np.testing.assert_allclose(group.matrices(result), group.matrices(expected), rtol=0, atol=atol)


@pytest.mark.parametrize(("group", "sites"), U1_CASES + SU_CASES, ids=str)
@pytest.mark.parametrize("weights", [None, OpenBoundary(), Defect(0.3, 1)], ids=["uniform", "open", "defect"])
def test_value_force_and_averages(group, sites, weights):
    action, x = Wilson(group, 2.3, weights) if weights else Wilson(group, 2.3), links(group, sites)
    np.testing.assert_allclose(gauge.value(x, action), gauge_value(x, action), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(gauge.force(x, action), gauge_force(x, action), rtol=0, atol=1e-14)
    np.testing.assert_allclose(gauge.plane_averages(x), plane_averages(x), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("group", "sites"), U1_CASES + SU_CASES, ids=str)
@pytest.mark.parametrize("schedule", [LEAPFROG.schedule(0.1, 2), FORCE_GRADIENT.schedule(0.2, 1)], ids=["lf", "fg"])
def test_trajectory(group, sites, schedule, grid):
    action, x = Wilson(group, 2.3, OpenBoundary()), links(group, sites)
    p = momenta(group, x)
    kept = x.copy(), p.copy()
    y, q = gauge.evolve(x, p, action, schedule)
    expected = gauge_evolve(x, p, action, schedule)
    close(y, expected[0], 1e-13, group)
    np.testing.assert_allclose(q, expected[1], rtol=0, atol=1e-13)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(p, kept[1])
    if group == U1():
        assert len(grid) == len(schedule) + 2 * np.count_nonzero(schedule[:, 2]) + 1


@pytest.mark.parametrize("group", [SU(2), SU(3), SU(4)], ids=str)
def test_large_steps_and_projection(group):
    x = links(group, (2, 2))
    v = 9.0 * momenta(group, x)
    close(gauge.translate(x, v, group), su_translate(x, v, group), 1e-13, group)
    near, far = x * (1.0 + 1e-3j) + 1e-4, 30.0 * x + 1.0
    for field in (x, near, far):
        close(gauge.project(field), su_project(field), 1e-14, group)


@pytest.mark.parametrize(("group", "sites"), EVEN, ids=str)
@pytest.mark.parametrize("beta", [0.4, 3.0, 60.0])
def test_heatbath(group, sites, beta):
    action, x = Wilson(group, beta, OpenBoundary()), links(group, sites)
    result, expected = gauge_local.heatbath(x, action, KEY, 3), link_heatbath(x, action, KEY, 3)
    close(result[0], expected[0], 1e-11, group)
    np.testing.assert_array_equal(result[1], expected[1])
    np.testing.assert_array_equal(result[2], expected[2])
    assert result[1].sum() > x[:, :, 0, 0].size if group != U1() else True


@pytest.mark.parametrize(("group", "sites"), EVEN, ids=str)
def test_overrelaxation(group, sites):
    action, x = Wilson(group, 2.0, Defect(0.4, 1)), links(group, sites)
    result = gauge_local.overrelaxation(x, action)
    close(result, link_overrelaxation(x, action), 1e-12, group)
    np.testing.assert_allclose(gauge_value(result, action), gauge_value(x, action), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("group", "sites"), EVEN, ids=str)
@pytest.mark.parametrize("hits", [1, 4])
def test_metropolis(group, sites, hits):
    action, x = Wilson(group, 2.0), links(group, sites)
    result, expected = (f(x, action, KEY, 0.6, hits) for f in (gauge_local.metropolis, link_metropolis))
    close(result[0], expected[0], 1e-12, group)
    np.testing.assert_array_equal(result[1], expected[1])
    assert result[1].min() > 0


@pytest.mark.parametrize(("group", "sites"), [(U1(), (3, 4)), (SU(3), (2, 2))], ids=str)
def test_transition(group, sites):
    action, x, schedule = Wilson(group, 6.0), links(group, sites, chains=6), LEAPFROG.schedule(0.3, 2)
    current = gauge_value(x, action)
    result, expected = (f(x, action, KEY, schedule, current) for f in (hmc.transition, transition))
    close(result[0], expected[0], 1e-12, group)
    for one, other in zip(result[1:3], expected[1:3]):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(result[3], expected[3])


def test_what_the_kernels_do_not_know_is_declined():
    x, schedule = links(SU(2), (2, 3)), LEAPFROG.schedule(0.1, 1)
    action, p = Wilson(SU(2), 1.0), momenta(SU(2), x)
    for other in (Wilson(SU(3), 1.0), GaugeAction(SU(2), 1.0, c1=-0.1), action + action):
        assert gauge.value(x, other) is NotImplemented
        assert gauge.force(x, other) is NotImplemented
        assert gauge.evolve(x, p, other, schedule) is NotImplemented
    assert gauge.evolve(x, p.astype("float32"), action, schedule) is NotImplemented
    assert gauge.evolve(x, p[:, :, :2], action, schedule) is NotImplemented
    assert gauge.value(x[:, :, :, :, :, ::2], action) is NotImplemented
    assert gauge.value(links(SU(5), (2, 2)), Wilson(SU(5), 1.0)) is NotImplemented
    assert gauge.value(links(U1(), (1, 2, 1, 2, 1)), Wilson(U1(), 1.0)) is NotImplemented
    assert gauge_local.heatbath(x, action, KEY, 4) is NotImplemented, "odd extents have no two colours"
    assert gauge_local.overrelaxation(links(SU(2), (2, 2)), GaugeAction(SU(2), 1.0, c1=0.1)) is NotImplemented
    assert (
        gauge_local.metropolis(links(U1(), (2, 2)), Wilson(U1(), 1.0), Key(1, chain=2**24 - 1), 0.1, 1)
        is NotImplemented
    )
