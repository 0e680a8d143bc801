"""Orbits of displacements, and the Hartley transform whose eigenvalues they share."""

import math

import numpy as np
import pytest

from latticekit.lattice import hartley, lattice_momentum_squared, orbits, shift
from latticekit.testing import check_strict, scalar_symmetries
from tests.cases import field

SITES = [(1,), (5,), (4, 4), (4, 6), (3, 3, 4), (2, 2, 2, 3)]


@pytest.mark.parametrize("sites", SITES)
def test_orbits_are_classes_under_the_symmetries_of_the_box(sites):
    found = orbits(sites)
    of_site, volume = found.of_site.reshape(sites), math.prod(sites)
    assert found.of_site[0] == 0
    assert found.size.sum() == volume
    for name, g in scalar_symmetries(sites, ("reflection", "permutation")).items():
        image = g(of_site)
        if name.startswith("reflection"):  # x -> L - 1 - x; about the origin it is x -> -x
            image = np.roll(image, 1, axis=int(name.split()[1]))
        assert np.array_equal(image, of_site), name
    for number, (members, size) in enumerate(zip(found.members, found.size)):
        inside = members[members < volume]
        assert len(set(inside.tolist())) == size
        assert np.all(found.of_site[inside] == number)


@pytest.mark.parametrize("sites", SITES)
def test_different_orbits_are_not_equivalent(sites):
    """As many as there are sorted tuples of folded coordinates."""
    expected = set()
    for n in np.ndindex(*sites):
        folded = [min(c, extent - c) for c, extent in zip(n, sites)]
        groups = [tuple(sorted(f for f, e in zip(folded, sites) if e == extent)) for extent in sorted(set(sites))]
        expected.add(tuple(groups))
    assert len(orbits(sites).size) == len(expected)


@pytest.mark.parametrize("sites", SITES)
def test_hartley_is_orthogonal_and_diagonalises_the_laplacian(sites):
    x = field(3, *sites)
    modes = hartley(x)
    assert hartley(modes) == pytest.approx(x, abs=1e-14)
    assert np.sum(modes**2) == pytest.approx(np.sum(x**2), rel=1e-14)
    laplacian = sum(2 * x - shift(x, mu) - shift(x, mu, -1) for mu in range(len(sites)))
    assert hartley(laplacian) == pytest.approx(lattice_momentum_squared(sites, x) * modes, abs=1e-13)


def test_hartley_is_the_sum_over_cas():
    x = field(2, 3, 4)
    n, m = 2, 3
    cas = [[math.cos(a) + math.sin(a) for a in 2 * np.pi * k * np.arange(e) / e] for k, e in ((n, 3), (m, 4))]
    assert hartley(x)[:, n, m] == pytest.approx(np.einsum("cxy,x,y->c", x, *cas) / math.sqrt(12), abs=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hartley_on_strict_arrays_and_more_axes(dtype):
    x = field(2, 3, 4, 5, dtype=dtype)
    check_strict(lambda x: hartley(x, dim=2), x, tolerance=1e-6 if dtype == "float32" else 1e-13)
    assert hartley(x, dim=2).dtype == dtype
    assert hartley(x, dim=2)[:, 1] == pytest.approx(hartley(x[:, 1]), abs=1e-6)
