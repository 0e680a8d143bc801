"""One-link integrals against quadrature, sampled Haar matrices, characters and derivatives."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive

from latticekit.exact import one_link

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "onelink.json").read_text())


def test_reference_values():
    for name, n in (("SU2", 2), ("SU3", 3)):
        for beta, value in REFERENCE["single_plaquette"][name].items():
            np.testing.assert_allclose(one_link.plaquette(n, float(beta)), value, rtol=3e-15)
    for case in REFERENCE["su2"]:
        known = case["a0"], case["a0_squared"]
        np.testing.assert_allclose(one_link.su2_moments(case["alpha"]), known, rtol=3e-15)
        np.testing.assert_allclose(one_link.log_z(case["alpha"] / 2 * np.eye(2)), case["log_z"], rtol=3e-14)
    for case in REFERENCE["su3"]:
        source = (np.array(case["source_real"]) + 1j * np.array(case["source_imaginary"])).conj().T
        np.testing.assert_allclose(one_link.log_z(source), case["log_z"], rtol=2e-14)
        np.testing.assert_allclose(one_link.re_trace_moments(source)[0], case["re_trace"], rtol=1e-10)


@pytest.mark.parametrize("alpha", [0.02, 0.3, 1.68, 7.0, 900.0])
def test_moments_against_quadrature(alpha):
    span = min(np.pi, 14 / math.sqrt(alpha))

    def integral(power, measure):
        def integrand(a):
            return measure(a) * np.cos(a) ** power * np.exp(alpha * (np.cos(a) - 1))

        return quad(integrand, 0, span, epsabs=0, epsrel=1e-12)[0]

    def mean(power, measure):
        return integral(power, measure) / integral(0, measure)

    tolerance = {"rtol": 1e-11, "atol": 1e-13}
    np.testing.assert_allclose(one_link.u1_moments(alpha), [mean(k, lambda a: 1.0) for k in (1, 2)], **tolerance)
    sphere = [mean(k, lambda a: np.sin(a) ** 2) for k in (1, 2)]
    np.testing.assert_allclose(one_link.su2_moments(alpha), sphere, **tolerance)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_general_source_against_sampled_matrices(n):
    """200000 Haar draws: Z, mean and mean square within 4.5 standard errors (false alarm 2e-5)."""
    generator, draws = np.random.default_rng(n), 200_000
    gauss = generator.standard_normal((2, draws, n, n))
    q, r = np.linalg.qr(gauss[0] + 1j * gauss[1])
    diagonal = np.einsum("nii->ni", r)
    q = q * (diagonal / np.abs(diagonal))[:, None, :]
    u = q / np.linalg.det(q)[:, None, None] ** (1 / n)
    source = 0.4 * (generator.standard_normal((n, n)) + 1j * generator.standard_normal((n, n)))
    trace = np.einsum("nij,ji->n", u, source).real
    weight, (first, second) = np.exp(trace), one_link.re_trace_moments(source)
    assert abs(weight.mean() - math.exp(one_link.log_z(source))) < 4.5 * weight.std() / draws**0.5
    for values, exact in ((trace, first), (trace**2, second)):
        deviation = weight * (values - exact)
        assert abs(deviation.sum()) < 4.5 * np.sqrt(np.sum(deviation**2))
    turned = source * np.exp(1j)  # U(N) does not see the phase of the determinant, SU(N) does
    assert abs(one_link.log_z(turned) - one_link.log_z(source)) > 1e-3


def test_unequal_singular_values_against_the_determinant():
    """The formula of the module's docstring as it stands, for one phase of det A and far apart values."""
    mu, phase = np.array([0.2, 4.0, 40.0]), 0.8
    y, m, i = mu**2, np.arange(-60, 61)[:, None, None], np.arange(3)[:, None]
    determinants = np.linalg.det(mu**i * ive(m + i, mu))
    vandermonde = (y[1] - y[0]) * (y[2] - y[0]) * (y[2] - y[1])
    z = 16 * np.cos(phase * m[:, 0, 0]) @ determinants / vandermonde
    turned = mu * np.exp(1j * phase / 3)
    np.testing.assert_allclose(one_link.log_z(np.diag(turned)), math.log(z) + mu.sum(), rtol=1e-11)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("beta", [0.3, 6.0, 60.0])
def test_multiple_of_the_identity_is_a_plaquette(n, beta):
    mean, square = one_link.re_trace_moments(beta / n * np.eye(n))
    np.testing.assert_allclose(mean / beta, one_link.plaquette(n, beta), rtol=1e-11)
    step = 1e-4
    slope = (one_link.plaquette(n, beta + step) - one_link.plaquette(n, beta - step)) / (2 * step)
    np.testing.assert_allclose((square - mean**2) / beta**2, slope, rtol=1e-5)


def test_moments_are_derivatives_and_equal_singular_values_are_no_exception():
    source = np.array([[0.9, 0.2j, 0.1], [0.3, 1.4, -0.5j], [0.0, 0.6, 0.7 + 0.2j]])
    step = 1e-4
    lower, upper = (one_link.log_z((1 + sign * step) * source) for sign in (-1, 1))
    np.testing.assert_allclose(one_link.re_trace_moments(source)[0], (upper - lower) / (2 * step), rtol=1e-7)
    equal, nearly = np.diag([1.3, 1.3, 0.4]), np.diag([1.3, 1.3 + 1e-9, 0.4])
    np.testing.assert_allclose(one_link.log_z(equal), one_link.log_z(nearly), rtol=1e-8)
    assert one_link.log_z(np.zeros((3, 3))) == pytest.approx(0, abs=1e-14)
    assert one_link.log_z(np.diag([2.0, 0.0, 1.0])) > 0


def test_limits_and_bad_input():
    assert one_link.plaquette(3, 0.0) == 0
    assert one_link.su2_moments(0.0) == (0, 0.25)
    assert one_link.u1_moments(0.0) == (0, 0.5)
    np.testing.assert_allclose([*one_link.su2_moments(1e-9), *one_link.u1_moments(1e-9)], [2.5e-10, 0.25, 5e-10, 0.5])
    np.testing.assert_allclose([*one_link.su2_moments(1e-7), *one_link.u1_moments(1e-7)], [2.5e-8, 0.25, 5e-8, 0.5])
    np.testing.assert_allclose(1 - one_link.plaquette(3, 1e5), 8 / 2e5, rtol=1e-4)
    with pytest.raises(ValueError, match="N x N matrix"):
        one_link.log_z(np.zeros((2, 3)))
