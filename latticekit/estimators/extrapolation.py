"""Weighted polynomial fits and their value at zero."""

from __future__ import annotations

from typing import NamedTuple

from array_api_compat import device

from latticekit.arrays import finite, namespace
from latticekit.estimators.estimate import Estimate
from latticekit.estimators.series import Array


class Extrapolation(NamedTuple):
    """Value at x = 0, (*dims); polynomial coefficients, (degree + 1, *dims), and covariance; chi^2, (*dims), and its
    dof."""

    intercept: Estimate
    coefficients: Array
    covariance: Array
    chi2: Array
    dof: int


def linear_extrapolation(x: Array, y: Array, dy: Array, degree: int = 1) -> Extrapolation:
    """Least-squares polynomial through independent points, at x = 0.  (n,), (n, *dims), (n, *dims) -> Extrapolation

    Minimises sum_i ((y_i - sum_k c_k x_i^k) / dy_i)^2. Linear in the coefficients, so errors are exact for Gaussian
    dy and are not rescaled by chi^2.
    """
    xp = namespace(x, y, dy)
    x, y, dy = (finite(xp.astype(a, xp.float64), name) for a, name in ((x, "x"), (y, "y"), (dy, "dy")))
    _check(x, y, dy, degree)
    scale = float(xp.max(xp.abs(x))) or 1.0
    powers = xp.stack([(x / scale) ** k for k in range(degree + 1)], axis=-1)
    values, errors = (xp.reshape(a, (x.shape[0], -1)).mT[..., None] for a in (y, dy))
    q, r = xp.linalg.qr(powers / errors)
    inverse = xp.linalg.inv(r)
    fitted = inverse @ (q.mT @ (values / errors))
    residual = (values - powers @ fitted) / errors
    unit = xp.asarray([scale**-k for k in range(degree + 1)], dtype=xp.float64, device=device(x))
    coefficients = xp.reshape((fitted[..., 0] * unit).mT, (degree + 1, *y.shape[1:]))
    covariance = inverse @ inverse.mT * unit * unit[:, None]
    covariance = xp.reshape(xp.moveaxis(covariance, 0, -1), (degree + 1, degree + 1, *y.shape[1:]))
    intercept = Estimate(coefficients[0, ...], xp.sqrt(covariance[0, 0, ...]))
    chi2 = xp.reshape(xp.sum(residual**2, axis=(1, 2)), y.shape[1:])
    return Extrapolation(intercept, coefficients, covariance, chi2, x.shape[0] - degree - 1)


def _check(x: Array, y: Array, dy: Array, degree: int) -> None:
    if x.ndim != 1 or y.shape != dy.shape or y.shape[:1] != x.shape:
        raise ValueError(f"shapes must be (n,), (n, *dims), (n, *dims), got {x.shape}, {y.shape}, {dy.shape}")
    points = namespace(x).unique_values(x).shape[0]
    if degree < 0 or points < degree + 1:
        raise ValueError(f"degree {degree} needs at least {degree + 1} different x, got {points}")
    if not bool(namespace(dy).all(dy > 0)):
        raise ValueError("every dy must be positive: a point without error would decide the fit alone")
