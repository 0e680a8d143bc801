"""Topological charge of fields whose charge is known, field strength, action density."""

import numpy as np
import pytest

from latticekit.fields import (
    CLOVER,
    IMPROVED,
    action_density,
    charge_density,
    clover,
    field_strength,
    gauge_transform,
    gauge_transform_algebra,
    geometric_charge,
    plaquette_angle,
    plaquette_density,
    random_transform,
    topological_charge,
    transporter,
)
from latticekit.groups import SU, U1
from latticekit.random import Key
from latticekit.testing import check_strict
from tests.fields.symmetries import exchanged, links, reflected, transformed, translated

pytestmark = pytest.mark.usefixtures("reference")


def flux(sites, mu, nu, quanta):
    """Angles of constant plaquette 2 pi quanta / (L_mu L_nu) in one plane.  -> (mu, *sites)"""
    theta, step = np.zeros((len(sites), *sites)), 2 * np.pi * quanta / (sites[mu] * sites[nu])
    x = np.meshgrid(*map(np.arange, sites), indexing="ij")
    theta[nu] = step * x[mu]
    theta[mu] = np.where(x[mu] == sites[mu] - 1, -step * sites[mu] * x[nu], 0.0)
    return theta


def self_dual(sites, charges, quanta=(1, 1)):
    """Links exp(i theta diag(charges)) with fluxes in the planes (0, 1) and (2, 3).  -> (1, mu, N, N, *sites)"""
    theta = flux(sites, 0, 1, quanta[0]) + flux(sites, 2, 3, quanta[1])
    u = np.zeros((1, 4, len(charges), len(charges), *sites), complex)
    for i, charge in enumerate(charges):
        u[0, :, i, i] = np.exp(1j * charge * theta)
    return u


@pytest.mark.parametrize("q", [0, 1, -1, 2, -7])
@pytest.mark.parametrize("sites", [(4, 4), (5, 8), (16, 3)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_instantons_of_u1(q, sites, dtype):
    theta = flux(sites, 0, 1, q)[None]
    theta = (theta + 0.02 * Key(1).normal(theta.shape, theta)).astype(dtype)
    assert geometric_charge(theta).tolist() == [q]
    assert topological_charge(U1().project(transformed(theta))).tolist() == [q]
    assert geometric_charge(reflected(theta, 1)).tolist() == [-q]
    assert geometric_charge(exchanged(theta, 0, 1)).tolist() == [-q] or sites[0] != sites[1]


def test_rough_fields_have_integers_too():
    theta = links(U1(), (12, 10), chains=50)
    q = geometric_charge(theta)
    np.testing.assert_array_equal(q, np.round(q))
    np.testing.assert_allclose(plaquette_angle(theta).sum(axis=(1, 2)) / (2 * np.pi), q, atol=1e-12)
    assert len(set(q.tolist())) > 4
    check_strict(geometric_charge, theta)


@pytest.mark.parametrize(("charges", "q"), [((1, -1), 2), ((1, -1, 0), 2), ((1, 1, -2), 6), ((1,), 1)])
def test_constant_self_dual_fields(charges, q):
    sites = (8, 6, 6, 8)
    u, phi = self_dual(sites, charges), 2 * np.pi / 48
    x = u if len(charges) > 1 else np.angle(u[:, :, 0, 0])

    def expected(leaves):  # F is diagonal, without its trace
        f = sum(w * np.sin(m**2 * phi * np.array(charges)) / m**2 for m, w in leaves.items())
        return np.sum((f - np.mean(f) * (len(charges) > 1)) ** 2)

    for leaves in (CLOVER, IMPROVED):
        np.testing.assert_allclose(topological_charge(x, leaves), expected(leaves) / phi**2, rtol=1e-12)
        density = expected(leaves) * (2 if len(charges) > 1 else 1)
        np.testing.assert_allclose(action_density(x, leaves), density, rtol=1e-12)
    assert abs(topological_charge(x, CLOVER)[0] - q) < 0.05 * q
    if max(charges) < 2 and min(charges) > -2:
        assert abs(topological_charge(x)[0] - q) < 0.005 * q
    np.testing.assert_allclose(topological_charge(reflected(x, 2)), -topological_charge(x), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2])
def test_clover_leaves_by_their_paths(size):
    u = links(SU(3), (4, 3, 2))
    for mu, nu in ((0, 1), (2, 0)):
        m, n = (mu,) * size, (nu,) * size
        back_m, back_n = (~mu,) * size, (~nu,) * size
        leaves = (m + n + back_m + back_n, n + back_m + back_n + m, back_m + back_n + m + n, back_n + m + n + back_m)
        np.testing.assert_allclose(clover(u, mu, nu, size), sum(transporter(u, p) for p in leaves) / 4, atol=1e-14)


@pytest.mark.parametrize("group", [U1(), SU(2), SU(3)])
def test_field_strength_is_antisymmetric(group):
    x = links(group, (3, 4, 3))
    for leaves in (CLOVER, IMPROVED):
        np.testing.assert_allclose(field_strength(x, 0, 2, leaves), -field_strength(x, 2, 0, leaves), atol=1e-14)


@pytest.mark.parametrize("group", [U1(), SU(2), SU(3)])
def test_densities_of_a_smooth_wave(reference, group):
    """theta_1 = s cos(k x_0), F_01 = -s k sin(k x_0): E = s^2 k^2 / 4, and what each lattice form makes of k."""
    s, k = 1e-3, 2 * np.pi / 12
    v = np.zeros(group.algebra_shape(group.shape(1, (12, 7))))
    v[(0, 1, 0) if v.ndim == 5 else (0, 1)] = s * np.cos(k * np.arange(12))[:, None]
    x = group.translate(group.identity(group.shape(1, (12, 7)), np.zeros(0)), v)
    continuum = s**2 * k**2 / 4
    box = {m: np.sin(m * k) / (m * k) for m in (1, 2, 3)}  # a leaf averages F over m sites each way
    improved = sum(w * box[m] for m, w in IMPROVED.items())
    np.testing.assert_allclose(plaquette_density(x), continuum * (np.sin(k / 2) / (k / 2)) ** 2, rtol=1e-5)
    np.testing.assert_allclose(action_density(x), continuum * box[1] ** 2, rtol=1e-5)
    np.testing.assert_allclose(action_density(x, IMPROVED), continuum * improved**2, rtol=1e-5)
    assert abs(improved - 1) < 0.1 * abs(box[1] - 1)


def test_charge_density_is_invariant():
    x = links(SU(2), (2, 3, 2, 3))
    q = charge_density(x)
    np.testing.assert_allclose(charge_density(transformed(x)), q, atol=1e-14)
    np.testing.assert_allclose(charge_density(translated(x, 1)), np.roll(q, -1, axis=2), atol=1e-14)
    check_strict(topological_charge, x)


@pytest.mark.parametrize(("group", "sites"), [(SU(2), (4, 4)), (U1(), (4, 4, 4)), (SU(3), (2, 2, 2))])
def test_fields_without_charge(group, sites):
    with pytest.raises(ValueError, match="no topological charge here"):
        topological_charge(links(group, sites))


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="angles"):
        geometric_charge(links(SU(2), (4, 4)))
    with pytest.raises(ValueError, match="four dimensions"):
        charge_density(links(SU(2), (4, 4)))


@pytest.mark.parametrize("group", [U1(), SU(2), SU(3)])
def test_field_strength_turns_with_its_site(group):
    x = links(group, (3, 4, 3))
    g = random_transform(Key(5), x)
    for leaves in (CLOVER, IMPROVED):
        f = field_strength(x, 0, 2, leaves)[:, None]
        turned = field_strength(gauge_transform(x, g), 0, 2, leaves)[:, None]
        np.testing.assert_allclose(turned, gauge_transform_algebra(f, g), atol=1e-13)
