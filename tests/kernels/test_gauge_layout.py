"""Layout of gauge fields in kernels: neighbours, lane moves, parity, packing."""

import itertools

import numpy as np
import pytest

from latticekit.kernels.cpu import gauge_lanes
from latticekit.kernels.cpu.gauge_packing import packing
from latticekit.kernels.cpu.lanes import lanes, vld, vst
from latticekit.kernels.cpu.links import Layout, layout
from latticekit.kernels.cpu.target import kernel, loop
from latticekit.kernels.cpu.vector import width

pack: object = None
carry: object = None
permute = gauge_lanes.permute

CASES = [
    (1, (8, 8, 8, 8)),
    (1, (4, 4, 4, 4)),
    (1, (2, 2, 2, 4)),
    (3, (4, 6, 8)),
    (5, (3, 5)),
    (9, (8, 2)),
    (2, (16, 16)),
    (1, (1, 8, 1)),
    (17, (1, 1)),
]
EVERY = [(case, dtype, multiple) for case in CASES for dtype in ("float64", "float32") for multiple in (1, 2)]


def lattice(chains, sites, dtype, multiple=1):
    return layout(chains, sites, np.dtype(dtype).itemsize, multiple)


def test_lanes_cover_every_site_of_every_chain_once():
    for (chains, sites), dtype, multiple in EVERY:
        one = lattice(chains, sites, dtype, multiple)
        assert one.w == width(np.dtype(dtype).itemsize)
        volume, seen = int(np.prod(sites)), []
        for block in range(one.blocks):
            flat = one.first_site[:, None] + one.lane_site + one.lane_chain[block].astype(np.uint64) * np.uint64(volume)
            seen.append(flat[:, : one.filled(block)].ravel())
            assert np.isin(flat, seen[-1]).all(), "lanes beyond are copies"
        np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(chains * volume))


def test_steps_lead_to_the_neighbours():
    for (chains, sites), dtype, multiple in EVERY:
        one = lattice(chains, sites, dtype, multiple)
        flat = (one.first_site[:, None] + one.lane_site).astype(np.int64)
        where = np.array(np.unravel_index(flat, sites))
        steps = list(itertools.product(range(one.dim), (1, -1)))
        for d, (mu, sign) in enumerate(steps):
            expected = where.copy()
            expected[mu] = (expected[mu] + sign) % sites[mu]
            x, code = one.hops[:, d], one.codes[:, d]
            found = np.take_along_axis(flat[x], one.moves[code], 1)
            np.testing.assert_array_equal(found, np.ravel_multi_index(tuple(expected), sites))
            back = np.take_along_axis(found, one.moves[one.undo[code]], 1)
            np.testing.assert_array_equal(back, flat[x])
            for e, (nu, other) in enumerate(steps):
                if nu == mu:
                    continue
                corner = expected.copy()
                corner[nu] = (corner[nu] + other) % sites[nu]
                y, total = one.hops[x, e], code + one.codes[:, e]
                found = np.take_along_axis(flat[y], one.moves[total], 1)
                np.testing.assert_array_equal(found, np.ravel_multi_index(tuple(corner), sites))


def test_lanes_of_a_site_have_one_colour():
    for chains, sites in CASES:
        for dtype, m in itertools.product(("float64", "float32"), (2, 3, 4)):
            one = lattice(chains, sites, dtype, m)
            a = tuple(range(1, one.dim + 1))
            flat = (one.first_site[:, None] + one.lane_site).astype(np.int64)
            colour = np.tensordot(a, np.array(np.unravel_index(flat, sites)), 1) % m
            for c, found in enumerate(one.coloured(m, a)):
                assert (colour[found] == c).all()
            assert sum(len(found) for found in one.coloured(m, a)) == one.volume
    assert lattice(1, (8, 8, 8, 8), "float64").parity_ok
    assert not lattice(1, (3, 5), "float64").parity_ok


def test_mixed_colours_are_refused():
    one = Layout(1, (2, 8), 8, (2, 1), 4)
    assert not one.parity_ok
    with pytest.raises(ValueError, match="multiple=2"):
        one.coloured()


def test_many_small_lattices_share_vectors():
    one = layout(64, (4, 4), 8)
    assert one.batch == one.w
    assert not one.codes.any()
    assert layout(1, (8, 8, 8, 8), 8).batch == 1


SHAPES = {1: [(), (3,), (8,)], 2: [(2, 2), (3, 3)]}


def _through(out, field, work, block, tables, shape, planes):
    pack(work, 0, field, block, tables, shape, planes)
    unpack(out, work, 0, block, tables, shape, planes)


unpack: object = None


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("parts", [1, 2])
def test_packing_follows_the_layout_and_back(parts, dtype):
    run = kernel(_through, pack=packing(parts).pack, unpack=packing(parts).unpack)
    for (chains, sites), inner in itertools.product(CASES, SHAPES[parts]):
        one, planes = lattice(chains, sites, dtype), int(np.prod(inner))
        tables, shape = one.packing
        volume, numbers = int(np.prod(sites)), planes * parts
        field = np.random.default_rng(1).normal(size=(chains, one.dim, planes, volume, parts)).astype(dtype)
        out, work = np.zeros_like(field), np.zeros(one.volume * one.dim * numbers * one.w, dtype)
        flat = field.reshape(-1).view()
        flat.flags.writeable = False
        for block in range(one.blocks):
            run(out.reshape(-1), flat, work, block, tables, shape, planes)
            packed = work.reshape(one.volume, one.dim, planes, parts, one.w)
            site = (one.first_site[:, None] + one.lane_site).astype(np.int64)
            chain = np.broadcast_to(one.lane_chain[block], site.shape)
            expected = np.moveaxis(field, 3, 1)[chain, site]  # (outer, lane, mu, plane, part)
            np.testing.assert_array_equal(packed, np.moveaxis(expected, 1, -1))
        np.testing.assert_array_equal(out, field)


def _carry(out, field, numbers, moves, code):
    carry(out, 0, field, 0, numbers, moves, code)


def _permute(out, field, moves, at):
    vst(out, 0, permute(vld(field, 0), moves, at))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_lanes_are_moved_as_the_table_says(dtype):
    one, rng = lattice(1, (4, 4, 4, 4), dtype), np.random.default_rng(2)
    field, out = rng.normal(size=(18, one.w)).astype(dtype), np.zeros((18, one.w), dtype)
    run, single = kernel(_carry, carry=loop(gauge_lanes.carry)), kernel(_permute)
    for code in range(len(one.moves)):
        run(out.reshape(-1), field.reshape(-1), 18, one.moves.reshape(-1), code)
        np.testing.assert_array_equal(out, field[:, one.moves[code]])
    any_order = rng.permutation(one.w).astype(one.moves.dtype)
    single(out.reshape(-1), field.reshape(-1), any_order, 0)
    np.testing.assert_array_equal(out[0], field[0, any_order])
    assert lanes is not None
