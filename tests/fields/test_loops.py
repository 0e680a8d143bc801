"""Paths, transporters and staples, against products written out link by link."""

import itertools

import numpy as np
import pytest

from latticekit.fields import (
    group_of,
    plane_averages,
    planes,
    plaquette,
    plaquette_path,
    rectangle_path,
    reverse,
    staple,
    transporter,
)
from latticekit.fields.loops import cuts
from latticekit.groups import SU, U1
from latticekit.testing import check_strict
from tests.links import haar

CASES = [
    (U1(), (3,)),
    (U1(), (4, 3)),
    (SU(2), (2, 3, 2)),
    (SU(3), (3, 2)),
    (SU(3), (2, 1, 2, 3)),
    (SU(4), (2, 4)),
]
FIELDS = [pytest.param(group, sites, id=f"{group} {sites}") for group, sites in CASES]
PATHS = [(0,), (1, 0), (~0, 1), (0, 0, ~1, 1), (0, 1, ~0, ~1), (1, 1, 0, ~1, ~1, ~0), (~1, ~0, ~1)]


def by_hand(u, path, chain, start):
    """The product of links along a path from one site.  -> (N, N)"""
    sites, at, product = u.shape[4:], list(start), np.eye(u.shape[2])
    for step in path:
        mu = step if step >= 0 else ~step
        if step < 0:
            at[mu] = (at[mu] - 1) % sites[mu]
        link = u[chain, mu, ..., *at]
        product = product @ (link if step >= 0 else link.conj().T)
        if step >= 0:
            at[mu] = (at[mu] + 1) % sites[mu]
    return product, tuple(at)


def everywhere(u):
    return itertools.product(range(u.shape[0]), np.ndindex(u.shape[4:]))


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_transporters_are_products_along_the_path(group, sites):
    u = group.matrices(haar(group, 2, sites))
    for path in PATHS:
        if max(step if step >= 0 else ~step for step in path) >= len(sites):
            continue
        found = transporter(u, path)
        for chain, x in everywhere(u):
            expected, end = by_hand(u, path, chain, x)
            np.testing.assert_allclose(found[chain, ..., *x], expected, atol=1e-14)
            back, home = by_hand(u, reverse(path), chain, end)
            np.testing.assert_allclose(back, expected.conj().T, atol=1e-14)
            assert home == x


def test_paths():
    assert planes(1) == []
    assert planes(4) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert plaquette_path(0, 2) == (0, 2, ~0, ~2) == rectangle_path(0, 2)
    assert rectangle_path(1, 0, 2, 1) == (1, 1, 0, ~1, ~1, ~0)
    assert reverse((0, ~1)) == (1, ~0)
    with pytest.raises(ValueError, match="at least one step"):
        transporter(SU(2).identity((1, 1, 2, 2, 3), np.zeros(0)), ())


@pytest.mark.parametrize("path", [plaquette_path(0, 1), rectangle_path(0, 1, 2, 1), rectangle_path(1, 0, 2, 3)])
def test_every_link_of_a_loop_is_cut_once(path):
    """Putting the link back gives a rotation of the loop or of its reverse that begins where the link does."""
    for mu in (0, 1):
        found = list(cuts(path, mu))
        assert len(found) == sum(step in (mu, ~mu) for step in path)
        for rest, back in found:
            whole = (mu, *rest)
            rotations = [loop[k:] + loop[:k] for loop in (path, reverse(path)) for k in range(len(path))]
            assert whole in rotations
            loop, k = next(
                (one, k) for one in (path, reverse(path)) for k in range(len(path)) if one[k:] + one[:k] == whole
            )
            assert reverse(back) == loop[:k]


@pytest.mark.parametrize(("group", "sites"), [(U1(), (4, 5)), (SU(2), (4, 4)), (SU(3), (3, 4, 3))])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_staple_collects_all_loops_through_a_link(group, sites, weighted):
    """Re tr(U' V) - Re tr(U V) is the change of the weighted sum of loops when one link changes."""
    dim, rng = len(sites), np.random.default_rng(5)
    paths = [plaquette_path(mu, nu) for mu, nu in planes(dim)] + [
        rectangle_path(0, 1, 2, 1),
        rectangle_path(0, 1, 1, 2),
    ]
    loops = [(path, rng.uniform(0.5, 1.5, sites) if weighted else 0.7) for path in paths]
    u, new = (group.matrices(haar(group, 2, sites, seed=seed)) for seed in (1, 2))

    def total(u):
        traces = [np.einsum("cii...->c...", transporter(u, path)).real * weight for path, weight in loops]
        return sum(t.sum(axis=tuple(range(1, dim + 1))) for t in traces)

    for mu in range(dim):
        v = staple(u, mu, loops)
        for x in [(0,) * dim, tuple(n - 1 for n in sites)]:
            moved = u.copy()
            moved[:, mu, ..., *x] = new[:, mu, ..., *x]
            change = moved[:, mu, ..., *x] - u[:, mu, ..., *x]
            expected = np.einsum("cij,cji->c", change, v[..., *x]).real
            np.testing.assert_allclose(total(moved) - total(u), expected, atol=1e-12)


def test_no_loops_no_staple():
    u = haar(SU(2), 2, (3,))
    np.testing.assert_array_equal(staple(u, 0, []), 0 * u[:, 0])


@pytest.mark.parametrize(("group", "sites"), FIELDS[1:])
def test_plaquettes(kernels, group, sites):
    x = haar(group, 2, sites)
    u, averages = group.matrices(x), plane_averages(x)
    for p, (mu, nu) in enumerate(planes(len(sites))):
        one = plaquette(u, mu, nu)
        np.testing.assert_allclose(one, transporter(u, plaquette_path(mu, nu)), atol=1e-14)
        mean = np.einsum("cii...->c...", one).real.reshape(2, -1).mean(axis=1) / group.n
        np.testing.assert_allclose(averages[:, p], mean, atol=1e-14)
    assert averages.dtype == "float64"


def test_plane_averages_of_unit_links_are_one(kernels):
    for group in (U1(), SU(3)):
        cold = group.identity(group.shape(2, (2, 3, 2)), np.zeros(0, "float32"))
        np.testing.assert_allclose(plane_averages(cold), np.ones((2, 3)), rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_strict_arrays(dtype):
    tolerance = 1e-13 if dtype == "float64" else 1e-5
    for group, sites in ((U1(), (3, 4)), (SU(3), (2, 3, 2))):
        x = haar(group, 2, sites, dtype)
        u = group.matrices(x)
        check_strict(lambda u: transporter(u, rectangle_path(0, 1, 2, 1)), u, tolerance=tolerance)
        check_strict(lambda u: staple(u, 0, [(rectangle_path(0, 1, 1, 2), 0.5)]), u, tolerance=tolerance)
        check_strict(plane_averages, x, tolerance=tolerance)
        assert transporter(u, (0, 1)).dtype == u.dtype


def test_the_group_is_known_from_the_field():
    assert group_of(haar(U1(), 2, (3, 4))) == U1()
    assert group_of(haar(SU(3), 2, (3, 4))) == SU(3)
    with pytest.raises(ValueError, match=r"angles \(chain, mu, \*sites\)"):
        group_of(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"links \(chain, mu, N, N, \*sites\)"):
        group_of(np.zeros((2, 2, 3, 2, 4, 4), complex))
