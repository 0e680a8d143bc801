"""Closed forms of the free field against dense matrices and independent reference values."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from latticekit.exact import FreeField, correlator, free_field

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "free_scalar.json").read_text())
SHAPES = [(1,), (2,), (5,), (3, 2), (1, 4), (4, 1, 3), (2, 3, 2, 2)]


def curvature(sites, mass_squared):
    """Matrix A of S = phi^T A phi / 2, bond by bond."""
    volume = math.prod(sites)
    labels = np.arange(volume).reshape(sites)
    matrix = 2 * mass_squared * np.eye(volume)
    for axis in range(len(sites)):
        for x, y in zip(labels.ravel(), np.roll(labels, -1, axis).ravel(), strict=True):
            difference = np.zeros(volume)
            difference[y] += 1
            difference[x] -= 1
            matrix += 2 * np.outer(difference, difference)
    return matrix


@pytest.mark.parametrize("sites", SHAPES)
def test_against_the_dense_covariance(sites):
    mass_squared = 0.37
    matrix = curvature(sites, mass_squared)
    covariance, field = np.linalg.inv(matrix), FreeField(sites, mass_squared)
    log_z = 0.5 * (field.volume * np.log(2 * np.pi) - np.linalg.slogdet(matrix)[1])
    np.testing.assert_allclose(field.log_z, log_z, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(field.propagator.ravel(), covariance[0], rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(field.magnetization_squared, covariance.mean(), rtol=1e-12)
    np.testing.assert_allclose(field.phi_squared, covariance[0, 0], rtol=1e-12)
    slices = covariance.reshape(sites[0], -1, sites[0], field.volume // sites[0]).sum(axis=(1, 3))
    np.testing.assert_allclose(field.two_point, slices[0] * sites[0] / field.volume, rtol=1e-11)
    np.testing.assert_allclose(field.two_point.sum(), field.susceptibility, rtol=1e-12)
    np.testing.assert_allclose(np.sort(field.omega.ravel()), np.linalg.eigvalsh(matrix), rtol=1e-12)
    np.testing.assert_allclose(np.trace(matrix @ covariance) / 2, field.action, rtol=1e-12)


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: str(case["shape"]))
def test_reference_values(case):
    """phi_half = sqrt(2) phi_full at the same mass."""
    field = FreeField(tuple(case["shape"]), case["m2"])
    known = {
        "logZ": field.log_z + field.volume / 2 * math.log(2),
        "phi2": 2 * field.phi_squared,
        "phi4": 4 * field.phi_fourth,
        "chi=sum_x G": 2 * field.susceptibility,
        "zero_mom_corr": 2 * field.two_point,
        "G_nn_axis0": 2 * field.propagator[(1,) + (0,) * (len(case["shape"]) - 1)],
        "pole_mass": field.pole_mass,
        "mean_action": field.action,
    }
    for name, value in known.items():
        np.testing.assert_allclose(value, case[name], rtol=1e-12, err_msg=name)


def test_two_point_is_one_cosh_of_the_pole_mass():
    field = FreeField((9, 4), 0.6)
    np.testing.assert_allclose(correlator.effective_mass(field.two_point)[1:], field.pole_mass, rtol=1e-11)
    assert np.isnan(correlator.effective_mass(field.two_point)[0])


def test_second_moment_length_is_exact_for_a_free_propagator():
    """1 / (khat^2 + m^2) has xi = 1/m at every extent."""
    values = free_field.observables((7, 3), 0.25)
    np.testing.assert_allclose(values["second_moment_correlation_length"], 2.0, rtol=1e-12)


def test_observables_of_sampled_gaussian_field():
    """20000 independent fields; each of 5 numbers within 4.5 standard errors (false alarm 3e-5), errors 0.5 to 1 %."""
    sites, mass_squared, draws = (4, 3), 0.8, 20000
    root = np.linalg.cholesky(np.linalg.inv(curvature(sites, mass_squared)))
    phi = np.random.default_rng(5).standard_normal((draws, 12)) @ root.T
    slices = phi.reshape(draws, 4, 3).mean(axis=2)
    magnetization = phi.mean(axis=1)
    action = np.einsum("ni,ij,nj->n", phi, curvature(sites, mass_squared), phi) / 2
    exact = free_field.observables(sites, mass_squared)
    measured = {
        "phi_squared": np.mean(phi**2, axis=1),
        "phi_fourth": np.mean(phi**4, axis=1),
        "abs_magnetization": np.abs(magnetization),
        "susceptibility": 12 * magnetization**2,
        "action": action,
    }
    for name, values in measured.items():
        assert abs(values.mean() - exact[name]) < 4.5 * values.std() / draws**0.5, name
    products = 3 * np.mean(slices * np.roll(slices, -1, axis=1), axis=1)
    assert abs(products.mean() - exact["two_point"][1]) < 4.5 * products.std() / draws**0.5
    assert abs(action.var() / FreeField(sites, mass_squared).action_variance - 1) < 0.05


@pytest.mark.parametrize(
    ("sites", "mass_squared"), [((4,), 0.0), ((4,), -1.0), ((), 1.0), ((4, 0), 1.0), ((4,), math.nan)]
)
def test_bad_input_is_named(sites, mass_squared):
    with pytest.raises(ValueError, match=r"sites must be|mass_squared"):
        FreeField(sites, mass_squared)
