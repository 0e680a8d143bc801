"""U(1) on the torus: reference values, direct integration over links, sampled plaquettes, and limits."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ive

from latticekit.exact import U1Torus, one_link, sectors, u1_torus, von_mises

REFERENCE = Path(__file__).parents[1] / "reference"
SQUARES = json.loads((REFERENCE / "u1_2d.json").read_text())
CHARGES = json.loads((REFERENCE / "onelink.json").read_text())["u1_charge"]
MIXED = np.array([[0.4, 1.9, 0.0], [2.5, 1.1, 3.0]])


@pytest.mark.parametrize("case", SQUARES, ids=lambda case: f"{case['extent']}^2 beta {case['beta']}")
def test_reference_values(case):
    torus = U1Torus(case["beta"], (case["extent"],) * 2)
    np.testing.assert_allclose(torus.log_z, case["log_z"], rtol=1e-14)
    np.testing.assert_allclose(torus.plaquette, case["plaquette"], rtol=3e-15)
    np.testing.assert_allclose(one_link.plaquette(1, case["beta"]), case["plaquette_infinite_volume"], rtol=3e-15)
    for extent, value in case["wilson_loop"].items():
        np.testing.assert_allclose(torus.wilson_loop(int(extent), int(extent)), value, rtol=2e-14)
    charges, probability = torus.charge_distribution()
    known = [probability[charges == q].sum() for q in range(5)]
    np.testing.assert_allclose(known, case["charge_probability"], atol=2e-14)
    np.testing.assert_allclose(
        torus.charge_squared, case["charge_squared"], rtol=2e-11, atol=2e-12
    )  # errors of the file times Q^2
    np.testing.assert_allclose(torus.charge_fourth, case["charge_fourth"], rtol=2e-9, atol=2e-11)


@pytest.mark.parametrize("case", CHARGES, ids=lambda case: f"V {case['plaquettes']} beta {case['beta']}")
def test_charges_to_all_digits(case):
    torus = U1Torus(case["beta"], (1, case["plaquettes"]))
    known = np.array(case["charge_probability"])
    assert np.all(torus.charge_distribution()[1] >= 0)
    probability = torus.charge_distribution()[1][len(torus.charge_distribution()[1]) // 2 :]
    shared = min(len(known), len(probability))
    np.testing.assert_allclose(probability[:shared], known[:shared], rtol=2e-14, atol=3e-16)
    np.testing.assert_allclose(torus.charge_squared, case["charge_squared"], rtol=5e-14, atol=1e-15)
    np.testing.assert_allclose(torus.charge_fourth, case["charge_fourth"], rtol=3e-12, atol=1e-14)


def integrated_over_links(beta, points):
    """log Z, the mean of each plaquette and of their product, by the trapezoidal rule over every link of a lattice."""
    sites, links = beta.shape, 2 * beta.size
    fixed = [] if beta.size == 2 else [0, 4, 6]  # a tree of 2 x 2: U_0(0,0), U_1(0,0), U_1(1,0)
    grid = 2 * np.pi * np.arange(points) / points
    axes = [np.zeros(1) if link in fixed else grid for link in range(links)]
    theta = np.stack(np.meshgrid(*axes, indexing="ij", sparse=False)).reshape(2, *sites, -1)
    angle = theta[0] + np.roll(theta[1], -1, 0) - np.roll(theta[0], -1, 1) - theta[1]
    weight = np.exp(np.einsum("tx,txn->n", beta, np.cos(angle)))
    one = np.cos(angle) @ weight / weight.sum()
    two = np.cos(angle[0, 0] + angle[0, 1]) @ weight / weight.sum()
    return math.log(weight.mean()), one, two


@pytest.mark.parametrize(
    ("beta", "points"),
    [(np.array([[0.7, 0.7]]), 20), (np.array([[0.7, 1.6]]), 22), (np.array([[1.1, 0.3], [0.0, 0.8]]), 12)],
)
def test_against_integration_over_links(beta, points):
    torus = U1Torus(beta, beta.shape)
    log_z, each, two = integrated_over_links(beta, points)
    np.testing.assert_allclose(torus.log_z, log_z, rtol=1e-8)
    np.testing.assert_allclose(torus.plaquettes(), each, atol=1e-8)
    np.testing.assert_allclose(torus.loop(np.arange(beta.size).reshape(beta.shape) < 2), two, atol=1e-8)
    np.testing.assert_allclose(torus.plaquette, each.mean(), atol=1e-8)


def test_sectors_of_sampled_plaquettes():
    """All but one plaquette drawn at will, the last from the constraint: 400000 draws, 14 numbers, 4.5 s.e. (1e-4)."""
    generator, draws, beta = np.random.default_rng(3), 400_000, MIXED.ravel()
    angles = generator.vonmises(0, np.delete(beta, 4), size=(draws, 5))
    last = np.angle(np.exp(-1j * angles.sum(axis=1)))
    weight = np.exp(beta[4] * np.cos(last))
    charge = np.rint((angles.sum(axis=1) + last) / (2 * np.pi))
    mean_cos = (np.cos(angles).sum(axis=1) + np.cos(last)) / 6
    torus = U1Torus(MIXED, MIXED.shape)
    charges, probability = torus.charge_distribution()
    measured = {f"P({q})": (charge == q, p) for q, p in zip(charges, probability)}
    measured |= {"Q^2": (charge**2, torus.charge_squared), "Q^4": (charge**4, torus.charge_fourth)}
    measured["plaquette"] = (mean_cos, torus.plaquette)
    for theta in (0.9, 2.3):
        wave = np.cos(theta * charge)
        measured[f"ratio {theta}"] = (wave, torus.theta_ratio(theta))
        measured[f"plaquette {theta}"] = (wave * mean_cos, torus.theta_plaquette(theta) * torus.theta_ratio(theta))
        measured[f"Q {theta}"] = (charge * np.sin(theta * charge), torus.theta_charge(theta) * torus.theta_ratio(theta))
        squared = torus.charge_moment(2, theta) * torus.theta_ratio(theta)
        measured[f"Q^2 {theta}"] = (charge**2 * wave, squared)
    fixed, plaquettes = torus.sector_plaquettes()
    for q, value in zip(fixed, plaquettes):
        measured[f"plaquette at Q = {q}"] = ((mean_cos - value) * (np.abs(charge) == q), 0.0)
    for name, (values, exact) in measured.items():
        deviation = weight * (values - exact)
        assert abs(deviation.sum()) < 4.5 * np.sqrt(np.sum(deviation**2)) + 1e-9, name
    assert np.std(charge) > 0.3, "several sectors are seen"


@pytest.mark.parametrize("beta", [1e-3, 0.8, 6.0, 19.0])
@pytest.mark.parametrize("volume", [2, 3, 4, 7, 23])
def test_sectors_sum_to_the_characters(beta, volume):
    """sum_Q Z_Q = sum_n prod I_n: Poisson's formula joins two computations."""
    factors = [sectors.Factor(beta, volume)]
    weights = sectors.sector_weights(factors, sectors.largest_charge(factors))
    n = np.arange(-400, 401)
    total = np.sum((ive(n, beta) / ive(0, beta)) ** volume)
    np.testing.assert_allclose(2 * weights.sum() - weights[0], total, rtol=5e-14)


@pytest.mark.parametrize(
    ("factors", "largest"),
    [([sectors.Factor(0.7, 60)], 20), ([sectors.Factor(3.0, 30), sectors.Factor(0.0, 3)], 12)],
)
def test_both_ways_to_the_sectors(factors, largest):
    transform = sectors._by_transform(factors, largest)
    pieces = sectors._by_pieces(factors, sum(f.number for f in factors))[: largest + 1]
    np.testing.assert_allclose(transform[: len(pieces)], pieces, atol=2e-14 * transform[0])
    cosine = [sectors.Factor(1.3, 1, cosine=True), *factors]
    transform = sectors._by_transform(cosine, largest)
    pieces = sectors._by_pieces(cosine, sum(f.number for f in cosine))[: largest + 1]
    np.testing.assert_allclose(transform[: len(pieces)], pieces, atol=2e-14 * transform[0])


def test_theta_dependence():
    torus = U1Torus(1.3, (4, 5))
    assert abs(torus.theta_ratio(2 * np.pi) - 1) < 1e-13
    np.testing.assert_allclose(torus.theta_plaquette(0.0), torus.plaquette, rtol=1e-14)
    step, theta = 1e-3, 1.1
    lower, upper = math.log(torus.theta_ratio(theta - step)), math.log(torus.theta_ratio(theta + step))
    np.testing.assert_allclose(torus.theta_charge(theta), -(upper - lower) / (2 * step), rtol=1e-5)
    curvature = -(upper + lower - 2 * math.log(torus.theta_ratio(theta))) / step**2
    np.testing.assert_allclose(torus.charge_moment(2, theta) + torus.theta_charge(theta) ** 2, curvature, rtol=1e-5)
    shifted = [
        U1Torus(b, (4, 5)).log_z + math.log(U1Torus(b, (4, 5)).theta_ratio(theta)) for b in (1.3 - step, 1.3 + step)
    ]
    np.testing.assert_allclose(torus.theta_plaquette(theta), (shifted[1] - shifted[0]) / (2 * step) / 20, rtol=1e-6)


def test_action_moments_are_derivatives():
    """<S> and its variance from log Z at beta scaled as a whole; one plaquette from its own coupling."""
    step = 1e-4
    torus = U1Torus(MIXED, MIXED.shape)
    lower, upper = (U1Torus(MIXED * (1 + sign * step), MIXED.shape) for sign in (-1, 1))
    np.testing.assert_allclose(-torus.action, (upper.log_z - lower.log_z) / (2 * step), rtol=1e-7)
    slope = (upper.action / (1 + step) - lower.action / (1 - step)) / (2 * step)
    np.testing.assert_allclose(torus.action_variance, -slope, rtol=1e-6)
    moved = MIXED.copy()
    moved[0, 1] += step
    change = (U1Torus(moved, MIXED.shape).log_z - torus.log_z) / step
    np.testing.assert_allclose(torus.plaquettes()[0, 1], change, rtol=1e-4)


def test_open_boundary_leaves_independent_plaquettes():
    beta = np.full((5, 4), 2.2)
    beta[-1] = 0.0
    torus = U1Torus(beta, (5, 4))
    single = one_link.u1_moments(2.2)[0]
    np.testing.assert_allclose(torus.plaquettes()[:-1], single, rtol=1e-14)
    assert np.all(torus.plaquettes()[-1] == 0)
    inside = np.zeros((5, 4), dtype=bool)
    inside[1:3, 1:4] = True
    np.testing.assert_allclose(torus.loop(inside), single**6, rtol=1e-13)
    np.testing.assert_allclose(torus.wilson_loop(2, 3), 3 / 5 * single**6, rtol=1e-13)
    np.testing.assert_allclose(torus.log_z, 16 * von_mises.log_i0(2.2), rtol=1e-14)
    np.testing.assert_allclose(U1Torus(beta[:, :1], (5, 4)).log_z, torus.log_z, rtol=1e-15)


@pytest.mark.parametrize(("beta", "extent"), [(1000.0, 1000), (1000.0, 2), (1e-6, 1000), (1.0, 1000), (1e6, 4)])
def test_no_overflow(beta, extent):
    torus = U1Torus(beta, (extent, extent))
    charges, probability = torus.charge_distribution()
    values = [torus.log_z, torus.plaquette, torus.charge_squared, torus.wilson_loop(1, 1)]
    assert np.all(np.isfinite(values))
    np.testing.assert_allclose(probability.sum(), 1, rtol=1e-13)
    assert 0 < torus.plaquette <= 1
    np.testing.assert_allclose(probability @ charges**2, torus.charge_squared, rtol=1e-12, atol=1e-15)


def test_large_volumes_keep_their_digits():
    """Thermodynamic limit of the susceptibility: <angle^2> of one plaquette, whatever the volume."""
    for beta in (0.5, 4.0, 1000.0):
        angles, weights = von_mises.nodes(beta)
        torus = U1Torus(beta, (1000, 1000))
        np.testing.assert_allclose(torus.charge_squared / 1e6, angles**2 @ weights / (2 * np.pi) ** 2, rtol=1e-12)
    # the quantum rotor: at V / beta fixed and beta large, Z = sum_n exp(-n^2 V / 2 beta) (1 + O(1 / beta))
    n = np.arange(-20, 21)
    torus = U1Torus(1e6, (1000, 1000))
    np.testing.assert_allclose(torus._probabilities[1], np.log(np.exp(-(n**2) / 2).sum()), rtol=2e-6)


def test_one_plaquette_torus_is_trivial():
    """P = 1 on a 1 x 1 lattice."""
    torus = U1Torus(1.7, (1, 1))
    np.testing.assert_allclose([torus.log_z, torus.plaquette], [1.7, 1.0], rtol=1e-14)
    assert torus.charge_squared == 0
    assert torus.theta_plaquette(1.0) == 1


def test_loops_scale_and_correlators():
    torus = U1Torus(2.0, (6, 7))
    areas = [torus.wilson_loop(t, r) for t, r in itertools.product((2, 3), (2, 4))]
    np.testing.assert_allclose(areas[1], torus.wilson_loop(4, 2), rtol=1e-15)
    np.testing.assert_allclose(areas[0], torus.loop(np.arange(42).reshape(6, 7) < 4), rtol=1e-14)
    correlator = torus.polyakov_correlator()
    assert correlator[0] == pytest.approx(1.0, rel=1e-14)
    i = ive(np.arange(-80, 82), 2.0)
    for r in range(4):
        exact = np.sum(i[:-1] ** (42 - 6 * r) * i[1:] ** (6 * r)) / np.sum(i[:-1] ** 42)
        np.testing.assert_allclose(correlator[r], exact, rtol=1e-12)


def test_observables_by_name():
    values = u1_torus.observables(2.0, (8, 6))
    torus = U1Torus(2.0, (8, 6))
    assert values["wilson_loop"].shape == (4, 3)
    assert values["wilson_loop"][1, 2] == torus.wilson_loop(2, 3)
    assert values["wilson_loop"][0, 0] == pytest.approx(values["plaquette"], rel=1e-14)
    assert values["topological_charge_squared"] == torus.charge_squared
    assert values["action"] == pytest.approx(-2.0 * 48 * torus.plaquette, rel=1e-14)
    assert len(values["polyakov_correlator"]) == 4
    assert u1_torus.observables(2.0, (4, 4, 4)) == {}
    assert u1_torus.observables(-2.0, (4, 4)) == {}


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="two positive extents"):
        U1Torus(1.0, (4, 4, 4))
    with pytest.raises(ValueError, match="finite and >= 0"):
        U1Torus(-1.0, (4, 4))
    with pytest.raises(ValueError, match="not contractible"):
        U1Torus(1.0, (4, 4)).wilson_loop(4, 1)
    with pytest.raises(ValueError, match="even powers"):
        U1Torus(1.0, (4, 4)).charge_moment(1)
    with pytest.raises(ValueError, match="broadcast"):
        U1Torus(np.ones((3, 3)), (4, 4))
    with pytest.raises(ValueError, match="lost in rounding"):
        _ = U1Torus(1e5, (4, 4)).action_variance
