"""Molecular dynamics of links: reversible, of the right order, volume preserving; the field stays on the group."""

import numpy as np
import pytest

from latticekit.actions import LuscherWeisz, OpenBoundary, Wilson
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.testing import check_order, check_reversibility, check_volume_preservation
from latticekit.updates import HMC, INTEGRATORS, LEAPFROG, Heatbath
from tests.links import haar
from tests.testing.objects import Faulty

SYSTEMS = {"u1": Wilson(U1(), 2.0), "su2": Wilson(SU(2), 2.0), "su3": LuscherWeisz(SU(3), 5.0, OpenBoundary())}


@pytest.mark.parametrize("scheme", INTEGRATORS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_order(reference, name, scheme):
    action, one = SYSTEMS[name], INTEGRATORS[scheme]
    check_order(action, haar(action.group, 16, (4, 4)), one, steps={2: 20, 4: 12}[one.order], trajectory_length=0.5)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_force_wrong_by_one_percent_has_no_order(reference, name):
    action = SYSTEMS[name]
    faulty = Faulty(action, force=lambda f, x: 1.01 * f)
    with pytest.raises(AssertionError, match="fitted order"):
        check_order(faulty, haar(action.group, 16, (4, 4)), LEAPFROG, steps=20, trajectory_length=0.5)


@pytest.mark.parametrize("scheme", INTEGRATORS)
@pytest.mark.parametrize("name", ["u1", "su2"])
def test_phase_space_volume(reference, name, scheme):
    action = SYSTEMS[name]
    check_volume_preservation(action, haar(action.group, 2, (2, 2)), INTEGRATORS[scheme].schedule(0.1, 2))


def test_reversibility_on_a_lattice_in_four_dimensions(kernels):
    action = Wilson(SU(3), 5.7)
    check_reversibility(action, haar(SU(3), 1, (4, 4, 4, 4)), LEAPFROG.schedule(0.1, 10), tolerance=1e-12)


def energy_errors(group, fault=None):
    """Delta H of one trajectory per chain on 2 x 2 sites, from equilibrium (by heatbath; three sweeps are plenty)."""
    action, key = Wilson(group, 1.5), Key(7)
    state = Heatbath(action).init(haar(group, 2**12, (2, 2)))
    for n in range(6):
        state, _ = Heatbath(action).step(state, key.at(n))
    moved = Faulty(action, evolve=fault) if fault else action
    steps = 4 if group == U1() else 2  # the force of U(1) is the strongest
    _, info = HMC(moved, 1.0, steps=steps).step(state, key.at(6))
    return info["energy_error"]


@pytest.mark.parametrize("name", SYSTEMS)
def test_mean_of_exp_minus_delta_h_is_one(reference, name):
    """|z| < 4 (false alarm 6e-5), at an error of the mean below 1 %."""
    weight = np.exp(-energy_errors(SYSTEMS[name].group))
    error = np.std(weight) / np.sqrt(weight.size)
    assert np.std(weight) > 0.05
    assert error < 0.01
    assert abs(np.mean(weight) - 1) < 4 * error


@pytest.mark.parametrize(
    "fault",
    [
        lambda yq, x, p: (yq[0], 0.99 * yq[1]),
        lambda yq, x, p: (SU(2).translate(yq[0], -0.02 * Wilson(SU(2), 1.5).force(yq[0])), yq[1]),
    ],
)
def test_a_trajectory_that_loses_volume_is_caught(reference, fault):
    """Momenta that shrink by 1 %; links that are drawn towards the minimum of the action after the trajectory."""
    weight = np.exp(-energy_errors(SU(2), fault))
    assert abs(np.mean(weight) - 1) > 5 * np.std(weight) / np.sqrt(weight.size)


@pytest.mark.parametrize("name", SYSTEMS)
def test_trajectories_end_on_the_group(kernels, name):
    action = SYSTEMS[name]
    x = haar(action.group, 4, (4, 4))
    p = action.group.random_algebra(Key(3), x)
    y, _ = action.evolve(x, p, LEAPFROG.schedule(0.1, 200))
    assert np.max(action.group.defect(y)) < 1e-14
