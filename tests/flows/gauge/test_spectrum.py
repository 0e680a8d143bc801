"""Eigenphases of unitary matrices, and maps of spectra."""

import itertools

import numpy as np
import pytest

from latticekit.arrays import backend, to_host
from latticekit.flows.gauge import Mixture, PeriodicSpline, SpectralMap
from latticekit.flows.gauge.eigen import eigenphases
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


@pytest.fixture(params=itertools.product(MAPS, (2, 3, 4)), ids=str)
def spectra(request):
    name, n = request.param
    spectral, theta = MAPS[name], eigenphases(matrices(n, 200))[0]
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
    assert np.max(np.abs(back - theta)) < 1e-12


def test_zero_parameters_are_the_identity(spectra):
    spectral, theta, p = spectra
    new, log_det = spectral.apply(theta, 0 * p)
    assert new == pytest.approx(theta, abs=1e-14)
    assert np.max(np.abs(log_det)) < 1e-13


def test_the_log_det_has_no_step_at_small_gaps():
    """Where gaps are replaced by their limit, both forms agree."""
    spectral = MAPS["mixture"]
    p = np.repeat(Key(2).normal((1, spectral.size, 1), np.zeros(0)), 2, axis=2)
    for size, tolerance in ((2e-5, 1e-8), (1e-12, 1e-10)):
        gap = np.array([size * (1 - 1e-9), size * (1 + 1e-9)])
        theta = np.stack([0.3 + gap, 0.3 - gap, np.full(2, -0.6)])[None]
        log_det = spectral.apply(theta, p)[1][0]
        assert abs(log_det[0] - log_det[1]) < tolerance
