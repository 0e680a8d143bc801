"""Gauge actions: the sum over loops written out, couplings per plaquette, improvement, errors."""

import itertools
import json
import math

import numpy as np
import pytest

from latticekit.actions import (
    DBW2,
    Anisotropic,
    Defect,
    GaugeAction,
    Iwasaki,
    LuscherWeisz,
    OpenBoundary,
    Phi4,
    Schroedinger,
    Smeared,
    Uniform,
    Wilson,
    action_from,
)
from latticekit.fields import plane_averages, planes, plaquette_path, rectangle_path
from latticekit.groups import SU, U1, Real
from latticekit.testing import check_force
from tests.fields.test_loops import by_hand
from tests.links import haar
from tests.testing.objects import Faulty

WEIGHTS = [Uniform(), Anisotropic(1.7), OpenBoundary(), OpenBoundary(1, edge=1.0), Defect(0.3, 2), Defect(0.0, 1, 1, 0)]
WEIGHTS += [Schroedinger(0.8), Schroedinger(1.2, axis=1, edge=0.0)]
SYSTEMS = [(U1(), (3, 4)), (SU(2), (3, 2, 4)), (SU(3), (2, 4)), (SU(4), (3, 3))]


def loop_by_loop(action, x):
    """S of each chain, one loop after the other."""
    u = action.group.matrices(x)
    sites, n = u.shape[4:], u.shape[2]
    dim, w = len(sites), np.broadcast_to(action.weights.on(sites), (len(planes(len(sites))), *sites))
    total = np.zeros(x.shape[0])
    for chain, (p, (mu, nu)), x0 in itertools.product(range(x.shape[0]), enumerate(planes(dim)), np.ndindex(sites)):
        beside = {axis: tuple((c + (d == axis)) % sites[d] for d, c in enumerate(x0)) for axis in (mu, nu)}
        beta = action.beta * w[p][x0]
        total[chain] -= beta * (1 - 8 * action.c1) / n * np.trace(by_hand(u, plaquette_path(mu, nu), chain, x0)[0]).real
        for axis, path in ((mu, rectangle_path(mu, nu, 2, 1)), (nu, rectangle_path(mu, nu, 1, 2))):
            pair = action.beta * math.sqrt(w[p][x0] * w[p][beside[axis]])
            total[chain] -= pair * action.c1 / n * np.trace(by_hand(u, path, chain, x0)[0]).real
    return total


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize("c1", [0.0, -1 / 12])
@pytest.mark.parametrize(("group", "sites"), SYSTEMS, ids=str)
def test_value_is_the_sum_over_loops(kernels, group, sites, c1, weights):
    x, action = haar(group, 2, sites), GaugeAction(group, 2.3, c1, weights)
    np.testing.assert_allclose(action.value(x), loop_by_loop(action, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("c1", [0.0, -1 / 12])
@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize(
    ("group", "sites"), [*SYSTEMS, (U1(), (2, 3, 4)), (SU(3), (2, 3, 2, 2)), (SU(2), (1, 4, 2))], ids=str
)
def test_force(reference, group, sites, c1, weights):
    if weights.held and sites[weights.axis] == 1:
        pytest.skip("a fixed boundary needs two slices")
    check_force(GaugeAction(group, 2.3, c1, weights), haar(group, 2, sites), directions=2)


def test_normalisation(reference):
    """No additive constant: a cold lattice has S = -beta times the number of plaquettes, whatever c1 and N."""
    for group, sites in ((U1(), (4, 4)), (SU(2), (4, 6)), (SU(3), (2, 4, 2, 4))):
        cold = group.identity(group.shape(1, sites), np.zeros(0))
        number = math.prod(sites) * len(planes(len(sites)))
        np.testing.assert_allclose(Wilson(group, 5.7).value(cold), -5.7 * number)
        np.testing.assert_allclose(LuscherWeisz(group, 5.7).value(cold), -5.7 * number * (1 + 8 / 12 - 2 / 12))


def test_improvement_has_the_naive_continuum_limit_of_wilson():
    """c0 + 8 c1 = 1: in a weak field of constant strength F, S / F^2 = 1/2 - (1 + 24 c1) F^2 / 24 + ..."""
    group, sites, strength = U1(), (8, 8), 2 * np.pi / 64
    x = np.zeros(group.shape(1, sites))
    coordinates = np.arange(8)
    x[0, 1] = strength * coordinates[:, None]
    x[0, 0, -1] = -strength * 8 * coordinates[None, :]
    cold = np.zeros_like(x)
    for make in (Wilson, LuscherWeisz, Iwasaki, DBW2):
        action = make(group, 1.0)
        density = (action.value(x) - action.value(cold))[0] / 64 / strength**2
        assert density == pytest.approx(0.5 - (1 + 24 * action.c1) * strength**2 / 24, abs=1e-4)
    assert plane_averages(x)[0, 0] == pytest.approx(math.cos(strength), abs=1e-14)
    assert (LuscherWeisz(group, 1.0).c1, Iwasaki(group, 1.0).c1, DBW2(group, 1.0).c1) == (-1 / 12, -0.331, -1.4088)


def test_couplings_are_what_the_names_say():
    sites = (4, 3, 2)
    assert Wilson(SU(2), 2.0).couplings(sites).shape == (3, 1, 1, 1)
    xi = Wilson(SU(2), 2.0, Anisotropic(2.0)).couplings(sites)[:, 0, 0, 0]
    np.testing.assert_allclose(xi, [4.0, 4.0, 1.0])
    open_time = Wilson(SU(2), 2.0, OpenBoundary()).couplings(sites)
    np.testing.assert_allclose(open_time[:, :, 0, 0], [[2, 2, 2, 0], [2, 2, 2, 0], [1, 2, 2, 1]])
    defect = Wilson(SU(2), 2.0, Defect(0.5, 1)).couplings(sites)
    assert np.count_nonzero(defect != 2.0) == 4  # two planes with time, each link in two plaquettes
    np.testing.assert_allclose(np.unique(defect), [1.0, 2.0])
    np.testing.assert_allclose(LuscherWeisz(SU(2), 2.0).couplings(sites), 2.0 * (1 + 8 / 12))
    with pytest.raises(ValueError, match="read-only"):
        open_time[0] = 1.0


def test_the_boundary_of_an_open_lattice_is_free():
    """The links that leave the last slice feel no force and are in no loop."""
    action, x = GaugeAction(SU(3), 6.0, -1 / 12, OpenBoundary()), haar(SU(3), 2, (4, 4))
    np.testing.assert_array_equal(action.force(x)[:, 0, :, -1], 0.0)
    moved = np.array(x)
    moved[:, 0, :, :, -1] = np.roll(moved[:, 0, :, :, -1], 1, axis=-1)
    np.testing.assert_allclose(action.value(moved), action.value(x), rtol=1e-13)


def test_weights_of_a_fixed_boundary():
    """c_t where a time-like plaquette touches a boundary, half the weight in the boundary slices, none across."""
    couplings = Wilson(SU(2), 2.0, Schroedinger(0.75)).couplings((5, 3, 2))
    np.testing.assert_allclose(couplings[:, :, 0, 0], [[1.5, 2, 2, 1.5, 0]] * 2 + [[1, 2, 2, 2, 1]])
    free = Wilson(SU(2), 2.0, Schroedinger()).held.free((5, 3, 2))
    assert free[0, :4].all()
    assert free[1:, 1:4].all()
    assert free.sum() == 4 * 6 + 2 * 3 * 6


def test_held_links_have_no_force(kernels):
    action, x = Wilson(SU(3), 6.0, Schroedinger()), haar(SU(3), 2, (4, 2, 3))
    periodic = Wilson(SU(3), 6.0, OpenBoundary()).force(x)
    free = action.held.free((4, 2, 3))[None, :, None]
    np.testing.assert_array_equal(np.where(free, 0.0, action.force(x)), 0.0)
    inner = np.broadcast_to(free, periodic.shape)
    assert np.count_nonzero(action.force(x)) == np.count_nonzero(inner)
    np.testing.assert_allclose(action.force(x)[inner], periodic[inner], rtol=1e-12)


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_parameters_survive_json(weights):
    for group in (U1(), SU(3)):
        action = GaugeAction(group, 5.5, -0.1, weights)
        plain = json.loads(json.dumps(action.parameters()))
        assert plain["name"] == "GaugeAction"
        assert action_from(plain) == action


def test_single_precision_fields_sum_in_double(kernels):
    action, x = Wilson(SU(3), 6.0), haar(SU(3), 1, (8, 8, 8, 4), "float32")
    exact = action.value(x.astype("complex128"))
    assert action.value(x).dtype == "float64"
    assert abs(action.value(x) - exact) / (6 * 2048 * 6.0) < 1e-8
    force = action.force(x.astype("complex128"))
    assert np.max(abs(action.force(x) - force)) / np.max(abs(force)) < 3e-6


FAULTS = {
    "force, 1 %": lambda f, x: 1.01 * f,
    "force of one link, 1 %": lambda f, x: np.where(np.arange(f.size).reshape(f.shape) == 5, 1.01 * f, f),
    "generators exchanged": lambda f, x: f[:, :, [1, 0, 2]],
    "force of the next site": lambda f, x: np.roll(f, 1, axis=-1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_force_is_caught(reference, fault):
    action, x = Wilson(SU(2), 2.0), haar(SU(2), 2, (4, 4))
    check_force(action, x)
    with pytest.raises(AssertionError, match="look for a factor or a sign"):
        check_force(Faulty(action, force=FAULTS[fault]), x)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Wilson(Real(), 1.0), TypeError, r"needs a gauge group such as SU\(3\)"),
        (lambda: Wilson(SU(3), math.nan), ValueError, "finite couplings, got beta = nan"),
        (lambda: GaugeAction(SU(3), 1.0, math.inf), ValueError, "finite couplings"),
        (lambda: Anisotropic(0.0), ValueError, "xi must be positive"),
        (lambda: Defect(-0.1, 2), ValueError, "size >= 1 and c >= 0"),
        (lambda: Defect(0.1, 0), ValueError, "size >= 1 and c >= 0"),
        (lambda: Schroedinger(0.0), ValueError, "c_t > 0 and edge >= 0"),
        (lambda: Wilson(SU(3), 1.0, Schroedinger()).couplings((1, 4)), ValueError, "two slices or more"),
        (lambda: Wilson(SU(3), 1.0, Schroedinger()) + Wilson(SU(3), 1.0), ValueError, "must hold the same links"),
        (lambda: Smeared(Wilson(SU(3), 1.0, Schroedinger()), 0.1), ValueError, "holds fixed"),
        (lambda: Wilson(SU(3), 1.0) + Wilson(SU(2), 1.0), ValueError, "one group"),
        (lambda: Wilson(SU(3), 1.0) + Phi4(1.0, 1.0), ValueError, "one group"),
    ],
)
def test_bad_settings_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
