"""Finite-step numbers against reference values, simulated maps and closed forms."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from latticekit.exact import FreeField, finite_step

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "free_scalar.json").read_text())
OMELYAN = ((0.0, 0.1931833275), (0.5, 1 - 2 * 0.1931833275), (0.5, 0.1931833275))
FORCE_GRADIENT = ((0.0, 1 / 6, 0.0), (0.5, 2 / 3, 1 / 24), (0.5, 1 / 6, 0.0))


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: str(case["shape"]))
def test_reference_values(case):
    """The reference has S = omega phi^2 / 2 with half the omega of the library."""
    omega = FreeField(tuple(case["shape"]), case["m2"]).omega / 2
    numbers = {
        "hmc_<dH>(eps=0.25,n=4)": finite_step.mean_delta_h(omega, finite_step.LEAPFROG, 0.25, 4),
        "one_step_leapfrog_phi2(eps=0.3)": finite_step.unadjusted_hmc_phi_squared(omega, finite_step.LEAPFROG, 0.3, 1),
        "euler_langevin_phi2(step=0.05)": finite_step.euler_langevin_phi_squared(omega, 0.05),
    }
    for name, value in numbers.items():
        np.testing.assert_allclose(value, case[name], rtol=1e-11, err_msg=name)


@pytest.mark.parametrize("stages", [finite_step.LEAPFROG, OMELYAN, FORCE_GRADIENT])
def test_matrix_is_the_simulated_trajectory(stages):
    """Stage by stage on numbers, with a force written apart."""
    omega, step_size, steps = 3.1, 0.2, 5
    phi, p = 0.7, -0.4
    for _ in range(steps):
        for drift, kick, *gradient in stages:
            phi += drift * step_size * p
            shifted = phi - sum(gradient) * step_size**2 * omega * phi
            p -= kick * step_size * omega * shifted
    moved = finite_step.trajectory_matrix(np.array(omega), stages, step_size, steps) @ np.array([0.7, -0.4])
    np.testing.assert_allclose(moved, [phi, p], rtol=1e-13)


@pytest.mark.parametrize(
    ("stages", "order", "steps"), [(finite_step.LEAPFROG, 2, 16), (OMELYAN, 2, 16), (FORCE_GRADIENT, 4, 4)]
)
def test_mean_delta_h_falls_with_twice_the_order(stages, order, steps):
    omega = np.array([1.0, 2.0, 3.0])
    coarse, fine = (finite_step.mean_delta_h(omega, stages, 0.7 / n, n) for n in (steps, 2 * steps))
    assert abs(math.log2(coarse / fine) - 2 * order) < 0.1


def test_delta_h_moments_satisfy_area_preservation():
    """<exp(-Delta H)> = 1 makes 2 <Delta H> = variance to leading order."""
    omega = FreeField((4, 4), 0.5).omega
    mean = finite_step.mean_delta_h(omega, OMELYAN, 0.05, 10)
    np.testing.assert_allclose(finite_step.delta_h_variance(omega, OMELYAN, 0.05, 10), 2 * mean, rtol=0.02)


def test_delta_h_and_acceptance_of_sampled_trajectories():
    """40000 exact starts; 4.5 standard errors (false alarm 1e-5). The acceptance is Gaussian to 1 %."""
    omega, draws = FreeField((6, 6), 0.5).omega.ravel(), 40000
    generator = np.random.default_rng(8)
    phi, p = generator.standard_normal((2, draws, omega.size))
    phi /= np.sqrt(omega)
    matrix = finite_step.trajectory_matrix(omega, finite_step.LEAPFROG, 0.2, 4)
    moved = np.einsum("kij,jnk->ink", matrix, np.stack([phi, p]))
    delta_h = 0.5 * np.sum(omega * (moved[0] ** 2 - phi**2) + moved[1] ** 2 - p**2, axis=1)
    mean = finite_step.mean_delta_h(omega, finite_step.LEAPFROG, 0.2, 4)
    assert abs(delta_h.mean() - mean) < 4.5 * delta_h.std() / draws**0.5
    assert abs(np.mean(np.minimum(1, np.exp(-delta_h))) - finite_step.acceptance(mean)) < 0.01
    np.testing.assert_allclose(
        delta_h.var(), finite_step.delta_h_variance(omega, finite_step.LEAPFROG, 0.2, 4), rtol=0.04
    )


def iterate_variance(kept, noise):
    """Stationary variance of phi' = kept phi + noise eta, by iteration."""
    variance = 0.0
    for _ in range(4000):
        variance = kept**2 * variance + noise**2
    return variance


def test_langevin_bias_is_that_of_the_step():
    """One step on phi and on eta gives the linear map: F and the two stages are written out."""
    omega, eps = np.array([0.7, 2.0, 5.0]), 0.1

    def euler(phi, eta):
        return phi - eps * omega * phi + math.sqrt(2 * eps) * eta

    def heun(phi, eta):
        force, predicted = -omega * phi, -omega * euler(phi, eta)
        return phi + eps / 2 * (force + predicted) + math.sqrt(2 * eps) * eta

    for step, exact in ((euler, finite_step.euler_langevin_phi_squared), (heun, finite_step.heun_langevin_phi_squared)):
        variance = iterate_variance(step(np.ones(3), np.zeros(3)), step(np.zeros(3), np.ones(3)))
        np.testing.assert_allclose(exact(omega, eps), np.mean(variance), rtol=1e-12)


@pytest.mark.parametrize(
    ("exact", "order"), [(finite_step.euler_langevin_phi_squared, 1), (finite_step.heun_langevin_phi_squared, 2)]
)
def test_langevin_bias_falls_with_its_order(exact, order):
    field = FreeField((4, 4), 1.0)
    coarse, fine = (abs(exact(field.omega, eps) - field.phi_squared) for eps in (0.002, 0.001))
    assert abs(math.log2(coarse / fine) - order) < 0.05


def test_unstable_steps_are_refused():
    omega = FreeField((4, 4), 1.0).omega
    with pytest.raises(ValueError, match="smaller step_size"):
        finite_step.euler_langevin_phi_squared(omega, 0.2)
    with pytest.raises(ValueError, match="smaller step_size"):
        finite_step.heun_langevin_phi_squared(omega, 0.2)
    with pytest.raises(ValueError, match="smaller step_size"):
        finite_step.unadjusted_hmc_phi_squared(omega, finite_step.LEAPFROG, 1.0, 1)
