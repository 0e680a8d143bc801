"""A number, its error and how well both are known."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from latticekit.arrays import to_host

Array = Any


@dataclass(frozen=True, eq=False)
class Estimate:
    """Mean values with errors, every field an array of shape (*dims); prints as 0.12345(67).

    error_error is the statistical error of the error; window the summation window W of the Gamma method; ess = n / (2
    tau_int) with tau_int = 1/2 + sum_{t>=1} rho(t); n the number of draws in all chains together. Fields an estimator
    has no answer to (tau_int of a bootstrap) are None.
    """

    value: Array
    error: Array
    error_error: Array = None
    tau_int: Array = None
    tau_int_error: Array = None
    ess: Array = None
    window: Array = None
    n: int | None = None

    def __getitem__(self, index: Any) -> Estimate:
        """The same estimate for some of the observables: index into (*dims)."""
        entries = {f.name: getattr(self, f.name) for f in fields(self)}
        return Estimate(**{name: x if x is None or name == "n" else x[index] for name, x in entries.items()})

    def pull(self, expected: Array) -> Array:
        """Distance from an expected value in units of the error: (value - expected) / error.  (*dims) -> (*dims)"""
        return (self.value - expected) / self.error

    def __str__(self) -> str:
        return _nested(to_host(self.value).tolist(), to_host(self.error).tolist())


def _nested(value: Any, error: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(v, e) for v, e in zip(value, error, strict=True)) + "]"
    return bracket(value, error)


def bracket(value: float, error: float, digits: int = 2) -> str:
    """The value rounded to its error, the error in brackets: bracket(0.123449, 0.00067) is "0.12345(67)".

    The error keeps `digits` significant digits, counted in units of the last printed digit of the value, or written
    out when the point falls inside them: 41.9(8.8). Very large and very small numbers carry an exponent: 1.2(3)e+05.
    An error of 0, inf or nan is printed after the full value: 0.5(0).
    """
    value, error = float(value), abs(float(error))
    if not (math.isfinite(value) and math.isfinite(error)) or error == 0.0:
        return f"{value!r}({error:g})"
    v, e = Decimal(repr(value)), Decimal(repr(error))
    last = _rounded(e, e.adjusted() - digits + 1).adjusted() - digits + 1  # 0.0996 rounds up to 0.10: one place less
    lead = max(v.adjusted() if v else last, last + digits - 1)
    if (lead >= 5 and last > 0) or lead < -4:
        return f"{_digits(v.scaleb(-lead), e.scaleb(-lead), last - lead)}e{lead:+03d}"
    return _digits(v, e, last)


def _rounded(x: Decimal, last: int) -> Decimal:
    """x to the nearest multiple of 10^last."""
    return x.scaleb(-last).quantize(Decimal(1), ROUND_HALF_EVEN).scaleb(last)


def _digits(value: Decimal, error: Decimal, last: int) -> str:
    v, e = _rounded(value, last) + 0, _rounded(error, last)  # + 0 turns -0 into 0
    shown = f"{e:f}" if last >= 0 or e >= 1 else f"{e.scaleb(-last):f}"
    return f"{v:.{max(-last, 0)}f}({shown})"
