"""Lines, Wilson loops and gauge transformations."""

import numpy as np
import pytest

from latticekit.fields import (
    gauge_transform,
    gauge_transform_algebra,
    group_of,
    line,
    lines,
    matrices,
    plane_averages,
    planes,
    random_transform,
    rectangle_path,
    transporter,
    wilson_loop,
    wilson_loops,
)
from latticekit.groups import SU, U1
from latticekit.groups.matrices import re_trace
from latticekit.random import Key
from latticekit.testing import check_strict
from tests.fields.symmetries import links, transformed

pytestmark = pytest.mark.usefixtures("reference")
FIELDS = [(U1(), (3, 4)), (SU(2), (4, 3, 2)), (SU(3), (2, 3, 2, 4))]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8])
def test_lines(length):
    u = links(SU(3), (3, 4))
    expected = transporter(u, (1,) * length)
    np.testing.assert_allclose(line(u, 1, length), expected, atol=1e-14)
    np.testing.assert_allclose(lines(u, 1, length)[-1], expected, atol=1e-14)
    assert len(lines(u, 1, length)) == length


def test_a_line_needs_a_length():
    with pytest.raises(ValueError, match="at least 1"):
        line(links(SU(2), (2, 2)), 0, 0)


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_wilson_loops_by_their_paths(group, sites):
    x = links(group, sites)
    u = matrices(x)
    for mu, nu in planes(len(sites)):
        w = wilson_loops(x, mu, nu, 3, 2)
        assert w.shape == (2, 3, 2)
        for r in range(3):
            for t in range(2):
                traces = re_trace(transporter(u, rectangle_path(mu, nu, r + 1, t + 1))) / group.n
                np.testing.assert_allclose(w[:, r, t], traces.mean(axis=tuple(range(1, traces.ndim))), atol=1e-14)
        np.testing.assert_allclose(wilson_loop(x, mu, nu, 3, 2), w[:, 2, 1], atol=1e-14)
        np.testing.assert_allclose(wilson_loops(x, nu, mu, 2, 3), w.transpose(0, 2, 1), atol=1e-14)


def test_loops_of_a_constant_field():
    """Area law of a constant plaquette angle."""
    theta = np.zeros((1, 2, 6, 8))
    theta[0, 1] = 2 * np.pi / 48 * np.arange(6)[:, None]
    theta[0, 0, 5] = -2 * np.pi / 8 * np.arange(8)
    expected = np.cos(2 * np.pi / 48 * np.outer([1, 2, 3], [1, 2, 3, 4]))
    np.testing.assert_allclose(wilson_loops(theta, 0, 1, 3, 4)[0], expected, atol=1e-14)


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_transformations_compose_and_leave_plaquettes(group, sites):
    x = links(group, sites)
    g, h = (random_transform(Key(seed), x) for seed in (1, 2))
    both = g + h if g.dtype.kind == "f" else np.einsum("cij...,cjk...->cik...", g, h)
    one, two = gauge_transform(gauge_transform(x, h), g), gauge_transform(x, both)
    assert np.max(np.abs(group.matrices(one) - group.matrices(two))) <= 1e-13
    np.testing.assert_allclose(plane_averages(one), plane_averages(x), atol=1e-14)
    assert np.max(np.abs(matrices(one) - matrices(x))) > 0.5


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_algebra_elements_turn_with_their_links(group, sites):
    """g (exp(v) x) = exp(g v) (g x)."""
    x = links(group, sites)
    g, v = random_transform(Key(1), x), group.random_algebra(Key(2), x)
    one = gauge_transform(group.translate(x, v), g)
    two = group.translate(gauge_transform(x, g), gauge_transform_algebra(v, g))
    assert np.max(np.abs(group.matrices(one) - group.matrices(two))) <= 1e-13
    norms = [group.inner(w, w) for w in (v, gauge_transform_algebra(v, g))]
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-13)


@pytest.mark.parametrize(("group", "sites"), FIELDS)
def test_strict_arrays(group, sites):
    x = links(group, sites)
    g, v = random_transform(Key(1), x), group.random_algebra(Key(2), x)
    check_strict(gauge_transform, x, g)
    check_strict(gauge_transform_algebra, v, g)
    check_strict(wilson_loops, x, 0, 1, 2, 3)
    single = x.astype("complex64" if x.dtype.kind == "c" else "float32")
    assert transformed(single).dtype == single.dtype
    assert wilson_loops(single, 0, 1, 2, 2).dtype == "float64"
    assert group_of(single) == group
