"""Printing a number with its error, and indexing estimates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticekit.estimators import Estimate, bracket

inf, nan = float("inf"), float("nan")
PRINTED = [
    (0.123449, 0.00067, "0.12345(67)"),
    (0.123451, 0.00067, "0.12345(67)"),
    (-0.123449, 0.00067, "-0.12345(67)"),
    (8.349, 0.931, "8.35(93)"),
    (8.349, 0.0996, "8.35(10)"),
    (0.5, 0.00999, "0.500(10)"),
    (41.87, 8.83, "41.9(8.8)"),
    (41.87, 9.96, "42(10)"),
    (1.4765, 1.0, "1.5(1.0)"),
    (123.4, 45.2, "123(45)"),
    (1234.0, 456.0, "1230(460)"),
    (123456.0, 7890.0, "1.235(79)e+05"),
    (0.000123449, 0.0000067, "0.0001234(67)"),
    (1.2345e-12, 3.4e-14, "1.234(34)e-12"),
    (6.02214076e23, 1.2e16, "6.02214076(12)e+23"),
    (1e-9, 3.21, "0.0(3.2)"),
    (-1e-9, 3.21, "0.0(3.2)"),
    (0.0, 0.012, "0.000(12)"),
    (0.0, 1.2e-7, "0.0(1.2)e-07"),
    (0.3, 123456.0, "0.0(1.2)e+05"),
    (0.5, 0.0, "0.5(0)"),
    (0.5, inf, "0.5(inf)"),
    (0.5, nan, "0.5(nan)"),
    (nan, 0.1, "nan(0.1)"),
    (inf, nan, "inf(nan)"),
    (0.0, 0.0, "0.0(0)"),
]


@pytest.mark.parametrize(("value", "error", "text"), PRINTED)
def test_bracket(value, error, text):
    assert bracket(value, error) == text
    assert bracket(np.float64(value), -np.float64(error)) == text


def test_bracket_digits():
    assert bracket(0.123449, 0.00067, digits=1) == "0.1234(7)"
    assert bracket(0.123449, 0.000674, digits=3) == "0.123449(674)"


def read(text):
    """Value and error back from 0.12345(67), 41.9(8.8), 1.2(3)e+05."""
    mantissa, _, rest = text.partition("(")
    shown, _, exponent = rest.partition(")")
    factor = float("1" + exponent) if exponent else 1.0
    decimals = len(mantissa.partition(".")[2])
    unit = 1.0 if "." in shown or decimals == 0 else 10.0**-decimals
    return float(mantissa) * factor, float(shown) * unit * factor


@settings(deadline=None, derandomize=True)
@given(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(1e-12, 1e12).filter(lambda e: e > 0),
)
def test_bracket_is_off_by_half_a_digit_at_most(value, error):
    shown_value, shown_error = read(bracket(value, error))
    assert abs(shown_error - error) <= 0.0501 * error
    assert abs(shown_value - value) <= 0.0501 * error + 1e-15 * abs(value)


def test_estimate_prints_and_indexes():
    e = Estimate(np.array([[1.5, 2.5]]), np.array([[0.1, 0.2]]), n=7)
    assert str(e) == "[[1.50(10), 2.50(20)]]"
    assert str(e[0, 1]) == "2.50(20)"
    assert e[0].n == 7
    assert e[0].tau_int is None
    assert np.allclose(e.pull(1.4), [[1.0, 5.5]])
