"""Maps of the circle: increasing, invertible, with right derivatives."""

import math

import numpy as np
import pytest

from latticekit.arrays import to_host
from latticekit.flows.gauge import CircularSpline, NonCompactProjection
from latticekit.groups.u1 import wrap
from latticekit.random import Key
from latticekit.testing.differences import slope

MAPS = {"one projection": NonCompactProjection(1), "projections": NonCompactProjection(4), "spline": CircularSpline(5)}


@pytest.fixture(params=MAPS)
def transform(request):
    return MAPS[request.param]


def numbers(transform, like, n=300, scale=1.0):
    x = wrap(Key(1).normal((2, n), like) * 2.0)
    return x, Key(2).normal((2, transform.size, n), like) * scale


def test_inverse(transform, like):
    x, p = numbers(transform, like)
    y, l = transform.apply(x, p)
    back, back_l = transform.inverse(y, p)
    steep = np.exp(-to_host(l).min())
    assert np.max(np.abs(to_host(wrap(back - x)))) < 4e-15 * max(1.0, steep)
    assert np.max(np.abs(to_host(l + back_l))) < 1e-11
    assert y.dtype == x.dtype


def test_inverse_in_single_precision(transform):
    x, p = numbers(transform, np.zeros(0, np.float32))
    y, _ = transform.apply(x, p)
    back, _ = transform.inverse(y, p)
    assert back.dtype == np.float32
    assert np.max(np.abs(wrap(transform.apply(back, p)[0] - y))) < 1e-4


def test_inverse_of_a_steep_map():
    """Slopes over twelve orders of magnitude: the image is met to a few units in the last place."""
    transform = NonCompactProjection(2)
    y = np.linspace(-3.1, 3.1, 200)[None]
    p = np.zeros((1, transform.size, 200))
    p[:, 2], p[:, 3] = 14.0, -14.0
    x, _ = transform.inverse(y, p)
    assert np.max(np.abs(wrap(transform.apply(x, p)[0] - y))) < 1e-8


def test_zero_parameters_are_the_identity(transform, like):
    x, p = numbers(transform, like)
    y, l = transform.apply(x, p * 0.0)
    assert np.max(np.abs(to_host(y - x))) < 1e-14
    assert np.max(np.abs(to_host(l))) < 1e-14


def test_once_round_the_circle(transform):
    """Increasing, and 2 pi further after a turn: the slope integrates to 2 pi, whatever the parameters."""
    x = np.linspace(-math.pi, math.pi, 200_001)[None, :-1]
    p = np.repeat(numbers(transform, np.zeros(0), 1)[1][:1], x.size, axis=2)
    y, l = transform.apply(x, p)
    assert np.sum(np.exp(l)) * 2 * math.pi / x.size == pytest.approx(2 * math.pi, rel=1e-6)
    assert np.sum(np.diff(y[0]) < 0) <= 1


def test_derivatives(transform):
    x, p = numbers(transform, np.zeros(0))
    y_bar, l_bar, v = (Key(3).fold("test", n).normal(shape, x) for n, shape in enumerate((x.shape, x.shape, p.shape)))
    y, _ = transform.apply(x, p)

    def loss(x, p):
        y, l = transform.apply(x, p)
        return np.sin(y) * y_bar + l * l_bar

    first, second = transform.slopes(x, p)
    own = np.cos(y) * y_bar
    found = slope(lambda e: loss(x + e, p), 1e-5)
    assert np.sort(np.abs(found - own * first - l_bar * second), axis=None)[-6] < 3e-8  # six may sit on a knot
    found = slope(lambda e: loss(x, p + e * v), 1e-5)
    bar = np.sum(transform.parameter_vjp(x, p, own, l_bar) * v, axis=1)
    assert np.sort(np.abs(found - bar), axis=None)[-6] < 3e-8


def test_the_turn_winds():
    """t_1 + i t_2 once round -1 turns y once round the circle, without a jump."""
    transform, phi = NonCompactProjection(1), np.linspace(-math.pi, math.pi, 100)
    p = np.zeros((1, 4, 100))
    p[:, 2], p[:, 3] = 2 * np.cos(phi) - 1, 2 * np.sin(phi)
    y, _ = transform.apply(np.zeros((1, 100)), p)
    assert wrap(y[0] - phi) == pytest.approx(np.zeros(100), abs=1e-14)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="at least one component"):
        NonCompactProjection(0)
    with pytest.raises(ValueError, match="at least 2 bins"):
        CircularSpline(1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        CircularSpline(4, least=1.5)
