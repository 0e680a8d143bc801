"""Masks are patterns; what does not fit a lattice is refused with a way out."""

import numpy as np
import pytest

from latticekit.flows import Checkerboard, Complement, Half, Stripes, Tile
from latticekit.flows.masks import Mask


def test_patterns():
    even = Checkerboard(0).pattern((4, 6))
    assert even[0, 0]
    assert even.sum() == 12
    for mu in (0, 1):
        assert np.array_equal(np.roll(even, 1, axis=mu), Checkerboard(1).pattern((4, 6)))
    assert Checkerboard(0).pattern((1, 4)).tolist() == [[True, False, True, False]]
    assert np.flatnonzero(Stripes(0, 3, 1).pattern((6,))).tolist() == [1, 4]
    assert Stripes(1).pattern((3, 4)).tolist() == [[True, False, True, False]] * 3
    assert np.array_equal(Tile(((1, 0), (0, 1))).pattern((4, 6)), even)
    assert np.flatnonzero(Half(0).pattern((4,))).tolist() == [0, 1]
    assert np.flatnonzero(Half(0, 1).pattern((4,))).tolist() == [2, 3]
    assert np.array_equal(Complement(Checkerboard(0)).pattern((4, 6)), Checkerboard(1).pattern((4, 6)))


@pytest.mark.parametrize("mask", [Checkerboard(), Stripes(), Tile(((1, 0), (0, 1))), Half(), Complement(Half())])
def test_masks_are_data(mask, like):
    from latticekit.arrays import namespace
    from latticekit.flows.bundled import built, described

    xp = namespace(like)
    active = mask.active(xp.zeros((3, 4, 4), dtype=xp.float64))
    assert np.array_equal(np.asarray(active), mask.pattern((4, 4)))
    assert built(described(mask), {c.__name__: c for c in Mask.__subclasses__()}) == mask


@pytest.mark.parametrize(
    ("mask", "sites", "message"),
    [
        (Checkerboard(), (4, 7), r"multiples of 2 for a checkerboard: got 7 in \(4, 7\); use 8"),
        (Stripes(1, 3), (3, 4), r"stripes of period 3: got 4 in \(3, 4\); use 6"),
        (Stripes(2), (4, 4), "needs an axis 0 .. 1"),
        (Tile(((1, 0, 0),)), (4, 4), r"a tile of \(1, 3\): got 4"),
        (Tile((1, 0)), (4, 4), "1 dimensions does not fit a lattice of 2"),
        (Half(0), (3, 4), "halves: got 3"),
        (Half(3), (4, 4), "needs an axis"),
    ],
)
def test_lattices_that_do_not_fit(mask, sites, message):
    with pytest.raises(ValueError, match=message):
        mask.pattern(sites)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Checkerboard(2), "parity of a checkerboard must lie in 0 .. 1"),
        (lambda: Stripes(0, 1), "at least 2"),
        (lambda: Stripes(0, 3, 3), "offset"),
        (lambda: Half(0, 2), "second"),
        (lambda: Tile(((1, 1), (1, 1))), "ones .* and zeros"),
        (lambda: Tile(((1, 0), (1,))), "equal lengths"),
        (lambda: Tile(((1, 2),)), "ones .* and zeros"),
    ],
)
def test_masks_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_mask_must_leave_sites_of_both_kinds():
    with pytest.raises(ValueError, match="must leave active and frozen sites"):
        Checkerboard().active(np.zeros((2, 1, 1)))
