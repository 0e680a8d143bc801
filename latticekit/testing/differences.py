"""Derivatives by finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from latticekit.arrays import namespace, to_host

Array = Any
STEP = 2e-3
"""Balances h^6 of the seven-point formula against rounding / h in double precision, for links and sites alike."""
JACOBIAN_STEP = 4e-4
"""Where a whole Jacobian is wanted, entry by entry."""


def slope(f: Callable[[float], Any], step: float = STEP) -> Any:
    """df/de at e = 0: [ 45 (f(h) - f(-h)) - 9 (f(2h) - f(-2h)) + f(3h) - f(-3h) ] / 60h, error h^6 f^(7) / 140.

    Fornberg, Math. Comp. 51 (1988) 699, table 1; exact for polynomials of degree six.
    """
    near, next_, far = (f(n * step) - f(-n * step) for n in (1, 2, 3))
    return (45.0 * near - 9.0 * next_ + far) * (1 / (60 * step))


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
