"""SU(N) on the torus: reference values, other ways to the characters, sampled Haar links, and derivatives."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ive

from latticekit.exact import GaugeTorus, one_link, sun_torus
from latticekit.exact.characters import SUNCharacters, TooManyRepresentations, U1Characters, characters

SQUARES = json.loads((Path(__file__).parents[1] / "reference" / "sun_2d.json").read_text())
MIXED = np.array([[2.5, 1.0], [0.0, 3.0], [1.5, 2.0]])


@pytest.mark.parametrize("case", SQUARES, ids=lambda case: f"SU({case['n']}) {case['extent']}^2 beta {case['beta']}")
def test_reference_values(case):
    torus = GaugeTorus(case["n"], case["beta"], (case["extent"],) * 2)
    np.testing.assert_allclose(torus.log_z, case["log_z"], rtol=4e-14)
    np.testing.assert_allclose(torus.plaquette, case["plaquette"], rtol=6e-15)
    single = one_link.plaquette(case["n"], case["beta"])
    np.testing.assert_allclose(single, case["plaquette_infinite_volume"], rtol=6e-15)
    for extent, value in case["wilson_loop"].items():
        np.testing.assert_allclose(torus.wilson_loop(int(extent), int(extent)), value, rtol=5e-14)


@pytest.mark.parametrize("beta", [0.01, 1.0, 20.0, 1e3, 1e6])
def test_su2_closed_form(beta):
    """c_r / d_r = 2 I_r(beta) / beta."""
    group = SUNCharacters(2)
    labels = group.representations(60.0).labels
    r = labels[:, 0] + 1
    ratio = np.exp(group.log_ratio(labels, beta))
    np.testing.assert_allclose(ratio, ive(r, beta) / ive(1, beta), rtol=2e-14, atol=1.1e-14)
    np.testing.assert_allclose(
        group.log_trivial(beta), beta + math.log(2 * ive(1, beta) / beta), rtol=1e-14, atol=1e-15
    )


def power_series(n, beta, casimir):
    """c_r from exp(beta M) on the trivial character, M = Re tr / N between neighbours: positive terms only."""
    found = SUNCharacters(n).representations(casimir)
    count = len(found.dimensions)
    power, total = np.eye(1, count)[0], np.zeros(count)
    weights = np.exp([k * math.log(beta) - beta - math.lgamma(k + 1) for k in range(int(2 * beta) + 80)])
    for weight in weights:
        total += weight * power
        up = np.bincount(found.lower, power[found.upper], count)
        power = (up + np.bincount(found.upper, power[found.lower], count)) / (2 * n)
    return found, total


@pytest.mark.parametrize(
    ("n", "beta", "casimir"),
    [(3, 0.5, 40), (3, 9.0, 150), (3, 60.0, 800), (4, 12.0, 120), (5, 5.0, 60), (5, 20.0, 150)],
)
def test_coefficients_are_those_of_the_power_series(n, beta, casimir):
    found, series = power_series(n, beta, casimir)
    group, low = SUNCharacters(n), slice(0, len(series) // 8)
    ratio = np.exp(group.log_ratio(found.labels[low], beta))
    np.testing.assert_allclose(ratio, (series / found.dimensions / series[0])[low], rtol=1e-13, atol=1.2e-14)
    np.testing.assert_allclose(group.log_trivial(beta), beta + math.log(series[0]), rtol=1e-13)


def test_coefficients_are_integrals_over_eigenvalues():
    """Weyl's integration formula for SU(3), characters as ratios of determinants."""
    beta, angle = 4.0, 2 * np.pi * (np.arange(60) + 0.3) / 60
    a, b = (x + shift for x, shift in zip(np.meshgrid(angle, angle), (0.0, 0.01)))
    z = np.exp(1j * np.stack([a, b, -a - b]))
    vandermonde = (z[0] - z[1]) * (z[0] - z[2]) * (z[1] - z[2])
    weight = np.abs(vandermonde) ** 2 * np.exp(beta / 3 * z.sum(axis=0).real) / 6 / 60**2
    found = SUNCharacters(3).representations(12.0)
    ratio = np.exp(SUNCharacters(3).log_ratio(found.labels, beta))
    trivial = weight.sum()
    np.testing.assert_allclose(SUNCharacters(3).log_trivial(beta), math.log(trivial), rtol=1e-12)
    for labels, dimension, value in zip(found.labels, found.dimensions, ratio):
        rows = np.array([*labels, 0]) + np.array([2, 1, 0])
        numerator = np.linalg.det(np.moveaxis(z[:, None] ** rows[None, :, None, None], (0, 1), (-2, -1)))
        character = numerator / vandermonde
        np.testing.assert_allclose(value, np.sum(weight * character.conj()).real / dimension / trivial, rtol=1e-11)


@pytest.mark.parametrize(("n", "casimir"), [(2, 30.0), (3, 40.0), (4, 30.0), (5, 30.0)])
def test_products_with_the_fundamental(n, casimir):
    """Dimensions: d_f d_r = sum of d_r' in r x f, and the same for the inverse, away from the boundary."""
    found = SUNCharacters(n).representations(casimir)
    count = len(found.dimensions)
    inner = ~found.boundary
    up = np.bincount(found.lower, found.dimensions[found.upper], count)
    down = np.bincount(found.upper, found.dimensions[found.lower], count)
    np.testing.assert_array_equal(up[inner], n * found.dimensions[inner])
    np.testing.assert_array_equal(down[inner], n * found.dimensions[inner])
    assert found.dimensions[0] == 1
    assert sorted(found.dimensions[1:3]) == ([2, 3] if n == 2 else [n, n])
    assert 0 < inner.sum() < count
    rows = np.concatenate([found.labels, np.zeros((count, 1))], axis=1)
    i, size = np.arange(1, n + 1), rows.sum(axis=1)
    values = (np.sum(rows * (rows - 2 * i + n + 1), axis=1) - size**2 / n) / 2
    assert np.all(np.diff(values) > -1e-9)
    assert values[-1] <= casimir


def haar(generator, n, count):
    if n == 1:
        return np.exp(2j * np.pi * generator.random((count, 1, 1)))
    q, r = np.linalg.qr(generator.standard_normal((count, n, n)) + 1j * generator.standard_normal((count, n, n)))
    diagonal = np.einsum("nii->ni", r)
    q = q * (diagonal / np.abs(diagonal))[:, None, :]
    return q / np.linalg.det(q)[:, None, None] ** (1 / n)


def product(*links):
    total = links[0]
    for link in links[1:]:
        total = total @ link
    return total


@pytest.mark.parametrize("n", [1, 2, 3])
def test_against_sampled_haar_links(n):
    """All links of a 3 x 2 lattice, unequal couplings, reweighted: 60000 draws, 12 numbers within 4.5 s.e. (1e-4)."""
    generator, draws, scale = np.random.default_rng(7 + n), 60_000, {1: 0.5, 2: 0.6, 3: 1.0}[n]
    beta, sites = scale * MIXED, MIXED.shape
    torus = GaugeTorus(n, beta, sites)
    u = {(mu, t, x): haar(generator, n, draws) for mu in (0, 1) for t in range(3) for x in range(2)}

    def link(mu, t, x, turned=False):
        matrix = u[mu, t % 3, x % 2]
        return np.conj(np.swapaxes(matrix, 1, 2)) if turned else matrix

    def rectangle(t, x, length):
        forward = [link(0, t + k, x) for k in range(length)]
        back = [link(0, t + k, x + 1, turned=True) for k in reversed(range(length))]
        return product(*forward, link(1, t + length, x), *back, link(1, t, x, turned=True))

    def mean_trace(matrix):
        return np.einsum("nii->n", matrix).real / n

    corners = [(t, x) for t in range(3) for x in range(2)]
    plaquettes = np.stack([mean_trace(rectangle(t, x, 1)) for t, x in corners])
    action = -(beta.ravel() @ plaquettes)
    lines = np.stack([np.einsum("nii->n", product(*(link(0, t, x) for t in range(3)))) / n for x in range(2)])
    measured = {f"plaquette {c}": (plaquettes[i], torus.plaquettes()[c]) for i, c in enumerate(corners)}
    double = np.mean([mean_trace(rectangle(t, x, 2)) for t, x in corners], axis=0)
    measured["2 x 1"] = (double, torus.wilson_loop(2, 1))
    correlator = torus.polyakov_correlator()
    measured["polyakov 0"] = (np.mean(np.abs(lines) ** 2, axis=0), correlator[0])
    measured["polyakov 1"] = ((lines[0] * lines[1].conj()).real, correlator[1])
    measured["action"] = (action, torus.action)
    measured["variance"] = ((action - torus.action) ** 2, torus.action_variance)
    weight = np.exp(-action)
    for name, (values, exact) in measured.items():
        deviation = weight * (values - exact)
        assert abs(deviation.sum()) < 4.5 * np.sqrt(np.sum(deviation**2)) + 1e-9, name  # |P|^2 of U(1) is 1
    assert abs(weight.mean() - math.exp(torus.log_z)) < 4.5 * weight.std() / draws**0.5


@pytest.mark.parametrize(("n", "beta"), [(2, 3.0), (3, 6.0), (4, 10.0)])
def test_action_moments_are_derivatives(n, beta):
    step, sites = 1e-4, (2, 3)
    torus, lower, upper = (GaugeTorus(n, b, sites) for b in (beta, beta - step, beta + step))
    np.testing.assert_allclose(torus.plaquette, (upper.log_z - lower.log_z) / (2 * step) / 6, rtol=1e-8)
    slope = 6 * (upper.plaquette - lower.plaquette) / (2 * step)
    np.testing.assert_allclose(torus.action_variance, beta**2 * slope, rtol=1e-7)
    np.testing.assert_allclose(torus.action, -6 * beta * torus.plaquette, rtol=1e-14)


def test_open_boundary_leaves_independent_plaquettes():
    beta = np.full((4, 3), 5.0)
    beta[-1] = 0.0
    torus, single = GaugeTorus(3, beta, (4, 3)), one_link.plaquette(3, 5.0)
    np.testing.assert_allclose(torus.plaquettes(), [[single] * 3] * 3 + [[0] * 3], atol=1e-15)
    np.testing.assert_allclose(torus.wilson_loop(2, 2), single**4 / 2, rtol=1e-13)
    np.testing.assert_allclose(torus.log_z, 9 * SUNCharacters(3).log_trivial(5.0), rtol=1e-14)


def test_equal_couplings_in_an_array_are_a_number():
    for n in (2, 3):
        number, array = GaugeTorus(n, 3.0, (4, 6)), GaugeTorus(n, np.full((4, 6), 3.0), (4, 6))
        assert number.log_z == array.log_z
        assert number.wilson_loop(2, 3) == array.wilson_loop(2, 3)
    nearly = np.full((4, 6), 3.0)
    nearly[1, 2] += 1e-9
    np.testing.assert_allclose(GaugeTorus(3, nearly, (4, 6)).wilson_loop(2, 3), array.wilson_loop(2, 3), rtol=1e-7)
    np.testing.assert_allclose(
        GaugeTorus(3, nearly, (4, 6)).polyakov_correlator(), array.polyakov_correlator(), rtol=1e-7
    )


@pytest.mark.parametrize(
    ("n", "beta", "extent"),
    [(2, 1000.0, 2), (3, 1000.0, 4), (4, 100.0, 4), (5, 1000.0, 1000), (3, 1e5, 1000), (2, 1e-3, 1)],
)
def test_no_overflow(n, beta, extent):
    torus = GaugeTorus(n, beta, (extent, extent))
    assert math.isfinite(torus.log_z)
    assert 0 < torus.plaquette < 1
    if beta >= 100:  # (N^2 - 1) (V - 1) + toron modes share V plaquettes
        gluons, volume = n**2 - 1, extent**2
        assert abs((1 - torus.plaquette) * 2 * beta / gluons - 1) < 1.3 / volume + 3 * n**2 / beta


def test_conjugate_representations_have_equal_coefficients():
    """lambda and its conjugate reversed: their sums over m lie on opposite sides."""
    labels = np.array([[90, 90], [90, 0], [70, 60], [70, 10]])
    ratio = SUNCharacters(3).log_ratio(labels, 1000.0)
    np.testing.assert_allclose(ratio[::2], ratio[1::2], rtol=1e-9)
    assert np.all(ratio > -10)


def test_loops_are_averaged_over_the_lattice():
    beta = np.random.default_rng(4).uniform(0.5, 3.0, (4, 5))
    for n in (1, 2):
        torus, loops = GaugeTorus(n, beta, (4, 5)), []
        for corner in np.ndindex(4, 5):
            inside = np.zeros((4, 5), dtype=bool)
            inside[:2, :3] = True
            loops.append(torus.loop(np.roll(inside, corner, axis=(0, 1))))
        np.testing.assert_allclose(torus.wilson_loop(2, 3), np.mean(loops), rtol=1e-13)
        np.testing.assert_allclose(torus.plaquette, torus.plaquettes().mean(), rtol=1e-14)


def test_too_many_representations_are_refused():
    with pytest.raises(TooManyRepresentations, match="use more plaquettes"):
        _ = GaugeTorus(5, 1000.0, (2, 2)).log_z
    assert sun_torus.observables(5, 1000.0, (2, 2)) == {}
    assert sun_torus.observables(3, 6.0, (4, 4, 4, 4)) == {}
    assert sun_torus.observables(3, -6.0, (4, 4)) == {}


def test_observables_by_name():
    values, torus = sun_torus.observables(3, 6.0, (5, 8)), GaugeTorus(3, 6.0, (5, 8))
    assert values["wilson_loop"].shape == (2, 4)
    assert values["wilson_loop"][1, 3] == torus.wilson_loop(2, 4)
    assert values["plaquette"] == values["plaquette_time"] == torus.plaquette
    assert values["log_z"] == torus.log_z
    assert len(values["polyakov_correlator"]) == 5


def test_groups_by_number_of_colours():
    assert characters(1) == U1Characters()
    assert characters(3) == SUNCharacters(3)
    with pytest.raises(ValueError, match="number of colours"):
        characters(0)
