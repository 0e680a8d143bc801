"""phi^4 kernels on the CPU: the formulas, every layout, every cut of a field."""

import dataclasses

import numpy as np
import pytest

from latticekit.actions.phi4 import phi4_evolve, phi4_force, phi4_value
from latticekit.kernels.cpu import phi4
from latticekit.kernels.cpu.blocks import MEMORY, blocks
from latticekit.kernels.site import phi4 as site
from latticekit.updates.integrators import FORCE_GRADIENT, LEAPFROG

M2, LAM = -1.3, 0.7


def field(shape, dtype="float64", seed=3):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def test_site_formulas_are_those_of_the_reference():
    x = field((1, 3, 4))
    force, value = phi4_force.reference(x, M2, LAM), 0.0
    for i in range(3):
        for j in range(4):
            here, ahead = x[0, i, j], (x[0, (i + 1) % 3, j], x[0, i, (j + 1) % 4])
            around = sum(ahead) + x[0, i - 1, j] + x[0, i, j - 1]
            assert site.force(here, around, 8 + 2 * M2, 4 * LAM) == pytest.approx(force[0, i, j], rel=1e-14)
            kicked = site.kick(0.25, here, around, 0.2, 0.1 * (8 + 2 * M2), 0.1 * 4 * LAM)
            assert kicked == pytest.approx(0.25 + 0.1 * force[0, i, j], rel=1e-14)
            value = site.bond(site.bond(value + site.potential(here, M2, LAM), here, ahead[0]), here, ahead[1])
    assert value == pytest.approx(float(phi4_value.reference(x, M2, LAM)[0]), rel=1e-14)


SHAPES = [(1, 9), (20, 7), (2, 8, 16), (3, 5, 7), (20, 3, 2), (9, 1, 1), (5, 4, 3, 6), (17, 3, 2, 5), (1, 3, 4, 5, 8)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("across", [False, True])
def test_both_layouts_follow_the_reference(shape, across):
    x, p = field(shape), field(shape, seed=4)
    b = blocks(shape[0], shape[1:], 8, across)
    assert b.across is across
    for schedule in (LEAPFROG.schedule(0.05, 5), FORCE_GRADIENT.schedule(0.1, 2)):
        y, q = phi4.evolve_in(b, x, p, M2, LAM, schedule)
        expected = phi4_evolve.reference(x, p, M2, LAM, schedule)
        np.testing.assert_allclose(y, expected[0], rtol=0, atol=1e-13)
        np.testing.assert_allclose(q, expected[1], rtol=0, atol=3e-13)


@pytest.mark.parametrize("shape", [(1, 12, 16), (2, 7, 9), (2, 5, 3, 8), (1, 6, 7, 3, 8)], ids=str)
def test_any_cut_gives_the_same_bits(shape):
    """Stages that chase each other in slabs and strips do what stage after stage does."""
    x, p, schedule = field(shape), field(shape, seed=4), LEAPFROG.schedule(0.05, 5)
    whole = blocks(shape[0], shape[1:], 8, False)
    rows = whole.cut[4]
    plain = dataclasses.replace(whole, cut=(*whole.cut[:5], 1, 1, 1, rows, 1))
    expected = phi4.evolve_in(plain, x, p, M2, LAM, schedule)
    layer = rows // shape[1]
    cuts = [(depth, -(-shape[1] // g), 1, g * layer, 1) for depth in (1, 2, 3, 11) for g in (1, 2)]
    if len(shape) > 3:
        cuts += [(depth, shape[1], shape[2], layer // shape[2], wide) for depth in (1, 2, 5) for wide in (1, 2, 3)]
    for cut in (c for c in cuts if c[1] >= 3):
        result = phi4.evolve_in(dataclasses.replace(whole, cut=(*whole.cut[:5], *cut)), x, p, M2, LAM, schedule)
        np.testing.assert_array_equal(result, expected, err_msg=str(cut))


def test_large_fields_are_cut_so_that_they_can_chase():
    for sites in ((512, 512), (64, 64, 64), (128, 128, 128), (32, 32, 32, 32), (64, 64, 64, 64), (5, 16384)):
        _, _, _, _, rows, depth, slabs, parts, part, wide = blocks(1, sites, 8).cut
        assert slabs >= 3
        assert depth >= 2 or sites[0] == 5
        assert slabs * parts * part >= rows > (slabs - 1) * parts * part
        assert parts == 1 or (parts >= 3 and wide >= 1)


def test_results_do_not_share_memory_with_each_other():
    x = field((4, 64, 64))
    schedule = LEAPFROG.schedule(0.1, 2)
    y, q = phi4.evolve(x, x, M2, LAM, schedule)
    kept, view = y.copy(), y[1]
    del y
    for seed in range(6):
        phi4.evolve(field((4, 64, 64), seed=seed), x, M2, LAM, schedule)
    np.testing.assert_array_equal(view, kept[1])
    assert not np.shares_memory(q, view)


def address(x):
    return x.__array_interface__["data"][0]


def test_memory_is_used_again_once_nobody_holds_it():
    memory, shape, dtype = type(MEMORY)(), (3, 128, 128), np.dtype("float64")
    first = memory.empty(shape, dtype)
    where, row = address(first), first[1]
    del first
    assert all(address(memory.empty(shape, dtype)) != where for _ in range(9)), "a view still holds the memory"
    del row
    held = [memory.empty(shape, dtype) for _ in range(3)]
    assert where in map(address, held)
    assert len(set(map(address, held))) == 3
    assert len(memory.large) == 3, "one new array, two used again"


@pytest.mark.parametrize(
    "x",
    [field((2, 4, 4)).astype("float16"), field((2, 4, 8))[:, :, ::2], field((2, 2, 2, 2, 2, 2)), field((0, 4, 4))],
    ids=["dtype", "strides", "dimension", "empty"],
)
def test_unsupported_fields_are_declined(x):
    assert phi4.value(x, M2, LAM) is NotImplemented
    assert phi4.force(x, M2, LAM) is NotImplemented
    assert phi4.evolve(x, x, M2, LAM, LEAPFROG.schedule(0.1, 1)) is NotImplemented
