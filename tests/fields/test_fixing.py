"""Landau and Coulomb gauge: what a maximum is, and that nothing else changes."""

import numpy as np
import pytest

from latticekit.fields import coulomb_gauge, gauge_transform, landau_gauge, plane_averages, polyakov_loops
from latticekit.fields.fixing import _colours
from latticekit.groups import SU, U1
from latticekit.lattice import shift
from latticekit.testing import check_strict
from tests.fields.symmetries import links

pytestmark = pytest.mark.usefixtures("reference")
FIELDS = [
    (U1(), (8, 6)),
    (U1(), (5, 3)),
    (SU(2), (4, 4, 2)),
    (SU(3), (4, 2, 3, 2)),
    (SU(3), (3, 1, 4)),
    (SU(4), (4, 4)),
]


def divergence(group, x, first):
    """sum_mu U_mu(x-mu) - U_mu(x), less its conjugate and trace; (1/NV) sum of tr D D^dagger.  -> (chain,)"""
    u, dim, n = group.matrices(x), x.shape[1], group.n
    d = sum(shift(u[:, mu], mu, -1, dim=dim) - u[:, mu] for mu in range(first, dim) if u.shape[4 + mu] > 1)
    d = d - d.conj().swapaxes(1, 2)
    if n > 1:
        d = d - np.trace(d, axis1=1, axis2=2)[:, None, None] * np.eye(n).reshape(n, n, *[1] * dim) / n
    return np.sum(np.abs(d) ** 2, axis=tuple(range(1, d.ndim))) / (n * np.prod(x.shape[-dim:]))


def functional(group, x, first):
    u = group.matrices(x)[:, first:]
    return np.trace(u, axis1=2, axis2=3).real.mean(axis=tuple(range(1, u.ndim - 2))) / group.n


@pytest.mark.parametrize(("fix", "first"), [(landau_gauge, 0), (coulomb_gauge, 1)])
@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_a_maximum(fix, first, group, sites):
    x = links(group, sites, chains=3, scale=0.6)
    done = fix(x)
    assert np.all(done.theta <= 1e-14)
    np.testing.assert_allclose(divergence(group, done.field, first), done.theta, atol=1e-15)
    np.testing.assert_allclose(functional(group, done.field, first), done.functional, rtol=1e-12)
    assert np.all(done.functional > functional(group, x, first))
    np.testing.assert_allclose(plane_averages(done.field), plane_averages(x), atol=1e-12)
    np.testing.assert_allclose(polyakov_loops(done.field).mean(-1), polyakov_loops(x).mean(-1), atol=1e-12)
    for seed in range(3):  # every small gauge transformation lowers the functional
        one = links(group, sites, chains=3, seed=seed, scale=0.03)[:, 0]
        assert np.all(functional(group, gauge_transform(done.field, one), first) <= done.functional)


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_pure_gauge_becomes_one(group, sites):
    cold = group.identity(group.shape(2, sites), np.zeros(0))
    turned = gauge_transform(cold, links(group, sites, scale=0.4)[:, 0])
    np.testing.assert_allclose(landau_gauge(turned).functional, 1.0, atol=1e-12)


@pytest.mark.parametrize("sites", [(4, 6), (5, 4), (3, 5, 3), (1, 4), (2, 2), (1, 1), (7,)])
def test_sites_of_a_colour_are_no_neighbours(sites):
    masks = list(_colours(sites, np.zeros(0)))
    assert np.array_equal(sum(m.astype(int) for m in masks), np.ones(sites))
    for mask in masks:
        for mu, extent in enumerate(sites):
            assert extent == 1 or not np.any(mask & np.roll(mask, 1, mu))


def test_chains_end_each_by_its_own():
    x = links(SU(2), (4, 4), chains=4)
    together = landau_gauge(x)
    assert len(set(together.sweeps.tolist())) > 1
    for c in range(4):
        alone = landau_gauge(x[c : c + 1])
        np.testing.assert_array_equal(alone.field, together.field[c : c + 1])
        assert alone.sweeps == together.sweeps[c]


def test_strict_arrays_and_single_precision():
    x = links(SU(3), (4, 4), scale=0.4)
    check_strict(lambda x: tuple(landau_gauge(x, tolerance=1e-6)), x, tolerance=1e-11)
    check_strict(lambda x: tuple(coulomb_gauge(x)), links(U1(), (3, 4), scale=0.4), tolerance=1e-11)
    single = landau_gauge(x.astype("complex64"))
    assert single.field.dtype == "complex64"
    np.testing.assert_allclose(single.functional, landau_gauge(x).functional, rtol=1e-5)


def test_what_has_not_converged_is_refused():
    x = links(SU(3), (4, 4), chains=3)
    with pytest.raises(
        RuntimeError, match=r"3 chain\(s\) has not converged after 2 sweeps: theta = .* raise most_sweeps"
    ):
        landau_gauge(x, most_sweeps=2)
    bad = np.array(x)
    bad[1] = np.nan
    with pytest.raises(RuntimeError, match="theta = nan of chain 1"):
        landau_gauge(bad)
    with pytest.raises(ValueError, match="omega must lie"):
        landau_gauge(x, omega=2.0)
    with pytest.raises(ValueError, match="two dimensions"):
        coulomb_gauge(links(U1(), (4,)))


def test_a_condition_that_is_not_met_is_seen():
    """The gauge that leaves out one direction does not satisfy the condition of the whole."""
    x = links(SU(2), (4, 4), scale=0.5)
    assert np.all(divergence(SU(2), coulomb_gauge(x).field, 0) > 1e-3)
