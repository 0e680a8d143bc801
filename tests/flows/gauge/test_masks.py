"""Which links move, which loops are frozen."""

import numpy as np
import pytest

from latticekit.fields import plaquette_path, rectangle_path
from latticekit.flows.gauge import Rectangle, Rows, halvings, sweep


def active(rows, sites):
    """1 at the sites of active links.  -> (mu, *sites)"""
    found = np.zeros((len(sites), *sites), int)
    cells = np.ones((1, *rows.cells(sites)), int)
    found[rows.mu] = rows.put(np.zeros((1, *sites), int), (0, 0), cells, len(sites))[0]
    return found


@pytest.mark.parametrize(("dim", "period", "count"), [(2, 4, 8), (2, 2, 4), (3, 4, 24), (4, 4, 48)])
def test_a_sweep_moves_every_link_once_per_plane(dim, period, count):
    masks = sweep(dim, period)
    assert len(masks) == count
    assert np.all(sum(active(rows, (4,) * dim) for rows in masks) == dim - 1)


@pytest.mark.parametrize("rows", [Rows(0, 1, 3), Rows(1, 0, 2), Rows(0, 2, 1, 2), Rows(2, 1, 3, 4, 1, 2)])
def test_take_and_put(rows):
    sites = (4, 8, 4)
    x = np.arange(2 * 128.0).reshape(2, *sites)
    for place in ((0, 0), (1, 1), (0, -1), (3, 6)):
        values = rows.take(x, place, 3)
        assert values.shape == (2, *rows.cells(sites))
        assert np.array_equal(rows.put(x, place, values, 3), x)
        at = [0, 0, 0]
        at[rows.mu], at[rows.nu] = rows.column + place[0], rows.offset + place[1]
        assert values[0].flat[0] == x[(0, *(c % n for c, n in zip(at, sites)))]


def test_frozen_plaquettes_are_those_of_the_paper():
    rows = Rows(0, 1)
    frozen = [rows.frozen(plaquette_path(0, 1), (0, row)) for row in range(4)]
    assert frozen == [False, True, True, False]  # active, frozen, frozen, passive


def test_the_rectangle_round_an_active_link_is_frozen():
    rows = Rows(0, 1)
    assert rows.frozen(rectangle_path(0, 1, 1, 2), (0, 3))
    assert not rows.frozen(rectangle_path(0, 1, 1, 2), (0, 0))


@pytest.mark.parametrize(
    "rows", [Rows(0, 1), Rows(1, 0, 1, 3), Rows(0, 1, 1, 2), Rows(1, 2, 3), Rows(0, 1, 1, 4, 1, 2)]
)
def test_frozen_means_frozen(rows):
    """Against a count of the links on the path, on a lattice."""
    sites = (12, 12, 12)[: max(2, rows.mu + 1, rows.nu + 1)]
    moves, dim = active(rows, sites), len(sites)
    for path in (rectangle_path(a, b, *ab) for a, b in ((rows.mu, rows.nu), (0, 1)) for ab in ((1, 1), (2, 1), (1, 2))):
        for place in ((c, r) for c in range(rows.stride) for r in range(rows.period)):
            at, hits = np.zeros(dim, int), 0
            at[rows.mu], at[rows.nu] = rows.column + place[0], rows.offset + place[1]
            for step in path:
                mu = max(step, ~step)
                at[mu] -= step < 0
                hits += moves[(mu, *(at % sites))]
                at[mu] += step >= 0
            assert rows.frozen(path, place) == (hits == 0)


def test_context():
    rows = Rows(0, 1)
    assert len(rows.context(2)) == 8
    assert rows.context(2, (Rectangle(1, 1),)) == (((0, 1, ~0, ~1), (0, 1)), ((0, 1, ~0, ~1), (0, 2)))
    assert len(rows.context(3, (Rectangle(1, 1),))) == 2 + 3 + 4  # planes (0, 1), (0, 2) and (1, 2)
    assert rows.context(2, (Rectangle(2, 4, (0, -1)),)) == ((rectangle_path(0, 1, 2, 4), (0, -1)),)


@pytest.mark.parametrize("sites", [(4, 4), (8, 2), (2, 16)])
def test_halvings_split_down_to_plaquettes(sites):
    steps = halvings(sites)
    assert 2 ** len(steps) == np.prod(sites)
    assert (steps[-1].half.length, steps[-1].half.height) == (1, 1)
    moved = [np.sum(active(step.rows, sites)) for step in steps]
    assert moved == [2**n for n in range(len(steps))]
    for step in steps:
        path = rectangle_path(step.rows.mu, step.rows.nu, step.whole.length, step.whole.height)
        assert step.rows.frozen(path, step.whole.place)


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="two different directions"):
        Rows(1, 1)
    with pytest.raises(ValueError, match=r"offset .* 0, ..., 3, got 4"):
        Rows(0, 1, 4)
    with pytest.raises(ValueError, match="multiple of 4"):
        Rows(0, 1).cells((4, 6))
    with pytest.raises(ValueError, match="more directions"):
        Rows(0, 2).cells((4, 4))
    with pytest.raises(ValueError, match="powers of two"):
        halvings((4, 6))
