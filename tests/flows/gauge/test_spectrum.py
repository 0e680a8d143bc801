"""Eigenphases of unitary matrices, and maps of spectra."""

import numpy as np
import pytest

from latticekit.arrays import backend, to_host
from latticekit.flows.gauge import CellMap, Mixture, PeriodicSpline, SpectralMap
from latticekit.flows.gauge.eigen import eigenphases, shortest
from latticekit.flows.gauge.spectral_turn import power
from latticekit.groups import SU
from latticekit.random import Key


def matrices(n, sites, dtype="float64"):
    return SU(n).random(Key(1), (1, 1, n, n, sites), np.zeros(0, dtype))[:, 0]


def rebuilt(theta, v):
    return np.einsum("cijx,cjx,ckjx->cikx", v, np.exp(1j * theta), np.conj(v))


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_eigenphases(n):
    m = matrices(n, 300)
    theta, v = eigenphases(m)
    assert np.max(np.abs(rebuilt(theta, v) - m)) < 5e-15
    assert np.max(np.abs(np.einsum("cjix,cjkx->cikx", np.conj(v), v) - np.eye(n)[None, :, :, None])) < 5e-15
    assert np.max(np.abs(np.sum(theta, axis=1))) < 1e-14


def test_eigenphases_on_every_library_and_precision():
    m = matrices(3, 20)
    xp = backend("array_api_strict")
    for one, other in zip(eigenphases(m), eigenphases(xp.asarray(m))):
        assert to_host(other) == pytest.approx(one, abs=1e-14)
    theta, v = eigenphases(m.astype(np.complex64))
    assert (theta.dtype, v.dtype) == ("float32", "complex64")
    assert np.max(np.abs(rebuilt(theta, v) - m)) < 3e-6


@pytest.mark.parametrize("phases", [(0, 0, 0), (1, 1, -2), (1, 1 + 1e-9, -2 - 1e-9), (np.pi, np.pi, 0), (0.5, -0.5, 0)])
def test_equal_and_nearly_equal_eigenvalues(phases):
    v = matrices(3, 50)
    m = np.einsum("cijx,j,ckjx->cikx", v, np.exp(1j * np.array(phases)), np.conj(v))
    theta, found = eigenphases(m)
    assert np.max(np.abs(rebuilt(theta, found) - m)) < 1e-14


def test_a_site_does_not_see_its_neighbours():
    m = matrices(3, 40)
    alone = eigenphases(m[..., 7:8])
    for one, other in zip(alone, eigenphases(m)):
        assert np.array_equal(one, other[..., 7:8])


MAPS = {"mixture": SpectralMap(Mixture(3)), "spline": SpectralMap(PeriodicSpline(4))}
CASES = {f"{name} {n}": (spectral, n) for name, spectral in MAPS.items() for n in (2, 3, 4)}
CASES |= {f"cell {n}": (CellMap(n, PeriodicSpline(4)), n) for n in (2, 3)}


@pytest.fixture(params=CASES)
def spectra(request):
    spectral, n = CASES[request.param]
    theta = shortest(eigenphases(matrices(n, 200))[0])
    return spectral, theta, Key(2).normal((1, spectral.size, 200), theta) * 0.5


def test_permutations_and_sum(spectra):
    spectral, theta, p = spectra
    new, log_det = spectral.apply(theta, p)
    assert np.max(np.abs(np.sum(new, axis=1))) < 1e-13
    order = [*range(1, theta.shape[1]), 0]
    turned, same = spectral.apply(theta[:, order], p)
    assert turned == pytest.approx(new[:, order], abs=1e-13)
    assert same == pytest.approx(log_det, abs=1e-11)


def test_another_branch_of_the_angles_is_the_same_matrix(spectra):
    spectral, theta, p = spectra
    lifted = theta.copy()
    lifted[:, 0], lifted[:, 1] = theta[:, 0] + 2 * np.pi, theta[:, 1] - 2 * np.pi
    new, log_det = spectral.apply(theta, p)
    other, same = spectral.apply(lifted, p)
    assert np.exp(1j * other) == pytest.approx(np.exp(1j * new), abs=1e-13)
    assert same == pytest.approx(log_det, abs=1e-10)


def test_inverse(spectra):
    spectral, theta, p = spectra
    back = spectral.inverse(spectral.apply(theta, p)[0], p)
    assert np.exp(1j * back) == pytest.approx(np.exp(1j * theta), abs=1e-12)


def test_zero_parameters_are_the_identity(spectra):
    spectral, theta, p = spectra
    new, log_det = spectral.apply(theta, 0 * p)
    assert new == pytest.approx(theta, abs=1e-14)
    assert np.max(np.abs(log_det)) < 1e-13


def test_change_and_ratios(spectra):
    spectral, theta, p = spectra
    change, ratios = spectral.change(theta, p)
    assert np.exp(1j * (theta + change)) == pytest.approx(np.exp(1j * spectral.apply(theta, p)[0]), abs=1e-13)
    for (i, j), ratio in ratios.items():
        old, new = (np.sin(0.5 * (one[:, i] - one[:, j])) for one in (theta, theta + change))
        assert ratio == pytest.approx(new / old, rel=1e-9)


def test_density_of_spectra_is_that_of_the_matrices(spectra):
    """Haar-random matrices stay weighted right: <exp(log_det) f(theta')> = <f> for f = |tr|^2, whose mean is 1."""
    spectral, theta, p = spectra
    theta = eigenphases(matrices(theta.shape[1], 20_000))[0]
    new, log_det = spectral.apply(theta, np.repeat(0.4 * p[:, :, :1], 20_000, axis=2))
    values = np.exp(log_det) * np.abs(np.sum(np.exp(1j * new), axis=1)) ** 2
    assert abs(np.mean(values) - 1) < 4.5 * np.std(values) / np.sqrt(values.size)
    assert np.std(values) < 10


@pytest.mark.parametrize("n", [2, 3])
def test_cells_are_safe_at_walls_and_corners(n):
    """Equal eigenvalues, elements of the centre: finite, positive ratios, walls onto walls."""
    spectral = CellMap(n, PeriodicSpline(4))
    wall = [0.7, 0.7, -1.4][:n] if n == 3 else [np.pi, -np.pi]
    third = 2 * np.pi / n
    theta = np.stack([np.zeros(n), np.array(wall), np.array([third] * (n - 1) + [-third * (n - 1)])], axis=-1)[None]
    p = Key(2).normal((1, spectral.size, 3), np.zeros(0)) * 0.5
    new, log_det = spectral.apply(theta, p)
    change, ratios = spectral.change(theta, p)
    bar, p_bar = spectral.vjp(theta, p, theta, np.ones((1, 1, 3)))
    for one in (new, log_det, change, bar, p_bar, *ratios.values()):
        assert np.all(np.isfinite(one))
    assert all(np.all(ratio > 0) for ratio in ratios.values())
    assert np.exp(1j * new[..., 0]) == pytest.approx(np.ones((1, n)), abs=1e-12)


def test_shortest_phases():
    theta = shortest(eigenphases(matrices(4, 300))[0])
    assert np.max(np.abs(np.sum(theta, axis=1))) < 1e-13
    assert np.max(np.max(theta, axis=1) - np.min(theta, axis=1)) < 2 * np.pi


@pytest.mark.parametrize("n", [2, 3])
def test_powers_of_matrices(n):
    """G^(1/2) G^(1/2) = G, on the shortest way; the vjp by differences."""
    g, half = matrices(n, 60), power(matrices(n, 60), 0.5)
    assert np.einsum("cijx,cjkx->cikx", half.root, half.root) == pytest.approx(g, abs=1e-13)
    assert np.max(np.abs(half.theta)) < 2 * np.pi
    group, h = SU(n), 1e-4
    bar, v = (group.algebra(Key(k).normal((1, group.algebra_size, 60), np.zeros(0))) for k in (3, 4))
    x_bar = half.vjp(bar, group)

    def change(size):
        moved = np.einsum("cijx,cjkx->cikx", group.exp(size * group.components(v)), g)
        step = np.einsum("cijx,ckjx->cikx", power(moved, 0.5).root, np.conj(half.root))
        return np.sum(group.components(step) * group.components(bar), axis=1)

    expected = (8 * (change(h) - change(-h)) - change(2 * h) + change(-2 * h)) / (12 * h)
    found = np.sum(group.components(x_bar) * group.components(v), axis=1)
    smooth = np.abs(found) < 5  # not at the cut locus
    assert found[smooth] == pytest.approx(expected[smooth], abs=1e-8)
    assert np.mean(smooth) > 0.8


def test_the_log_det_has_no_step_at_small_gaps():
    """Where gaps are replaced by their limit, both forms agree."""
    spectral = MAPS["mixture"]
    p = np.repeat(Key(2).normal((1, spectral.size, 1), np.zeros(0)), 2, axis=2)
    for size, tolerance in ((2e-5, 1e-8), (1e-12, 1e-10)):
        gap = np.array([size * (1 - 1e-9), size * (1 + 1e-9)])
        theta = np.stack([0.3 + gap, 0.3 - gap, np.full(2, -0.6)])[None]
        log_det = spectral.apply(theta, p)[1][0]
        assert abs(log_det[0] - log_det[1]) < tolerance
