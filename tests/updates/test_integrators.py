"""Integrators as data: consistency, palindromes, merged schedules, fitted orders."""

import numpy as np
import pytest

from latticekit.actions import Phi4
from latticekit.testing import check_order
from latticekit.updates import FORCE_GRADIENT, INTEGRATORS, LEAPFROG, OMF4, Integrator
from latticekit.updates.integrators import integrator
from tests.cases import field


@pytest.mark.parametrize("one", INTEGRATORS.values(), ids=INTEGRATORS)
def test_drifts_and_kicks_add_up_to_one_step(one):
    drifts, kicks, _ = np.array(one.stages).T
    assert np.sum(drifts) == pytest.approx(1.0, abs=1e-15)
    assert np.sum(kicks) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("one", INTEGRATORS.values(), ids=INTEGRATORS)
def test_schedules_are_palindromes(one):
    drifts, kicks, gradients = one.schedule(0.1, 4).T
    np.testing.assert_allclose(kicks, kicks[::-1], atol=1e-16)
    np.testing.assert_allclose(gradients, gradients[::-1], atol=1e-16)
    np.testing.assert_allclose(drifts[1:], drifts[1:][::-1], atol=1e-16)
    assert drifts[0] == 0


@pytest.mark.parametrize("one", INTEGRATORS.values(), ids=INTEGRATORS)
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_schedules_merge_kicks_and_keep_the_sums(one, steps):
    schedule = one.schedule(0.25, steps)
    np.testing.assert_allclose(schedule[:, :2].sum(axis=0), 0.25 * steps, rtol=1e-14)
    forces = {"leapfrog": 1, "omelyan": 2, "omf4": 5, "force_gradient": 2}[one.name]
    assert len(schedule) == forces * steps + 1
    assert np.all(schedule[1:, 0] != 0)


def test_force_gradient_scales_with_the_square_of_the_step():
    a, b = FORCE_GRADIENT.schedule(0.1, 2), FORCE_GRADIENT.schedule(0.2, 2)
    np.testing.assert_allclose(b, a * [2, 2, 4], rtol=1e-14)


def test_an_integrator_that_begins_with_a_drift_merges_drifts():
    position = Integrator("position leapfrog", 2, ((0.5, 1.0, 0.0), (0.5, 0.0, 0.0)))
    np.testing.assert_allclose(position.schedule(0.1, 3), [[0.05, 0.1, 0], [0.1, 0.1, 0], [0.1, 0.1, 0], [0.05, 0, 0]])


@pytest.mark.parametrize("one", INTEGRATORS.values(), ids=INTEGRATORS)
def test_fitted_order(kernels, one):
    check_order(Phi4(-4.0, 6.0), field(32, 6, 6), one, steps={2: 64, 4: 32}[one.order])


def shaken(one, stage, column):
    """The integrator with one coefficient larger by 1 %."""
    rows = [list(row) for row in one.stages]
    rows[stage][column] *= 1.01
    return Integrator(one.name, one.order, tuple(map(tuple, rows)))


@pytest.mark.parametrize(
    ("one", "stage", "column"),
    [(LEAPFROG, 1, 0), (LEAPFROG, 0, 1), (OMF4, 1, 0), (OMF4, 2, 1), (FORCE_GRADIENT, 1, 2), (FORCE_GRADIENT, 1, 1)],
)
def test_a_coefficient_wrong_by_one_percent_is_caught(reference, one, stage, column):
    with pytest.raises(AssertionError, match="fitted order"):
        check_order(Phi4(-4.0, 6.0), field(32, 6, 6), shaken(one, stage, column))


def test_integrators_by_name():
    assert integrator("omf4") is OMF4
    mine = Integrator("mine", 2, LEAPFROG.stages)
    assert integrator(mine) is mine
    with pytest.raises(ValueError, match="unknown integrator 'rk4': one of leapfrog"):
        integrator("rk4")
