"""Means over one plaquette angle of weight exp(beta cos a), the single-plaquette distribution of U(1)."""

from functools import lru_cache

import numpy as np
from scipy.special import ive

__all__ = ["log_bessel_ratio", "log_fourier", "log_i0", "nodes"]

NEGLIGIBLE = 45.0  # exponent below which a weight is left out


@lru_cache(maxsize=64)
def nodes(beta: float, order: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Quadrature over the distribution exp(beta cos a) of |a| <= pi, for even functions.  -> angles, weights (k,)

    The weights sum to 1.  Gauss-Legendre with 16 points in each of equal panels of [0, pi], or of the part of it where
    the density is above 1e-20 of its maximum: exact to rounding for cos(nu a) up to nu = order, and up to a phase of
    60 radians anyway.
    """
    largest = np.pi if 2 * beta <= NEGLIGIBLE else 2 * np.arcsin(np.sqrt(NEGLIGIBLE / (2 * beta)))
    panels = 12 + int(order * largest / 6)
    x, weights = np.polynomial.legendre.leggauss(16)
    angles = (largest / panels * (np.arange(panels)[:, None] + (1 + x) / 2)).ravel()
    weights = np.tile(weights, panels) * np.exp(-2 * beta * np.sin(angles / 2) ** 2)
    return angles, weights / weights.sum()


def log_fourier(nu: np.ndarray, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of |<cos nu a>| and its sign, for any real nu.  (k,) -> two (k,)

    1 - <cos nu a> = <2 sin^2(nu a / 2)> is summed without cancellation, so that large powers keep their digits.
    """
    angles, weights = nodes(beta, float(np.max(np.abs(nu), initial=0.0)))
    missing = (2 * np.sin(np.multiply.outer(nu, angles) / 2) ** 2) @ weights
    with np.errstate(divide="ignore"):
        near, far = np.log1p(-np.minimum(missing, 0.5)), np.log(np.abs(1 - missing))
    return np.where(missing < 0.5, near, far), np.sign(1 - missing)


def log_bessel_ratio(order: np.ndarray, beta: float) -> np.ndarray:
    """log of I_n(beta) / I_0(beta) = <cos n a> for integers n, to relative precision.  (k,) -> (k,); -inf where 0"""
    near, _ = log_fourier(order, beta)
    with np.errstate(divide="ignore"):
        direct = np.log(ive(np.abs(order), beta) / ive(0, beta))
    return np.where(near > -np.log(2), near, direct)


def log_i0(beta: float) -> float:
    """log I_0(beta) = log of the integral of exp(beta cos a) da / 2 pi."""
    return float(beta + np.log(ive(0, beta)))
