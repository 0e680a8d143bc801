"""sin, cos, exp, log: 2 units in the last place against 60 digits, as Python floats and as SIMD vectors."""

import math
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from latticekit.kernels.cpu.lanes import lanes, vld, vst
from latticekit.kernels.cpu.target import DOUBLE, SINGLE, loop
from latticekit.kernels.site import elementary
from tests.kernels import precise

formula = None


def apply(out, x):
    for i in range(0, x.size, lanes(x)):
        vst(out, i, formula(vld(x, i)))


def points(low, high, dtype, n=512):
    rng = np.random.default_rng(7)
    return np.concatenate([rng.uniform(low, high, n - 8), np.linspace(low, high, 8)]).astype(dtype)


def exact(function, x):
    return [function(Decimal(float(v))) for v in x]


def absolute(result, reference):
    return max(abs(Decimal(float(r)) - e) for r, e in zip(result, reference))


def relative(result, reference):
    return max(abs(Decimal(float(r)) / e - 1) for r, e in zip(result, reference) if e)


CASES = [  # name, reference, measure, range in float64 and float32
    ("sin", precise.sine, absolute, (-1e5, 1e5), (-5e3, 5e3)),
    ("sin", precise.sine, absolute, (-4, 4), (-4, 4)),
    ("cos", precise.cosine, absolute, (-1e5, 1e5), (-5e3, 5e3)),
    ("cos", precise.cosine, absolute, (-4, 4), (-4, 4)),
    ("exp", precise.exponential, relative, (-700, 709), (-87, 88)),
    ("exp", precise.exponential, relative, (-1, 1), (-1, 1)),
    ("log", precise.logarithm, relative, (1e-3, 30), (1e-3, 30)),
    ("log", precise.logarithm, relative, (0.9, 1.1), (0.9, 1.1)),
    ("log", precise.logarithm, relative, (1e-300, 1e300), (1e-37, 1e38)),
]
IDS = [f"{name}{wide}" for name, _, _, wide, _ in CASES]
LIMIT = {"float64": {absolute: 3e-16, relative: 4.5e-16}, "float32": {absolute: 1.8e-7, relative: 2.4e-7}}


@cache
def compiled(name, dtype):
    return loop(apply, SINGLE if dtype == "float32" else DOUBLE, formula=getattr(elementary, name))


@pytest.mark.parametrize(("name", "reference", "measure", "wide", "narrow"), CASES, ids=IDS)
def test_python(name, reference, measure, wide, narrow):
    x = points(*wide, "float64")
    result = [getattr(elementary, name)(float(v)) for v in x]
    assert measure(result, exact(reference, x)) <= LIMIT["float64"][measure]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "reference", "measure", "wide", "narrow"), CASES, ids=IDS)
def test_vectors(name, reference, measure, wide, narrow, dtype):
    x = points(*(wide if dtype == "float64" else narrow), dtype)
    out = np.empty_like(x)
    compiled(name, dtype)(out, x)
    assert measure(out, exact(reference, x)) <= LIMIT[dtype][measure]


def test_limits_of_exp():
    x = np.array([1e4, -1e4, np.nan, 0.0, np.inf, -np.inf, 710.5, -760.0])
    out = np.empty_like(x)
    compiled("exp", "float64")(out, x)
    np.testing.assert_array_equal(out, [np.inf, 0, np.nan, 1, np.inf, 0, np.inf, 0])


def test_turn_is_exact_at_quarters():
    for u, c, s in ((0.0, 1, 0), (0.25, 0, 1), (0.5, -1, 0), (0.75, 0, -1), (1.0, 1, 0)):
        cosine, sine = elementary.turn(u)
        assert abs(cosine - c) < 3e-16
        assert abs(sine - s) < 3e-16


def test_a_truncated_series_is_caught():
    """The measure sees a sine whose series stops two terms early."""
    x = points(-1.5, 1.5, "float64")
    short = [v - v**3 / 6 + v**5 / 120 - math.copysign(abs(v) ** 7 / 5040, v) for v in x]
    assert absolute(short, exact(precise.sine, x)) > 1e-12
