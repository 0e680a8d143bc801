"""The phi^4 transfer matrix against direct integration, reference values, and the equations of motion."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from latticekit.exact import FreeField, phi4
from latticekit.exact.site_weights import site_weights
from latticekit.exact.transfer_matrix import product_basis

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "phi4.json").read_text())


def to_full(case):
    """(mass_squared, coupling, phi_full / phi_case) of a reference entry."""
    convention, params = case["convention"], case["params"]
    if convention == "full":
        return params["m2"], params["lam"], 1.0
    if convention == "half":
        return params["m2"], params["g"] / 6, math.sqrt(0.5)
    kappa, lam, dimension = params["kappa"], params["lam"], len(case["sites"])
    return (1 - 2 * lam) / kappa - 2 * dimension, lam / kappa**2, math.sqrt(kappa)


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: f"{case['convention']}{case['sites']}{case['params']}")
def test_reference_values(case):
    mass_squared, coupling, factor = to_full(case)
    sites = tuple(case["sites"])
    if coupling == 0:
        field = FreeField(sites, mass_squared)
        known = {"log_z": field.log_z, "propagator": field.propagator, "mass_gap": field.pole_mass}
        phi_fourth, error = field.phi_fourth, 0.0
    else:
        solution = phi4.solve(sites, mass_squared, coupling, states=320)
        known = {"log_z": solution.log_z, "propagator": solution.propagator}
        known["mass_gap"] = phi4.mass_gap(mass_squared, coupling) if len(sites) == 1 else 0.0
        phi_fourth = solution.phi_fourth
        error = solution.errors["log_z"]
        assert error < 1e-6
    known["propagator"] = known["propagator"] / factor**2
    known |= {"susceptibility": known["propagator"].sum(), "phi_squared": known["propagator"].flat[0]}
    known |= {"phi_fourth": phi_fourth / factor**4, "log_z": known["log_z"] - math.prod(sites) * math.log(factor)}
    known["propagator"] = known["propagator"].ravel()
    tolerance = max(3e-6 if sites == (4, 4) else 1e-9, error)  # the 4 x 4 reference is cut at bond rank 8
    for name in known.keys() & case.keys():
        np.testing.assert_allclose(known[name], np.ravel(case[name]), rtol=tolerance, err_msg=name)


def integrate(sites, mass_squared, coupling, points, half):
    """Every moment by the trapezoidal rule over all fields of a tiny lattice."""
    x = np.linspace(-half, half, points)
    volume = math.prod(sites)
    fields = np.stack(np.meshgrid(*[x] * volume, indexing="ij")).reshape(*sites, -1)
    action = np.sum(mass_squared * fields**2 + coupling * fields**4, axis=tuple(range(len(sites))))
    for axis in range(len(sites)):
        action = action + np.sum((np.roll(fields, -1, axis) - fields) ** 2, axis=tuple(range(len(sites))))
    weight = np.exp(-action)
    total, magnetization = weight.sum(), fields.reshape(volume, -1).mean(axis=0)
    first = fields.reshape(volume, -1)[0]
    return {
        "log_z": math.log(total) + volume * math.log(x[1] - x[0]),
        "action": weight @ action / total,
        "phi_fourth": weight @ first**4 / total,
        "magnetization_fourth": weight @ magnetization**4 / total,
        "propagator": (fields @ (weight * first)) / total,
        "abs_magnetization": weight @ np.abs(magnetization) / total,
    }


@pytest.mark.parametrize(
    ("sites", "points"), [((1,), 4001), ((1, 1), 4001), ((2,), 401), ((3,), 121), ((1, 3), 121), ((2, 2), 41)]
)
@pytest.mark.parametrize(("mass_squared", "coupling"), [(0.5, 0.7), (-3.0, 1.6)])
def test_against_direct_integration(sites, points, mass_squared, coupling):
    direct = integrate(sites, mass_squared, coupling, points, half=3.2)
    values = phi4.observables(sites, mass_squared, coupling)
    solution = phi4.solve(sites, mass_squared, coupling, states=80)
    for name in ("log_z", "phi_fourth", "magnetization_fourth", "propagator"):
        np.testing.assert_allclose(getattr(solution, name), direct[name], rtol=2e-7, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(values["action"], direct["action"], rtol=1e-8)
    # |M| has a kink, which the trapezoidal rule resolves to the square of the spacing
    np.testing.assert_allclose(values["abs_magnetization"], direct["abs_magnetization"], rtol=0.4 * (6.4 / points) ** 2)


def test_abs_magnetization_by_nested_quadrature():
    """Two sites in M and the difference, split at the kink, to ten digits."""
    from scipy.integrate import dblquad

    def weight(d, m):
        a, b = m + d, m - d
        return math.exp(-(2 * (a - b) ** 2 - 2 * (a**2 + b**2) + a**4 + b**4))

    norm, mean = (dblquad(lambda d, m, k=k: m**k * weight(d, m), 0, 4, -3, 3, epsabs=1e-11)[0] for k in (0, 1))
    np.testing.assert_allclose(phi4.solve((2,), -2.0, 1.0).abs_magnetization, mean / norm, rtol=1e-9)


@pytest.mark.parametrize(
    ("sites", "tolerance"),
    [((7,), 1e-12), ((2,), 1e-12), ((2, 5), 1e-10), ((5, 2), 1e-10), ((3, 4), 1e-7), ((4, 4), 2e-5)],
)
def test_schwinger_dyson(sites, tolerance):
    """<phi dS/dphi> = 1: kinetic term from the propagator in every direction, potential from phi^2 and phi^4."""
    mass_squared, coupling = -3.0, 4.0
    solution = phi4.solve(sites, mass_squared, coupling, states=200)
    propagator = solution.propagator
    kinetic = sum(2 * (propagator.flat[0] - np.take(propagator, 1, axis).flat[0]) for axis in range(len(sites)))
    identity = 2 * kinetic + 2 * mass_squared * propagator.flat[0] + 4 * coupling * solution.phi_fourth
    np.testing.assert_allclose(identity, 1, rtol=tolerance)


def test_log_z_generates_the_local_moments():
    """-d log Z / d lambda = V <phi^4> and -d log Z / d m^2 = V <phi^2>, by central differences of fourth order."""
    sites, mass_squared, coupling, h = (2, 3), -2.0, 3.0, 0.02

    def log_z(mass_squared, coupling):
        return phi4.solve(sites, mass_squared, coupling, states=50).log_z

    def slope(a, b):
        values = [log_z(mass_squared + k * h * a, coupling + k * h * b) for k in (-2, -1, 1, 2)]
        return -(values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)

    solution = phi4.solve(sites, mass_squared, coupling, states=50)
    np.testing.assert_allclose(slope(1, 0), 6 * solution.propagator.flat[0], rtol=1e-7)
    np.testing.assert_allclose(slope(0, 1), 6 * solution.phi_fourth, rtol=1e-7)


def test_weak_coupling_approaches_the_free_field():
    """First order of perturbation theory: phi_squared changes by -12 lambda G(0) sum_x G(x)^2."""
    field, coupling = FreeField((6,), 0.8), 1e-4
    shift = -12 * coupling * field.phi_squared * np.sum(field.propagator**2)
    values = phi4.observables((6,), 0.8, coupling)
    np.testing.assert_allclose(values["phi_squared"] - field.phi_squared, shift, rtol=2e-3)
    np.testing.assert_allclose(values["abs_magnetization"], field.abs_magnetization, rtol=1e-3)
    assert abs(values["binder_cumulant"]) < 1e-3
    assert phi4.observables((3, 4, 5), 0.8, 0.0)["log_z"] == FreeField((3, 4, 5), 0.8).log_z


def test_orientation_of_a_strip():
    wide, tall = (phi4.solve(sites, -2.0, 3.0, states=60) for sites in ((3, 4), (4, 3)))
    np.testing.assert_allclose(wide.propagator, tall.propagator.T, rtol=1e-14)
    two_point = phi4.observables((1, 5), -2.0, 3.0)["two_point"]
    np.testing.assert_allclose(two_point, [phi4.observables((5, 1), -2.0, 3.0)["susceptibility"]], rtol=1e-14)


def test_long_chain_decays_with_the_mass_gap():
    two_point = phi4.observables((40,), -1.0, 1.0)["two_point"]
    np.testing.assert_allclose(np.log(two_point[9] / two_point[10]), phi4.mass_gap(-1.0, 1.0), rtol=1e-5)


def test_stated_errors_cover_the_true_ones():
    """Against three times as many states, at two couplings of a lattice wide enough to be truncated."""
    for coupling in (8.0, 5.0):
        small, large = (phi4.solve((4, 4), -4.0, coupling, states=states, tolerance=1) for states in (60, 180))
        for name, error in small.errors.items():
            assert np.max(np.abs(getattr(small, name) - getattr(large, name))) <= error * np.max(
                getattr(large, name)
            ), name


def test_product_basis_is_the_heaviest_and_closed_under_rotation():
    log_spectrum = -np.array([0.0, 1.0, 2.3, 3.1, 4.9])
    basis = product_basis(log_spectrum, 3, 30)
    assert {tuple(np.roll(row, 1)) for row in basis} == {tuple(row) for row in basis}
    totals = sorted((log_spectrum[list(row)].sum() for row in itertools.product(range(5), repeat=3)), reverse=True)
    np.testing.assert_allclose(sorted(log_spectrum[basis].sum(axis=1), reverse=True), totals[: len(basis)])
    assert 20 <= len(basis) <= 30


def test_factors_rebuild_the_bonds_and_alternate_in_parity():
    site = site_weights(-6.0, 0.9, True, 96)
    np.testing.assert_allclose(site.time[::-1], site.time * (-1.0) ** np.arange(site.time.shape[1]))
    bond = site.time @ site.time.T
    log_weight = -0.5 * (-3.0 * site.points**2 + 0.9 * site.points**4)
    exact = np.exp(2 * np.outer(site.points, site.points) + log_weight[:, None] + log_weight)
    np.testing.assert_allclose(bond / bond.max(), exact / exact.max(), atol=1e-13)


def test_what_is_not_known_is_empty_or_refused():
    assert phi4.observables((16, 16), -4.0, 6.975) == {}
    assert phi4.observables((3, 3, 3), -4.0, 6.975) == {}
    assert phi4.observables((4, 4), -1.0, 0.0) == {}
    with pytest.raises(ValueError, match="shorter extent is at most"):
        phi4.solve((16, 16), -4.0, 6.975)
    with pytest.raises(ValueError, match="coupling > 0"):
        phi4.solve((4,), 1.0, -0.5)
    with pytest.raises(ValueError, match="use more states"):
        phi4.solve((5, 5), -4.0, 6.975, states=20, tolerance=1e-6)


def test_cache_cannot_be_spoiled():
    phi4.observables((5,), 1.0, 1.0)["two_point"][:] = 0
    assert phi4.observables((5,), 1.0, 1.0)["two_point"][0] > 0
