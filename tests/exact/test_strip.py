"""Lattice gauge theory between fixed boundaries: quadrature, composition, derivatives, characters."""

import math

import numpy as np
import pytest
from scipy.special import i0, i1

from latticekit.exact import GaugeStrip
from latticekit.exact.characters import characters
from latticekit.exact.strip import _characters

BETA = np.array([[0.7, 2.0], [1.3, 0.4]])


def test_one_plaquette_of_u1_is_fixed_by_its_boundaries():
    for angle in (0.0, 0.4, 3.0):
        strip = GaugeStrip(1, 1.7, (1, 1), np.array([[0.3], [0.3 + angle]]))
        assert strip.log_z == pytest.approx(1.7 * math.cos(angle), abs=1e-13)
        assert strip.plaquettes()[0, 0] == pytest.approx(math.cos(angle), abs=1e-13)


def test_u1_by_quadrature():
    """Two plaquettes between lines of holonomy a and b: one angle is left, t and b - a - t."""
    t, (a, b) = np.linspace(0, 2 * np.pi, 400, endpoint=False), (0.4, 1.5)
    weight = np.exp(BETA[0, 0] * np.cos(t) + BETA[0, 1] * np.cos(b - a - t))
    strip = GaugeStrip(1, BETA[:1], (1, 2), np.array([[a], [b]]))
    assert strip.log_z == pytest.approx(math.log(weight.mean()), abs=1e-13)
    means = [np.mean(weight * np.cos(t)), np.mean(weight * np.cos(b - a - t))] / weight.mean()
    np.testing.assert_allclose(strip.plaquettes()[0], means, atol=1e-13)


@pytest.mark.parametrize("n", [2, 3])
def test_one_plaquette_of_sun_by_haar_links(n):
    """Z = int dU exp(beta/N Re tr U W' U^dagger W^dagger), sampled; |z| < 4."""
    from latticekit.groups import SU
    from tests.links import haar

    beta, phases = 1.5, np.array([[0.3, -0.9, 0.6], [1.1, 0.2, -1.3]])[:, :n]
    phases = phases - phases.mean(axis=1, keepdims=True)
    u = haar(SU(n), 20000, (1, 1))[:, 0, :, :, 0, 0]
    low, high = (np.diag(np.exp(1j * line)) for line in phases)
    trace = np.einsum("cij,jk,clk,li->c", u, high, u.conj(), low.conj()).real / n
    weight = np.exp(beta * trace)
    strip = GaugeStrip(n, beta, (1, 1), phases)
    assert abs(weight.mean() - math.exp(strip.log_z)) < 4 * weight.std() / math.sqrt(len(u))
    excess = weight * (trace - strip.plaquettes()[0, 0])
    assert abs(excess.mean()) < 4 * excess.std() / math.sqrt(len(u))
    assert weight.std() / weight.mean() / math.sqrt(len(u)) < 3e-3


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("turned", [False, True])
def test_plaquettes_are_derivatives(n, turned):
    phases = np.array([[0.3, -0.9, 0.6], [1.1, 0.2, -1.3]])[:, :n] if turned else None
    plaquettes, h = GaugeStrip(n, BETA, (2, 2), phases).plaquettes(), 1e-4
    for at in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[at] = h
        up, down = (GaugeStrip(n, BETA + sign * step, (2, 2), phases).log_z for sign in (1, -1))
        assert plaquettes[at] == pytest.approx((up - down) / (2 * h), abs=1e-7)


def test_long_strips_forget_their_boundaries():
    wide = GaugeStrip(1, 2.0, (1, 200)).plaquettes()[0, 0]
    assert wide == pytest.approx(i1(2.0) / i0(2.0), abs=2e-2)
    assert GaugeStrip(2, 2.0, (60, 4)).plaquettes()[30, 0] == pytest.approx(0.4331, abs=1e-4)


def test_characters_near_one_are_dimensions():
    for n in (2, 3, 4):
        found = characters(n).representations(6.0)
        near = 1e-2 * (np.arange(n) - (n - 1) / 2)
        np.testing.assert_allclose(_characters(found.labels, near).real, found.dimensions, rtol=5e-3)


def test_equal_eigenphases_are_refused():
    with pytest.raises(ValueError, match="must be distinct"):
        _ = GaugeStrip(2, 1.0, (2, 2), np.zeros((2, 2))).log_z
