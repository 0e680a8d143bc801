"""The Schwinger-Dyson identity of docs/derivations/gauge_identities.md, with the forces and staples of the actions."""

import numpy as np
import pytest

from latticekit.actions import DBW2, GaugeAction, LuscherWeisz, Wilson
from latticekit.actions.couplings import Anisotropic, Defect, OpenBoundary
from latticekit.arrays import using_kernels
from latticekit.groups import SU, U1, hot
from latticekit.groups.matrices import mul, re_trace

pytestmark = pytest.mark.usefixtures("reference_code")
WEIGHTS = [Anisotropic(1.4), OpenBoundary(), Defect(0.3, 1, axis=1)]


@pytest.fixture
def reference_code():
    """The definitions; kernels are compared with them elsewhere."""
    with using_kernels("reference"):
        yield


def both_sides(action, x, mu, at):
    """sum_a F_a^2 and Re tr(U V) of one link on every chain, and the weight of its value given the others."""
    force = action.force(x)[(slice(None), mu, ..., *at)].reshape(len(x), -1)
    u = action.group.matrices(x)
    trace = re_trace(mul(u[:, mu, ...], action.staple(u, mu)))[(slice(None), *at)]
    action_value = action.value(x)
    return np.sum(force**2, axis=1), trace, np.exp(action_value.min() - action_value)


def one_link_of_u1(action, sites, points=64):
    """<F^2> - <Re UV> over one link by the trapezoidal rule, all others at random."""
    theta = np.random.default_rng(2).uniform(-np.pi, np.pi, (1, len(sites), *sites))
    x, at = np.repeat(theta, points, axis=0), (0,) * len(sites)
    x[(slice(None), 0, *at)] = 2 * np.pi * np.arange(points) / points
    square, trace, weight = both_sides(action, x, 0, at)
    return weight @ (square - trace) / weight.sum(), weight @ square / weight.sum()


@pytest.mark.parametrize("weights", WEIGHTS, ids=lambda weights: type(weights).__name__)
@pytest.mark.parametrize("make", [Wilson, LuscherWeisz, DBW2])
@pytest.mark.parametrize("sites", [(4, 3), (3, 3, 3)])
def test_u1_by_quadrature(make, weights, sites):
    difference, square = one_link_of_u1(make(U1(), 0.8, weights), sites)
    assert square > 0.1
    assert abs(difference) < 1e-12 * square + 1e-12


def test_where_it_holds_and_where_not():
    """Plaquettes need extents of 2, rectangles of 3."""
    assert abs(one_link_of_u1(Wilson(U1(), 0.9), (2, 2))[0]) < 1e-12
    assert abs(one_link_of_u1(Wilson(U1(), 0.9), (4, 1))[0]) > 1e-3
    assert abs(one_link_of_u1(LuscherWeisz(U1(), 0.9), (3, 3))[0]) < 1e-12
    assert abs(one_link_of_u1(LuscherWeisz(U1(), 0.9), (4, 2))[0]) > 1e-3


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("c1", [0.0, -0.331])
def test_sun_by_sampling(n, c1):
    """One Haar-distributed link, 8000 draws reweighted with the action: within 4.5 s.e. (7e-6); a half more is seen."""
    group, chains = SU(n), 8_000
    action = GaugeAction(group, 1.5, c1, Anisotropic(1.3))
    generator = np.random.default_rng(n)
    gauss = generator.standard_normal((2, chains + 18, n, n))
    q, r = np.linalg.qr(gauss[0] + 1j * gauss[1])
    diagonal = np.einsum("nii->ni", r)
    q = q * (diagonal / np.abs(diagonal))[:, None, :]
    u = q / np.linalg.det(q)[:, None, None] ** (1 / n)
    background = np.moveaxis(u[:18].reshape(2, 3, 3, n, n), (1, 2), (3, 4))
    x = np.repeat(background[None], chains, axis=0)
    x[:, 1, :, :, 2, 1] = u[18:]
    square, trace, weight = both_sides(action, x, 1, (2, 1))
    casimir = group.index * (n**2 - 1) / n
    for factor, holds in ((1.0, True), (1.5, False)):
        deviation = weight * (square - factor * casimir * trace)
        error = np.sqrt(np.sum(deviation**2))
        assert (abs(deviation.sum()) < 4.5 * error) == holds


def test_all_links_count_each_loop_by_its_length():
    """sum over links of Re tr UV = -4 S of the plaquettes - 6 S of the rectangles."""
    group = SU(3)
    x = hot(group, (3, 4, 3), chains=2)
    for c1 in (0.0, -1 / 12):
        action = GaugeAction(group, 5.5, c1, Defect(0.2, 2))
        u = group.matrices(x)
        total = sum(np.sum(re_trace(mul(u[:, mu], action.staple(u, mu))), axis=(1, 2, 3)) for mu in range(3))
        plaquettes = (1 - 8 * c1) * Wilson(group, 5.5, Defect(0.2, 2)).value(x)
        np.testing.assert_allclose(total, -4 * plaquettes - 6 * (action.value(x) - plaquettes), rtol=1e-12)
