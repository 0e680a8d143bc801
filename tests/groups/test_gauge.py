"""Gauge groups: generators, algebra, exponential, logarithm, Haar measure, projection."""

import numpy as np
import pytest
from scipy.linalg import expm

from latticekit.groups import SU, U1
from latticekit.groups.exponential import exp_antihermitian, polar
from latticekit.groups.matrices import dagger_mul, determinant, identity_like, trace
from latticekit.random import Key
from latticekit.testing import check_strict

GROUPS = {"u1": U1(), "su2": SU(2), "su3": SU(3), "su4": SU(4), "su5": SU(5)}
SITES = (3, 2)


@pytest.fixture(params=GROUPS)
def group(request):
    return GROUPS[request.param]


def normal(group, scale=1.0, chains=4, seed=2):
    """Algebra elements of one direction, read-only."""
    shape = group.algebra_shape(group.shape(chains, SITES))
    v = Key(seed).fold("test").normal((shape[0], *shape[2:]), np.zeros(0)) * scale
    v.flags.writeable = False
    return v


def plain(m):
    """(chain, N, N, *sites) -> (many, N, N)"""
    return np.moveaxis(m, (1, 2), (-2, -1)).reshape(-1, *m.shape[1:3])


def test_generators_are_hermitian_traceless_and_normalised(group):
    t = group.generators
    np.testing.assert_array_equal(t, t.conj().swapaxes(1, 2))
    np.testing.assert_allclose(np.einsum("aij,bji->ab", t, t), group.index * np.eye(len(t)), atol=1e-15)
    assert group.algebra_size == len(t)
    np.testing.assert_allclose(np.einsum("aij,ajk->ik", t, t), group.casimir * np.eye(group.n), atol=1e-14)
    if group.n > 1:
        np.testing.assert_allclose(np.einsum("aii->a", t), 0, atol=1e-15)
        assert (group.algebra_size, group.index) == (group.n**2 - 1, 0.5)


def test_the_usual_matrices():
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    np.testing.assert_allclose(SU(2).generators, pauli / 2, atol=1e-15)
    t = SU(3).generators * 2
    np.testing.assert_allclose(t[:3, :2, :2], pauli, atol=1e-15)
    np.testing.assert_allclose(t[7], np.diag([1, 1, -2]) / np.sqrt(3), atol=1e-15)
    assert (t[3][0, 2], t[4][0, 2], t[5][1, 2], t[6][1, 2]) == (1, -1j, 1, -1j)


def test_algebra_and_components(group):
    """i v_a T_a from the generators, and back; what is Hermitian or a multiple of one projects to zero."""
    v = normal(group)
    rows = v[:, None] if group.n == 1 else v
    m = group.algebra(v)
    np.testing.assert_allclose(m, 1j * np.einsum("ca...,aij->cij...", rows, group.generators), atol=1e-15)
    np.testing.assert_allclose(group.components(m), v, atol=1e-14)
    np.testing.assert_allclose(group.components(1j * m), 0 * v, atol=1e-14)
    if group.n > 1:
        np.testing.assert_allclose(group.components(m + 0.3j * identity_like(m)), v, atol=1e-14)
    check_strict(group.algebra, v)
    check_strict(group.components, m)


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e-3, 0.4, 3.0, 40.0])
def test_exponential_is_that_of_the_matrix(group, scale):
    v = normal(group, scale)
    u = group.exp(v)
    expected = np.array([expm(m) for m in plain(group.algebra(v))])
    np.testing.assert_allclose(plain(u), expected, atol=2e-14 * max(1, scale))
    assert np.max(abs(dagger_mul(u, u) - identity_like(u))) < 1e-13 * max(1, scale)
    check_strict(group.exp, v)


@pytest.mark.parametrize("scale", [1e-8, 0.1, 1.0])
def test_logarithm_undoes_the_exponential(group, scale):
    v = normal(group, scale * 0.4)
    np.testing.assert_allclose(group.log(group.exp(v)), v, atol=1e-13)
    check_strict(lambda v: group.log(group.exp(v)), v, tolerance=1e-12)


def test_exponential_undoes_the_logarithm_of_anything(group):
    u = group.matrices(group.random(Key(3), group.shape(300, SITES), np.zeros(0)))[:, 0]
    v = group.log(u)
    np.testing.assert_allclose(group.exp(v), u, atol=2e-13)
    half = group.exp(0.5 * v)
    np.testing.assert_allclose(np.einsum("cij...,cjk...->cik...", half, half), u, atol=2e-13)


def test_exponential_of_a_unitary_algebra_with_a_trace():
    """U(N): the general series also exponentiates what is not traceless."""
    v = normal(SU(4))
    m = SU(4).algebra(v) + 0.7j * identity_like(SU(4).algebra(v))
    np.testing.assert_allclose(plain(exp_antihermitian(m)), [expm(one) for one in plain(m)], atol=1e-13)


def test_determinant_is_that_of_the_matrix(group):
    m = Key(4).normal((3, 2, group.n, group.n, 5), np.zeros(0))
    m = m[:, 0] + 1j * m[:, 1]
    np.testing.assert_allclose(determinant(m).ravel(), np.linalg.det(plain(m)).ravel(), rtol=1e-11)


def test_haar_measure(group):
    """Moments of traces and elements over 10^5 links: |z| < 4.5 each (7e-6); a 1 % error of <|U_ij|^2> is 4 sigma.

    <tr U> = 0, <|tr U|^2> = 1, <|U_ij|^2> = 1/N, <(tr U)^N> = 1 for SU(N) (one way to couple N quarks to a singlet).
    """
    n, many = group.n, 20000
    u = group.matrices(group.random(Key(8), group.shape(many, (2, 2)), np.zeros(0)))
    links = np.moveaxis(u, (2, 3), (-2, -1)).reshape(-1, n, n)
    tr = np.trace(links, axis1=1, axis2=2)
    expected = [(tr.real, 0.0), (tr.imag, 0.0), (abs(tr) ** 2, 1.0), ((tr**n).real, float(n > 1))]
    expected += [(abs(links[:, i, j]) ** 2, 1 / n) for i in range(n) for j in range(n)]
    expected += [(links[:, i, j].real * links[:, j, i].imag, 0.0) for i in range(n) for j in range(n)]
    for values, mean in expected:
        error = np.std(values) / np.sqrt(values.size)
        assert abs(np.mean(values) - mean) < 4.5 * error + 1e-12


def test_haar_measure_is_invariant():
    """Translating by a fixed matrix does not change the mean of a function that is not a class function."""
    group = SU(3)
    x = group.random(Key(9), group.shape(20000, (2,)), np.zeros(0))
    g = group.exp(normal(group, 1.0, chains=1)[:, :, 0, 0])
    rows = np.einsum("ij,cmjks->cmiks", g[0], x)
    change = abs(rows[:, :, 0, 1]) ** 2 - abs(x[:, :, 0, 1]) ** 2
    assert abs(change.mean()) < 4.5 * change.std() / np.sqrt(change.size)


def test_projection_gives_the_nearest_element(group, kernels):
    """The polar factor over the determinant's phase: unitary, special, and closer than the matrices around it."""
    x = group.random(Key(3), group.shape(3, SITES), np.zeros(0))
    m = group.matrices(x)
    noise = Key(4).normal((2, *m.shape), np.zeros(0)) * 1e-3
    far = m + noise[0] + 1j * noise[1]
    near = group.nearest(far[:, 0])
    assert np.max(abs(dagger_mul(near, near) - identity_like(near))) < 1e-14
    if group.n > 1:
        np.testing.assert_allclose(determinant(near), 1.0, atol=1e-13)
        np.testing.assert_allclose(group.project(far)[:, 0], near, atol=1e-14)
    distance = np.sum(abs(far[:, 0] - near) ** 2, axis=(1, 2))
    for seed in range(5):
        step = group.exp(normal(group, 1e-3, chains=3, seed=seed))
        other = np.einsum("cij...,cjk...->cik...", step, near)
        assert np.all(np.sum(abs(far[:, 0] - other) ** 2, axis=(1, 2)) > distance)


def test_projection_of_what_is_far_from_unitary():
    group = SU(3)
    m = Key(5).normal((2, 50, 3, 3, 2), np.zeros(0)) * 5
    m = m[0] + 1j * m[1]
    u = polar(m)
    np.testing.assert_allclose(dagger_mul(u, u), identity_like(u) + 0 * u, atol=1e-13)
    left, _, right = np.linalg.svd(plain(m))
    np.testing.assert_allclose(plain(u), left @ right, atol=1e-9)
    near = group.nearest(m)
    np.testing.assert_allclose(determinant(near), 1.0, atol=1e-12)


def test_defect_measures_the_distance(group, kernels):
    x = group.random(Key(3), group.shape(3, SITES), np.zeros(0))
    assert np.max(group.defect(x)) < 1e-14
    if group.n > 1:
        wrong = np.array(x)
        wrong[1, 0] *= 1 + 1e-6
        np.testing.assert_allclose(group.defect(wrong)[[0, 2]], 0, atol=1e-14)
        assert 1e-6 < group.defect(wrong)[1] < 1e-5


def test_u1_angles_are_wrapped_only_where_needed():
    group = U1()
    x = group.random(Key(3), group.shape(3, SITES), np.zeros(0))
    np.testing.assert_array_equal(group.project(x), x)
    np.testing.assert_allclose(group.project(x + 4 * np.pi), x, atol=1e-14)
    assert np.all((group.project(100.0 * x) >= -np.pi) & (group.project(100.0 * x) < np.pi))
    np.testing.assert_allclose(group.links(group.matrices(x)), x, atol=1e-15)


def test_trace_of_the_unit_matrix(group):
    x = group.identity(group.shape(2, SITES), np.zeros(0))
    np.testing.assert_array_equal(trace(group.matrices(x)[:, 0]), group.n)


@pytest.mark.parametrize("n", [1, 0, -2])
def test_groups_that_are_none_are_refused(n):
    with pytest.raises(ValueError, match=rf"SU\(n\) needs n >= 2, got {n}"):
        SU(n)
