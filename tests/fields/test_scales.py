"""t0 and w0 of curves whose crossings are known."""

import numpy as np
import pytest

from latticekit.fields import flow_scale_t0, flow_scale_w0, flow_slope
from latticekit.fields.scales import crossing
from latticekit.testing import check_strict

TIMES = np.arange(0, 4.01, 0.1)


def curves(t):
    """E of t^2 E = c t^p / (1 + t/9): smooth, nearly linear, as in a real run.  -> (chain, time)"""
    shape = [(0.08, 1.0), (0.1, 1.1), (0.12, 1.2)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([np.where(t > 0, c * t**p / (1 + t / 9) / t**2, 3.0) for c, p in shape])


def root(f, level):
    """By bisection."""
    low, high = np.full(3, 0.05), np.full(3, 20.0)
    for _ in range(80):
        middle = 0.5 * (low + high)
        values = np.array([f(t)[c] for c, t in enumerate(middle)])
        low, high = np.where(values < level, middle, low), np.where(values < level, high, middle)
    return low


def reduced(t):
    return curves(np.array([t]))[:, 0] * t**2


def test_t0():
    exact = root(reduced, 0.2)
    np.testing.assert_allclose(flow_scale_t0(TIMES, curves(TIMES), 0.2), exact, rtol=1e-7)
    uneven = np.unique(np.concatenate([TIMES[::3], TIMES[1::5]]))
    np.testing.assert_allclose(flow_scale_t0(uneven, curves(uneven), 0.2), exact, rtol=1e-5)


def test_w0():
    def w(t, h=1e-4):
        return t * (reduced(t + h) - reduced(t - h)) / (2 * h)

    found = flow_scale_w0(TIMES, curves(TIMES), 0.2)
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:] ** 2, root(w, 0.2)[1:], rtol=1e-6)


def test_the_slope_is_exact_for_quartics():
    t = np.sort(np.concatenate([TIMES[::4], [0.05, 1.23]]))
    e = np.array([[1.0, 0.3, -0.1]]) @ np.stack([t**0, t, t**2])
    expected = t * (2 * t + 0.9 * t**2 - 0.4 * t**3)
    np.testing.assert_allclose(flow_slope(t, e)[0], expected, atol=1e-12)


def test_a_level_that_is_not_reached():
    found = flow_scale_t0(TIMES, curves(TIMES), 0.3)
    assert np.isnan(found[0])
    assert np.all(np.isfinite(found[1:]))
    assert np.isnan(flow_scale_t0(TIMES, np.full((1, len(TIMES)), np.nan)))[0]


def test_the_first_of_several_crossings_and_rough_curves():
    t = np.arange(8.0)
    curve = np.array([[0, 0.1, 0.4, 0.2, 0.5, 0.6, 0.1, 0.9], [0, 0.3, 0.1, 0.2, 0.25, 0.29, 0.5, 0.6]])
    np.testing.assert_allclose(crossing(t, curve, 0.3)[0], 1 + 2 / 3)
    assert crossing(t, curve, 0.3)[1] == 1.0
    with pytest.raises(ValueError, match="at least 4 flow times"):
        crossing(t[:3], curve[:, :3], 0.3)


def test_strict_arrays():
    check_strict(lambda e: (flow_scale_t0(TIMES.tolist(), e), flow_scale_w0(TIMES.tolist(), e)), curves(TIMES) * 1.5)
