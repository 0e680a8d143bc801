"""Derivatives by finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from latticekit.arrays import namespace, to_host

Array = Any
STEP = 2e-3
"""Balances h^4 of the five-point formula against rounding / h in double precision."""
JACOBIAN_STEP = 4e-4
"""Where a whole Jacobian is wanted, entry by entry."""


def slope(f: Callable[[float], Any], step: float = STEP) -> Any:
    """df/de at e = 0: [ 8 (f(h) - f(-h)) - (f(2h) - f(-2h)) ] / 12h, error h^4 f^(5) / 30.

    Abramowitz and Stegun, 25.3.21 with five points; exact for polynomials of degree four.
    """
    return (8.0 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) * (1 / (12 * step))


def jacobian(f: Callable[[Array], np.ndarray], like: Array, step: float = JACOBIAN_STEP) -> np.ndarray:
    """Dense Jacobian of f at 0, every chain at once, on the host.  f: (chain, *n) -> (chain, m)  =>  (chain, m, n)

    f takes a displacement shaped `like` and returns `real_rows`.
    """

    def along(unit: Array) -> np.ndarray:
        return slope(lambda e: f(unit * e), step)

    return np.stack([along(unit) for unit in _axes(like)], axis=-1)


def real_rows(y: Array) -> np.ndarray:
    """Everything but chains as one row of real numbers, on the host.  (chain, ...) -> (chain, m)"""
    rows = to_host(y).reshape(y.shape[0], -1)
    return np.concatenate([rows.real, rows.imag], axis=1) if np.iscomplexobj(rows) else rows


def _axes(like: Array) -> list[Array]:
    """Unit displacements, the same for every chain."""
    xp = namespace(like)
    units = []
    for flat in range(math.prod(like.shape[1:])):
        unit = np.zeros(like.shape)
        unit.reshape(like.shape[0], -1)[:, flat] = 1.0
        units.append(xp.asarray(unit, dtype=like.dtype, device=like.device))
    return units
