"""Neighbours, coordinates, parity and momenta in one to four dimensions, odd and even extents."""

import itertools
import math

import numpy as np
import pytest

from latticekit.arrays import namespace
from latticekit.lattice import (
    check_sites,
    checkerboard,
    coordinates,
    even_sites,
    lattice_momentum_squared,
    momenta,
    parity,
    shift,
    to_momentum,
    volume,
)

BOXES = [(1,), (2,), (7,), (4, 3), (1, 5), (3, 2, 5), (2, 3, 4, 3)]


def numbered(like, sites, chains=2):
    """A field that holds its own flat index."""
    xp = namespace(like)
    return xp.reshape(xp.arange(chains * volume(sites), dtype=xp.float64), (chains, *sites))


@pytest.mark.parametrize("sites", BOXES)
@pytest.mark.parametrize("step", [1, -1, 2])
def test_shift_reads_the_neighbour(like, sites, step):
    field = numbered(like, sites)
    for mu in range(len(sites)):
        moved = shift(field, mu, step)
        for x in itertools.product(*map(range, sites)):
            there = tuple((c + step) % n if nu == mu else c for nu, (c, n) in enumerate(zip(x, sites)))
            assert float(moved[(1, *x)]) == float(field[(1, *there)])


def test_shift_has_one_meaning_for_fields_with_more_axes(like):
    xp = namespace(like)
    scalar = numbered(like, (4, 3))
    links = xp.stack([scalar, -1.0 * scalar], axis=1)
    moved = shift(links, 1, 1, dim=2)
    np.testing.assert_array_equal(np.asarray(moved[:, 0, ...]), np.asarray(shift(scalar, 1, 1)))


@pytest.mark.parametrize("sites", BOXES)
def test_coordinates_and_parity(like, sites):
    xs = [np.asarray(coordinates(sites, mu, like)) for mu in range(len(sites))]
    np.testing.assert_array_equal(np.stack(xs), np.indices(sites))
    np.testing.assert_array_equal(np.asarray(parity(sites, like)), np.indices(sites).sum(axis=0) % 2)
    even, odd = (np.asarray(checkerboard(sites, which, like)) for which in (0, 1))
    assert np.all(even ^ odd)


@pytest.mark.parametrize("sites", [(4,), (2, 6), (4, 2, 2), (2, 2, 4, 2)])
def test_neighbours_have_the_other_parity(like, sites):
    xp = namespace(like)
    colour = xp.reshape(parity(sites, like), (1, *sites))
    for mu in range(len(sites)):
        assert bool(xp.all(shift(colour, mu) != colour))


@pytest.mark.parametrize("sites", BOXES)
def test_plane_waves_diagonalise_the_laplacian(like, sites):
    xp = namespace(like)
    rng_free = xp.sin(1.0 + numbered(like, sites) ** 2.0)
    laplacian = sum(2.0 * rng_free - shift(rng_free, mu, 1) - shift(rng_free, mu, -1) for mu in range(len(sites)))
    left = np.asarray(to_momentum(laplacian))
    right = np.asarray(lattice_momentum_squared(sites, like)) * np.asarray(to_momentum(rng_free))
    np.testing.assert_allclose(left, right, atol=1e-12 * volume(sites))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_momentum_space_keeps_precision_and_norm(like, dtype):
    xp = namespace(like)
    field = xp.astype(xp.sin(numbered(like, (4, 3))), getattr(xp, dtype))
    modes = to_momentum(field)
    assert modes.dtype == {"float64": xp.complex128, "float32": xp.complex64}[dtype]
    norm = np.sum(np.abs(np.asarray(modes)) ** 2) / 12
    assert norm == pytest.approx(np.sum(np.asarray(field) ** 2), rel=1e-5 if dtype == "float32" else 1e-13)


def test_momenta_of_an_axis(like):
    k = np.asarray(momenta((3, 4), 1, like))
    np.testing.assert_allclose(k[2], 2 * math.pi * np.arange(4) / 4)
    assert k.shape == (3, 4)


@pytest.mark.parametrize(
    ("sites", "message"),
    [
        ((), "at least one extent"),
        ((4, 0), "each at least 1"),
        ((4, -2), "each at least 1"),
        (8, "such as"),
        ("88", "such as"),
        ((8.0, 8), "such as"),
        ((2**16, 2**16), "random-number counters"),
    ],
)
def test_bad_extents_are_refused(sites, message):
    with pytest.raises(ValueError, match=message):
        check_sites(sites)


def test_good_extents_become_a_tuple_of_integers():
    assert check_sites([np.int64(4), 3]) == (4, 3)
    assert even_sites([4, 6], "a checkerboard") == (4, 6)


def test_odd_extents_on_a_checkerboard_say_what_to_use():
    with pytest.raises(ValueError, match=r"even for a checkerboard: got 7 in \(4, 7\); use 8"):
        even_sites((4, 7), "a checkerboard")
