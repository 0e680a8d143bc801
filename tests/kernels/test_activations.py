"""Activations and slopes against 60 digits and against their references, as Python floats and as SIMD vectors."""

from decimal import Decimal

import numpy as np
import pytest

from latticekit.flows.networks.activations import CURVES as REFERENCES
from latticekit.kernels.cpu.lanes import lanes, vld, vst
from latticekit.kernels.cpu.target import DOUBLE, SINGLE, loop
from latticekit.kernels.site.activations import CURVES, tanh
from tests.kernels import precise

formula = None
ONE = Decimal(1)


def exact_tanh(x):
    m = precise.exponential(-2 * abs(x)) - 1
    return (-m / (2 + m)).copy_sign(x)


def exact_gelu(x):
    a, b = Decimal("0.7978845608028653558798921198687637369517"), Decimal("0.044715")
    t = exact_tanh(a * (x + b * x**3))
    return x * (1 + t) / 2, (1 + t) / 2 + a * x * (1 - t * t) * (1 + 3 * b * x * x) / 2


def exact_both(name, x):
    """Value and slope."""
    s = 1 / (1 + precise.exponential(-x))
    leak = Decimal("0.01") if x < 0 else ONE
    table = {
        "identity": lambda: (x, ONE),
        "tanh": lambda: (exact_tanh(x), 1 - exact_tanh(x) ** 2),
        "sigmoid": lambda: (s, s * (1 - s)),
        "silu": lambda: (x * s, s + x * s * (1 - s)),
        "softplus": lambda: (precise.logarithm(1 + precise.exponential(x)), s),
        "gelu": lambda: exact_gelu(x),
        "leaky_relu": lambda: (leak * x, leak),
    }
    return table[name]()


def points(dtype):
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(size=120), rng.uniform(-12, 12, 120), 10.0 ** -rng.uniform(0, 9, 16)]).astype(
        dtype
    )


def apply_both(value, slope, x):
    for i in range(0, x.size, lanes(x)):
        a, b = formula(vld(x, i))
        vst(value, i, a)
        vst(slope, i, b)


def apply_one(value, x):
    for i in range(0, x.size, lanes(x)):
        vst(value, i, formula(vld(x, i)))


def target(dtype):
    return SINGLE if dtype == "float32" else DOUBLE


def worst(found, exact):
    """Largest error relative to max(1, |exact|), in units of the rounding of the precision."""
    errors = [abs(Decimal(float(a)) - b) / max(ONE, abs(b)) for a, b in zip(found, exact)]
    return float(max(errors)) / np.finfo(found.dtype).eps


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CURVES)
def test_vectors(name, dtype):
    x = points(dtype)
    value, slope = np.empty_like(x), np.empty_like(x)
    loop(apply_both, target(dtype), formula=CURVES[name].both)(value, slope, x)
    exact = [exact_both(name, Decimal(float(v))) for v in x]
    assert worst(value, [v for v, _ in exact]) < 3
    assert worst(slope, [s for _, s in exact]) < 4


@pytest.mark.parametrize("name", CURVES)
def test_python_and_reference(name):
    x = points("float64")
    both = np.array([CURVES[name].both(float(v)) for v in x])
    np.testing.assert_allclose(both[:, 0], [CURVES[name].value(float(v)) for v in x], rtol=1e-15)
    np.testing.assert_allclose(both[:, 0], REFERENCES[name].value(x), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(both[:, 1], REFERENCES[name].slope(x), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tanh_is_accurate_for_small_numbers_and_odd(dtype):
    """Relative error, which a formula with exp(2x) - 1 rounded would lose."""
    x = np.concatenate([points(dtype), 10.0 ** -np.arange(1, 33, dtype=dtype)]).astype(dtype)
    value, minus, run = np.empty_like(x), np.empty_like(x), loop(apply_one, target(dtype), formula=tanh)
    run(value, x)
    run(minus, -x)
    np.testing.assert_array_equal(value, -minus)
    exact = [exact_tanh(Decimal(float(v))) for v in x]
    errors = [abs(Decimal(float(a)) / b - 1) for a, b in zip(value, exact)]
    assert float(max(errors)) < 4 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CURVES)
def test_far_away(name, dtype):
    x = np.array([40.0, -40.0, 1e4, -1e4, np.nan, 0.0, 1e30, -1e30] * 2, dtype)
    value, slope = np.empty_like(x), np.empty_like(x)
    loop(apply_both, target(dtype), formula=CURVES[name].both)(value, slope, x)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = REFERENCES[name].value(x)
    near = np.abs(x) < 1e5
    np.testing.assert_allclose(value[near], expected[near], rtol=1e-6, atol=1e-6)
    assert np.all(np.isnan(value[np.isnan(x)]))
    assert np.all(np.isfinite(value[~np.isnan(x)]))
