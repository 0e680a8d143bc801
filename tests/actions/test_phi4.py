"""phi^4: the formula, its normalisations, presets, precision, bad input."""

import itertools
import math

import numpy as np
import pytest

from latticekit.actions import PRESETS, FreeScalar, Phi4, preset
from tests.cases import field


def by_hand(phi, mass_squared, coupling):
    """S of one configuration, link by link and site by site."""
    total = 0.0
    for x in itertools.product(*map(range, phi.shape)):
        total += mass_squared * phi[x] ** 2 + coupling * phi[x] ** 4
        for mu, extent in enumerate(phi.shape):
            up = tuple((c + 1) % extent if nu == mu else c for nu, c in enumerate(x))
            total += (phi[up] - phi[x]) ** 2
    return total


@pytest.mark.parametrize("sites", [(1,), (2,), (5,), (3, 4), (2, 2, 3), (2, 3, 2, 2)])
def test_value_is_the_sum_over_links_and_sites(kernels, sites):
    phi = field(2, *sites)
    expected = [by_hand(one, -1.3, 0.7) for one in phi]
    np.testing.assert_allclose(Phi4(-1.3, 0.7).value(phi), expected, rtol=1e-13, atol=1e-13)


def hopping_action(phi, kappa, lam):
    """S and -dS of 2309.17082, -2 kappa sum phi phi' + (1 - 2 lam) phi^2 + lam phi^4, written out with np.roll."""
    axes = range(1, phi.ndim)
    up = sum(np.roll(phi, -1, axis) for axis in axes)
    down = sum(np.roll(phi, 1, axis) for axis in axes)
    density = -2 * kappa * phi * up + (1 - 2 * lam) * phi**2 + lam * phi**4
    return density.sum(axis=tuple(axes)), 2 * kappa * (up + down) - 2 * (1 - 2 * lam) * phi - 4 * lam * phi**3


def half_action(phi, mass_squared, coupling):
    """S and -dS of 1/2 (d phi)^2 + 1/2 m^2 phi^2 + coupling phi^4, written out with np.roll."""
    axes = range(1, phi.ndim)
    gradient = sum((np.roll(phi, -1, axis) - phi) ** 2 for axis in axes)
    laplacian = sum(np.roll(phi, -1, axis) + np.roll(phi, 1, axis) - 2 * phi for axis in axes)
    density = 0.5 * gradient + 0.5 * mass_squared * phi**2 + coupling * phi**4
    return density.sum(axis=tuple(axes)), laplacian - mass_squared * phi - 4 * coupling * phi**3


def agree(action, phi, factor, value, force):
    """S_full(phi) = S_other(factor phi), and forces by the chain rule."""
    np.testing.assert_allclose(action.value(phi), value, rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(action.force(phi), factor * force, rtol=1e-13, atol=1e-12)


def test_the_identity_of_full_and_hopping(kernels):
    action = Phi4.from_hopping(0.25, 0.5, dim=2)
    assert (action.mass_squared, action.coupling) == (-4.0, 8.0)
    assert Phi4(-4.0, 8.0).to_hopping(dim=2) == pytest.approx((0.25, 0.5), rel=1e-15)
    phi = field(4, 6, 6)
    agree(Phi4(-4.0, 8.0), phi, 2.0, *hopping_action(2.0 * phi, 0.25, 0.5))  # phi_hop = phi_full / sqrt(kappa)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
@pytest.mark.parametrize(("kappa", "lam"), [(0.25, 0.5), (0.27, 0.022), (0.1, 1.5), (0.5, 0.022)])
def test_hopping_normalisation(kernels, dim, kappa, lam):
    action, phi = Phi4.from_hopping(kappa, lam, dim), field(2, *(3,) * dim)
    agree(action, phi, kappa**-0.5, *hopping_action(phi / math.sqrt(kappa), kappa, lam))
    assert action.to_hopping(dim) == pytest.approx((kappa, lam), rel=1e-12)


@pytest.mark.parametrize(("mass_squared", "coupling"), [(-4.0, 2.0), (0.3, 0.0), (0.25, 0.1)])
def test_half_normalisation(kernels, mass_squared, coupling):
    action, phi = Phi4.from_half(mass_squared, coupling), field(2, 4, 3)
    agree(action, phi, math.sqrt(2), *half_action(math.sqrt(2) * phi, mass_squared, coupling))
    assert action.to_half() == (mass_squared, coupling)


@pytest.mark.parametrize("action", [Phi4(-4.0, 1e-12), Phi4(-3.9999999, 1e-3), Phi4(0.1, 0.0), Phi4(-50.0, 3.0)])
def test_hopping_parameters_are_accurate_at_the_edges(action):
    kappa, lam = action.to_hopping(dim=2)
    back = Phi4.from_hopping(kappa, lam, dim=2)
    assert kappa > 0
    assert back.mass_squared == pytest.approx(action.mass_squared, rel=1e-9, abs=1e-9)
    assert back.coupling == pytest.approx(action.coupling, rel=1e-12)


def test_presets_of_the_papers():
    table = {"E1": (6, 6.975), "E2": (8, 6.008), "E3": (10, 5.550), "E4": (12, 5.276), "E5": (14, 5.113)}
    for name, (size, coupling) in table.items():
        one = preset(name)
        assert one.lattice == (size, size)
        assert one.action == Phi4(-4.0, coupling)
        assert "1904.12072" in one.reference
    assert PRESETS["broken"].action.to_hopping(2) == pytest.approx((0.5, 0.022))
    with pytest.raises(ValueError, match="unknown preset 'E9': one of E1"):
        preset("E9")


def test_single_precision_fields_sum_in_double(kernels):
    """Terms are rounded one by one, the sum is not: 2^16 roundings of 6e-8 average to 2e-10, times a few."""
    phi = field(1, 256, 256, dtype="float32")
    action = Phi4(-4.0, 5.125)  # couplings without rounding of their own
    exact = action.value(phi.astype("float64"))
    assert abs(action.value(phi) - exact) / exact < 2e-9
    force = action.force(phi.astype("float64"))
    assert np.max(np.abs(action.force(phi) - force)) / np.max(np.abs(force)) < 1e-6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Phi4(-4.0, -0.1), "coupling must be >= 0 for a normalisable weight, got -0.1"),
        (lambda: FreeScalar(0.0), "needs mass_squared > 0"),
        (lambda: FreeScalar(-1.0), "needs mass_squared > 0"),
        (lambda: Phi4(math.nan, 1.0), "finite couplings"),
        (lambda: Phi4(1.0, math.inf), "finite couplings"),
        (lambda: Phi4.from_hopping(0.0, 0.1, 2), "kappa > 0"),
        (lambda: Phi4.from_hopping(0.2, 0.1, 0), "dim >= 1"),
    ],
)
def test_bad_couplings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sums_need_one_group_and_add_up(kernels):
    phi, a, b = field(2, 4, 4), FreeScalar(0.7), Phi4(-2.0, 1.0)
    both = a + b
    np.testing.assert_allclose(both.value(phi), a.value(phi) + b.value(phi))
    np.testing.assert_allclose(both.force(phi), a.force(phi) + b.force(phi))
    assert both.parameters()["terms"][1]["coupling"] == 1.0
    stranger = Phi4(-2.0, 1.0)
    object.__setattr__(stranger, "group", "elsewhere")
    with pytest.raises(ValueError, match="one group"):
        a + stranger
